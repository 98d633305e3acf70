"""How the inbox looks. No data is asked for here."""
