"""Tests of the proof of isolation."""
