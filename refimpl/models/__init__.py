"""Models that systems share: networks and their losses, differentiated automatically; Gaussian mixtures."""
