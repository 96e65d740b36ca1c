"""Pointer networks: the worked example on every backend, PyTorch, gradients, beams, targets and scores, errors."""

import itertools

import numpy as np
import pytest
from scipy.spatial import ConvexHull, Delaunay

from refimpl.attention import _pointer_net_tasks as tasks
from refimpl.attention import pointer_net as pn
from refimpl.core import tree
from refimpl.core.random import stream
from refimpl.specs.attention.pointer_net.cases import FIVE, WORKED

LIKE = np.zeros(1)
CORNERS = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
KINDS = {"pointer": {}, "attention": {"dictionary": 5}, "fed": {"dictionary": 5, "feed": True},
         "plain": {"dictionary": 5, "attention": False}}  # fmt: skip


def rng(name):
    return stream(0, "test-pointer_net", name)


def ragged(name, n=4):
    draw = rng(name)
    P, n_real = draw.uniform(size=(3, n, 2)), np.array([n, 2, 3])
    return P, np.array([[3, 1, n, 0], [2, 0, -1, -1], [1, 3, 2, -1]]), n_real


# On every kind of array ----------------------------------------------------------------------------------------------


def test_the_worked_example(backend):
    w = pn.Weights(*(backend.asarray(np.array(WORKED[name])) for name in pn.Weights._fields))
    P, C = backend.asarray(CORNERS), backend.asarray(np.array([[1, 2, 3, 0]]))
    forced, grads = pn.value_and_gradients(w, P, C)
    assert forced.loss.dtype == grads.W1.dtype == backend.dtype
    close = {"atol": 2e-6}
    np.testing.assert_allclose(backend.to_numpy(forced.logp), [[-1.595565, -1.206020, -1.555967, -1.248421]], **close)
    np.testing.assert_allclose(backend.to_numpy(grads.v), [0.012922, -0.004531], **close)
    np.testing.assert_allclose(backend.to_numpy(grads.e0), [0.053430, -0.071730], **close)
    np.testing.assert_allclose(backend.to_numpy(grads.W1), [[0.016659, -0.008486], [-0.017178, 0.008742]], **close)
    assert backend.to_numpy(pn.decode(w, P, rule="tour").indices).tolist() == [[1, 2, 3, 0, -1]]
    assert backend.to_numpy(pn.decode(w, P).indices).tolist() == [[2] * 5]


def test_all_models_train_on_every_array(backend):
    P, C, n_real = (backend.asarray(x) for x in ragged("train"))
    for more in KINDS.values():
        w = pn.init(rng("weights"), 3, like=backend.asarray([0.0]), **more)
        run = pn.fit(w, lambda k: (P, C, n_real), steps=2, lr=0.1)
        for x in tree.leaves(run.state[0]):
            assert x.dtype == backend.dtype
        assert pn.decode(run.state[0], P, n_real, width=2).indices.shape == (3, 6)


def test_targets_and_scores(backend):
    P = backend.asarray(FIVE)
    assert backend.to_numpy(tasks.hull_target(P)).tolist() == [[1, 2, 4, 5, 0, -1]]
    tours = tasks.tour_target(P)
    assert backend.to_numpy(tours.C).tolist() == [[1, 3, 2, 4, 5, 0]]
    assert float(tours.length[0]) == pytest.approx(2.976070, abs=1e-6)
    found = tasks.delaunay_target(P)
    assert backend.to_numpy(found.C)[0, :12].tolist() == [1, 3, 5, 3, 4, 5, 1, 2, 3, 2, 3, 4]
    score = tasks.hull_score(P, backend.asarray(np.array([[4, 5, 1, 2]])))
    assert [float(x) for x in score] == pytest.approx([1.0, 1.0, 0.0])


