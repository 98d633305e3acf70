"""Tests of what people are told by mail."""
