"""The attacks R1 to R45, for every table, view, function and role that the catalogue knows."""
