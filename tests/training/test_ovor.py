"""OVOR: worked values on every backend, finite differences, loops, PyTorch, and what training leaves alone."""

import itertools
import math

import numpy as np
import pytest

from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.models import adam
from refimpl.models.attention import attend
from refimpl.training import _ovor_models as models
from refimpl.training import ovor

LIKE = np.zeros(1)


def drawn(name, *shape):
    return stream(0, "test-ovor", name).standard_normal(shape)


def close(backend, got, expected, least=0.0):
    tolerance = max(20 * backend.tolerance, least)
    np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=tolerance, atol=tolerance)


def numeric(f, x, h=1e-6):
    """Gradient by differences."""
    slope = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[at] = h
        slope[at] = (f(x + step) - f(x - step)) / (2 * h)
    return slope


# Worked values -------------------------------------------------------------------------------------------------------


def test_the_loss_by_hand(backend):
    """The numbers of the sheet."""
    o_id, o_out = backend.asarray([[2.0, 1.0], [0.0, 0.0]]), backend.asarray([[4.0, 0.0], [-5.0, -5.0]])
    y = backend.backend.asarray([0, 1], dtype="int64")
    found = ovor.vor_loss(o_id, y, o_out, lam=0.5, tau_id=-2.0, tau_out=0.0)
    for part, expected in zip(found[:4], (0.5032044340, 0.4034264097, 1.7590749640, 1.5844551209), strict=True):
        assert part.dtype == backend.dtype
        close(backend, part, expected, 1e-10)
    close(backend, found.d_id, [[-0.1344707107, 0.1344707107], [0.125, -0.375]], 1e-9)
    close(backend, found.d_out, [[0.2455034475, 0.0044965525], [0.0, 0.0]], 1e-9)


def test_outliers_by_hand(backend):
    Z = backend.asarray([[1, 0], [2, 0.2], [0, 1], [3, -1], [1, 1.0]])
    eps = backend.asarray([[1, 0], [0, -2], [-1, 1.0]])
    found = ovor.npos(Z, eps, K=2, select=2, n_out=3, sigma=0.5, rank="raw")
    assert backend.to_numpy(found.boundary).tolist() == [3, 1]
    close(backend, found.outliers, [[3, -2], [3.5, -1], [2.5, 0.2]])
    assert found.outliers.dtype == backend.dtype
    assert backend.to_numpy(ovor.npos(Z, eps, K=2, select=2, n_out=3, sigma=0.5).boundary).tolist() == [2, 4]


def test_a_prompt_by_hand(backend):
    one = backend.asarray(np.ones((1, 1, 1, 1)))
    P_k, P_v = backend.asarray([[0.0], [0.0]]), backend.asarray([[3.0], [5.0]])
    close(backend, ovor.prefix_attention(0 * one, one, one, P_k, P_v), [[[[3.0]]]])
    for found in ovor.prefix_gradients(0 * one, one, one, P_k, P_v, one):
        assert found.dtype == backend.dtype


def test_a_step_by_hand(backend):
    """Adam's first step has the length lr in each current coordinate with a slope."""
    head = ovor.Head(backend.asarray(np.zeros((1, 3))), backend.asarray(np.zeros(3)))
    y = backend.backend.asarray([2], dtype="int64")
    moved, _ = ovor.update(head, adam.init(head), backend.asarray([[2.0]]), y, first=1, last=3, lr=0.5)
    close(backend, moved.W, [[0.0, -0.5, 0.5]], 1e-7)
    close(backend, moved.b, [0.0, -0.5, 0.5], 1e-7)


# Prompts -------------------------------------------------------------------------------------------------------------


def layer(B=2, H=2, n=3, N=4, d=2, m=3):
    shapes = (B, H, n, d), (B, H, N, d), (B, H, N, d), (m, H * d), (m, H * d)
    return [drawn(f"layer-{i}", *shape) for i, shape in enumerate(shapes)]


