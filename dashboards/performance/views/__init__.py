"""How performance looks. No data is asked for here."""
