"""The convolutional network: scipy's correlation, finite differences, every backend, refusals."""

import numpy as np
import pytest
from scipy.signal import correlate

from refimpl.core import random, tree
from refimpl.core.arrays import array_namespace, device
from refimpl.core.autodiff import grad, hvp
from refimpl.models import conv, losses
from refimpl.problems.functions import central_differences

LIKE = np.zeros(1)


def problem(name="net", activation="tanh"):
    rng = random.stream(0, "test conv", name)
    params = conv.init(rng, (2, 3, 4), 3, like=LIKE, kernel=2)
    params = [layer._replace(b=rng.standard_normal(layer.b.shape)) for layer in params]
    x, labels = rng.standard_normal((3, 4, 5, 2)), np.array([0, 2, 1])
    return params, x, labels, lambda p: losses.softmax_cross_entropy(conv.apply(p, x, activation=activation), labels)


def test_a_convolution_is_scipys_correlation():
    rng = random.stream(0, "test conv", "scipy")
    x, W = rng.standard_normal((2, 5, 6, 3)), rng.standard_normal((3, 2, 3, 4))
    y = conv.convolve(x, W)
    for n in range(2):
        for o in range(4):
            expected = correlate(x[n], W[..., o], mode="valid")[..., 0]
            np.testing.assert_allclose(y[n, :, :, o], expected, rtol=1e-12, atol=1e-13)


def test_the_network_is_its_parts():
    params, x, _, _ = problem()
    z = np.tanh(conv.convolve(x, params[0].W) + params[0].b)
    z = np.tanh(conv.convolve(z, params[1].W) + params[1].b)
    np.testing.assert_allclose(conv.hidden(params, x, activation="tanh")[1], z, rtol=1e-14)
    expected = z.mean(axis=(1, 2)) @ params[2].W + params[2].b
    np.testing.assert_allclose(conv.apply(params, x, activation="tanh"), expected, rtol=1e-13)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_its_gradient_is_that_of_differences(activation):
    params, _, _, loss = problem(activation=activation)
    flat, unravel = tree.ravel(params)
    got, _ = tree.ravel(grad(loss)(params))
    differences = central_differences(lambda rows: np.array([loss(unravel(row)) for row in rows]), h=1e-5)
    np.testing.assert_allclose(got, differences(flat[None, :])[0], rtol=1e-5, atol=1e-8)


def test_second_derivatives_are_those_of_differences():
    params, _, _, loss = problem()
    flat, unravel = tree.ravel(params)
    v = random.stream(0, "test conv", "direction").standard_normal(flat.shape)
    got, _ = tree.ravel(hvp(loss, params, unravel(v)))
    ahead, behind = (tree.ravel(grad(loss)(unravel(flat + step * v)))[0] for step in (1e-5, -1e-5))
    np.testing.assert_allclose(got, (ahead - behind) / 2e-5, rtol=1e-5, atol=1e-7)


def test_every_backend_gives_the_same(backend):
    params, x, labels, loss = problem(activation="relu")
    moved = tree.map(backend.asarray, params)
    images, truth = backend.asarray(x), backend.asarray(labels)
    out = conv.apply(moved, images)
    assert array_namespace(out) is array_namespace(images)
    assert (out.dtype, device(out)) == (images.dtype, device(images))
    np.testing.assert_allclose(backend.to_numpy(out), conv.apply(params, x), rtol=100 * backend.tolerance, atol=1e-5)
    got = grad(lambda p: losses.softmax_cross_entropy(conv.apply(p, images), truth))(moved)
    for one, other in zip(tree.leaves(got), tree.leaves(grad(loss)(params)), strict=True):
        np.testing.assert_allclose(backend.to_numpy(one), other, rtol=1e3 * backend.tolerance, atol=1e-5)


def test_initial_weights_have_the_scale_that_is_asked_for():
    first, head = conv.init(random.stream(0, "variance"), (20, 500), 40, like=np.zeros(1, np.float32), scale=0.5)
    np.testing.assert_allclose(first.W.var(), 0.25 * 2 / 180, rtol=0.03)  # sd of the estimate: 0.5 %
    np.testing.assert_allclose(head.W.var(), 0.25 * 2 / 500, rtol=0.05)  # 1 %
    assert first.W.dtype == head.b.dtype == np.float32
    assert not first.b.any()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda p, x: conv.convolve(x, np.ones((6, 2, 2, 1))), "W must be no larger"),
        (lambda p, x: conv.convolve(x, np.ones((2, 2, 3, 1))), "W must have shape"),
        (lambda p, x: conv.apply(p, x[..., 0]), "x must have shape"),
        (lambda p, x: conv.apply(p, x, activation="gelu"), "activation"),
        (lambda p, x: conv.apply([*p[:-1], conv.Layer(np.ones((5, 3)), np.ones(3))], x), r"W\[2\]"),
        (lambda p, x: conv.init(random.stream(0), (3,), 2, like=LIKE), "channels"),
        (lambda p, x: conv.init(random.stream(0), (3, 0), 2, like=LIKE), "channels"),
        (lambda p, x: conv.init(random.stream(0), (3, 2), 2, like=LIKE, scale=0.0), "scale"),
        (lambda p, x: conv.init(random.stream(0), (3, 2), 2, like=LIKE, kernel=0), "kernel"),
    ],
)
def test_what_does_not_fit_is_named(call, named):
    params, x, _, _ = problem()
    with pytest.raises(ValueError, match=named):
        call(params, x)
