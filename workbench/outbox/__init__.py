"""Outbox: messages that leave with the transaction or not at all."""
