"""Small pieces that every dashboard is composed of."""
