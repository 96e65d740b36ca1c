"""The claims of the paper on consensus-based optimization."""

from refimpl.specs.search.cbo.claims import search, steps

CLAIMS = tuple(sorted((*steps.CLAIMS, *search.CLAIMS), key=lambda claim: int(claim.id.partition(".C")[2])))
