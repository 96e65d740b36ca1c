"""Diverse beam search: worked numbers on every backend, enumeration, second programs, refusals."""

import itertools
import math

import numpy as np
import pytest

from refimpl.core.random import stream
from refimpl.oracle import catalog, edits
from refimpl.search import _diverse_beam_metrics as metrics
from refimpl.search import _diverse_beam_models as models
from refimpl.search import diverse_beam as dbs

FIRST = np.log([0.5, 0.3, 0.15, 0.05])
TABLE = np.log([[0.1, 0.6, 0.2, 0.1], [0.25, 0.25, 0.4, 0.1], [0.7, 0.1, 0.1, 0.1], [0.25] * 4])
FORKS = np.log([0.5, 0.3, 0.2]), np.log([[0.5, 0.4, 0.1], [0.36, 0.31, 0.33], [0.3, 0.25, 0.45]])
WORDS = np.array([[1.0, 0.5], [-0.5, 2.0], [0.25, -1.0], [1.5, 1.25]])


def found(first=FIRST, table=TABLE, **settings):
    """Words, log-probability and score of each, in the order of the list."""
    run = dbs.search(models.chain(first, table), like=first, **{"length": 2, "width": 4} | settings)
    words = ["".join(map(str, row)) for row in metrics.sequences(run.tokens)]
    return [
        (word, round(float(r), 4), round(float(s), 4)) for word, r, s in zip(words, run.raw, run.score, strict=True)
    ]


def as_in(variant, first=FIRST, table=TABLE, **settings):
    """The same in a variant of the rule."""
    operation = catalog.operation("diverse_beam.search")
    run = edits.runner(operation, edits.alternatives("diverse_beam")[variant])
    given = {"length": 2, "width": 4, "groups": 2, "strength": 1.0, "kind": "hamming", "eos": -1} | settings
    vectors = np.ones((len(first), 1))
    tokens, score, raw, _ = run(first=first, table=table, vectors=vectors, temperature=1.0, n=2, **given)
    words = ["".join(map(str, row)) for row in metrics.sequences(tokens)]
    return [(word, round(float(r), 4), round(float(s), 4)) for word, r, s in zip(words, raw, score, strict=True)]


# Worked numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "strength", "expected"),
    [
        (1, 0.0, [("01", -1.2040, 0), ("12", -2.1203, 0), ("20", -2.2538, 0), ("02", -2.3026, 0)]),
        (2, 0.5, [("01", -1.2040, 0), ("12", -2.1203, 0), ("01", -1.2040, 2), ("10", -2.5903, 1)]),
        (2, 3.0, [("01", -1.2040, 0), ("12", -2.1203, 0), ("20", -2.2538, 0), ("23", -4.1997, 0)]),
        (4, 1.0, [("01", -1.2040, 0), ("12", -2.1203, 0), ("01", -1.2040, 2), ("20", -2.2538, 0)]),
    ],
)
def test_the_worked_lists(backend, groups, strength, expected):
    first, table = backend.asarray(FIRST), backend.asarray(TABLE)
    settings = {"length": 2, "width": 4, "groups": groups, "strength": strength, "like": first}
    run = dbs.search(models.chain(first, table), **settings)
    assert run.raw.dtype == run.score.dtype == backend.dtype
    assert backend.to_numpy(run.tokens).tolist() == [[int(c) for c in word] for word, *_ in expected]
    raw = np.array([raw for _, raw, _ in expected])
    paid = strength * np.array([paid for *_, paid in expected])
    assert np.allclose(backend.to_numpy(run.raw), raw, atol=6e-5)
    assert np.allclose(backend.to_numpy(run.score), raw - paid, atol=6e-5)
    assert (run.rows, run.calls) == (8, 2 * groups)


def test_what_ends_counts_in_its_step():
    assert found(length=3, groups=2, strength=0.5, eos=0) == [
        ("0", -0.6931, -0.6931), ("120", -2.4769, -2.4769), ("0", -0.6931, -1.1931), ("120", -2.4769, -3.9769),
    ]  # fmt: skip


def test_more_places_than_candidates():
    run = found(np.log([0.7, 0.3]), np.log([[0.6, 0.4], [0.1, 0.9]]), width=6, groups=2, strength=1.0)
    assert [word for word, *_ in run] == ["00", "01", "11"] * 2
    assert [s for *_, s in run] == [-0.8675, -1.2730, -1.3093, -2.8675, -4.2730, -4.3093]


