"""Performance: what runs measured, which budgets they keep, and where the time goes."""
