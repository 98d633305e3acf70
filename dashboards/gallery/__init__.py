"""Every component of the dashboards in each of its states, for whoever builds with them."""
"""The gallery: every component in every state."""
"""The gallery of components: each in every state that it can have."""
