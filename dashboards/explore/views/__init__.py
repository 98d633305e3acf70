"""How a question and its answer look. No data is asked for here."""
