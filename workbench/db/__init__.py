"""The foundation: models, sessions that belong to an actor, soft delete, pages, roles."""
