"""The first dashboard: what is here, what ran last, and where to go."""
