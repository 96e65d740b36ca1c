"""The claims of the paper on pointer networks."""

from refimpl.specs.attention.pointer_net.claims import hulls, others

CLAIMS = tuple(sorted((*hulls.CLAIMS, *others.CLAIMS), key=lambda claim: claim.id))
