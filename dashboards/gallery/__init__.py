"""Every component of the dashboards in each of its states, for whoever builds with them."""
