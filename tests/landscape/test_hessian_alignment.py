"""Hessian alignment: by hand on every backend, by automatic differentiation, the authors' numbers, peers, refusals."""

from functools import partial

import numpy as np
import pytest

from refimpl.core import tree
from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad, hvp, value_and_grad
from refimpl.core.random import signs, stream
from refimpl.landscape import _hessian_alignment_baselines as baselines
from refimpl.landscape import _hessian_alignment_models as models
from refimpl.landscape import hessian_alignment
from refimpl.models.losses import logistic, softmax_cross_entropy
from refimpl.problems.coloured import coloured_digits
from tests.alike import assert_like

LIKE = np.zeros(1)


def fixture(name, C=3, n=3, h=2):
    """Weights, and domains of different sizes."""
    rng = stream(0, "test-hessian_alignment", name)
    sizes = [5 + e for e in range(n)]
    W = rng.standard_normal((C, h + 1))
    return W, [(rng.standard_normal((N, h)), rng.integers(0, max(C, 2), N)) for N in sizes]


# The head, and what is built on it ----------------------------------------------------------------------------------


def test_a_head_by_hand_on_every_backend(backend):
    """Weights of 0, features 1 and 3, labels 1 and 0: p = 1/2, s = 1/4."""
    W, z, y = backend.asarray([[0.0, 0.0]]), backend.asarray([[1.0], [3.0]]), backend.asarray(np.array([1, 0]))
    at = hessian_alignment.head(W, z, y)
    close = partial(np.testing.assert_allclose, rtol=10 * backend.tolerance, atol=10 * backend.tolerance)
    for got, expected in (
        (at.loss, np.log(2)),
        (hessian_alignment.gradient(at), [[0.5, 0.0]]),
        (hessian_alignment.product(at, backend.asarray([[1.0, 2.0]])), [[2.25, 1.0]]),
        (hessian_alignment.diagonal(at), [[1.25, 0.25]]),
        (hessian_alignment.hessian(at), [[[[1.25, 0.5]], [[0.5, 0.25]]]]),
        (hessian_alignment.hutchinson(at, backend.asarray([[1.0, -1.0]])), [[0.75, -0.25]]),
    ):
        expected = np.array(expected)
        assert_like(got, W, expected.shape)
        close(backend.to_numpy(got), expected)


RULES = {
    "hgp": hessian_alignment.hgp,
    "paper": partial(hessian_alignment.hgp, mean_rule="paper"),
    "exact": hessian_alignment.exact_penalty,
    "vrex": baselines.vrex,
    "irm": baselines.irm,
    "halves": partial(baselines.irm, halves=True),
    "coral": baselines.coral,
    "fishr": lambda W, domains: baselines.fishr(W, domains)[0],
    "smoothed": lambda W, domains: baselines.fishr(W, domains, memory=[W * W for _ in domains])[0],
}


@pytest.mark.parametrize("name", RULES)
def test_penalties_have_the_library_of_their_inputs(backend, name):
    W, domains = fixture("library")
    told = RULES[name](W, domains)
    ours = backend.asarray(W), [(backend.asarray(z), backend.asarray(y)) for z, y in domains]
    found = RULES[name](*ours)
    close = partial(np.testing.assert_allclose, rtol=2e3 * backend.tolerance, atol=2e3 * backend.tolerance)
    assert found.value.dtype == ours[0].dtype
    assert_like(found.dW, ours[0], W.shape)
    close(backend.to_numpy(found.dW), told.dW)
    for got, expected, (z, _) in zip(found.dz, told.dz, domains, strict=True):
        assert_like(got, ours[0], z.shape)
        close(backend.to_numpy(got), expected)


def loss_of(W, z, y):
    """The loss of a head as the library of models has it."""
    a = z @ array_namespace(W).matrix_transpose(W[:, :-1]) + W[:, -1]
    if W.shape[0] > 1:
        return softmax_cross_entropy(a, y)
    return logistic((2.0 * y - 1) * a[:, 0])


