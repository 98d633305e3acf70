"""The dashboard of the audit: who did what, and whether anybody changed it."""
