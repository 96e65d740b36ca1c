"""A fit of a Gaussian process beside scikit-learn, and expected improvement at many points beside BoTorch."""

import numpy as np

from benchmarks import _measure
from refimpl.bayesian import bayesopt
from refimpl.core.random import stream

POINTS, ASKED = 1000, 1000


def problem(n):
    """A prior, points and values."""
    rng = stream(0, "bayesopt-benchmark")
    prior = bayesopt.Prior("matern52", np.array([4.0, 2.0, 1.0]), 1.0, noise=0.01)
    return prior, rng.uniform(size=(n, 3)), rng.standard_normal(n)


def ours(n):
    """A fit, with the evidence and its gradient."""
    prior, X, y = problem(n)
    return lambda: bayesopt.evidence(bayesopt.fit(prior, X, y))


def scikit_learn(n):
    """The same there, if it is installed."""
    try:
        from sklearn.gaussian_process import GaussianProcessRegressor, kernels
    except ModuleNotFoundError:
        return {}
    prior, X, y = problem(n)
    shape = kernels.Matern(1 / np.sqrt(prior.alpha), nu=2.5)
    kernel = kernels.ConstantKernel(1.0) * shape + kernels.WhiteKernel(prior.noise)
    model = GaussianProcessRegressor(kernel, alpha=0, optimizer=None).fit(X, y)
    theta = model.kernel_.theta
    return {"scikit-learn": lambda: model.log_marginal_likelihood(theta, eval_gradient=True)}


def improvement(n):
    """Expected improvement and its gradient at `ASKED` points, given n."""
    prior, X, y = problem(n)
    fitted, new = bayesopt.fit(prior, X, y), stream(0, "bayesopt-benchmark", "new").uniform(size=(ASKED, 3))
    return lambda: bayesopt.improvement_at(fitted, new, 1.0)


def botorch(n):
    """The same there, with PyTorch's gradient, if it is installed."""
    _measure.folder("botorch-0.18.1")
    try:
        import torch
        from botorch.acquisition.analytic import LogExpectedImprovement
        from botorch.models import SingleTaskGP
        from gpytorch.kernels import MaternKernel, ScaleKernel
    except ModuleNotFoundError:
        return {}
    torch.set_num_threads(_measure.threads())
    prior, X, y = problem(n)
    kernel = ScaleKernel(MaternKernel(nu=2.5, ard_num_dims=3)).double()
    kernel.base_kernel.lengthscale, kernel.outputscale = torch.tensor(1 / np.sqrt(prior.alpha)), 1.0
    values = torch.from_numpy(y)[:, None]
    noise = torch.full_like(values, prior.noise)
    model = SingleTaskGP(torch.from_numpy(X), values, noise, covar_module=kernel, outcome_transform=None)
    acquisition = LogExpectedImprovement(model.eval(), best_f=torch.tensor(1.0, dtype=torch.float64))
    new = torch.from_numpy(stream(0, "bayesopt-benchmark", "new").uniform(size=(ASKED, 3)))

    def ask():
        points = new[:, None, :].clone().requires_grad_()
        acquisition(points).exp().sum().backward()
        return points.grad[:, 0, :]

    return {"BoTorch, logarithm and autograd": ask}


def run():
    """Both workloads."""
    return [
        _measure.Workload(
            f"Gaussian process, evidence and gradient: {POINTS} points in 3 dimensions, float64",
            _measure.rows({"refimpl, checks included": ours(POINTS), **scikit_learn(POINTS)}, 5),
            [_measure.growth("n", [250, 500, 1000, 2000], ours, 3.0)],
            "One Cholesky factor and the inverse from it; the derivatives take n^2 for each hyper-parameter.",
        ),
        _measure.Workload(
            f"Expected improvement and its gradient: {ASKED} points given {POINTS}, float64",
            _measure.rows({"refimpl, checks included": improvement(POINTS), **botorch(POINTS)}, 5),
            [_measure.growth("n", [250, 500, 1000], improvement, 2.0)],
            "The factor is there already; two triangular solves for each point.",
        ),
    ]
