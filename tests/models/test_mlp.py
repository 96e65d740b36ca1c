"""MLP and losses: closed forms, extreme logits, float32, a strict non-CPU device, refusals."""

import array_api_strict as xs
import numpy as np
import pytest

from refimpl.core import random, tree
from refimpl.core.arrays import array_namespace, to_numpy
from refimpl.core.autodiff import grad, hvp, value_and_grad
from refimpl.models import losses, mlp

F64 = np.zeros(1)
F32 = np.zeros(1, dtype=np.float32)
STRICT = xs.zeros(1, device=xs.Device("device1"))


def problem(like, scheme="glorot"):
    rng = random.stream(0, "test mlp")
    params = mlp.init(rng, (3, 6, 5, 4), like=like, scheme=scheme)
    return params, random.normal(rng, (7, 3), like=like), random.indices(rng, 4, (7,), like=like)


@pytest.mark.parametrize(("scheme", "variance"), [("glorot", 2 / 1000), ("he", 2 / 600)])
def test_initial_weights_have_the_variance_of_the_scheme(scheme, variance):
    (layer,) = mlp.init(random.stream(0, "variance"), (600, 400), like=F64, scheme=scheme)
    np.testing.assert_allclose(layer.W.var(), variance, rtol=0.02)  # sd of the estimate: 0.3 %
    np.testing.assert_array_equal(layer.b, np.zeros(400))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_apply_is_the_formula(activation):
    (first, second, third), x, _ = problem(F64, "he")
    f = {"tanh": np.tanh, "relu": lambda a: a * (a > 0)}[activation]
    expected = f(f(x @ first.W + first.b) @ second.W + second.b) @ third.W + third.b
    np.testing.assert_allclose(mlp.apply([first, second, third], x, activation=activation), expected, rtol=1e-14)
    one, two = mlp.hidden([first, second, third], x, activation=activation)
    np.testing.assert_allclose(one, f(x @ first.W + first.b), rtol=1e-14)
    np.testing.assert_allclose(two, f(one @ second.W + second.b), rtol=1e-14)


def test_gradient_of_cross_entropy_is_softmax_minus_one_hot():
    rng = random.stream(1, "ce")
    logits, labels = random.normal(rng, (5, 3), like=F64), random.indices(rng, 3, (5,), like=F64)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    value, g = value_and_grad(losses.softmax_cross_entropy)(logits, labels)
    np.testing.assert_allclose(value, -np.log(p[np.arange(5), labels]).mean(), rtol=1e-14)
    np.testing.assert_allclose(g, (p - np.eye(3)[labels]) / 5, atol=1e-15)


def test_closed_forms_of_the_other_losses():
    m = np.array([-2.0, 0.0, 3.0])
    s = 1 / (1 + np.exp(m))
    np.testing.assert_allclose(losses.logistic(m), np.log1p(np.exp(-m)).mean(), rtol=1e-15)
    np.testing.assert_allclose(grad(losses.logistic)(m), -s / 3, rtol=1e-14)
    np.testing.assert_allclose(hvp(losses.logistic, m, np.ones(3)), s * (1 - s) / 3, rtol=1e-14)
    np.testing.assert_allclose(grad(losses.squared_error)(m, 2 * m), -2 * m / 3, rtol=1e-15)
    assert losses.accuracy(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([0, 0])) == 0.5


@pytest.mark.parametrize("like", [F64, F32, STRICT], ids=["float64", "float32", "strict"])
def test_extreme_logits_are_exact(like):
    xp = array_namespace(like)
    device = like.device
    logits = xp.asarray([[1e4, -1e4], [-1e4, 1e4]], dtype=like.dtype, device=device)
    labels = xp.asarray([0, 0], device=device)
    value, g = value_and_grad(losses.softmax_cross_entropy)(logits, labels)
    assert float(value) == 1e4
    np.testing.assert_array_equal(to_numpy(g), [[0, 0], [-0.5, 0.5]])
    np.testing.assert_array_equal(to_numpy(hvp(lambda z: losses.softmax_cross_entropy(z, labels), logits, logits)), 0)
    value, g = value_and_grad(losses.logistic)(logits)
    assert float(value) == 5e3
    np.testing.assert_array_equal(to_numpy(g), [[0, -0.25], [-0.25, 0]])
    np.testing.assert_array_equal(to_numpy(hvp(losses.logistic, logits, logits)), 0)


