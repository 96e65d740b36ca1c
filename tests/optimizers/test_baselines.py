"""SGD, Signum and AdamW: closed forms, every library and device, PyTorch."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace, device
from refimpl.core.random import stream
from refimpl.optimizers import adamw
from refimpl.optimizers._baselines import momentum_init, sgd, signum

RULES = {
    "sgd": (momentum_init, sgd, {"momentum": 0.8}),
    "signum": (momentum_init, signum, {"beta": 0.8}),
    "adamw": (adamw.init, adamw.update, {"beta1": 0.8, "beta2": 0.95}),
}
rules = pytest.mark.parametrize("name", RULES)


def run(name, start, grads, **settings):
    init, update, _ = RULES[name]
    params, state = start, init(start)
    for grad in grads:
        params, state = update(params, state, grad, **settings)
    return params


# Closed forms ---------------------------------------------------------------------------------------------------


def test_sgd_under_a_constant_gradient():
    """velocity_t = (1 - rate^t) / (1 - rate) g."""
    rate, lr, steps = 0.7, 0.1, 6
    g = np.array([2.0, -1.0])
    velocities = [(1 - rate**t) / (1 - rate) * g for t in range(1, steps + 1)]
    got = run("sgd", np.zeros(2), [g] * steps, lr=lr, momentum=rate)
    np.testing.assert_allclose(got, -lr * np.sum(velocities, axis=0), rtol=1e-14)


def test_signum_steps_are_of_one_size():
    grads = np.array([[3.0, -1e-8, 0.0], [-0.1, 1.0, 0.0]])
    assert run("signum", np.zeros(3), grads, lr=0.5, beta=0.9).tolist() == [-1.0, 0.0, 0.0]


def test_adamw_under_a_constant_gradient():
    """Both moments are the gradient's own after bias correction: each step is lr g / (|g| + eps)."""
    g = np.array([2.0, -1e-3, 0.0])
    got = run("adamw", np.zeros(3), [g] * 10, lr=0.1, eps=1e-8, weight_decay=0.0)
    np.testing.assert_allclose(got, -0.1 * 10 * g / (np.abs(g) + 1e-8), rtol=1e-12)


@rules
def test_without_gradients_the_decay_is_all(name):
    got = run(name, np.array([1.0, -2.0]), [np.zeros(2)] * 4, lr=0.1, weight_decay=0.5)
    np.testing.assert_allclose(got, np.array([1.0, -2.0]) * 0.95**4, rtol=1e-15)


# Every library and device ---------------------------------------------------------------------------------------


@rules
def test_library_dtype_device_and_values(backend, name):
    rng = stream(0, "test-baselines", name)
    start, grads = rng.standard_normal((3, 2)), rng.standard_normal((8, 3, 2))
    settings = {"lr": 0.05, "weight_decay": 0.1, **RULES[name][2]}
    params = backend.asarray(start)
    got = run(name, params, [backend.asarray(g) for g in grads], **settings)
    assert array_namespace(got) is array_namespace(params)
    assert got.dtype == params.dtype
    assert device(got) == device(params)
    expected = run(name, start, grads, **settings)
    np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=10 * backend.tolerance, atol=backend.tolerance)


@rules
@pytest.mark.parametrize(
    ("changed", "error", "argument"),
    [
        ({"grad": np.zeros(3)}, ValueError, "grad"),
        ({"grad": np.zeros(2, int)}, TypeError, "grad"),
        ({"lr": 0.0}, ValueError, "lr"),
        ({"weight_decay": -1.0}, ValueError, "weight_decay"),
    ],
)
def test_bad_arguments_are_named(name, changed, error, argument):
    init, update, _ = RULES[name]
    given = {"grad": np.zeros(2), "lr": 0.1, **changed}
    with pytest.raises(error, match=argument):
        update(np.zeros(2), init(np.zeros(2)), given.pop("grad"), **given)


@pytest.mark.parametrize(
    ("name", "rate"),
    [("sgd", "momentum"), ("signum", "beta"), ("adamw", "beta1"), ("adamw", "beta2")],
)
def test_rates_must_be_fractions(name, rate):
    init, update, _ = RULES[name]
    with pytest.raises(ValueError, match=rate):
        update(np.zeros(2), init(np.zeros(2)), np.zeros(2), lr=0.1, **{rate: 1.0})


@pytest.mark.parametrize("init", [momentum_init, adamw.init])
def test_parameters_must_be_floating_point_arrays(init):
    with pytest.raises(TypeError, match="params"):
        init([1.0])


# PyTorch --------------------------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_pytorch_agrees(name, decay):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    rng = stream(0, "test-baselines", "torch")
    start, grads = rng.standard_normal(6), rng.standard_normal((40, 6)) * 10.0 ** rng.uniform(-4, 4, 6)
    params = torch.nn.Parameter(torch.tensor(start))
    if name == "adamw":
        optimizer = torch.optim.AdamW([params], lr=0.01, betas=(0.8, 0.95), weight_decay=decay)
    else:
        optimizer = torch.optim.SGD([params], lr=0.01, momentum=0.8)
    for grad in grads:
        if name == "sgd":  # PyTorch's own decay goes into the gradient; ours shrinks the parameters
            with torch.no_grad():
                params.mul_(1 - 0.01 * decay)
        params.grad = torch.asarray(grad)
        optimizer.step()
    got = run(name, start, grads, lr=0.01, weight_decay=decay, **RULES[name][2])
    np.testing.assert_allclose(got, params.detach().numpy(), rtol=1e-10)


@pytest.mark.torch
@pytest.mark.peers
def test_signum_of_a_public_package_agrees():
    """`pytorch_optimizer.SignSGD` with momentum is Signum."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    peer = pytest.importorskip("pytorch_optimizer", reason="pytorch_optimizer is not installed (`make peers`)")
    start = stream(0, "test-baselines", "signum").standard_normal(5)
    params = torch.nn.Parameter(torch.tensor(start))
    optimizer = peer.SignSGD([params], lr=0.1, momentum=0.9, weight_decay=0.2)
    grads = stream(0, "test-baselines", "signum-grads").standard_normal((50, 5))
    for grad in grads:
        params.grad = torch.asarray(grad)
        optimizer.step()
    got = run("signum", start, grads, lr=0.1, beta=0.9, weight_decay=0.2)
    np.testing.assert_allclose(got, params.detach().numpy(), rtol=0, atol=5e-15)
