"""How the dashboard of people looks. No data is asked for here."""