@pytest.mark.parametrize("C", [1, 3])
@pytest.mark.parametrize("kind", ["hgp", "hutchinson"])
def test_gradients_are_those_of_automatic_differentiation(kind, C):
    """Of the norm trick, and of products with signs: derivatives of derivatives of the loss."""
    W, domains = fixture("autodiff", C)
    n, shape = len(domains), W.shape
    R = signs(stream(0, "test-hessian_alignment", "signs"), (n + 1, 2, W.size), like=W)
    mean_loss = lambda W: sum(loss_of(W, *domain) for domain in domains) / n
    g_mean = grad(mean_loss)(W)
    probes = hessian_alignment.matrices(R, C)
    estimate = lambda loss, W, e: sum(r * hvp(loss, W, r) for r in probes[e]) / 2
    v_mean = hvp(mean_loss, W, g_mean) if kind == "hgp" else estimate(mean_loss, W, 0)

    def penalty(W, *features):
        xp, total = array_namespace(W, *features), 0.0
        for e, z in enumerate(features):
            loss = lambda W, z=z, e=e: loss_of(W, z, domains[e][1])
            g = grad(loss)(W)
            if kind == "hgp":
                length = lambda W, loss=loss: array_namespace(W).sum(grad(loss)(W) ** 2) ** 0.5
                v = length(W) * grad(length)(W)
            else:
                along = lambda W, r, loss=loss: grad(lambda W: array_namespace(W).sum(grad(loss)(W) * r))(W)
                v = sum(r * along(W, r) for r in probes[e + 1]) / 2
            total = total + 0.7 * xp.sum((v - v_mean) ** 2) + 0.3 * xp.sum((g - g_mean) ** 2)
        return total / n

    value, slopes = value_and_grad(penalty, argnums=tuple(range(n + 1)))(W, *(z for z, _ in domains))
    rule = hessian_alignment.hgp if kind == "hgp" else partial(hessian_alignment.hutchinson_penalty, signs=R)
    found = rule(W, domains, alpha=0.7, beta=0.3)
    assert shape == found.dW.shape
    np.testing.assert_allclose(found.value, value, rtol=1e-12)
    for got, expected in zip((found.dW, *found.dz), slopes, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-13)


def test_normal_draws_have_another_variance():
    """Why signs: their variance has off-diagonal squares alone; normal draws add twice the square of the diagonal."""
    W, ((z, y), *_) = fixture("variance", C=2)
    at, rng = hessian_alignment.head(W, z, y), stream(0, "test-hessian_alignment", "variance")
    H = hessian_alignment.hessian(at).reshape(6, 6)
    energy = (H**2).sum(axis=1) - np.diag(H) ** 2
    order = hessian_alignment.matrices(np.arange(6.0), 2).ravel().astype(int)
    assert order.tolist() == [0, 1, 4, 2, 3, 5]
    for draws, expected in (
        (signs(rng, (40_000, 6), like=W), energy),
        (rng.standard_normal((40_000, 6)), energy + 2 * np.diag(H) ** 2),
    ):
        R = hessian_alignment.matrices(draws, 2)
        each = (R * hessian_alignment.product(at, R)).reshape(-1, 6)
        np.testing.assert_allclose(each.mean(axis=0), np.diag(H), atol=0.02)
        np.testing.assert_allclose(each.var(axis=0), expected, rtol=0.1)
    with pytest.raises(ValueError, match="signs must be -1 or 1"):
        hessian_alignment.hutchinson(at, rng.standard_normal((5, 6)))


def test_shared_draws_are_a_set_for_everyone():
    W, domains = fixture("shared")
    R = signs(stream(0, "test-hessian_alignment", "shared"), (1, 3, W.size), like=W)
    shared = hessian_alignment.hutchinson_penalty(W, domains, R)
    for a, b in zip(
        shared[:2], hessian_alignment.hutchinson_penalty(W, domains, np.repeat(R, 4, axis=0))[:2], strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-14)


