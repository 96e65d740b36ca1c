"""Five proposals for language models: reference numbers, what the oracle cannot ask, drivers, code of others."""

import math

import numpy as np
import pytest

from refimpl.attention import _genai_engineering_baselines as baselines
from refimpl.attention import _genai_engineering_model as model
from refimpl.attention import _genai_engineering_text as text
from refimpl.attention import genai_engineering as ge
from refimpl.core.random import stream
from refimpl.models.attention import attend, causal

LIKE = np.zeros(1)
PIECES = ["a", "b", "ab", "abb", "_", "b_"]
CHANCES = [0.2, 0.1, 0.05, 0.02, 0.3, 0.1]
TEXT = ["low", "lower", "newest", "widest"], np.array([5, 2, 6, 3])


def normal(*shape, seed=0):
    return stream(seed, "test_genai_engineering").standard_normal(shape)


# Sub-words -----------------------------------------------------------------------------------------------------------


def test_the_word_of_the_sheet(backend):
    p = backend.asarray(CHANCES)
    found = ge.segment("abb_", PIECES, p)
    assert found.pieces == ["abb", "_"]
    assert found.cost.dtype == found.table.dtype == backend.dtype
    assert float(found.cost) == pytest.approx(5.1159958098, abs=1e-9 + backend.tolerance)
    assert ge.segment("abb_", PIECES, p, k=1).pieces is None


def test_the_empty_word_costs_nothing():
    found = ge.segment("", PIECES, np.array(CHANCES))
    assert found.pieces == []
    assert found.cost == 0


def test_a_long_word_whose_way_is_known():
    """300 symbols, and pieces of four that do not overlap: D_r(j) in closed form."""
    symbols = [chr(1000 + i) for i in range(300)]
    fours = ["".join(symbols[i : i + 4]) for i in range(0, 300, 4)]
    p = np.array([0.3] * 300 + [0.02] * 75)
    found = ge.segment("".join(symbols), symbols + fours, p, k=80)
    r, j = np.arange(81)[:, None], np.arange(301)[None, :]
    cost = -(j // 4) * math.log(0.02) - (j % 4) * math.log(0.3)
    np.testing.assert_allclose(found.table, np.where(j // 4 + j % 4 <= r, cost, np.inf), rtol=1e-12)
    assert found.pieces == fours


def test_merges_may_miss_the_best_cover():
    """A path through the pieces of byte pairs is never worse, and on some words better."""
    words, freq = text.counted(text.topics(), 1500)
    _, split = ge.merges(words, freq, count=100)
    pieces, counts = text.tallied(split, freq)
    p = counts / counts.sum()
    cost = dict(zip(pieces, -np.log(p), strict=True))
    own = np.array([sum(cost[s] for s in cut) for cut in split])
    best = text.costs(words, ge.Vocabulary(pieces, p))
    assert np.all(best <= own + 1e-9)
    assert np.any(best < own - 0.1)


def test_candidates_are_all_parts_of_words():
    words, freq = TEXT
    found = ge.candidates(words, freq, longest=3, like=LIKE)
    joined = " ".join(" ".join([word + "_"] * int(f)) for word, f in zip(words, freq, strict=True))
    n = {s: sum(joined.startswith(s, i) for i in range(len(joined))) for s in found.pieces}
    np.testing.assert_allclose(found.p, np.array([*n.values()]) / sum(n.values()))
    assert set("lowernstid_") <= set(found.pieces)
    assert max(map(len, found.pieces)) == 3


def test_a_fitted_vocabulary_has_the_size_and_is_a_fixed_point():
    words, freq = text.counted(text.topics(), 400)
    found = ge.fit(words, freq, size=60, like=LIKE)
    assert len(found.pieces) <= 60
    assert {*"".join(words), "_"} <= set(found.pieces)
    step = ge.em_step(words, freq, *found)
    np.testing.assert_allclose(step.p, found.p, rtol=1e-12)
    assert float(np.sum(found.p)) == pytest.approx(1)


def test_removal_is_what_the_likelihood_loses():
    """The loss of a piece, cut into the best of the others, by cutting it anew."""
    pieces, p, counts = ["a", "b", "ab", "aab", "ba"], np.array([0.3, 0.2, 0.25, 0.15, 0.1]), np.arange(1.0, 6.0)
    found = ge._removal(pieces, p, counts)
    for s in (2, 3, 4):
        others = [piece for piece in pieces if piece != pieces[s]]
        again = ge.segment(pieces[s], others, np.delete(p, s)).cost
        assert found[s] == pytest.approx(counts[s] * (math.log(p[s]) + again))
    assert np.all(np.isinf(found[:2]))


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: ge.fit(*TEXT, size=5, like=LIKE), "size"),
        (lambda: ge.segment("a", PIECES, np.array(CHANCES), k=0), "k must"),
        (lambda: ge.em_step(["x"], np.array([1]), PIECES, np.array(CHANCES)), "cover"),
        (lambda: ge.merges([""], np.array([1]), count=1), "words"),
        (lambda: ge.scores(np.ones((2, 3)), np.ones((2, 3))), "d even"),
        (lambda: ge.pr_attention(*[np.ones((4, 2))] * 3, np.zeros((1, 2)), block=3), "block"),
        (lambda: ge.quantise(np.ones((4, 2)), bits=0, group=2), "bits"),
        (lambda: ge.quantise(np.ones((4, 2)), bits=2, group=3), "group"),
    ],
)
def test_bad_input_is_named(call, names):
    with pytest.raises(ValueError, match=names):
        call()


