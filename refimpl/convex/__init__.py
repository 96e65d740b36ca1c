"""Problems that are convex, or become so in other variables: the global minimum is known."""
