"""What the visitor was told, and what the visitor wants to hear of."""
