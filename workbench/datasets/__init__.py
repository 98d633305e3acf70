"""Datasets: typed tables that people define, fill, query and export."""
