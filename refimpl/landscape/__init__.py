"""The landscape of a loss: flat regions, opposing signals, models that meet after a permutation, heads that agree."""
