"""The dashboard of notebooks and runs: ordering them, watching, reading, comparing, planning."""
