"""The API: HTTP in front of the rooms, one router for each, and the one error format."""
