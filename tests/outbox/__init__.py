"""Tests of workbench/outbox."""
