"""The claims of the tutorial on Bayesian optimisation."""

from refimpl.specs.bayesian.bayesopt.claims import identities, noise, richer

CLAIMS = tuple(
    sorted((*identities.CLAIMS, *noise.CLAIMS, *richer.CLAIMS), key=lambda claim: int(claim.id.split("C")[1]))
)
