"""The only way from the dashboard of people to the database, as the visitor."""
