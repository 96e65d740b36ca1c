"""The claims of the paper on AdaHessian."""

from refimpl.specs.optimizers.adahessian.claims import estimator, training

CLAIMS = tuple(sorted((*estimator.CLAIMS, *training.CLAIMS), key=lambda claim: claim.id))