def test_sibling_ranks():
    run = found(width=3, strength=0.5, diversity=dbs.siblings)
    assert run == [("01", -1.2040, -2.2040), ("12", -2.1203, -3.6203), ("02", -2.3026, -3.8026)]


def test_fresh_penalties():
    assert as_in("fresh") == [
        ("01", -1.2040, -1.2040), ("12", -2.1203, -2.1203), ("01", -1.2040, -1.2040), ("20", -2.2538, -2.2538),
    ]  # fmt: skip
    assert found(groups=2, strength=1.0)[2:] == [("20", -2.2538, -2.2538), ("01", -1.2040, -3.2040)]


def test_the_schedules_differ_where_beams_fork():
    assert found(*FORKS, groups=2, strength=1.0)[2:] == [("22", -2.4079, -2.4079), ("00", -1.3863, -3.3863)]
    assert as_in("pipelined", *FORKS)[2:] == [("12", -2.3126, -2.3126), ("22", -2.4079, -2.4079)]


@pytest.mark.parametrize(("width", "differ"), [(1, (0, 0)), (2, (0.5, 0.99)), (3, (0.8, 1.0))])
def test_how_often_the_schedules_differ(width, differ):
    rng, apart = stream(0, "test_diverse_beam", "schedules"), 0
    for _ in range(25):
        first, table = np.log(rng.dirichlet(np.ones(8))), np.log(rng.dirichlet(np.ones(8), 8))
        settings = {"length": 6, "width": 3 * width, "groups": 3, "strength": 0.5}
        apart += found(first, table, **settings) != as_in("pipelined", first, table, **settings)
    assert differ[0] <= apart / 25 <= differ[1]


def test_similarities_of_the_worked_prefixes(backend):
    own, logp = backend.asarray(np.array([[0, 1], [2, 1]])), backend.asarray(np.zeros((2, 4)))
    earlier = [backend.asarray(np.array([[0, 1, 3], [0, 2, 3]]))]
    S = dbs.cumulative(own, earlier, logp, temperature=2.0)
    expected = [[0.22313, 0.22313, 0.22313, 0.60653], [0.08208, 0.08208, 0.08208, 0.22313]]
    assert S.dtype == backend.dtype
    assert np.allclose(backend.to_numpy(S), expected, atol=6e-6)
    bigrams = dbs.ngram(own, [backend.asarray(np.array([[0, 1, 3], [0, 1, 2]]))], logp)
    assert backend.to_numpy(bigrams).tolist() == [[0, 0, 1, 1]] * 2
    assert backend.to_numpy(dbs.hamming(own, earlier, logp)).tolist() == [[0, 0, 0, 2]] * 2
    vectors = backend.asarray(WORDS)
    lengths = np.linalg.norm(WORDS, axis=1)
    cosines = WORDS @ WORDS[3] / (lengths * lengths[3])
    soft = dbs.embedding(own, earlier, logp, vectors=vectors)
    assert np.allclose(backend.to_numpy(soft), [2 * cosines] * 2, atol=30 * backend.tolerance)
    assert dbs.soft_ngram(own, earlier, logp, vectors=vectors, n=1).dtype == backend.dtype


def test_no_earlier_group_is_no_penalty():
    own, logp = np.array([[0, 1]]), np.zeros((1, 4))
    for way in (dbs.hamming, dbs.cumulative, dbs.ngram):
        assert np.array_equal(way(own, [], logp), logp)


# Against programs that share nothing with it -------------------------------------------------------------------------


def test_a_beam_as_wide_as_there_are_sequences_finds_them_all():
    rng = stream(0, "test_diverse_beam", "all")
    first, table = np.log(rng.dirichlet(np.ones(4))), np.log(rng.dirichlet(np.ones(4), 4))
    total = lambda w: first[w[0]] + sum(table[a, b] for a, b in itertools.pairwise(w))
    every = sorted(itertools.product(range(4), repeat=3), key=total, reverse=True)
    run = dbs.search(models.chain(first, table), length=3, width=64, like=first)
    assert [tuple(row) for row in run.tokens.tolist()] == every
    assert np.allclose(run.raw, [total(w) for w in every])
    for width in (1, 3, 8):
        narrow = dbs.search(models.chain(first, table), length=3, width=width, like=first)
        assert narrow.raw[0] <= run.raw[0] + 1e-12


