"""Tests of the migrations: up, down, and what they leave."""
