"""How the dashboard of the audit looks. No data is asked for here."""