def test_many_weak_groups_take_different_tokens():
    """At a huge strength groups of one beam are disjoint in every step, as long as there are tokens."""
    rng = stream(0, "test_diverse_beam", "disjoint")
    first, table = np.log(rng.dirichlet(np.ones(9))), np.log(rng.dirichlet(np.ones(9), 9))
    run = dbs.search(models.chain(first, table), length=6, width=7, groups=7, strength=1e6, like=first)
    assert all(len(set(column)) == 7 for column in run.tokens.T.tolist())


@pytest.mark.parametrize("steps", [0, 2, 9])
def test_the_anti_language_model(backend, steps):
    """Against lists; every prefix counts, so the model without context is one of order 2."""
    rng, V, T, width, strength = stream(0, "test_diverse_beam", "mmi"), 5, 4, 3, 0.7
    first, table = np.log(rng.dirichlet(np.ones(V))), np.log(rng.dirichlet(np.ones(V), V))
    usual = np.log(rng.dirichlet(np.ones(V), (V + 1, V + 1)))
    at = lambda prefix: usual[tuple([V, V, *prefix][-2:])]
    beams = [((), 0.0, 0.0)]
    for t in range(1, T + 1):
        children = []
        for prefix, s, raw in beams:
            theta = table[prefix[-1]] if prefix else first
            for v in range(V):
                held = at(prefix)[v] if t <= steps else 0.0
                children.append(((*prefix, v), s + theta[v] - strength * held, raw + theta[v]))
        beams = sorted(children, key=lambda c: -c[1])[:width]

    def language_model(prefixes):
        return backend.asarray(np.stack([at(row) for row in backend.to_numpy(prefixes).tolist()]))

    like = backend.asarray(first)
    settings = {"length": T, "width": width, "strength": strength, "like": like}
    unlike = dbs.against(language_model, steps=steps)
    run = dbs.search(models.chain(like, backend.asarray(table)), unlike, **settings)
    assert [tuple(row) for row in backend.to_numpy(run.tokens).tolist()] == [prefix for prefix, *_ in beams]
    assert np.allclose(backend.to_numpy(run.score), [s for _, s, _ in beams], atol=40 * backend.tolerance)
    assert np.allclose(backend.to_numpy(run.raw), [raw for *_, raw in beams], atol=40 * backend.tolerance)


def test_the_most_probable_first(backend):
    first, table = backend.asarray(FIRST), backend.asarray(TABLE)
    run = dbs.search(models.chain(first, table), length=2, width=4, groups=2, strength=3.0, like=first)
    turned = dbs.by_probability(run._replace(raw=-run.raw))
    assert backend.to_numpy(turned.tokens).tolist() == [[2, 3], [2, 0], [1, 2], [0, 1]]
    assert (turned.rows, turned.calls) == (8, 4)
    with pytest.raises(ValueError, match="raw must be numbers or -inf"):
        dbs.by_probability(run._replace(raw=run.raw * math.nan))


def test_a_beam_without_a_future_ends_the_search():
    dead = np.full((3, 3), -math.inf)
    run = dbs.search(models.chain(FIRST[:3], dead), length=3, width=2, like=FIRST)
    assert np.array_equal(run.tokens, np.full((2, 3), -1))
    assert np.array_equal(run.score, [-math.inf] * 2)
    assert (run.rows, run.calls) == (4, 2)


# Metrics and models --------------------------------------------------------------------------------------------------


def test_distinct_and_oracle_by_hand(backend):
    tokens, said = (
        backend.asarray(np.array([[1, 2, 3], [1, 2, 4]])),
        backend.asarray(np.array([[1, 2, 4], [5, -1, -1]])),
    )
    assert metrics.sequences(said) == [(1, 2, 4), (5,)]
    assert [metrics.distinct(tokens, n) for n in (1, 2, 3)] == [4 / 6, 3 / 6, 2 / 6]
    assert metrics.similarities(tokens, said) == [[(2 / 3 + 1 / 2) / 2, 0.0], [1.0, 0.0]]
    assert metrics.oracle(tokens, said, 1) == pytest.approx(7 / 24)
    assert metrics.oracle(tokens, said, 2) == 0.5


