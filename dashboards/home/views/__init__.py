"""How the first dashboard looks. No data is asked for here."""
