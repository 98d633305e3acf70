"""Tests of the shell, as a person types it."""
