"""Files: what tenants upload and what runs and imports leave behind, and how much room each has."""
