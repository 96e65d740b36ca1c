"""The claims of the papers as experiments: one, a pool of them, a cluster, and the report of what was found."""