def test_the_decoder_is_the_mixture(backend):
    """Bayes' rule mode by mode, in probabilities."""
    like = backend.asarray(np.zeros(1))
    context = models.mixture(stream(0, "test_diverse_beam", "mixture"), modes=3, V=5, rows=1.0, like=like)
    weights, first, table, errors = (backend.to_numpy(x).astype(float) for x in context)
    prefix = [1, 4, 0]
    path = np.exp(weights + first[:, 1] + table[:, 1, 4] + table[:, 4, 0])
    expected = path @ np.exp(table[:, 0]) / path.sum()
    prefixes = backend.asarray(np.array([prefix, [2, 2, 2]]))
    logp = models.decoder(context, sigma=0.0)(prefixes)
    assert logp.dtype == backend.dtype
    assert np.allclose(np.exp(backend.to_numpy(logp))[0], expected, atol=30 * backend.tolerance)
    shaken = np.exp(np.log(expected) + 0.5 * errors[path.argmax(), 0])
    found = np.exp(backend.to_numpy(models.decoder(context, sigma=0.5)(prefixes)))[0]
    assert np.allclose(found, shaken / shaken.sum(), atol=30 * backend.tolerance)
    start = np.exp(backend.to_numpy(models.decoder(context, sigma=0.5)(prefixes[:, :0])))
    assert np.allclose(start, [np.exp(weights) @ np.exp(first)] * 2, atol=30 * backend.tolerance)


def test_samples_have_the_frequencies_of_the_model():
    tokens = models.sample(stream(0, "test_diverse_beam"), models.chain(FIRST, TABLE), 40_000, 2, like=FIRST)
    counts = np.bincount(4 * tokens[:, 0] + tokens[:, 1], minlength=16)
    expected = 40_000 * (np.exp(FIRST)[:, None] * np.exp(TABLE)).ravel()
    assert np.sum((counts - expected) ** 2 / expected) < 56.5  # chi squared, 15 degrees of freedom: 1e-6
    cold = models.sample(stream(1), models.chain(FIRST, TABLE), 50, 3, temperature=1e-3, like=FIRST)
    assert np.array_equal(cold[:, :2], np.tile([0, 1], (50, 1)))


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "diversity", "message"),
    [
        (lambda y: np.zeros((3, 4)), None, r"what model returns must have shape \[2, V\]"),
        (lambda y: np.full((2, 4), np.nan), None, "what model returns must be numbers or -inf"),
        (lambda y: None, None, "what model returns must be"),
        (lambda y: np.zeros((2, 4), np.float32), None, "what model returns must have dtype float64"),
        (lambda y: np.zeros((2, 4)), lambda *at: np.full((2, 4), np.inf), "what diversity returns must be finite"),
        (lambda y: np.zeros((2, 4)), lambda *at: np.zeros((2, 3)), "what diversity returns must have shape"),
    ],
)
def test_what_functions_return_is_checked(model, diversity, message):
    with pytest.raises((TypeError, ValueError), match=message):
        dbs.search(model, diversity, length=2, width=2, like=FIRST)


def test_sizes_are_checked():
    model = models.chain(FIRST, TABLE)
    with pytest.raises(ValueError, match="width must be a multiple of groups, got 4 and 3"):
        dbs.search(model, length=2, width=4, groups=3, like=FIRST)
    with pytest.raises(ValueError, match="earlier must have shapes"):
        dbs.hamming(np.array([[0]]), [np.array([[0]])], np.zeros((1, 4)))
    with pytest.raises(ValueError, match="own must be tokens"):
        dbs.ngram(np.array([[7]]), [np.array([[0, 1]])], np.zeros((1, 4)))
    with pytest.raises(ValueError, match="what language_model returns must have shape"):
        dbs.search(model, dbs.against(lambda y: np.zeros((1, 4)), steps=1), length=2, width=2, like=FIRST)
    with pytest.raises(ValueError, match="tokens must have shape"):
        dbs.step(dbs.init(3, like=FIRST)._replace(tokens=np.zeros(3, int)), TABLE[:3], 0 * TABLE[:3])


def test_a_step_changes_nothing_in_place():
    logp, S, beams = TABLE[:2].copy(), np.ones((2, 4)), dbs.init(2, like=FIRST)
    before = [x.copy() for x in (*beams, logp, S)]
    dbs.step(beams, logp, S)
    assert all(np.array_equal(x, y) for x, y in zip((*beams, logp, S), before, strict=True))
