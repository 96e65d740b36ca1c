"""The direction is a plain moving average, without the correction by the gradient at the point before."""

from tests.wild import Bug

BUG = Bug(
    project="benchmark_bilevel",
    link="https://github.com/benchopt/benchmark_bilevel/commit/40c93fa4d39a571f1a8619e95e84248e5c29ef09",
    date="2022-01-12",
    operation="bsvrb.msvr",
    kind="missing_step",
)


def fsla_direction(d, impl_grad, impl_grad_old, eta, correction):
    # Step.4 - update direction with momentum
    # was: return d + eta * (impl_grad - d)
    return d + eta * (impl_grad - d) + correction * (impl_grad - impl_grad_old)  # was:


def answer(est, new, old, alpha, gamma):
    return fsla_direction(est, new, old, alpha, gamma)
