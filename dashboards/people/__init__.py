"""The dashboard of people: members, roles, what is shared with whom, and why."""
