"""Search without derivatives: of points, networks, prompts, sequences and budgets, by values of the objective alone."""
