"""Tests of workbench/tenants."""