def test_prompts_are_keys_and_values_of_every_input():
    q, k, v, P_k, P_v = layer()
    for b, h in itertools.product(range(2), range(2)):
        keys, values = (np.concatenate([P[:, 2 * h : 2 * h + 2], x[b, h]]) for P, x in ((P_k, k), (P_v, v)))
        np.testing.assert_allclose(ovor.prefix_attention(q, k, v, P_k, P_v)[b, h], attend(q[b, h], keys, values))


def test_gradients_of_prompts_are_differences():
    q, k, v, P_k, P_v = layer()
    G = drawn("G", *q.shape)
    dP_k, dP_v = ovor.prefix_gradients(q, k, v, P_k, P_v, G)
    for at, found in ((3, dP_k), (4, dP_v)):
        parts = layer()

        def read(P, at=at, parts=parts):
            return np.sum(G * ovor.prefix_attention(*parts[:at], P, *parts[at + 1 :]))

        np.testing.assert_allclose(found, numeric(read, parts[at]), atol=1e-8)


@pytest.mark.torch
@pytest.mark.peers
def test_pytorch_reads_the_same():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    q, k, v, P_k, P_v = map(torch.tensor, layer())
    P_k.requires_grad_(), P_v.requires_grad_()
    split = [P.reshape(3, 2, 2).permute(1, 0, 2).expand(2, 2, 3, 2) for P in (P_k, P_v)]
    K, V = (torch.cat([P, x], dim=2) for P, x in zip(split, (k, v), strict=True))
    O, G = torch.nn.functional.scaled_dot_product_attention(q, K, V), drawn("G", *q.shape)
    (O * torch.tensor(G)).sum().backward()
    ours = [x.detach().numpy() for x in (q, k, v, P_k, P_v)]
    np.testing.assert_allclose(ovor.prefix_attention(*ours), O.detach().numpy(), atol=1e-14)
    for found, P in zip(ovor.prefix_gradients(*ours, G), (P_k, P_v), strict=True):
        np.testing.assert_allclose(found, P.grad.numpy(), atol=1e-14)


# The loss ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.1, 3.0, 30.0])
def test_gradients_of_the_loss_are_differences(scale):
    o_id, o_out, y = scale * drawn("o_id", 5, 3), scale * drawn("o_out", 4, 3), np.array([0, 2, 1, 1, 0])
    options = {"lam": 0.7, "tau_id": -2.0, "tau_out": -0.5}
    found = ovor.vor_loss(o_id, y, o_out, **options)
    slopes = [
        numeric(lambda o: float(ovor.vor_loss(o, y, o_out, **options).loss), o_id),
        numeric(lambda o: float(ovor.vor_loss(o_id, y, o, **options).loss), o_out),
    ]
    np.testing.assert_allclose(found.d_id, slopes[0], atol=1e-7)
    np.testing.assert_allclose(found.d_out, slopes[1], atol=1e-7)


@pytest.mark.torch
@pytest.mark.peers
@pytest.mark.parametrize("scale", [0.1, 3.0, 200.0])
def test_pytorch_pays_the_same(scale):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    huber, relu = torch.nn.HuberLoss(), torch.relu
    o_id, o_out, y = scale * drawn("o_id", 5, 3), scale * drawn("o_out", 4, 3), np.array([0, 2, 1, 1, 0])
    a, b = torch.tensor(o_id, requires_grad=True), torch.tensor(o_out, requires_grad=True)
    u, w = relu(-torch.logsumexp(a, 1) + 2.0), relu(-0.5 + torch.logsumexp(b, 1))
    zeros = torch.zeros_like
    loss = torch.nn.functional.cross_entropy(a, torch.tensor(y)) + 0.7 * (huber(u, zeros(u)) + huber(w, zeros(w)))
    loss.backward()
    found = ovor.vor_loss(o_id, y, o_out, lam=0.7, tau_id=-2.0, tau_out=-0.5)
    np.testing.assert_allclose(found.loss, loss.item(), rtol=1e-13)
    np.testing.assert_allclose(found.d_id, a.grad.numpy(), atol=1e-15)
    np.testing.assert_allclose(found.d_out, b.grad.numpy(), atol=1e-15)


