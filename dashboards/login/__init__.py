"""The log-in: one page without Panel, and the script that keeps a browser signed in."""
