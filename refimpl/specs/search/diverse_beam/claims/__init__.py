"""The claims of the paper on diverse beam search."""

from refimpl.specs.search.diverse_beam.claims import lists, search, sweeps

CLAIMS = tuple(
    sorted((*lists.CLAIMS, *search.CLAIMS, *sweeps.CLAIMS), key=lambda claim: int(claim.id.partition(".C")[2]))
)