def test_energies_bound_logits():
    o = 5 * drawn("o", 500, 4)
    level, top = -ovor.energy(o), o.max(axis=1)
    assert np.all((top <= level + 1e-12) & (level <= top + math.log(4) + 1e-12))
    shift = drawn("shift", 500, 1)
    y = np.zeros(500, dtype=int)
    np.testing.assert_allclose(ovor.cross_entropy(o + shift, y)[0], ovor.cross_entropy(o, y)[0], rtol=1e-12)


# Outliers ------------------------------------------------------------------------------------------------------------


def slow_npos(Z, eps, K, select, n_out, sigma, rank):
    """The definition, point by point."""
    unit = (lambda z: z / np.linalg.norm(z)) if rank == "normalised" else (lambda z: z)

    def lonely(z):
        return sorted(np.linalg.norm(unit(z) - unit(other)) for other in Z)[K - 1]

    border = sorted(range(len(Z)), key=lambda i: -lonely(Z[i]))[:select]
    candidates = [Z[b] + sigma * e for b in border for e in eps]
    return border, np.array(sorted(candidates, key=lambda z: -lonely(z))[:n_out])


@pytest.mark.parametrize("rank", ovor.RANKS)
def test_outliers_are_those_of_loops(rank, monkeypatch):
    Z, eps = drawn("Z", 20, 5), drawn("eps", 7, 5)
    border, outliers = slow_npos(Z, eps, 4, 6, 15, 0.4, rank)
    for block in (ovor.BLOCK, 300):  # blocks do not show
        monkeypatch.setattr(ovor, "BLOCK", block)
        found = ovor.npos(Z, eps, K=4, select=6, n_out=15, sigma=0.4, rank=rank)
        assert found.boundary.tolist() == border
        np.testing.assert_allclose(found.outliers, outliers, rtol=1e-13)


def test_the_official_generator_makes_copies():
    """About the origin each draw is there as often as the border has features."""
    Z, eps = drawn("Z", 60, 6), drawn("eps", 40, 6)
    found = ovor.npos(Z, eps, K=5, select=10, n_out=80, sigma=0.5, centre="origin")
    assert len(np.unique(found.outliers, axis=0)) == 8


def test_normal_clouds_have_their_covariance():
    Z, y = drawn("cloud", 400, 3) @ np.array([[2.0, 0, 0], [1.0, 1.0, 0], [0, 0.5, 0.3]]), np.arange(400) % 2
    eps = drawn("many", 4000, 3)
    found = ovor.vos(Z, y, eps, n_out=8000, ridge=1e-3).reshape(2, 4000, 3)
    left = np.concatenate([Z[y == c] - Z[y == c].mean(axis=0) for c in (0, 1)])
    expected = left.T @ left / 400 + 1e-3 * np.eye(3)
    np.testing.assert_allclose(np.cov(found[1].T), expected, atol=0.3)
    np.testing.assert_allclose(found[0] - Z[y == 0].mean(axis=0), found[1] - Z[y == 1].mean(axis=0), atol=1e-12)


# Pools ---------------------------------------------------------------------------------------------------------------


def test_keys_are_drawn_along_their_gradient():
    query, keys = drawn("query", 4, 3), drawn("keys", 5, 3) * np.array([[1], [3], [0.2], [1], [2]])
    found = ovor.select_prompts(query, keys, k=2)
    np.testing.assert_allclose(
        found.d_keys, numeric(lambda x: float(ovor.select_prompts(query, x, k=2).loss), keys), atol=1e-8
    )
    cos = query @ keys.T / np.linalg.norm(query, axis=1)[:, None] / np.linalg.norm(keys, axis=1)
    assert np.array_equal(found.chosen, np.argsort(-cos, axis=1)[:, :2])


