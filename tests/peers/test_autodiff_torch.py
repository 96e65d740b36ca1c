"""Gradients and second derivatives against PyTorch's autograd, with ours run on NumPy arrays and on tensors."""

import numpy as np
import pytest

from refimpl.core import random, tree
from refimpl.core.arrays import array_namespace, from_numpy, to_numpy
from refimpl.core.autodiff import hvp, value_and_grad
from refimpl.models import losses, mlp

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

SAME = {  # name here: name in torch, domain of the entries
    **dict.fromkeys(("abs", "square", "exp", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sum"), (-1.5, 1.5)),
    **dict.fromkeys(("sqrt", "reciprocal", "log", "log1p", "log2", "log10"), (0.3, 2.0)),
    **dict.fromkeys(("asin", "acos", "atan", "asinh", "atanh", "mean", "tril", "triu", "std", "var"), (-0.9, 0.9)),
    "acosh": (1.2, 3.0),
}
PAIRS = ("add", "subtract", "multiply", "divide", "pow", "atan2", "hypot", "logaddexp", "maximum", "minimum")
INDEX = [1, 2, 1, 0, 1]
OTHERS = {  # ours(xp, a, b) and torch's(a, b), on [3, 3] and [3, 3]
    "where": (lambda xp, a, b: xp.where(a > b, a * b, b), lambda a, b: torch.where(a > b, a * b, b)),
    "max": (lambda xp, a, b: xp.max(a, axis=1) * xp.min(b), lambda a, b: torch.amax(a, 1) * torch.amin(b)),
    "std": (lambda xp, a, b: xp.std(a, axis=0, correction=1.0) + b, lambda a, b: torch.std(a, 0) + b),
    "cumulative_sum": (lambda xp, a, b: xp.cumulative_sum(a * b, axis=1), lambda a, b: torch.cumsum(a * b, 1)),
    "permute_dims": (lambda xp, a, b: xp.permute_dims(a, (1, 0)) * b.T, lambda a, b: torch.permute(a, (1, 0)) * b.T),
    "reshape": (lambda xp, a, b: xp.reshape(a, (9,)) * xp.reshape(b, (-1,)), lambda a, b: a.ravel() * b.ravel()),
    "concat": (lambda xp, a, b: xp.concat([a, b[:1, :], a]), lambda a, b: torch.cat([a, b[:1], a])),
    "stack": (lambda xp, a, b: xp.stack([a, b], axis=1), lambda a, b: torch.stack([a, b], 1)),
    "clip": (lambda xp, a, b: xp.clip(a, -0.5, 0.5) * b, lambda a, b: torch.clamp(a, -0.5, 0.5) * b),
    "sort": (lambda xp, a, b: xp.sort(a, axis=0) * b, lambda a, b: torch.sort(a, 0).values * b),
    "flip": (lambda xp, a, b: xp.flip(a, axis=1) * b, lambda a, b: torch.flip(a, (1,)) * b),
    "take": (
        lambda xp, a, b: xp.take(a * b, from_numpy(INDEX, like=a), axis=1),
        lambda a, b: torch.index_select(a * b, 1, torch.tensor(INDEX)),
    ),
    "getitem": (
        lambda xp, a, b: (a * b)[from_numpy(INDEX, like=a), from_numpy(INDEX[::-1], like=a)],
        lambda a, b: (a * b)[INDEX, INDEX[::-1]],
    ),
    "take_along_axis": (
        lambda xp, a, b: xp.take_along_axis(a, from_numpy([INDEX[:3]] * 3, like=a), axis=1) * b,
        lambda a, b: torch.take_along_dim(a, torch.tensor([INDEX[:3]] * 3), 1) * b,
    ),
    "diagonal": (lambda xp, a, b: xp.linalg.diagonal(a @ b), lambda a, b: torch.diagonal(a @ b)),
    "trace": (lambda xp, a, b: xp.linalg.trace(a @ b), lambda a, b: torch.trace(a @ b)),
    "outer": (lambda xp, a, b: xp.linalg.outer(a[:, 0], b[0, :]), lambda a, b: torch.outer(a[:, 0], b[0])),
    "matmul": (lambda xp, a, b: a @ b, torch.matmul),
    "batched matmul": (lambda xp, a, b: xp.stack([a, b]) @ b, lambda a, b: torch.stack([a, b]) @ b),
}


def compare(ours, theirs, x, v):
    """Value, gradient and Hessian times `v` of sum(w (f + f^2 / 2)): ours on NumPy, ours on torch, torch's own."""
    tensors = [torch.tensor(a, requires_grad=True) for a in x]
    y = theirs(*tensors)
    w = torch.cos(torch.arange(y.numel(), dtype=torch.float64)).reshape(y.shape)
    expected = torch.sum(w * (y + y * y / 2))
    first = torch.autograd.grad(expected, tensors, create_graph=True)
    product = sum(torch.sum(g * torch.tensor(b)) for g, b in zip(first, v, strict=True))
    second = torch.autograd.grad(product, tensors, allow_unused=True, materialize_grads=True)

    for move in (np.asarray, torch.tensor):

        def total(args):
            xp = array_namespace(*args)
            y = ours(xp, *args)
            return xp.sum((y + y * y / 2) * from_numpy(w.numpy(), like=args[0]))

        args, direction = [move(a) for a in x], [move(a) for a in v]
        value, gradient = value_and_grad(total)(args)
        for got, wanted in zip(
            [value, *gradient, *hvp(total, args, direction)], [expected, *first, *second], strict=True
        ):
            np.testing.assert_allclose(to_numpy(got), to_numpy(wanted), rtol=1e-10, atol=1e-12)


def draw(name, count, domain):
    rng, like = random.stream(0, "torch", name), np.zeros(1)
    x = [random.uniform(rng, (3, 3), like=like, low=domain[0], high=domain[1]) for _ in range(count)]
    return x, [random.normal(rng, (3, 3), like=like) for _ in range(count)]


@pytest.mark.parametrize("name", SAME)
def test_functions_of_one_array(name):
    theirs = {"std": lambda x: torch.std(x, correction=0), "var": lambda x: torch.var(x, correction=0)}
    compare(lambda xp, x: getattr(xp, name)(x), theirs.get(name, getattr(torch, name)), *draw(name, 1, SAME[name]))


@pytest.mark.parametrize("name", PAIRS)
def test_functions_of_two_arrays(name):
    compare(lambda xp, a, b: getattr(xp, name)(a, b), getattr(torch, name), *draw(name, 2, (0.3, 2.0)))
    broadcast = lambda f: lambda a, b: f(a[:1, :], b) + f(a, b[:, 0])
    ours = lambda xp, a, b: broadcast(getattr(xp, name))(a, b)
    compare(ours, broadcast(getattr(torch, name)), *draw(name, 2, (0.3, 2.0)))


@pytest.mark.parametrize("name", OTHERS)
def test_shapes_indexing_and_reductions(name):
    compare(*OTHERS[name], *draw(name, 2, (-1.5, 1.5)))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_mlp_with_softmax_cross_entropy(activation):
    rng, like = random.stream(1, "torch mlp"), np.zeros(1)
    params = mlp.init(rng, (4, 8, 8, 3), like=like)
    x, labels = random.normal(rng, (16, 4), like=like), random.indices(rng, 3, (16,), like=like)
    v = tree.map(lambda a: random.normal(rng, a.shape, like=like), params)

    def loss(params):
        return losses.softmax_cross_entropy(mlp.apply(params, x, activation=activation), labels)

    value, gradient = value_and_grad(loss)(params)
    product = hvp(loss, params, v)

    tensors = [torch.tensor(a, requires_grad=True) for a in tree.leaves(params)]
    h = torch.tensor(x)
    for i in range(0, len(tensors), 2):
        h = h @ tensors[i] + tensors[i + 1]
        h = getattr(torch, activation)(h) if i < len(tensors) - 2 else h
    expected = torch.nn.functional.cross_entropy(h, torch.tensor(labels))
    first = torch.autograd.grad(expected, tensors, create_graph=True)
    along = sum(torch.sum(g * torch.tensor(b)) for g, b in zip(first, tree.leaves(v), strict=True))
    second = torch.autograd.grad(along, tensors)

    np.testing.assert_allclose(value, expected.item(), rtol=1e-13)
    for ours, theirs in ((gradient, first), (product, second)):
        for got, wanted in zip(tree.leaves(ours), theirs, strict=True):
            np.testing.assert_allclose(got, to_numpy(wanted), rtol=1e-10, atol=1e-14)
