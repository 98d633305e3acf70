"""The API under many visitors of several tenants at once, who do what people do."""
