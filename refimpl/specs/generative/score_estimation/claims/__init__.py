"""The claims of the paper on score estimation, and controls of our own."""

from refimpl.specs.generative.score_estimation.claims import network, stopping

CLAIMS = tuple(sorted((*network.CLAIMS, *stopping.CLAIMS), key=lambda claim: claim.id))
