"""The claims of the paper on gradient boosted networks."""

from refimpl.specs.training.gbnn.claims import deep, identities, sets

CLAIMS = tuple(
    sorted((*identities.CLAIMS, *sets.CLAIMS, *deep.CLAIMS), key=lambda claim: int(claim.id.partition(".C")[2]))
)
