"""How operations look. No data is asked for here."""
