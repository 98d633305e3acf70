"""What it takes to read files of any kind."""
