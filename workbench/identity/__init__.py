"""Identity: users, their passwords and log-ins; who proved to be whom."""
