"""The claims of the paper on Hessian alignment."""

from refimpl.specs.landscape.hessian_alignment.claims import head, training

CLAIMS = tuple(sorted((*head.CLAIMS, *training.CLAIMS), key=lambda claim: claim.id))
