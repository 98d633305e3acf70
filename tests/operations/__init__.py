"""Tests of what the operator sees of the platform."""
