"""The schema's history: written by hand, frozen once landed."""
