"""How the flights look: figures, drawings, controls, rows. No data is asked for here."""
