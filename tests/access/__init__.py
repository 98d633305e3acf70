"""Tests of workbench/access."""