# Against code that shares nothing with it ----------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("kind", KINDS)
def test_pytorch_agrees_on_gradients(kind):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    w = pn.init(rng("torch"), 4, like=LIKE, **KINDS[kind])
    P, C, n_real = ragged("torch-points")
    forced, grads = pn.value_and_gradients(w, P, C, n_real)
    leaves = [torch.tensor(x, requires_grad=True) for x in tree.leaves(w)]
    loss = _torch_loss(torch, tree.unflatten(w, leaves), P, C, n_real)
    loss.backward()
    assert float(forced.loss) == pytest.approx(loss.item(), rel=1e-12)
    for x, y in zip(tree.leaves(grads), leaves, strict=True):
        np.testing.assert_allclose(x, np.zeros_like(x) if y.grad is None else y.grad.numpy(), atol=1e-13)


def _torch_loss(torch, params, P, C, n_real):
    """With `LSTMCell`, whose gates are i, f, g, o, one input at a time."""
    w = params.pointer if isinstance(params, pn.Seq2Seq) else params
    H = len(w.v)
    order = torch.tensor([*range(2 * H), *range(3 * H, 4 * H), *range(2 * H, 3 * H)])

    def cell(W, b, x, state):
        d = W.shape[0] - H
        inner = torch.nn.LSTMCell(d, H, dtype=torch.float64)
        named = {"weight_ih": W[:d, order].T, "weight_hh": W[d:, order].T, "bias_ih": b[order], "bias_hh": 0 * b}
        return torch.func.functional_call(inner, named, (x[None], state))

    terms, zero = [], torch.zeros(1, H, dtype=torch.float64)
    for points, targets, n in zip(torch.tensor(P), C, n_real, strict=True):
        state, keys = (zero, zero), [w.e0]
        for point in points[:n]:
            state = cell(w.We, w.be, point, state)
            keys.append(state[0][0])
        E, x, context = torch.stack(keys), w.go, 0 * w.v
        for c in targets[targets >= 0]:
            x = torch.cat([x, context]) if w.Wd.shape[0] > 2 + H else x
            state = cell(w.Wd, w.bd, x, state)
            d = state[0][0]
            u = torch.tanh(E @ w.W1 + d @ w.W2) @ w.v
            if params is not w:
                context = torch.softmax(u, 0) @ E
                z = torch.cat([d, context]) if params.Wo.shape[0] > H else d
                u = z @ params.Wo + params.bo
            terms.append(torch.log_softmax(u, 0)[c])
            x = points[c - 1]
    return -torch.stack(terms).mean()


def test_differences_agree_on_gradients():
    P, C, n_real = ragged("differences")
    for more in KINDS.values():
        w = pn.init(rng("weights"), 2, like=LIKE, **more)
        flat, unravel = tree.ravel(w)
        slopes = tree.ravel(pn.value_and_gradients(w, P, C, n_real)[1])[0]
        for k in rng("entries").integers(0, flat.size, 25):
            step = 1e-5 * (np.arange(flat.size) == k)
            up, down = (pn.teacher_forced(unravel(flat + s), P, C, n_real).loss for s in (step, -step))
            assert slopes[k] == pytest.approx((up - down) / 2e-5, abs=1e-8)


def test_a_wide_beam_finds_the_most_probable_answer():
    w = pn.init(rng("beam"), 3, scale=2.0, like=LIKE)
    P = rng("beam-points").uniform(size=(1, 3, 2))
    every = [[1, *rest, 0] for rest in itertools.permutations((2, 3))]
    free = [[*body, *end] for k in range(4) for body in itertools.product((1, 2, 3), repeat=k)
            for end in ([0],) if k < 3] + [[*body] for body in itertools.product((1, 2, 3), repeat=3)]  # fmt: skip
    found = pn.decode(w, P, steps=3, width=60)
    total = lambda C: float(pn.teacher_forced(w, P, np.array([C])).logp.sum())
    best = max(free, key=total)
    assert [j for j in found.indices[0].tolist() if j >= 0] == best
    assert float(found.logp.sum()) == pytest.approx(total(best), rel=1e-12)
    assert pn.decode(w, P, rule="tour", width=9).indices[0, :4].tolist() in every


