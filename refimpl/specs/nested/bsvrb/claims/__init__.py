"""The claims of the paper on BSVRB."""

from refimpl.specs.nested.bsvrb.claims import blocks, parallel, steps, weights

CLAIMS = tuple(sorted((*steps.CLAIMS, *blocks.CLAIMS, *parallel.CLAIMS, *weights.CLAIMS), key=lambda claim: claim.id))
