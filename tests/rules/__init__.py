"""Rules that imports cannot say, read from the catalogue and from the code."""
