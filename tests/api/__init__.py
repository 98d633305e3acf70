"""The API through its own door, on a real PostgreSQL."""