def test_small_angles_keep_their_digits():
    found = ovor.select_prompts(np.array([[1.0, 0.0]]), np.array([[1.0, 1e-9]]))
    np.testing.assert_allclose(found.loss, 0.5e-18, rtol=1e-12)


def test_counts_of_parameters():
    assert ovor.parameter_counts(768, 10) == {
        "OnePrompt": 107_520, "DualPrompt": 960_000, "L2P": 483_840, "CODA-P": 3_840_000}  # fmt: skip
    assert ovor.parameter_counts(1, 1)["DualPrompt"] == 20 + 3 * 41


# Training ------------------------------------------------------------------------------------------------------------


def test_heads_of_other_tasks_stay():
    rng, stream_ = stream(0, "test-ovor", "stay"), models.blobs(stream(0, "test-ovor", "blobs"), like=LIKE)
    head = ovor.Head(drawn("W", 225, 8), drawn("b", 8))
    rule = models.regular("both", tau_id=-4.0, tau_out=0.0, n_out=40, select=10, per=10, K=10, sigma=0.8, rank="raw")
    x, y = models.of_task(stream_, 1)
    after = models.train_head(rng, head, x, y, rule, first=2, last=4, epochs=4, plain=2, batch=80, lr=0.05,
                              seen=models.local_features)  # fmt: skip
    others = [0, 1, 4, 5, 6, 7]
    assert np.array_equal(after.W[:, others], head.W[:, others])
    assert np.array_equal(after.b[others], head.b[others])
    assert np.all(after.b[2:4] != head.b[2:4])


def test_gradients_through_the_encoder():
    rng, images = stream(0, "test-ovor", "encoder"), np.abs(drawn("images", 6, 64))
    frozen = models.encoder(rng, images, d=4, D=5)
    prompt = models.Prompt(drawn("P_k", 2, 4), drawn("P_v", 2, 4))
    _, found = models.prompt_gradient(frozen, images, prompt, lambda z: 2 * z)
    for at in (0, 1):
        slope = numeric(lambda P, at=at: np.sum(models.features(frozen, images, prompt._replace(
            **{models.Prompt._fields[at]: P})) ** 2), prompt[at])  # fmt: skip
        np.testing.assert_allclose(found[at], slope, rtol=1e-5, atol=1e-6)


def first_tasks(images, tasks):
    now, then = images.y < 2 * tasks, images.y_test < 2 * tasks
    return images._replace(x=images.x[now], y=images.y[now], x_test=images.x_test[then], y_test=images.y_test[then],
                           tasks=tasks)  # fmt: skip


def test_prompts_stay_in_the_second_phase(monkeypatch):
    """The head goes on, and no gradient of a prompt is asked for; one prompt goes on from task to task."""
    asked, gradient = [], models.prompt_gradient

    def counted(frozen, images, prompt, dz):
        asked.append(prompt)
        return gradient(frozen, images, prompt, dz)

    monkeypatch.setattr(models, "prompt_gradient", counted)
    images = first_tasks(models.digit_stream(stream(0, "test-ovor", "digits"), like=LIKE), 2)
    frozen = models.encoder(stream(0, "test-ovor", "frozen"), images.x[:100], d=8, D=16)
    heads, counts = [], []
    for kind, epochs in (("none", 1), ("both", 2)):
        asked.clear()
        rule = models.regular(kind, tau_id=-6.0, tau_out=-2.0, per=4, select=10, n_out=20)
        found = models.learn_prompts(stream(0, "test-ovor", "run"), frozen, images, rule, m=2, epochs=epochs, plain=1)
        heads.append(found.head), counts.append(len(asked))
        steps = [np.abs(after.P_k - before.P_k).max() for before, after in itertools.pairwise(asked)]
        assert max(steps) < 0.006  # Adam's step, also where a task begins
    assert counts[0] == counts[1]
    assert not np.array_equal(heads[0].b, heads[1].b)


