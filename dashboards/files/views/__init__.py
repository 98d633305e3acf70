"""How the dashboard of files looks. No data is asked for here."""
