"""One router for each room; a router translates and calls, and holds no rule."""
