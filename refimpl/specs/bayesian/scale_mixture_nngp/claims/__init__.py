"""The claims of the paper on scale mixtures, and controls of our own."""

from refimpl.specs.bayesian.scale_mixture_nngp.claims import classification, networks, regression

CLAIMS = tuple(sorted((*networks.CLAIMS, *regression.CLAIMS, *classification.CLAIMS), key=lambda claim: claim.id))