def test_nothing_that_is_given_is_changed():
    W, domains = fixture("kept")
    before = [x.copy() for x in (W, *(z for z, _ in domains))]
    for name in RULES:
        RULES[name](W, domains)
    for x, kept in zip((W, *(z for z, _ in domains)), before, strict=True):
        np.testing.assert_array_equal(x, kept)


# The network and its training ---------------------------------------------------------------------------------------


def network(C=3):
    """The network and domains whose numbers the authors' code was asked for."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((3, 6, 3)).round(2), rng.integers(0, 3, (3, 6))
    U, c, W = (rng.standard_normal(shape).round(2) for shape in ((3, 4), 4, (3, 5)))
    R = rng.choice([-1.0, 1.0], (4, 300, 15))
    return (
        models.Network(U, c, W[:C]),
        [(x_e, np.minimum(y_e, max(C, 2) - 1)) for x_e, y_e in zip(x, y, strict=True)],
        R,
    )


@pytest.mark.parametrize("C", [1, 3])
def test_the_network_is_differentiated_rightly(C):
    net, domains, _ = network(C)
    theta, unravel = tree.ravel(net)
    for x, y in domains:

        def loss(theta, x=x, y=y):
            net = unravel(theta)
            return loss_of(net.W, models.features(net, x), y)

        along = stream(0, "test-hessian_alignment", "along").standard_normal(theta.shape)
        told = tree.ravel(models.product(net, x, y, unravel(along)))[0]
        np.testing.assert_allclose(told, hvp(loss, theta, along), rtol=1e-9, atol=1e-13)
    mean = lambda theta: (
        sum(loss_of(unravel(theta).W, models.features(unravel(theta), x), y) for x, y in domains) / len(domains)
    )
    value, found, d_loss, d_penalty = models.gradients(net, domains)
    assert found == 0 == max(np.abs(leaf).max() for leaf in d_penalty)
    np.testing.assert_allclose(value, mean(theta), rtol=1e-12)
    np.testing.assert_allclose(tree.ravel(d_loss)[0], grad(mean)(theta), rtol=1e-9, atol=1e-14)


OFFICIAL = {  # loss, penalty, and four gradients: U[:2, 0], c[1], W[0, :2], W[1, -1]
    "hgp": (3.3241907191209528, 1.0040854724396315, [0.46380622068581895, -2.1843776845203084], 0.7975249585250189,
            [-0.9407979776964872, -0.9450838865271214], 0.7843968510167102),
    "hutchinson": (2.662393929042058, 0.3422886823607369, [0.054573184675917784, -0.2570220955704515],
                   0.23737425316850005, [-0.13088118572072976, -0.13183678272514746], 0.2826508459001453),
    "irm": (3.974135000074771, 0.8270148766967246, [0.3818605192593478, -1.7984398648988638], 1.1340183880229007,
            [-0.7577520558534332, -0.7683316068197101], 2.155790059800817),
    "vrex": (2.529224642274593, 0.10455969779663586, [0.06170234347820991, -0.2905981338006015], 0.3292385594433772,
             [-0.160173035845418, -0.16153934370382722], 0.43361561687653133),
    "coral": (None, 1.437313141474009, [-0.04115278105511155, 0.19381632367891247], 0.7234912415284684,
              [-0.05829078603876328, -0.05922324724447661], 0.23397772256492655),
    "iga": (None, 4.4830556656902205, [1.3621299157137086, -6.415192506264563], 1.5624559182889983,
            [-1.9274393609815714, -2.4364443135587432], 0.7081523298491481),
}  # fmt: skip


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_authors_code_has_these_numbers(name):
    """Its classes for DomainBed, in double precision, with this network for theirs and the signs of `network`."""
    net, domains, R = network()
    both = {"alpha": 0.7, "beta": 0.3}
    rule, weight = {
        "hgp": (partial(hessian_alignment.hgp, **both), 1.0),
        "hutchinson": (lambda W, seen: hessian_alignment.hutchinson_penalty(W, seen, R, **both), 1.0),
        "irm": (partial(baselines.irm, halves=True), 2.0),
        "vrex": (baselines.vrex, 2.0),
        "coral": (baselines.coral, 2.0),
        "iga": (None, 2.0),
    }[name]
    loss, value, d_loss, d_penalty = models.gradients(net, domains, rule)
    if name == "iga":
        value, d_penalty = models.iga(net, domains, lam=1.0)
    slopes = tree.map(lambda a, b: a + weight * b, d_loss, d_penalty)
    total, penalty, dU, dc, dW, db = OFFICIAL[name]
    np.testing.assert_allclose(value, penalty, rtol=1e-9)
    if total:
        np.testing.assert_allclose(loss + weight * value, total, rtol=1e-9)
    for got, expected in ((slopes.U[:2, 0], dU), (slopes.c[1], dc), (slopes.W[0, :2], dW), (slopes.W[1, -1], db)):
        np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_training_drops_the_colour_of_digits():
    """ERM trusts the colour; aligned heads do not."""
    rng = stream(0, "test-hessian_alignment", "digits")
    domains = [tuple(part[:300] for part in coloured_digits(rng, flip, like=LIKE)) for flip in (0.2, 0.1)]
    test = coloured_digits(rng, 0.9, part="test", like=LIKE)
    start = models.init(rng, 128, 12, like=LIKE)
    rates = {"steps": 200, "warm": 60, "lam": 1e4, "lr": 5e-3, "l2": 1e-3}
    plain, _ = models.train(start, domains, **rates)
    rule = partial(hessian_alignment.exact_penalty, alpha=1.0, beta=1.0)
    record = lambda net: {"accuracy": models.accuracy(net, *test)}
    ours, run = models.train(start, domains, penalty=lambda W, seen, k: rule(W, seen), record=record, **rates)
    assert models.accuracy(plain, *test) < 0.35
    assert models.accuracy(ours, *test) > models.accuracy(plain, *test) + 0.15
    assert run.history["accuracy"][-1] == models.accuracy(ours, *test)
    assert len(run.history["accuracy"]) == 201
    seen = lambda net: [(models.features(net, x), y) for x, y in domains]
    assert rule(ours.W, seen(ours)).value < rule(plain.W, seen(plain)).value / 2


def test_a_network_of_many_classes():
    rng = stream(0, "test-hessian_alignment", "classes")
    x, y = rng.standard_normal((90, 2)), np.arange(90) % 3
    x = x + 4 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    net, _ = models.train(
        models.init(rng, 2, 12, 3, like=LIKE), [(x[:45], y[:45]), (x[45:], y[45:])], steps=80, lr=0.03
    )
    assert models.logits(net, x).shape == (90, 3)
    assert models.accuracy(net, x, y) > 0.9


# Peers --------------------------------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.peers
@pytest.mark.filterwarnings("ignore::UserWarning")  # PyTorch warns of graphs that a gradient keeps
def test_backpack_agrees():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    pytest.importorskip("backpack", reason="BackPACK is not installed (`make peers`)")
    from tests.peers.candidates import backpack_head

    assert torch is not None
    W, domains = fixture("backpack")
    (z, y), other = domains[0], (domains[0][0] + 1.0, domains[0][1])
    at = hessian_alignment.head(W, z, y)
    told = backpack_head.head_stats(W, z, y.astype(float))
    g = hessian_alignment.gradient(at)
    ours = at.loss, g, hessian_alignment.product(at, g), hessian_alignment.diagonal(at), hessian_alignment.hessian(at)
    for got, expected in zip(ours, told, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-14)
    pair = np.stack([z, other[0]])[None], np.stack([y, other[1]])[None].astype(float)
    value, dW, dz = backpack_head.fishr(W, *pair, 1.0, 0.9, "norm", "no")
    found, _ = baselines.fishr(W, [(z, y), other])
    np.testing.assert_allclose(found.value, value[0], rtol=1e-10)
    np.testing.assert_allclose(found.dW, dW[0], rtol=1e-8, atol=1e-13)
    np.testing.assert_allclose(np.stack(found.dz), dz[0], rtol=1e-8, atol=1e-13)


# What is refused ----------------------------------------------------------------------------------------------------

Z, Y = np.ones((4, 2)), np.array([0, 1, 1, 0])
PAIR = [(Z, Y), (2 * Z, Y)]
ROW = np.ones((1, 3))
SIGNS = np.ones((1, 2, 3))
HEAD = hessian_alignment.head(ROW, Z, Y)
NET = models.init(stream(0), 2, 3, like=LIKE)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: hessian_alignment.head(ROW, Z, Y.astype(float)), TypeError, "y must be integers"),
        (lambda: hessian_alignment.head(ROW, Z, Y + 1), ValueError, r"y must be in \[0, 2\), got labels from 1 to 2"),
        (lambda: hessian_alignment.head(np.ones((3, 3)), Z, Y - 1), ValueError, r"y must be in \[0, 3\)"),
        (lambda: hessian_alignment.head(ROW, Z, Y[:3]), ValueError, "y must have shape"),
        (lambda: hessian_alignment.head(np.ones((1, 4)), Z, Y), ValueError, "W must have shape"),
        (lambda: hessian_alignment.head(ROW, Z.astype("float32"), Y), TypeError, "z must have the dtype of W"),
        (lambda: hessian_alignment.head(ROW * np.nan, Z, Y), ValueError, "W must be finite"),
        (lambda: hessian_alignment.hgp(ROW, PAIR[:1]), ValueError, "domains must be a sequence of at least 2 .* got 1"),
        (lambda: hessian_alignment.hgp(ROW, {"a": 1}), ValueError, "domains must be a sequence .* got dict"),
        (lambda: hessian_alignment.hgp(ROW, PAIR, mean_rule="both"), ValueError, "mean_rule must be one of"),
        (lambda: hessian_alignment.hgp(ROW, PAIR, alpha=-1.0), ValueError, "alpha must be"),
        (lambda: hessian_alignment.exact_penalty(ROW, PAIR, beta=np.nan), ValueError, "beta must be"),
        (lambda: hessian_alignment.hutchinson_penalty(ROW, PAIR, SIGNS[:, :, :2]), ValueError, "signs must have shape"),
        (lambda: hessian_alignment.hutchinson_penalty(ROW, PAIR, np.ones((2, 2, 3))), ValueError, "signs must have 1"),
        (lambda: hessian_alignment.hutchinson_penalty(ROW, PAIR, SIGNS * 0), ValueError, "signs must be -1 or 1"),
        (lambda: hessian_alignment.hutchinson_penalty(ROW, PAIR, SIGNS.astype("float32")), TypeError, "dtype of W"),
        (lambda: hessian_alignment.matrices(np.ones(5), 2), ValueError, "signs must have a last axis"),
        (lambda: hessian_alignment.product(hessian_alignment.head(ROW, Z, Y), ROW.T), ValueError, "V must have"),
        (lambda: hessian_alignment.transfer(np.eye(2), np.eye(3), delta=0.1), ValueError, "H_target must have shape"),
        (lambda: hessian_alignment.transfer(-np.eye(2), np.eye(2), delta=0.1), ValueError, "H_source must be positive"),
        (lambda: hessian_alignment.transfer(np.triu(np.ones((2, 2))), np.eye(2), delta=0.1), ValueError, "symmetric"),
        (lambda: hessian_alignment.transfer(np.eye(2), np.eye(2), delta=0.0), ValueError, "delta must be"),
        (lambda: baselines.coral(ROW, [(Z[:1], Y[:1])] * 2), ValueError, "at least 2 samples each for a covariance"),
        (lambda: baselines.irm(ROW, [(Z[:1], Y[:1])] * 2, halves=True), ValueError, "at least 2 samples each"),
        (lambda: baselines.vrex(ROW, PAIR, lam=-1.0), ValueError, "lam must be"),
        (lambda: baselines.fishr(ROW, PAIR, reduction="sum"), ValueError, "reduction must be one of"),
        (lambda: baselines.fishr(ROW, PAIR, memory=[ROW]), ValueError, "memory must have an array for each of 2"),
        (lambda: baselines.fishr(ROW, PAIR, memory=[ROW, Z]), ValueError, "memory must have shape"),
        (lambda: baselines.iga([ROW], lambda e, v: v), ValueError, "grads must be at least 2"),
        (lambda: baselines.fish_step(ROW, [lambda t: t], lr=0.1), ValueError, "grads must be at least 2"),
        (lambda: baselines.fish_step(ROW, [lambda t: t, lambda t: Z], lr=0.1), ValueError, "grad must have"),
        (lambda: hessian_alignment.hgp(ROW, [Z, Z]), TypeError, r"domains\[0\] must be of type list or tuple"),
        (lambda: hessian_alignment.hgp(ROW, [(Z, Y), (Z,)]), ValueError, r"domains\[1\] must be a pair"),
        (lambda: hessian_alignment.product(HEAD, ROW.astype("float32")), TypeError, "V must have dtype float64"),
        (lambda: hessian_alignment.product(HEAD._replace(p=HEAD.p[:2]), ROW), ValueError, "head.p must have shape"),
        (lambda: hessian_alignment.gradient(HEAD._replace(r=HEAD.r * np.nan)), ValueError, "head.r must be finite"),
        (lambda: hessian_alignment.diagonal(HEAD._replace(loss="0")), TypeError, "head.loss must be"),
        (lambda: hessian_alignment.pull(ROW, HEAD, HEAD.r, HEAD.x.astype("float32")), TypeError, "dx must have dtype"),
        (lambda: hessian_alignment.pull(ROW[:, :2], HEAD, HEAD.r, 0.0), ValueError, "W must have shape"),
        (lambda: baselines.iga([ROW, ROW], lambda e, v: None), TypeError, "what product returns"),
        (lambda: baselines.iga([ROW, ROW], lambda e, v: v * np.nan), ValueError, "what product returns must be finite"),
        (lambda: models.gradients(NET, PAIR, lambda W, seen: None), TypeError, "what penalty returns must be of type"),
        (lambda: models.gradients(NET._replace(c=np.ones(2)), PAIR), ValueError, "net.c must have shape"),
        (lambda: models.schedule_step(ROW, models.schedule_init(ROW), ROW, ROW, warm=-1), ValueError, "warm must be"),
        (lambda: models.train(models.init(stream(0), 2, 3, like=LIKE), PAIR[:1], steps=1), ValueError, "domains must"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_by_name(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("name", RULES)
def test_the_same_domain_twice_has_no_penalty(name):
    W, (domain, *_) = fixture("twice")
    if name in ("irm", "halves"):
        pytest.skip("it does not compare domains")
    found = RULES[name](W, [domain, domain])
    assert abs(found.value) < 1e-24
    assert max(np.abs(slope).max() for slope in (found.dW, *found.dz)) < 1e-15


def test_labels_of_one_class_are_no_error():
    """There is a loss, a gradient and a Hessian; only a minimum is missing."""
    found = hessian_alignment.hgp(ROW, [(Z, np.ones(4, int)), (2 * Z, np.zeros(4, int))])
    assert np.isfinite(found.value)
    assert found.value > 0
