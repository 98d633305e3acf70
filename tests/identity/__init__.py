"""Tests of workbench/identity."""
