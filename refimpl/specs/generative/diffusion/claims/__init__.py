"""The claims of the survey on diffusion models."""

from refimpl.specs.generative.diffusion.claims import estimators, rewards, samplers, scores

CLAIMS = (*samplers.CLAIMS, *scores.CLAIMS, *estimators.CLAIMS, *rewards.CLAIMS)
