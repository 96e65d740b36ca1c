"""The claims of the paper on opposing signals."""

from refimpl.specs.landscape.opposing_signals.claims import groups, linear, optimizers

_ALL = (*linear.CLAIMS, *groups.CLAIMS, *optimizers.CLAIMS)
CLAIMS = tuple(sorted(_ALL, key=lambda claim: claim.id))
