"""The claims of the paper on functional priors."""

from refimpl.specs.bayesian.functional_prior.claims import matching, posteriors

CLAIMS = tuple(sorted((*matching.CLAIMS, *posteriors.CLAIMS), key=lambda claim: claim.id))
