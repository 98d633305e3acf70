"""The door with faces: dashboards that people open in a browser."""
