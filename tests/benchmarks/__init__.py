"""Benchmarks: ratios measured in one run; `make measure` prints them."""
