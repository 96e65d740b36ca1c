"""Adam on trees, against PyTorch and against the rule that the oracle judges."""

import numpy as np
import pytest

from refimpl.core import tree
from refimpl.core.random import stream
from refimpl.models import adam
from refimpl.optimizers import adamw


def _run(params, rates, steps=30):
    """Parameters after some steps of minus the sine of the parameters plus noise."""
    state, rng = adam.init(params), stream(0, "adam")
    seen = []
    for _ in range(steps):
        grads = tree.map(lambda p: np.sin(p) + rng.normal(size=p.shape), params)
        seen.append(grads)
        params, state = adam.update(params, state, grads, **rates)
    return params, state, seen


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_agrees_with_the_rule_that_is_judged(decay):
    start = {"a": np.arange(3.0), "b": np.ones((2, 2))}
    rates = {"lr": 0.05, "beta1": 0.8, "beta2": 0.97, "eps": 1e-6}
    params, state, seen = _run(start, rates | {"decay": decay})
    for name, p in start.items():
        memory = adamw.init(p)
        for grads in seen:
            p, memory = adamw.update(p, memory, grads[name], **rates, weight_decay=decay)
        np.testing.assert_allclose(params[name], p, rtol=1e-12)
    assert state.steps == 30


@pytest.mark.torch
def test_agrees_with_torch():
    import torch

    start = np.linspace(-2, 2, 5)
    params, _, seen = _run(start, {"lr": 0.05, "decay": 0.1})
    theirs = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.AdamW([theirs], lr=0.05, weight_decay=0.1)
    for grads in seen:
        theirs.grad = torch.tensor(grads)
        optimizer.step()
    np.testing.assert_allclose(params, theirs.detach().numpy(), rtol=1e-10)


@pytest.mark.parametrize("scale", [1e-30, 1e15])
def test_float32_keeps_its_dtype_whatever_the_scale(scale):
    start = np.zeros(2, dtype=np.float32)
    grads = np.asarray([scale, -scale], dtype=np.float32)
    after, state = adam.update(start, adam.init(start), grads, lr=0.5, eps=1e-30)
    assert after.dtype == state.m.dtype == state.v.dtype == np.float32


def test_bad_input_is_named():
    start = np.zeros(2)
    for change, error, message in (
        ({"lr": -0.1}, ValueError, "lr must be"),
        ({"beta2": 1.0}, ValueError, "beta2 must be"),
        ({"decay": -1.0}, ValueError, "decay must be"),
        ({"grads": np.zeros(3)}, ValueError, "grads"),
        ({"grads": np.array([0.0, np.nan])}, ValueError, "grads must be finite"),
        ({"state": None}, TypeError, "state must be"),
    ):
        arguments = {"state": adam.init(start), "grads": start, "lr": 0.1} | change
        with pytest.raises(error, match=message):
            adam.update(start, **arguments)