# Hyper-parameters ----------------------------------------------------------------------------------------------------


def test_the_update_of_the_sheet(backend):
    X = backend.xp.asarray([[0], [1], [2], [1], [0]], device=backend.asarray([1.0]).device)
    P = ge.ce_update(backend.asarray([[0.5, 0.3, 0.2]]), X, backend.asarray([1.0, 3.0, 3.0, 2.0, 0.0]), elite=0.4)
    assert np.allclose(backend.to_numpy(P), [[0.15, 0.44, 0.41]], atol=1e-12 + backend.tolerance)


def test_draws_hit_the_values_by_their_shares():
    P = np.array([[0.5, 0.25, 0.25], [0.1, 0.9, 0.0]])
    X = ge.draw(P, stream(0, "test_draw").uniform(size=(20_000, 2)))
    for h in range(2):
        assert np.allclose(np.bincount(X[:, h], minlength=3) / 20_000, P[h], atol=0.015)


def test_the_search_ends_when_it_is_sure_and_keeps_the_best():
    scores = []

    def score(setting):
        scores.append(-abs(setting[0] - 2) - 3 * abs(setting[1] - 1))
        return scores[-1]

    found = ge.cross_entropy(stream(0, "test_search"), score, [4, 3], rounds=50, like=LIKE)
    assert found.best == [2, 1]
    assert found.score == max(scores)
    assert len(found.means) < 50
    assert len(scores) == 20 * len(found.means)
    np.testing.assert_allclose(found.P.sum(axis=1), 1)


def test_word_vectors_learn_which_words_stand_together():
    rng, C = stream(0, "test_sgns"), np.zeros((4, 6))
    U = rng.uniform(-0.25, 0.25, C.shape)
    for _ in range(600):
        word = rng.integers(0, 4, 8)
        context = np.stack([word ^ 1, rng.integers(0, 4, 8)], axis=1)  # 0 with 1, 2 with 3
        U, C = ge.sgns_step(U, C, word, context, lr=0.2)
    assert np.argmax(U @ C.T, axis=1).tolist() == [1, 0, 3, 2]


# Attention -----------------------------------------------------------------------------------------------------------


def test_rotary_alone_bias_alone():
    q, k = normal(2, 6, 4)
    flat = ge.scores(q, k, slope=0.5, rotary=False)
    i, j = np.indices((6, 6))
    np.testing.assert_allclose(flat, np.where(j <= i, q @ k.T / 2 - 0.5 * (i - j), -np.inf), rtol=1e-12)
    z = lambda x: x[:, 0::2] + 1j * x[:, 1::2]
    turn = np.exp(1j * np.arange(6)[:, None] * np.array([1.0, 0.01]))
    pure = np.real((z(q) * turn) @ np.conj(z(k) * turn).T) / 2
    np.testing.assert_allclose(ge.scores(q, k, c_alibi=0.0)[j <= i], pure[j <= i], atol=1e-14)


def test_slopes_of_both_kinds():
    assert ge.slopes(4, like=LIKE).tolist() == [1, 0.5, 1 / 3, 0.25]
    np.testing.assert_allclose(ge.slopes(8, kind="geometric", like=LIKE), 0.5 ** np.arange(1, 9))


def test_chances_are_probabilities_of_distances():
    assert ge.chances(3, law="geometric", c=0.5, like=LIKE).tolist() == [1, 0.5, 0.25]
    assert ge.chances(3, law="constant", c=0.5, like=LIKE).tolist() == [1, 0.5, 0.5]
    np.testing.assert_allclose(ge.chances(4, c=1.5, like=LIKE), [1, 0.75, 0.5, 0.375])


