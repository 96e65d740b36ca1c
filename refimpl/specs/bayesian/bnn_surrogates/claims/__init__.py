"""The claims of the paper on Bayesian neural networks as surrogates."""

CLAIMS = ()
