"""How the dashboard of SQL looks. No data is asked for here."""
