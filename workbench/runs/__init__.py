"""Runs: one execution of one notebook; its states, metrics and artifacts."""
