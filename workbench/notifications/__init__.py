"""Notifications: what people are told by e-mail."""