def test_blocks_in_any_order_are_a_softmax():
    s, v = normal(3, 12), normal(12, 2)
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        carry = ge.Carry(np.full((3, 1), -np.inf), np.zeros((3, 1)), np.zeros((3, 2)))
        for b in order:
            carry = ge.absorb(carry, s[:, 3 * b : 3 * b + 3], v[3 * b : 3 * b + 3])
        weights = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(carry.sums / carry.total, weights @ v, rtol=1e-13)


def test_all_blocks_are_causal_attention(backend):
    q, k, v = (backend.asarray(x) for x in normal(3, 6, 2))
    o, visited = ge.pr_attention(q, k, v, backend.asarray(np.zeros((1, 2))), block=3)
    assert o.dtype == backend.dtype
    full = attend(q, k, v, mask=causal(6, like=q))
    assert np.allclose(backend.to_numpy(o), backend.to_numpy(full), atol=1e-12 + backend.tolerance)
    assert backend.to_numpy(visited).tolist() == [1, 2]


def test_a_subset_of_4096_places_needs_no_square():
    """Long sequences: the answer of one row, computed by itself."""
    q, k = normal(2, 4096, 8)
    v, u = normal(4096, 2, seed=1), stream(0, "test_long").uniform(size=(1, 64))
    o, _ = ge.pr_attention(q, k, v, u, block=64, slope=0.01, c=2.0)
    taken = [d for d in range(64) if u[0, d] < min(1, 2 / (1 + d))]
    keys = [j for j in range(4096) if 63 - j // 64 in taken]
    s = k[keys] @ q[-1] / math.sqrt(8) - 0.01 * (4095 - np.array(keys))
    a = np.exp(s - s.max())
    np.testing.assert_allclose(o[-1], a @ v[keys] / a.sum(), rtol=1e-12)


@pytest.mark.torch
@pytest.mark.peers
@pytest.mark.parametrize("rows", [1, 8])
def test_pytorch_attends_alike(rows):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    q, k, v = normal(3, 32, 4)
    u = stream(0, "test_torch").uniform(size=(rows, 8))
    o, _ = ge.pr_attention(q, k, v, u, block=4, slope=0.25, c=2.0)
    takes = np.broadcast_to(u < np.minimum(1, 2 / (1 + np.arange(8))), (8, 8))
    i, j = np.indices((32, 32))
    bias = np.where(baselines.seen(takes, 4), -0.25 * (i - j), -np.inf)
    found = torch.nn.functional.scaled_dot_product_attention(
        *(torch.from_numpy(x) for x in (q, k, v)), attn_mask=torch.from_numpy(bias)
    )
    np.testing.assert_allclose(o, found.numpy(), atol=1e-12)


# The cache -----------------------------------------------------------------------------------------------------------


def test_ties_go_to_even_codes():
    found = ge.quantise(np.array([[0.0, 0.5, 1.5, 2.5, 3.0]]), bits=2, group=5, axis=1)
    assert found.codes.tolist() == [[0, 0, 2, 2, 3]]


def test_equal_numbers_come_back():
    found = ge.quantise(np.full((4, 1), 2.5), bits=2, group=4)
    assert found.step.tolist() == [[0.0]]
    assert ge.dequantise(found).tolist() == [[2.5]] * 4


def test_sixteen_bits_are_full_attention():
    K, V, Q = normal(21, 4), normal(21, 4, seed=1), normal(21, 2, 4, seed=2)
    cache = ge.empty(4, like=K)
    for t in range(21):
        cache, out = ge.saq_step(cache, K[t], V[t], Q[t], segment=4, group=2, bits=(16, 16, 16), slope=0.1)
        full = attend(Q[t], K[: t + 1], V[: t + 1], bias=-0.1 * np.arange(t + 1.0)[::-1])
        np.testing.assert_allclose(out, full, atol=1e-3)
    keys, values = ge.held(cache)
    np.testing.assert_allclose(keys, K, atol=1e-3)
    np.testing.assert_allclose(values, V, atol=1e-3)
    assert (len(cache.keys), cache.key_rest.shape) == (5, (1, 4))


def test_nested_bits_are_those_of_the_age():
    """8, then 4, then 2 bits are 2 bits at once."""
    K, V = normal(2, 64, 8)
    cache = ge.empty(8, like=K)
    for t in range(64):
        cache, _ = ge.saq_step(cache, K[t], V[t], K[t][None], segment=8, group=8)
    stairs = baselines.staircase(8)
    for axis, (found, x) in enumerate(zip(ge.held(cache), (K, V), strict=True)):
        np.testing.assert_allclose(found, baselines.by_segment(x, stairs, segment=8, group=8, axis=axis), atol=1e-12)


def test_a_grid_is_searched_at_random_within_its_sizes():
    seen = []
    best = baselines.random_search(stream(0, "test_random"), lambda x: seen.append(x) or x[0] - x[1], [3, 2], 50)
    assert len(seen) == 50
    assert best == 2
    assert {tuple(x) for x in seen} <= {(a, b) for a in range(3) for b in range(2)}


def test_entropy_is_that_of_the_frequencies():
    pieces, counts = text.tallied([("a", "b"), ("a",)], np.array([2, 4]))
    assert dict(zip(pieces, counts, strict=True)) == {"a": 6, "b": 2}
    assert text.entropy(counts, 8) == pytest.approx(-(6 * math.log(0.75) + 2 * math.log(0.25)) / 8)
    assert text.characters(["ab", "c"], np.array([2, 1])) == 8


# What the claims stand on --------------------------------------------------------------------------------------------


def test_rivals_visit_no_more_blocks():
    T = 12
    order = stream(0, "test_rivals").permutation(np.arange(1, T)).tolist()
    for most in range(T, T * (T + 1) // 2 + 1, 5):
        near, even = baselines.window(T, most), baselines.filled(order, T, most)
        assert near == list(range(len(near)))
        for deltas in (near, even):
            takes = np.tile(np.isin(np.arange(T), deltas), (T, 1))
            assert baselines.visits(deltas, T) == baselines.seen(takes, 1).sum() <= most
            q = normal(T, 2)
            _, visited = ge.pr_attention(q, q, q, baselines.draws(deltas, T, like=q), block=1, law="constant", c=0.5)
            assert visited.sum() == baselines.visits(deltas, T)
        assert baselines.visits([*near, len(near)], T) > most or len(near) == T


def test_neighbours_by_hand():
    U = np.array([[1.0, 0.0], [1.0, 0.2], [0.0, 1.0], [0.5, 1.0]])
    assert baselines.neighbours(U, np.array([0, 0, 1, 1]), 1) == 1.0
    assert baselines.neighbours(U, np.array([0, 1, 0, 1]), 1) == 0.0


def test_counts_are_smoothed_over_all_letters():
    found = text.smoothed(["the_", "e"], [3, 1], 0.5, like=LIKE)
    assert float(found.p.sum()) == pytest.approx(1)
    chance = dict(zip(found.pieces, found.p, strict=True))
    assert chance["the_"] / chance["z"] == pytest.approx(3.5 / 0.5)
    assert set(text.LETTERS) <= set(found.pieces)


@pytest.mark.parametrize("name", ["none", "ALiBi, geometric", "RoPE + harmonic number"])
def test_the_gradient_of_the_model_by_differences(name):
    code, windows = model.codes(like=LIKE)[name], stream(0, "test_model").integers(0, 31, (2, 9))
    params = model.init(stream(1, "test_model"), like=LIKE)
    found = model.gradient(params, windows, code)
    for key, x in params.items():
        step = 1e-5 * stream(2, "test_model", key).standard_normal(x.shape)
        ends = [float(model.loss(params | {key: x + sign * step}, windows, code)) for sign in (1, -1)]
        assert abs((ends[0] - ends[1]) / 2 - np.sum(found[key] * step)) < 1e-11


def test_the_bias_of_the_model_is_that_of_the_scores():
    code = model.codes(like=LIKE)["RoPE + harmonic number"]
    found = model.penalty(code, 5, like=LIKE)
    sums = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, 5))])
    i, j = np.tril_indices(5)
    for h in range(4):
        np.testing.assert_allclose(found[h][i, j], -sums[i - j] / (h + 1))
    q = normal(1, 5, 48)
    params = model.init(stream(0, "test_bias"), like=LIKE)
    p = model.forward(params | {"E": np.tile(q[0, :1], (31, 1))}, np.array([[0, 1, 2, 3, 4]]), code)
    np.testing.assert_allclose(p.a.sum(axis=-1), 1)
    assert np.all(p.a[0, :, 0, 1:] == 0)


def test_a_model_learns_a_pattern():
    numbers = np.tile(np.arange(7), 99)
    code = model.codes(like=LIKE)["RoPE"]
    params = model.train(stream(0, "test_train"), numbers, code, like=LIKE, steps=120)
    assert float(model.loss(params, numbers[None, :30], code)) < 1.0 < math.log(7)
