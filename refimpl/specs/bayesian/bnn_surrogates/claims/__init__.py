"""The claims of the paper on Bayesian neural networks as surrogates."""

from refimpl.specs.bayesian.bnn_surrogates.claims import fidelity, foundations, inputs, rankings, several

_ALL = (*foundations.CLAIMS, *fidelity.CLAIMS, *rankings.CLAIMS, *inputs.CLAIMS, *several.CLAIMS)
CLAIMS = tuple(sorted(_ALL, key=lambda claim: claim.id))
