"""Tenants: the customers that share the database."""
