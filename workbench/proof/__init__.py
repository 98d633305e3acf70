"""The proof of isolation: attempts on the boundary through every door, each with its control."""
