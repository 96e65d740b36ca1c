"""What layers of attention share: PyTorch, differences, sums in exact numbers, every backend, refusals."""

import math

import mpmath
import numpy as np
import pytest

from refimpl.core import random
from refimpl.core.arrays import array_namespace, device
from refimpl.core.autodiff import grad
from refimpl.core.special import softmax as plain
from refimpl.models import attention
from refimpl.problems.functions import central_differences


def drawn(*shape, name="x"):
    return random.stream(0, "test attention", name).standard_normal(shape)


def test_weights_of_keys_that_are_seen_are_those_of_a_shorter_row():
    scores, seen = drawn(4, 6), np.array([True, False, True, True, False, True])
    weights = attention.softmax(scores, seen)
    np.testing.assert_allclose(weights[:, seen], plain(scores[:, seen]), rtol=1e-14)
    assert (weights[:, ~seen] == 0).all()


@pytest.mark.parametrize("far", [1e4, 1e308])
def test_scores_of_any_size_are_weighed(far):
    scores = np.array([[0.0, -far, math.log(3.0), math.inf]])
    mask = np.array([True, True, True, False])
    np.testing.assert_allclose(attention.softmax(scores, mask), [[0.25, 0, 0.75, 0]], rtol=1e-15)
    logs = attention.log_softmax(scores, mask)[0]
    np.testing.assert_allclose(logs, [math.log(0.25), -far - math.log(4), math.log(0.75), -math.inf], rtol=1e-15)


@pytest.mark.parametrize("mask", [None, np.array([True, True, False, True, True])])
def test_the_gradient_of_the_weights_is_that_of_autodiff_and_differences(mask):
    scores, upstream = drawn(3, 5), drawn(3, 5, name="g")
    loss = lambda s: array_namespace(s).sum(attention.softmax(s, mask) * upstream)
    written = attention.softmax_gradient(attention.softmax(scores, mask), upstream)
    traced = grad(loss)(scores)
    np.testing.assert_allclose(traced, written, rtol=1e-12, atol=1e-16)
    differences = central_differences(lambda rows: np.array([loss(row.reshape(3, 5)) for row in rows]), h=1e-5)
    np.testing.assert_allclose(written.ravel(), differences(scores.ravel()[None])[0], rtol=1e-6, atol=1e-9)


def test_a_long_row_of_large_scores_in_single_precision_against_50_digits():
    scores = (1e4 + np.round(64 * random.stream(0, "test attention", "long").uniform(-2, 2, 4096)) / 64)[None, :]
    scores[0, ::7] = -1e4
    with mpmath.workdps(50):
        powers = [mpmath.exp(mpmath.mpf(x) - 10_000) for x in scores[0].tolist()]
        total = mpmath.fsum(powers)
        expected = np.array([float(x / total) for x in powers])
    for dtype, rtol in ((np.float32, 2e-6), (np.float64, 2e-14)):
        weights = attention.softmax(scores.astype(dtype))[0]
        assert weights.dtype == dtype
        np.testing.assert_allclose(weights, expected, rtol=rtol, atol=1e-45)


def test_what_is_left_of_a_weight_near_one_keeps_its_digits():
    a, g = np.array([1.0, 2.0**-60]), np.array([3.0, 5.0])
    np.testing.assert_array_equal(attention.softmax_gradient(a, g), [-(2.0**-59), 2.0**-59])


@pytest.mark.torch
def test_attention_is_pytorchs():
    torch = pytest.importorskip("torch")
    q, k, v, bias = drawn(2, 3, 5, 4), drawn(2, 3, 5, 4, name="k"), drawn(2, 3, 5, 6, name="v"), drawn(5, 5, name="b")
    tensors = [torch.from_numpy(x) for x in (q, k, v)]
    attended = torch.nn.functional.scaled_dot_product_attention
    np.testing.assert_allclose(
        attention.attend(q, k, v, mask=attention.causal(5, like=q)), attended(*tensors, is_causal=True), rtol=1e-12
    )
    expected = attended(*tensors, attn_mask=torch.from_numpy(bias))
    np.testing.assert_allclose(attention.attend(q, k, v, bias=bias), expected, rtol=1e-12)
    scores = torch.from_numpy(q).requires_grad_()
    (torch.softmax(scores, -1) * torch.from_numpy(k)).sum().backward()
    np.testing.assert_allclose(attention.softmax_gradient(attention.softmax(q), k), scores.grad, atol=1e-14)
    np.testing.assert_allclose(attention.log_softmax(q), torch.log_softmax(tensors[0], -1), rtol=1e-13)


def test_pairs_turn_like_complex_numbers():
    x, place = drawn(7, 6), np.array([0, 1, 2, 3, 50, 1000, 4095])
    turns = np.exp(1j * place[:, None] * 10_000.0 ** (-2 * np.arange(3) / 6))
    z = (x[:, 0::2] + 1j * x[:, 1::2]) * turns
    turned = attention.rotate(x, place)
    np.testing.assert_allclose(turned[:, 0::2] + 1j * turned[:, 1::2], z, rtol=1e-12)
    order = np.array([0, 3, 1, 4, 2, 5])  # halves beside each other are pairs
    halves = attention.rotate(x[:, np.argsort(order)], place, layout="halves")
    np.testing.assert_allclose(halves[:, order], turned, rtol=1e-12)


def test_products_of_rotated_rows_see_differences_of_positions_alone():
    q, k, place = drawn(6, 8), drawn(6, 8, name="k"), np.arange(6)
    scores = lambda shift: attention.rotate(q, place + shift) @ attention.rotate(k, place + shift).T
    np.testing.assert_allclose(scores(37), scores(0), rtol=1e-12, atol=1e-12)


def test_every_backend_gives_the_same(backend):
    def both(x, place):
        turned = attention.rotate(x, place)
        a = attention.softmax(attention.scaled_scores(turned, turned), attention.causal(4, like=x))
        logs = attention.log_softmax(x)
        return attention.attend(turned, x, x, bias=x), attention.softmax_gradient(a, x), logs

    x, place = drawn(4, 4), np.array([0, 1, 5, 9])
    moved = backend.asarray(x)
    for got, expected in zip(both(moved, backend.asarray(place)), both(x, place), strict=True):
        assert (got.dtype, device(got)) == (moved.dtype, device(moved))
        np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=100 * backend.tolerance, atol=1e-5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: attention.softmax(np.ones((2, 2)), np.array([[True, False], [False, False]])),
        lambda: attention.softmax(np.full((1, 2), -math.inf)),
        lambda: attention.softmax(np.ones((0, 2))),
        lambda: attention.softmax(np.ones(2), np.ones((2, 2), bool)),
        lambda: attention.softmax(np.ones(2), np.ones(2)),
        lambda: attention.causal(0, like=np.ones(1)),
        lambda: attention.scaled_scores(np.ones((2, 3)), np.ones((2, 4))),
        lambda: attention.attend(np.ones((2, 3)), np.ones((2, 3)), np.ones((3, 3))),
        lambda: attention.rotate(np.ones((2, 3)), np.arange(2)),
        lambda: attention.rotate(np.ones((2, 4)), np.arange(3)),
        lambda: attention.rotate(np.ones((2, 4)), np.arange(2), base=0.0),
        lambda: attention.rotate(np.ones((2, 4)), np.arange(2), layout="thirds"),
        lambda: attention.softmax_gradient(np.ones(2), np.ones(2, np.float32)),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises((TypeError, ValueError), match=" must "):
        call()
