"""Fixtures of the worker's tests."""

from tests.support.bench import bench

__all__ = ["bench"]
