"""The claims of the paper on self-repellent walks."""

from refimpl.specs.distributed.srrw.claims import formulas, learning, tokens

_ALL = (*tokens.CLAIMS, *formulas.CLAIMS, *learning.CLAIMS)
CLAIMS = tuple(sorted(_ALL, key=lambda claim: int(claim.id.partition(".C")[2])))