def test_what_is_written_has_the_probability_that_forcing_gives_it():
    w = pn.init(rng("written"), 5, scale=1.5, like=LIKE)
    P = rng("written-points").uniform(size=(20, 6, 2))
    found = pn.decode(w, P)
    np.testing.assert_allclose(pn.teacher_forced(w, P, found.indices).logp, found.logp, atol=1e-12)


@pytest.mark.parametrize("kind", ["attention", "fed", "plain"])
def test_a_dictionary_answers_with_points_that_are_there(kind):
    w = pn.init(rng("there"), 4, scale=2.0, like=LIKE, **KINDS[kind])
    P, _, n_real = ragged("there-points")
    found = pn.decode(w, P, n_real)
    for row, n in zip(found.indices, n_real, strict=True):
        assert row.max() <= n
    for b, n in enumerate(n_real):  # greedily, by asking for each target after what was written
        row = []
        while len(row) < 6 and (not row or row[-1]):
            asked = [pn.teacher_forced(w, P[b : b + 1], np.array([[*row, j]]), n_real[b : b + 1]) for j in range(n + 1)]
            row.append(int(np.argmax([x.logp[0, -1] for x in asked])))
        assert [j for j in found.indices[b].tolist() if j >= 0] == row
    assert pn.decode(w, P, n_real, rule="tour").indices[:, 0].tolist() == [1, 1, 1]


def test_qhull_agrees():
    for n in (4, 7, 30):
        P = rng("qhull").uniform(size=(5, n, 2))
        for x, row in zip(P, tasks.hull_target(P), strict=True):
            corners = (ConvexHull(x).vertices + 1).tolist()
            k = corners.index(min(corners))
            assert row[row > 0].tolist() == corners[k:] + corners[:k]
    P = rng("qhull-triangles").uniform(size=(5, 9, 2))
    for x, row in zip(P, tasks.delaunay_target(P).C, strict=True):
        assert {*map(frozenset, row[row > 0].reshape(-1, 3))} == {*map(frozenset, Delaunay(x).simplices + 1)}


def test_points_on_a_side_are_no_corners():
    P = np.array([[[1, 1], [3, 3], [0, 4], [0, 0], [4, 4], [2, 2]]]) / 4
    assert tasks.hull_target(P).tolist() == [[3, 4, 5, 0, -1, -1, -1]]


def test_held_karp_is_the_best_of_all_tours():
    P = rng("all").uniform(size=(6, 7, 2))
    every = np.array([[1, *rest] for rest in itertools.permutations(range(2, 8))])
    for x, row, best in zip(P, *tasks.tour_target(P), strict=True):
        lengths = tasks.tour_length(np.repeat(x[None], len(every), axis=0), every)
        assert best == pytest.approx(lengths.min(), rel=1e-12)
        assert every[np.argmin(lengths)].tolist() in (row[:7].tolist(), [1, *row[6:0:-1].tolist()])


def test_rules_of_thumb_make_tours():
    networkx = pytest.importorskip("networkx", reason="networkx is not installed")
    P = rng("rules").uniform(size=(20, 9, 2))
    best = tasks.tour_target(P).length
    for kind, most in (("nearest", 2.0), ("two_opt", 1.2), ("christofides", 1.5), ("angular", 2.0)):
        found = tasks.tour_heuristics(P, kind)
        assert np.all(np.sort(found.C[:, :-1], axis=1) == np.arange(1, 10))
        assert np.all(found.length >= best - 1e-12)
        assert np.all(found.length <= most * best)
        np.testing.assert_allclose(tasks.tour_length(P, found.C), found.length)
    D = np.hypot(*np.moveaxis(P[0][:, None] - P[0], -1, 0))
    graph = networkx.from_numpy_array(D)
    tour = networkx.approximation.christofides(graph)
    theirs = sum(D[a, b] for a, b in itertools.pairwise(tour))
    assert max(theirs, float(tasks.tour_heuristics(P[:1], "christofides").length[0])) <= 1.5 * best[0]


