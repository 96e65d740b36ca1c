"""The claims of the paper on Bayesian neural networks as surrogates."""

from refimpl.specs.bayesian.bnn_surrogates.claims import fidelity, foundations, inputs, rankings

_ALL = (*foundations.CLAIMS, *fidelity.CLAIMS, *rankings.CLAIMS, *inputs.CLAIMS)
CLAIMS = tuple(sorted(_ALL, key=lambda claim: claim.id))
