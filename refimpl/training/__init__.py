"""Training: which samples, which data and which models to learn from, and networks that grow."""
