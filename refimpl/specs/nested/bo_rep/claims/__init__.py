"""The claims of the paper on BO-REP."""

from refimpl.specs.nested.bo_rep.claims import cleaning, growth, lower

_ALL = (*growth.CLAIMS, *lower.CLAIMS, *cleaning.CLAIMS)
CLAIMS = tuple(sorted(_ALL, key=lambda claim: claim.id))