def test_a_pool_takes_two_passes():
    images = models.digit_stream(stream(0, "test-ovor", "digits"), like=LIKE)
    frozen, few = models.encoder(stream(0, "test-ovor", "frozen"), images.x[:100], d=8, D=16), first_tasks(images, 2)
    rule = models.regular("none", tau_id=-6.0, tau_out=-2.0)
    for pool, passes in ((False, 1.0), (True, 2.0)):
        found = models.learn_prompts(
            stream(0, "test-ovor", "run"), frozen, few, rule, pool=pool, m=2, epochs=1, plain=1
        )
        assert found.passes == passes


def test_batches_are_all_rows_once():
    parts = models.batches(stream(0, "test-ovor", "batches"), 10, 4, like=LIKE)
    assert [len(rows) for rows in parts] == [4, 4, 2]
    assert sorted(np.concatenate(parts).tolist()) == list(range(10))


def test_frozen_features_are_standardised():
    images = models.digit_stream(stream(0, "test-ovor", "digits"), like=LIKE)
    for kind in ("random", "pixels"):
        made = models.frozen_features(stream(0, "test-ovor", kind), images, kind)
        used = made.x.std(axis=0) > 0
        np.testing.assert_allclose(made.x.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(made.x.std(axis=0)[used], 1, rtol=1e-12)
        assert np.array_equal(made.y, images.y)
    assert np.min(np.bincount(images.y // 2)) > 200


def test_a_head_alone_learns_its_tasks():
    problem = models.blobs(stream(0, "test-ovor", "heads"), like=LIKE)
    rule = models.regular("none", tau_id=-4.0, tau_out=0.0)
    training = {"epochs": 40, "plain": 40, "batch": 160, "lr": 0.05, "seen": models.local_features}
    found = models.learn_heads(stream(0, "test-ovor", "run"), problem, rule, **training)
    assert found.til[-1].min() > 0.9
    assert np.all(np.triu(found.cil, 1) == 0)
    logits = models.local_features(problem.x_test) @ found.head.W + found.head.b
    by_hand = [np.mean(np.argmax(logits[problem.y_test // 2 == t], axis=1) == problem.y_test[problem.y_test // 2 == t])
               for t in range(4)]  # fmt: skip
    np.testing.assert_allclose(found.cil[-1], by_hand)


def test_local_features_are_bumps():
    z = np.array([[0.3, -1.2]])
    grid = np.linspace(-6, 6, 15)
    expected = [math.exp(-((0.3 - a) ** 2 + (-1.2 - b) ** 2) / 1.28) for a in grid for b in grid]
    np.testing.assert_allclose(models.local_features(z)[0], expected, rtol=1e-12)


def test_gradient_of_the_energy_is_minus_the_softmax():
    o = drawn("o", 1, 4)
    p = np.exp(o[0]) / np.exp(o[0]).sum()
    np.testing.assert_allclose(grad(lambda x: ovor.energy(x[None, :])[0])(o[0]), -p, rtol=1e-12)


@pytest.mark.parametrize(
    ("names", "ask"),
    [
        ("y", lambda: ovor.vor_loss(np.ones((2, 2)), np.array([0, 2]), np.ones((1, 2)))),
        ("n_out", lambda: ovor.npos(np.ones((2, 2)), np.ones((1, 2)), K=1, select=1, n_out=2)),
        ("K", lambda: ovor.npos(np.ones((2, 2)), np.ones((1, 2)), K=3, n_out=1)),
        ("y must have each", lambda: ovor.vos(np.ones((2, 2)), np.array([1, 1]), np.ones((1, 2)), n_out=2)),
        ("keys", lambda: ovor.select_prompts(np.ones((1, 2)), np.zeros((1, 2)))),
        ("c must divide", lambda: ovor.accuracies(np.ones((1, 3)), np.array([0]), c=2, seen=1)),
        ("a", lambda: ovor.metrics(np.ones((2, 3)))),
    ],
)
def test_bad_input_is_named(names, ask):
    with pytest.raises((ValueError, TypeError), match=names):
        ask()
