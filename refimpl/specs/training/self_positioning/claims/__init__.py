"""The claims of the paper on Self Positioning."""

from refimpl.specs.training.self_positioning.claims import conflict, search

CLAIMS = tuple(sorted((*conflict.CLAIMS, *search.CLAIMS), key=lambda claim: int(claim.id.partition(".C")[2])))
