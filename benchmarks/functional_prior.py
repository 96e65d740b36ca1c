"""An inner step of the critic beside PyTorch, which differentiates the penalty twice."""

import functools

import numpy as np

from benchmarks import _measure
from refimpl.bayesian import functional_prior
from refimpl.core.random import stream

FUNCTIONS, POINTS, HIDDEN = 128, 100, (200, 200)


@functools.cache
def drawn(functions):
    """A critic, its sum, functions of the network and of the target, and where the penalty is taken; float32."""
    rng, sizes = stream(0, "functional-prior-benchmark"), (POINTS, *HIDDEN, 1)
    normals = rng.standard_normal(functional_prior.stacked_size(sizes)).astype(np.float32)
    theta = functional_prior.critic_init(normals, sizes=sizes)
    f = rng.standard_normal((2, 1, functions, POINTS)).astype(np.float32)
    return sizes, theta, np.ones_like(theta), *f, rng.uniform(size=(1, functions)).astype(np.float32)


def ours(functions=FUNCTIONS):
    """Checks, gradient and Adagrad."""
    sizes, theta, S, f_nn, f_gp, eps = drawn(functions)
    return lambda: functional_prior.critic_step(theta, S, f_nn, f_gp, eps, sizes=sizes)


def theirs():
    """Autograd with create_graph, and Adagrad."""
    import torch

    torch.set_num_threads(_measure.threads())
    sizes, theta, _, f_nn, f_gp, eps = drawn(FUNCTIONS)
    layers = []
    for layer in functional_prior.unstack(theta, widths=sizes):
        linear = torch.nn.Linear(*layer.W.shape)
        linear.weight.data, linear.bias.data = torch.from_numpy(layer.W.T.copy()), torch.from_numpy(layer.b.copy())
        layers += [linear, torch.nn.Softplus()]
    critic = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adagrad(critic.parameters(), lr=0.05)
    f_nn, f_gp, e = (torch.from_numpy(part[0]) for part in (f_nn, f_gp, eps[..., None]))

    def step():
        middle = (e * f_nn + (1 - e) * f_gp).requires_grad_()
        slope = torch.autograd.grad(critic(middle).sum(), middle, create_graph=True)[0]
        penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
        optimizer.zero_grad()
        (critic(f_gp).mean() - critic(f_nn).mean() + 10 * penalty).backward()
        optimizer.step()

    return step


def run():
    peers, missing = _measure.peers({"PyTorch, create_graph": theirs})
    growth = [_measure.growth("S", [128, 512, 2048], lambda S: ours(functions=S), 1.0)]
    found = _measure.Workload(
        f"an inner step of the critic, {FUNCTIONS} functions at {POINTS} points, 2 x 200 units, float32",
        [*_measure.rows({"refimpl": ours(), **peers}, 7), *missing],
        growth,
        "Ours has the gradient of the penalty written out; PyTorch differentiates twice.",
    )
    drawn.cache_clear()
    return [found]
