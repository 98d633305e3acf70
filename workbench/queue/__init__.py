"""The queue: procrastinate on the same PostgreSQL; arguments are ids only."""
