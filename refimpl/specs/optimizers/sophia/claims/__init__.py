"""The claims of the paper on Sophia."""

from refimpl.specs.optimizers.sophia.claims import estimators, language, step

CLAIMS = (*estimators.CLAIMS, *step.CLAIMS, *language.CLAIMS)