@pytest.mark.parametrize("like", [F32, STRICT], ids=["float32", "strict"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_every_backend_agrees_with_numpy(like, activation):
    def everything(like):
        params, x, labels = problem(like)
        loss = lambda p: losses.softmax_cross_entropy(mlp.apply(p, x, activation=activation), labels)
        value, g = value_and_grad(loss)(params)
        rates = losses.accuracy(mlp.apply(params, x), labels), losses.squared_error(x, 2 * x), losses.logistic(x)
        return [value, *rates, *tree.leaves(g), *tree.leaves(hvp(loss, params, g))]

    for got, expected in zip(everything(like), everything(F64), strict=True):
        assert (got.dtype, str(got.device)) == (like.dtype, str(like.device))
        np.testing.assert_allclose(to_numpy(got), expected, rtol=1e-12 if like is STRICT else 1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mlp.init(random.stream(0), (3,), like=F64), ValueError, "sizes must name .* got \\[3\\]"),
        (lambda: mlp.init(random.stream(0), (3, 0), like=F64), ValueError, "sizes must be an integer >= 1"),
        (lambda: mlp.init(random.stream(0), (3, 1), like=F64, scheme="lecun"), ValueError, "scheme must be one of"),
        (lambda: mlp.init(random.stream(0), (3, 1), like=np.zeros(1, int)), TypeError, "like must be .*floating"),
        (lambda: mlp.apply(problem(F64)[0], np.ones((2, 4))), ValueError, r"W\[0\] must have shape .*d0=4"),
        (lambda: mlp.apply(problem(F64)[0], np.ones(3)), ValueError, r"x must have shape \[n, d0\]"),
        (lambda: mlp.apply(problem(F64)[0], np.ones((2, 3), int)), TypeError, "x must be .*floating"),
        (lambda: mlp.apply(problem(F64)[0], np.ones((2, 3)), activation="gelu"), ValueError, "activation must be one"),
        (lambda: losses.squared_error(np.ones(3), np.ones(2)), ValueError, "targets must have shape"),
        (lambda: losses.softmax_cross_entropy(np.ones((2, 3)), np.array([0, 3])), ValueError, r"labels .*\[0, 3\).*3"),
        (lambda: losses.softmax_cross_entropy(np.ones((2, 3)), np.array([0, -1])), ValueError, "labels must be in"),
        (
            lambda: losses.softmax_cross_entropy(np.ones((2, 3)), np.ones(2)),
            TypeError,
            "labels must be an array of integers",
        ),
        (lambda: losses.softmax_cross_entropy(np.ones((2, 3)), np.array([0])), ValueError, "labels must have shape"),
        (lambda: losses.accuracy(np.ones((2, 3)), [0, 1]), TypeError, "labels must be an array"),
        (lambda: losses.logistic(np.ones(3, int)), TypeError, "margins must be .*floating"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_nt_xent_is_the_formula_and_its_gradient():
    rng = random.stream(0, "nt-xent")
    first, second = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in rng.standard_normal((2, 3, 4)))
    views = np.concatenate([first, second])
    expected = 0.0
    for a in range(6):
        powers = np.exp(views @ views[a] / 0.3)
        expected -= np.log(powers[(a + 3) % 6] / (powers.sum() - powers[a])) / 6
    value, slope = value_and_grad(lambda x: losses.nt_xent(x, second, tau=0.3))(first)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    for index in np.ndindex(3, 4):
        step = np.zeros((3, 4))
        step[index] = 1e-6
        ends = [losses.nt_xent(first + sign * step, second, tau=0.3) for sign in (1, -1)]
        np.testing.assert_allclose(slope[index], (ends[0] - ends[1]) / 2e-6, rtol=1e-7, atol=1e-9)
    with pytest.raises(ValueError, match="tau"):
        losses.nt_xent(first, second, tau=0.0)
    with pytest.raises(ValueError, match="second"):
        losses.nt_xent(first, second[:2], tau=0.3)
