"""What tests stand on: a server, a world of tenants, people who act."""
