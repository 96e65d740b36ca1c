"""BoTorch's hypervolume, and GPyTorch's evidence with kernel and features given explicitly."""

import gpytorch
import torch
from botorch.utils.multi_objective.box_decompositions.dominated import DominatedPartitioning
from botorch.utils.multi_objective.hypervolume import Hypervolume
from botorch.utils.multi_objective.pareto import is_non_dominated

from refimpl.oracle.candidates import NotApplicable


def hypervolume(values, reference):
    """`Hypervolume`: slices along the objectives."""
    y = torch.tensor(values)
    found = Hypervolume(torch.tensor(reference)).compute(y[is_non_dominated(y)])  # it wants the front alone
    return torch.tensor(found, dtype=torch.from_numpy(values).dtype).numpy()


def partitioning(values, reference):
    """`DominatedPartitioning`: boxes of what is dominated."""
    if values.shape[1] < 2:
        raise NotApplicable("it wants two objectives or more")
    return DominatedPartitioning(torch.tensor(reference), torch.tensor(values)).compute_hypervolume().numpy()


class _Process(gpytorch.models.ExactGP):
    def __init__(self, z, y, likelihood, q):
        super().__init__(z, y, likelihood)
        self.mean_module = gpytorch.means.ConstantMean()
        self.covar_module = gpytorch.kernels.ScaleKernel(gpytorch.kernels.MaternKernel(2.5, ard_num_dims=q))

    def forward(self, z):
        return gpytorch.distributions.MultivariateNormal(self.mean_module(z), self.covar_module(z))


def evidence(w, x, y, width, depth, lengths, scale, noise, mean):
    """`ExactMarginalLogLikelihood` of a `ScaleKernel(MaternKernel(2.5))` on features, times n; slopes by autograd."""
    if len(y) > 500:
        raise NotApplicable("so many examples it would not factor")
    kind = torch.float64
    w = torch.tensor(w, dtype=kind, requires_grad=True)
    h, at = torch.tensor(x, dtype=kind), 0
    for _ in range(depth):
        a = h.shape[1]
        W, b = w[at : at + a * width].reshape(a, width), w[at + a * width : at + (a + 1) * width]
        h, at = torch.tanh(h @ W + b), at + (a + 1) * width
    limit = gpytorch.constraints.GreaterThan(1e-8)
    likelihood = gpytorch.likelihoods.GaussianLikelihood(noise_constraint=limit).to(kind)
    targets = torch.tensor(y, dtype=kind)
    model = _Process(h, targets, likelihood, width).to(kind)
    model.covar_module.base_kernel.lengthscale = torch.tensor(lengths, dtype=kind)
    model.covar_module.outputscale, model.mean_module.constant, likelihood.noise = scale, mean, noise
    model.train()
    with (
        gpytorch.settings.fast_computations(False, False, False),
        gpytorch.settings.cholesky_jitter(double_value=1e-14),
    ):
        mll = gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model)
        value = mll(model(h), targets) * len(y)
        value.backward()
    raw = model.covar_module.base_kernel.raw_lengthscale, model.covar_module.raw_outputscale, likelihood.raw_noise
    by = [r.grad / torch.sigmoid(r.detach()) for r in raw]  # softplus
    pieces = (
        value,
        w.grad,
        (by[0] * torch.tensor(lengths))[0],
        by[1] * scale,
        by[2].reshape(()),
        model.mean_module.raw_constant.grad,
    )
    kind = torch.from_numpy(x).dtype
    return tuple(p.detach().to(kind).numpy() for p in pieces)
