"""The worker: takes runs and imports from the queue, relays the outbox, sends mail."""
