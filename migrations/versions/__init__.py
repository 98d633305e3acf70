"""One file, one step; dated, and never changed after it has landed."""
