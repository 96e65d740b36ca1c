"""The claims of the paper on MECO."""

from refimpl.specs.nested.meco.claims import densities, landscape, rates

_ALL = (*landscape.CLAIMS, *rates.CLAIMS, *densities.CLAIMS)
CLAIMS = tuple(sorted(_ALL, key=lambda claim: int(claim.id.partition(".C")[2])))
