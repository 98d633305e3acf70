"""The dashboard of files: bring one, look at it, load it, and see what became of it."""
