"""The claims of the paper on dynamic gradient alignment."""

from refimpl.specs.training.dga.claims import pools, rules, scarce, text

CLAIMS = tuple(
    sorted(
        (*pools.CLAIMS, *rules.CLAIMS, *scarce.CLAIMS, *text.CLAIMS), key=lambda claim: int(claim.id.partition(".C")[2])
    )
)
