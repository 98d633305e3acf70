"""Events: what happens in a tenant, told as it happens to those who may see it."""
