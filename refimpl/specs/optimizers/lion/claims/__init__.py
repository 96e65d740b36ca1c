"""The claims of the paper on Lion."""

from refimpl.specs.optimizers.lion.claims import rule, search

CLAIMS = tuple(sorted((*rule.CLAIMS, *search.CLAIMS), key=lambda claim: claim.id))
