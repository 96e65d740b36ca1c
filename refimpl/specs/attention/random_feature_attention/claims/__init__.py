"""The claims of the paper on random feature attention."""

from refimpl.specs.attention.random_feature_attention.claims import digits, spheres, theory

CLAIMS = tuple(
    sorted((*theory.CLAIMS, *spheres.CLAIMS, *digits.CLAIMS), key=lambda claim: int(claim.id.partition(".C")[2]))
)
