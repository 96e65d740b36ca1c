"""The claims of the paper on stochastic interpolants."""

from refimpl.specs.generative.interpolants.claims import errors, estimates, marginals, relatives

_ALL = (*marginals.CLAIMS, *errors.CLAIMS, *estimates.CLAIMS, *relatives.CLAIMS)
CLAIMS = tuple(sorted(_ALL, key=lambda claim: claim.id))
