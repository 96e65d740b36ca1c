"""The claims of the paper on weights of samples from their losses."""

from refimpl.specs.training.loss_reweighting.claims import regression, text, theory

CLAIMS = tuple(
    sorted((*theory.CLAIMS, *regression.CLAIMS, *text.CLAIMS), key=lambda claim: claim.id.partition(".C")[2])
)
