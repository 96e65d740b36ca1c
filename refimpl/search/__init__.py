"""Search without derivatives: swarms of points that look at values of the objective alone."""
