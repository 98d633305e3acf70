"""Access: memberships and their roles; makes an actor of an identity."""