def test_two_opt_ends_where_no_turn_helps():
    P = rng("two-opt").uniform(size=(5, 10, 2))
    found = tasks.tour_heuristics(P, "two_opt")
    for i, j in itertools.combinations(range(10), 2):
        turned = np.concatenate([found.C[:, :i], found.C[:, i : j + 1][:, ::-1], found.C[:, j + 1 :]], axis=1)
        assert np.all(tasks.tour_length(P, turned) >= found.length - 1e-12)


# What is stated of it ------------------------------------------------------------------------------------------------


def test_the_start():
    for more, extra in ((KINDS["pointer"], 0), (KINDS["attention"], 97 * 6), (KINDS["plain"], 49 * 6)):
        w = pn.init(rng("start"), 48, like=LIKE, **more)
        assert sum(x.size for x in tree.leaves(w)) == 24290 + extra
        p = w.pointer if more else w
        assert p.be.reshape(4, 48).sum(axis=1).tolist() == [0, 48, 0, 0]
        assert np.abs(p.We).max() <= 1.7 / np.sqrt(48) < 1.01 * np.abs(p.We).max()
    assert np.abs(pn.init(rng("small"), 8, scale=0.08, forget=0.0, like=LIKE).v).max() <= 0.08


def test_training_lowers_the_loss():
    P = rng("loss").uniform(size=(64, 4, 2))
    C = tasks.hull_target(P)
    for optimizer, lr in (("adam", pn.schedule), ("sgd", 1.0)):
        w = pn.init(rng("loss-weights"), 16, like=LIKE)
        run = pn.fit(w, lambda k: (P, C), steps=60, lr=lr, optimizer=optimizer, record=lambda w: {"v": w.v})
        assert np.mean(run.state[2][-5:]) < np.mean(run.state[2][:5]) - 0.03
        assert len(run.history["v"]) == 61


def test_bad_input_is_refused():
    w = pn.init(rng("bad"), 2, like=LIKE)
    P, C = CORNERS, np.array([[1, 2, 3, 0]])
    small = pn.init(rng("bad"), 2, dictionary=2, like=LIKE)
    for name, call in {
        "n_real": lambda: pn.teacher_forced(w, P, C, np.array([0])),
        "C must be points": lambda: pn.teacher_forced(w, P, C, np.array([2])),
        "C must have nothing": lambda: pn.teacher_forced(w, P, np.array([[1, -1, 2]])),
        "C must have a target": lambda: pn.teacher_forced(w, P, np.array([[-1]])),
        "W1": lambda: pn.teacher_forced(w._replace(W1=np.zeros((3, 3))), P, C),
        "Wo": lambda: pn.decode(pn.Seq2Seq(pn.init(rng("b"), 2, dictionary=3, feed=True, like=LIKE).pointer,
                                           np.zeros((2, 4)), np.zeros(4)), P),
        "at most 2 points": lambda: pn.decode(small, P, rule="tour"),
        "rule": lambda: pn.decode(w, P, rule="hull"),
        "feed": lambda: pn.init(rng("bad"), 2, feed=True, like=LIKE),
        "lr": lambda: pn.update(w, pn.init_training(w), w, lr=0.0),
        "grads": lambda: pn.update(w, pn.init_training(w), small, lr=0.1),
        "at most 20": lambda: tasks.tour_target(rng("many").uniform(size=(1, 21, 2))),
        "each city once": lambda: tasks.tour_length(P, np.array([[1, 2, 2, 0]])),
        "outputs": lambda: tasks.hull_score(P, np.array([[1, 2, 4]])),
        "line": lambda: tasks.hull_target(np.array([[[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]])),
    }.items():  # fmt: skip
        with pytest.raises((TypeError, ValueError), match=name):
            call()
