"""Tests of workbench/audit."""
