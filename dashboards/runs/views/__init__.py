"""How the dashboard of runs looks. No data is asked for here."""
