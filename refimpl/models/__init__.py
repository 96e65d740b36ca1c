"""Models that systems share: networks, their losses and wide limits; Gaussian mixtures and processes; samplers."""
