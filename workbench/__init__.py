"""Workbench: analytics and operations for many tenants in one PostgreSQL."""

from importlib.metadata import version

__version__ = version("workbench")
