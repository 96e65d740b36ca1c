"""The claims of the survey on diffusion models."""

from refimpl.specs.generative.diffusion.claims import estimators, rewards, samplers, scores

_BY_SUBJECT = (*samplers.CLAIMS, *scores.CLAIMS, *estimators.CLAIMS, *rewards.CLAIMS)
CLAIMS = tuple(sorted(_BY_SUBJECT, key=lambda claim: claim.id))
