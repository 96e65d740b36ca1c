"""The claims of the paper on Adaptive Guidance."""

from refimpl.specs.generative.adaptive_guidance.claims import images, planted, policies

CLAIMS = tuple(sorted((*planted.CLAIMS, *policies.CLAIMS, *images.CLAIMS), key=lambda claim: claim.id))
