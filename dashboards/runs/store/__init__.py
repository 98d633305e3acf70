"""The only ways from the dashboard of runs to the database, as the visitor."""
