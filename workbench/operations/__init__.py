"""What whoever runs the platform sees of it, and the little that can be done about it there."""
