"""Clustering and pruning for black-box prompt search (Zhou, Wan, Vulić and Korhonen, 2023, arXiv:2310.12774).

A frozen language model classifies an input with a short prompt before it, and may only be asked. Few tokens change its
answers: cluster the token embeddings, ask about one token of each cluster, keep those that help most, and search among
prompts of these with anything simple: greedily, with a genetic algorithm, with a particle swarm.

A black box is a function ``reward(prompts) -> array [n]`` of token ids [n, l]; a batch of n prompts is n calls. Inside
the searches a token is its place in the vocabulary that is left; what they say of tokens outside are token ids.
"""

import math
from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import scaled
from refimpl.core.loop import iterate
from refimpl.core.special import logsumexp, sigmoid


class Clusters(NamedTuple):
    """What k-means makes of token embeddings."""

    seeds: Array  # [K] int64: tokens that the centres start at
    labels: Array  # [V] int64: the nearest centre of each token
    centres: Array  # [K, d]
    representatives: Array  # [K] int64: the token nearest to each centre; some may be equal


class Pruned(NamedTuple):
    """Which tokens are left."""

    threshold: Array  # 0-d: the percentile of the influences
    kept: Array  # [n] bool: which are above it


class Found(NamedTuple):
    """What greedy or random search has found."""

    prompt: Array  # [L] int64: token ids
    rewards: Array  # [L] after each token; of random search, [n] the best so far
    calls: int  # of the black box


class GeneticDraws(NamedTuple):
    """Uniform numbers in [0, 1) for the epochs after the first."""

    parent: Array  # [T-1, m] which elite is mutated
    flip: Array  # [T-1, m, L] whether a position changes
    token: Array  # [T-1, m, L] what to
    cross: Array  # [T-1, c, 2] which elites are crossed
    coin: Array  # [T-1, c, L] whose token a child takes


class GeneticState(NamedTuple):
    """A population and the best prompt ever."""

    population: Array  # [P, L] int64: places in the vocabulary
    scores: Array  # [P] their rewards
    best: Array  # [L] int64: places in the vocabulary
    score: Array  # 0-d: its reward
    calls: int  # of the black box


class SwarmDraws(NamedTuple):
    """Uniform numbers in [0, 1) for each of T epochs."""

    gate1: Array  # [T, N] whether a particle moves towards its own best
    gate2: Array  # [T, N] whether it moves towards the best of all
    mut_gate: Array  # [T, N] whether it mutates
    mut_pos: Array  # [T, N] where
    mut_token: Array  # [T, N] to which token
    move1: Array  # [T, N, L] which positions move towards its own best
    move2: Array  # [T, N, L] which move towards the best of all


class SwarmState(NamedTuple):
    """Particles, what each has seen, and what all have seen."""

    x: Array  # [N, L] int64: places in the vocabulary
    velocity: Array  # [N, L]
    best: Array  # [N, L] int64: own best
    scores: Array  # [N] their rewards
    g: Array  # [L] int64: best of all
    score: Array  # 0-d: its reward
    calls: int  # of the black box


# Reward --------------------------------------------------------------------------------------------------------------


def _log_probabilities(logits):
    return logits - logsumexp(logits, axis=-1, keepdims=True)  # (claps-1)


def _rewards(logits, y, kind):
    """`rewards` without its checks."""
    xp = array_namespace(logits)
    logp = _log_probabilities(logits)
    p = xp.exp(logp)
    truth = y[:, None] == xp.arange(logits.shape[-1], dtype=y.dtype, device=device(y))
    if kind == "cross_entropy":
        return xp.mean(xp.sum(xp.where(truth, logp, 0.0), axis=-1), axis=-1)  # (claps-2)
    if kind == "gap":
        gap = xp.sum(xp.where(truth, p, 0.0), axis=-1) - xp.max(xp.where(truth, -math.inf, p), axis=-1)  # (claps-3)
        return xp.mean(xp.where(gap > 0, 200.0 * gap, 180.0 * gap), axis=-1)  # (claps-4)
    return xp.sum(p * logp, axis=(-2, -1))  # (claps-5)


def rewards(logits, y, *, kind="cross_entropy"):
    """Rewards of prompts from what the model says of a few examples; larger is better.

    Parameters
    ----------
    logits : array [n, S, C], floating point
        Of n prompts, S examples and C >= 2 classes.
    y : array [S], integers
        Classes of the examples, 0, ..., C - 1.
    kind : str, default: "cross_entropy"
        "cross_entropy": mean log-probability of the true class. "gap": mean gap between its probability and the largest
        of the others, 200-fold where it is positive and 180-fold where not. "entropy": minus the summed entropies; no
        label counts.

    Returns
    -------
    array [n]
        One for each prompt.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, there are fewer than two classes, an entry is not finite, or `kind` is unknown.

    Notes
    -----
    Equations (claps-1) to (claps-5) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.log([[[0.5, 0.5], [0.25, 0.75]]])
    >>> [rewards(logits, np.array([0, 1]), kind=kind).round(4).item() for kind in ("cross_entropy", "gap", "entropy")]
    [-0.4904, 50.0, -1.2555]
    """
    check.choice(("cross_entropy", "gap", "entropy"), kind=kind)
    _answers(logits, y)
    return _rewards(logits, y, kind)


# Clustering ----------------------------------------------------------------------------------------------------------


def _squared_distances(E, centres):
    """[V, K]: by differences, so that no digits are lost where tokens are far from 0."""
    xp = array_namespace(E)
    return xp.stack([xp.sum((E - centres[k, :]) ** 2, axis=1) for k in range(centres.shape[0])], axis=1)


def _seeds(E, u):
    """[K] tokens: k-means++."""
    xp = array_namespace(E)
    seeds = [_floor(u[:1], E.shape[0])]
    nearest = None
    for k in range(1, u.shape[0]):
        squares = _squared_distances(E, xp.take(E, seeds[-1], axis=0))[:, 0]
        nearest = squares if nearest is None else xp.minimum(nearest, squares)  # (claps-6)
        sums = xp.cumulative_sum(nearest)
        if not bool(sums[-1] > 0):
            raise ValueError(f"u must have no more entries than E has different rows, {k}, got {u.shape[0]}")
        found = xp.searchsorted(sums / sums[-1], u[k : k + 1], side="right")  # (claps-7)
        seeds.append(xp.astype(found, xp.int64))
    return xp.concat(seeds)


def cluster(E, u, *, max_iter=300):
    """k-means of token embeddings, and the token nearest to each centre.

    Parameters
    ----------
    E : array [V, d], floating point
        Embeddings, finite.
    u : array [K], like `E`
        Uniform numbers in [0, 1) for the first centres, drawn one after another with probabilities in proportion to
        the squared distance to the nearest one (k-means++).
    max_iter : int, default: 300
        Most times that the centres are moved, >= 1; fewer where no token changes its cluster.

    Returns
    -------
    Clusters
        Labels are of the centres returned. A cluster that is empty keeps its centre; of equal distances the first
        cluster, or the first token.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, an entry is out of range, or `E` has fewer than K different rows.

    Notes
    -----
    Equations (claps-6) to (claps-10) of the documentation. V K d products for each time.

    Examples
    --------
    >>> import numpy as np
    >>> E = np.array([[0.0, 0.0], [0.0, 1.0], [4.0, 0.0], [4.0, 1.0], [9.0, 9.0]])
    >>> found = cluster(E, np.array([0.0, 0.5, 0.95]))
    >>> found.seeds, found.labels, found.representatives
    (array([0, 4, 3]), array([0, 0, 2, 2, 1]), array([0, 4, 2]))
    """
    check.finite(E=E), check.uniforms(u=u), check.alike_dtype(E=E, u=u)
    check.shapes(E=(E, "V d"), u=(u, "K"))
    max_iter = check.integer(max_iter=max_iter, minimum=1)
    xp, (E, size) = array_namespace(E, u), scaled(E)
    seeds = _seeds(E, u)
    centres = xp.take(E, seeds, axis=0)
    labels = xp.argmin(_squared_distances(E, centres), axis=1)
    names = xp.arange(u.shape[0], dtype=labels.dtype, device=device(labels))
    for _ in range(max_iter):
        member = xp.astype(labels[:, None] == names, E.dtype)
        count = xp.sum(member, axis=0)[:, None]
        means = (xp.matrix_transpose(member) @ E) / xp.maximum(count, xp.ones_like(count))  # (claps-8)
        centres = xp.where(count > 0, means, centres)
        before, labels = labels, xp.argmin(_squared_distances(E, centres), axis=1)  # (claps-9)
        if bool(xp.all(labels == before)):
            break
    nearest = xp.argmin(_squared_distances(E, centres), axis=0)  # (claps-10)
    return Clusters(seeds, xp.astype(labels, xp.int64), centres * size, xp.astype(nearest, xp.int64))


def vocabulary(clusters):
    """The clustered vocabulary: the representatives in rising order, each once.

    Parameters
    ----------
    clusters : Clusters
        From `cluster`.

    Returns
    -------
    array [v], int64
        Token ids, v <= K.

    Raises
    ------
    TypeError, ValueError
        If `clusters` is none.

    Examples
    --------
    >>> import numpy as np
    >>> E = np.array([[0.0], [1.0], [4.0], [5.0], [9.0]])
    >>> vocabulary(cluster(E, np.array([0.0, 0.5, 0.95])))
    array([0, 2, 4])
    """
    found = check.fields(Clusters, clusters=clusters).representatives
    check.integral(**{"clusters.representatives": found})
    return array_namespace(found).unique_values(found)


# Influence and pruning -----------------------------------------------------------------------------------------------


def influence(logits_empty, logits, y, *, kind="reward"):
    """What each token does to the model's answers, as a prompt of one token against the empty prompt.

    Parameters
    ----------
    logits_empty : array [S, C], floating point
        With the empty prompt.
    logits : array [n, S, C], like `logits_empty`
        With each of n tokens.
    y : array [S], integers
        Classes of the examples.
    kind : str, default: "reward"
        "reward": by how much the mean log-probability of the true class rises. "kl": the Kullback-Leibler divergence of
        the answers with the token from those without it, summed over the examples; no label counts.

    Returns
    -------
    array [n]
        A token may be harmful, which "kl" does not tell.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, there are fewer than two classes, an entry is not finite, or `kind` is unknown.

    Notes
    -----
    Equations (claps-11) and (claps-12) of the documentation. n + 1 calls of the black box.

    Examples
    --------
    >>> import numpy as np
    >>> empty, tokens, y = np.zeros((1, 2)), np.log([[[0.75, 0.25]], [[0.25, 0.75]]]), np.array([0])
    >>> influence(empty, tokens, y).round(4), influence(empty, tokens, y, kind="kl").round(4)
    (array([ 0.4055, -0.6931]), array([0.1308, 0.1308]))
    """
    check.choice(("reward", "kl"), kind=kind)
    check.finite(logits_empty=logits_empty, logits=logits), check.alike_dtype(logits_empty=logits_empty, logits=logits)
    check.shapes(logits=(logits, "n S C"), logits_empty=(logits_empty, "S C"))
    _answers(logits, y)
    xp, empty = array_namespace(logits, logits_empty), logits_empty[None, :, :]
    if kind == "reward":
        return _rewards(logits, y, "cross_entropy") - _rewards(empty, y, "cross_entropy")  # (claps-11)
    logp, logp_empty = _log_probabilities(logits), _log_probabilities(empty)
    return xp.sum(xp.exp(logp) * (logp - logp_empty), axis=(-2, -1))  # (claps-12)


def prune(influences, *, q=90.0):
    """Keep the tokens whose influence is above a percentile.

    Parameters
    ----------
    influences : array [n], floating point
        From `influence`, finite.
    q : float, default: 90
        Percentage that goes, in [0, 100). 99 is the default of the authors' program, 90 that of their script.

    Returns
    -------
    Pruned
        The percentile, interpolated linearly, and which influences are above it: those that equal it are not.

    Raises
    ------
    TypeError, ValueError
        If `influences` is no finite array [n], or `q` out of range.

    Notes
    -----
    Equations (claps-13) and (claps-14) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> prune(np.array([-0.2, 0.0, 0.1, 0.1, 0.5]), q=50)
    Pruned(threshold=array(0.1), kept=array([False, False, False, False,  True]))
    """
    check.finite(influences=influences)
    n, q = check.shapes(influences=(influences, "n"))["n"], _percentage(q)
    xp, ranked = array_namespace(influences), array_namespace(influences).sort(influences)
    place = q * (n - 1) / 100
    low = math.floor(place)
    threshold = ranked[low]
    if place > low:
        threshold = threshold + (place - low) * (ranked[low + 1] - threshold)  # (claps-13)
    return Pruned(xp.asarray(threshold), influences > threshold)  # (claps-14)


def random_pruning(rng, vocab, *, q=90.0):
    """A baseline for `prune`: as many tokens, chosen without asking the model.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    vocab : array [v], integers
        Different token ids.
    q : float, default: 90
        As for `prune`.

    Returns
    -------
    array [floor(v (100 - q) / 100)], like `vocab`
        A uniform subset, in rising order.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, or nothing would be left.

    Examples
    --------
    >>> import numpy as np
    >>> random_pruning(random.stream(0, "doc"), np.arange(100, 140)).shape
    (4,)
    """
    check.rng(rng=rng)
    v, q = _vocabulary(vocab), _percentage(q)
    size = math.floor(v * (100 - q) / 100)
    if not size:
        raise ValueError(f"vocab must have more tokens: of {v} nothing is left, q is {q}")
    xp = array_namespace(vocab)
    return xp.sort(xp.take(vocab, random.indices(rng, v, (size,), like=vocab, replace=False)))


# Greedy and random search --------------------------------------------------------------------------------------------


def greedy(reward, vocab, length):
    """Append the best token, again and again; also where the reward falls.

    Parameters
    ----------
    reward : callable
        The black box: token ids [n, l] -> rewards [n].
    vocab : array [v], integers
        Different token ids; the array's library and device are those of the prompts.
    length : int
        L >= 1.

    Returns
    -------
    Found
        After L v calls. Of equal rewards the first in `vocab` wins.

    Raises
    ------
    TypeError, ValueError
        If an argument, or what `reward` returns, is no such thing.

    Notes
    -----
    Equations (claps-15) and (claps-16) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> alternating = lambda z: np.sum(z[:, 1:] != z[:, :-1], axis=1) + 0.1 * np.sum(z, axis=1)
    >>> greedy(alternating, np.array([3, 5]), 3)
    Found(prompt=array([5, 3, 5]), rewards=array([0.5, 1.8, 3.3]), calls=6)
    """
    check.function(reward=reward)
    v, length = _vocabulary(vocab), check.integer(length=length, minimum=1, below=2**31)
    xp = array_namespace(vocab)
    prompt, found = xp.zeros((0,), dtype=xp.int64, device=device(vocab)), []
    for l in range(length):
        before = xp.broadcast_to(prompt[None, :], (v, l))
        every = xp.concat([before, xp.astype(vocab, xp.int64)[:, None]], axis=1)  # (claps-15)
        scores = _ask(reward, every)
        best = xp.argmax(scores)  # (claps-16)
        prompt = xp.take(every, best[None], axis=0)[0, :]
        found.append(scores[best])
    return Found(prompt, array_namespace(scores).stack(found), length * v)


def random_search(reward, prompts):
    """A baseline: the best of given prompts, the first of equal ones.

    Parameters
    ----------
    reward : callable
        As for `greedy`.
    prompts : array [n, L], int64
        Token ids, n >= 1: no list may be empty.

    Returns
    -------
    Found
        After n calls; its rewards are the best after each of them.

    Raises
    ------
    TypeError, ValueError
        If an argument, or what `reward` returns, is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> random_search(lambda z: 1.0 * z[:, 0], np.array([[4], [9], [2]]))
    Found(prompt=array([9]), rewards=array([4., 9., 9.]), calls=3)
    """
    check.function(reward=reward), check.integral(prompts=prompts)
    n = check.shapes(prompts=(prompts, "n L"))["n"]
    scores = _ask(reward, prompts)
    xp, best = array_namespace(scores), array_namespace(scores).argmax(scores)
    so_far = xp.stack([xp.max(scores[: i + 1]) for i in range(n)])
    return Found(array_namespace(prompts).take(prompts, best[None], axis=0)[0, :], so_far, n)


def select(accuracies):
    """Which of the prompts that were the best during a search is taken: by accuracy on other examples.

    Parameters
    ----------
    accuracies : array [n], floating point
        On the validation set, in the order in which the prompts were found.

    Returns
    -------
    array, shape (), int64
        Index of the largest one, of equal ones the last.

    Raises
    ------
    TypeError, ValueError
        If `accuracies` is no finite array [n].

    Notes
    -----
    Equation (claps-32) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> int(select(np.array([0.5, 0.75, 0.75, 0.25])))
    2
    """
    check.finite(accuracies=accuracies), check.shapes(accuracies=(accuracies, "n"))
    xp = array_namespace(accuracies)
    return xp.astype(accuracies.shape[0] - 1 - xp.argmax(xp.flip(accuracies)), xp.int64)  # (claps-32)


# Genetic search ------------------------------------------------------------------------------------------------------


def _breed(population, scores, draws, v, elite, p_mut):
    """The next population: elites first, then mutants, then children."""
    xp, count = array_namespace(population), max(1, math.floor(elite * population.shape[0]))
    order = xp.argsort(scores, descending=True, stable=True)
    elites = xp.take(population, order[:count], axis=0)  # (claps-17)
    parents = xp.take(elites, _floor(draws.parent, count), axis=0)
    others = _floor(draws.token, v - 1)
    others = others + xp.astype(others >= parents, xp.int64)  # (claps-18)
    mutants = xp.where(draws.flip < p_mut, others, parents)  # (claps-19)
    first, second = (xp.take(elites, _floor(draws.cross[:, j], count), axis=0) for j in (0, 1))
    children = xp.where(draws.coin < 0.5, first, second)  # (claps-20)
    return xp.concat([elites, mutants, children])  # (claps-21)


def genetic(reward, vocab, init, draws, *, elite=0.1, p_mut=0.1, progress=None):
    """Genetic search, with the draws given.

    Parameters
    ----------
    reward, vocab
        As for `greedy`; two tokens at least.
    init : array [N, L], integers
        The first population: places in `vocab`.
    draws : GeneticDraws
        From `draw_genetic`, for T epochs.
    elite : float, default: 0.1
        Share of the population that stays, in (0, 1]: rounded down in double precision, one at least.
    p_mut : float, default: 0.1
        Probability in [0, 1] with which a position of a mutant changes, to a token other than the present one.
    progress : str, optional
        Shows a progress bar with this title.

    Returns
    -------
    Run
        Its state is a GeneticState; its history has "population" (places in `vocab`), "score" (the best so far) and
        "calls" of each of T epochs. The best never falls. N calls, then as many as the later populations have.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is out of range, or `reward` returns anything but finite rewards.

    Notes
    -----
    Equations (claps-17) to (claps-21) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> init, draws = draw_genetic(random.stream(0, "doc"), 3, 4, 6, mutants=8, children=8, epochs=9, like=np.zeros(1))
    >>> run = genetic(lambda z: 1.0 * z.sum(axis=1), np.array([2, 3, 5]), init, draws)
    >>> run.state.best, float(run.state.score), run.state.calls
    (array([2, 2, 2, 2]), 20.0, 142)
    """
    check.function(reward=reward)
    v, elite, p_mut = _vocabulary(vocab, least=2), check.share(elite=elite), check.fraction(p_mut=p_mut)
    check.indices(v, init=init), check.instance(GeneticDraws, draws=draws)
    axes = {"parent": "t m", "flip": "t m L", "token": "t m L", "cross": "t c 2", "coin": "t c L"}
    epochs = _sized(draws, axes, init=(init, "N L"))["t"]

    def told(population, calls, before=None):
        """A population that has been evaluated."""
        xp, scores = array_namespace(population), _ask(reward, _tokens(vocab, population))
        top = xp.argmax(scores)
        best, score, count = xp.take(population, top[None], axis=0)[0, :], scores[top], calls + population.shape[0]
        if before is not None and not bool(score > before.score):
            best, score = before.best, before.score
        return GeneticState(population, scores, best, score, count)

    def epoch(state, t):
        now = GeneticDraws(*(x[t - 1, ...] for x in draws))
        return told(_breed(state.population, state.scores, now, v, elite, p_mut), state.calls, state)

    record = lambda state: {"population": state.population, "score": state.score, "calls": state.calls}
    start = array_namespace(init).astype(init, array_namespace(init).int64)
    return iterate(epoch, told(start, 0), steps=epochs, record=record, progress=progress)


def draw_genetic(rng, v, length, population=128, *, mutants=64, children=64, epochs=30, like):
    """A first population and the draws of a genetic search.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    v, length, population : int
        Tokens, >= 2; L and N, >= 1.
    mutants, children : int, default: 64
        m and c >= 1 in each epoch.
    epochs : int, default: 30
        T >= 2, the first population included.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    init : array [N, L], int64
        Places in the vocabulary, uniform.
    draws : GeneticDraws
        For the T - 1 epochs after it.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> init, draws = draw_genetic(random.stream(0, "doc"), 9, 5, epochs=3, like=np.zeros(1))
    >>> init.shape, [x.shape for x in draws]
    ((128, 5), [(2, 64), (2, 64, 5), (2, 64, 5), (2, 64, 2), (2, 64, 5)])
    """
    check.rng(rng=rng), check.floating(like=like)
    v, epochs = check.integer(v=v, epochs=epochs, minimum=2, below=2**31)
    sizes = {"length": length, "population": population, "mutants": mutants, "children": children}
    L, N, m, c = check.integer(**sizes, minimum=1, below=2**31)
    t = epochs - 1
    draw = lambda *shape: random.uniform(rng, shape, like=like)
    init = random.indices(rng, v, (N, L), like=like)
    return init, GeneticDraws(draw(t, m), draw(t, m, L), draw(t, m, L), draw(t, c, 2), draw(t, c, L))


# Particle swarm ------------------------------------------------------------------------------------------------------

MUTATION = 0.1  # probability with which a particle gets a uniform token at a uniform position


def schedules(i, T):
    """Inertia and gates of epoch i = 0, ..., T - 1.

    Parameters
    ----------
    i, T : int
        The epoch, and how many there are.

    Returns
    -------
    omega, c1, c2 : float
        Share of the velocity that is kept; probabilities of a move towards the own best, and towards that of all.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Notes
    -----
    Equations (claps-22) and (claps-23) of the documentation.

    Examples
    --------
    >>> [tuple(round(x, 2) for x in schedules(i, 10)) for i in (0, 9)]
    [(0.8, 0.8, 0.2), (0.26, 0.26, 0.74)]
    """
    T = check.integer(T=T, minimum=1)
    i = check.integer(i=i, below=T)
    omega = 0.6 * (T - i) / T + 0.2  # (claps-22)
    c1, c2 = 0.8 - 0.6 * i / T, 0.2 + 0.6 * i / T  # (claps-23)
    return omega, c1, c2


def _move(state, draws, v, i, T):
    """Where particles are after epoch i, and how fast; what they have seen is that of before."""
    x, best, g = state.x, state.best, state.g[None, :]
    xp, L = array_namespace(x, draws.move1), x.shape[1]
    omega, c1, c2 = schedules(i, T)
    pull = sum(3.0 - 6.0 * xp.astype(x == goal, draws.move1.dtype) for goal in (best, g))  # (claps-24)
    velocity = omega * state.velocity + (1 - omega) * pull  # (claps-25)
    chance = sigmoid(velocity)  # (claps-26)
    x = xp.where((draws.gate1 < c1)[:, None] & (draws.move1 < chance), best, x)  # (claps-27)
    x = xp.where((draws.gate2 < c2)[:, None] & (draws.move2 < chance), g, x)  # (claps-28)
    place = xp.arange(L, dtype=xp.int64, device=device(x)) == _floor(draws.mut_pos, L)[:, None]
    hit = (draws.mut_gate < MUTATION)[:, None] & place
    return xp.where(hit, _floor(draws.mut_token, v)[:, None], x), velocity  # (claps-29)


def _seen(state, x, velocity, scores):
    """What particles have seen, with the rewards of where they are."""
    xp, more = array_namespace(scores), scores > state.scores
    best, own = xp.where(more[:, None], x, state.best), xp.where(more, scores, state.scores)  # (claps-30)
    top = xp.argmax(scores)
    first, rises = xp.take(x, top[None], axis=0)[0, :], scores[top] > state.score
    g, score = xp.where(rises, first, state.g), xp.where(rises, scores[top], state.score)  # (claps-31)
    return SwarmState(x, velocity, best, own, g, score, state.calls + x.shape[0])


def swarm(reward, vocab, init, nu, draws, *, progress=None):
    """Particle swarm search, with the draws given.

    Parameters
    ----------
    reward, vocab
        As for `greedy`.
    init : array [N, L], integers
        Where particles start: places in `vocab`.
    nu : array [N], floating point
        Their first velocities, the same at each position; finite, of the authors uniform in (-3, 3).
    draws : SwarmDraws
        From `draw_swarm`, like `nu`.
    progress : str, optional
        Shows a progress bar with this title.

    Returns
    -------
    Run
        Its state is a SwarmState; its history has "x" (places in `vocab`), "velocity", "score" (the best so far) and
        "calls", at the start and after each of T epochs. N (T + 1) calls.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is out of range, or `reward` returns anything but finite rewards.

    Notes
    -----
    Equations (claps-22) to (claps-31) of the documentation. In an epoch the best of all stays what it was before.

    Examples
    --------
    >>> import numpy as np
    >>> args = draw_swarm(random.stream(0, "doc"), 3, 4, 16, epochs=12, like=np.zeros(1))
    >>> run = swarm(lambda z: 1.0 * z.sum(axis=1), np.array([2, 3, 5]), *args)
    >>> run.state.g, float(run.state.score), run.state.calls
    (array([2, 2, 2, 2]), 20.0, 208)
    """
    check.function(reward=reward), check.instance(SwarmDraws, draws=draws)
    v = _vocabulary(vocab)
    check.indices(v, init=init), check.finite(nu=nu)
    axes = dict.fromkeys(("gate1", "gate2", "mut_gate", "mut_pos", "mut_token"), "T N")
    T = _sized(draws, axes | {"move1": "T N L", "move2": "T N L"}, init=(init, "N L"), nu=(nu, "N"))["T"]
    check.alike_dtype(**{"draws.gate1": draws.gate1, "nu": nu})

    def epoch(state, k):
        now = SwarmDraws(*(x[k - 1, ...] for x in draws))
        x, velocity = _move(state, now, v, k - 1, T)
        return _seen(state, x, velocity, _ask(reward, _tokens(vocab, x)))

    x = array_namespace(init).astype(init, array_namespace(init).int64)
    xp, scores = array_namespace(x), _ask(reward, _tokens(vocab, x))
    top = array_namespace(scores).argmax(scores)
    velocity = xp.broadcast_to(nu[:, None], x.shape)
    start = SwarmState(x, velocity, x, scores, xp.take(x, top[None], axis=0)[0, :], scores[top], x.shape[0])
    record = lambda state: {"x": state.x, "velocity": state.velocity, "score": state.score, "calls": state.calls}
    return iterate(epoch, start, steps=T, record=record, progress=progress)


def draw_swarm(rng, v, length, particles=128, *, epochs=30, like):
    """Where particles start, their first velocities, and the draws of a swarm search; arguments as `draw_genetic`.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    v, length, particles, epochs : int
        Tokens, L, N and T, each >= 1.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    init : array [N, L], int64
        Places in the vocabulary, uniform.
    nu : array [N]
        Uniform in (-3, 3).
    draws : SwarmDraws
        For T epochs.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> init, nu, draws = draw_swarm(random.stream(0, "doc"), 9, 5, 24, epochs=3, like=np.zeros(1))
    >>> init.shape, nu.shape, draws.gate1.shape, draws.move1.shape
    ((24, 5), (24,), (3, 24), (3, 24, 5))
    """
    check.rng(rng=rng), check.floating(like=like)
    sizes = {"v": v, "length": length, "particles": particles, "epochs": epochs}
    v, L, N, T = check.integer(**sizes, minimum=1, below=2**31)
    draw = lambda *shape: random.uniform(rng, shape, like=like)
    init, nu = random.indices(rng, v, (N, L), like=like), random.uniform(rng, (N,), like=like, low=-3.0, high=3.0)
    gate1, gate2, mut_gate, mut_pos, mut_token = (draw(T, N) for _ in range(5))
    return init, nu, SwarmDraws(gate1, gate2, mut_gate, mut_pos, mut_token, draw(T, N, L), draw(T, N, L))


# Arguments -----------------------------------------------------------------------------------------------------------


def _floor(u, n):
    """floor(u n) as integers from 0 to n - 1, also where u n is rounded up to n."""
    xp = array_namespace(u)
    return xp.clip(xp.astype(xp.floor(u * n), xp.int64), max=n - 1)


def _tokens(vocab, places):
    """Token ids of prompts [n, l] of places."""
    xp = array_namespace(vocab, places)
    return xp.astype(xp.reshape(xp.take(vocab, xp.reshape(places, (-1,))), places.shape), xp.int64)


def _ask(reward, prompts):
    """Rewards of prompts [n, l]; what comes back is checked."""
    scores = reward(prompts)
    check.finite(**{"what reward returns": scores})
    check.shapes(**{"what reward returns": (scores, f"{prompts.shape[0]}")})
    return scores


def _answers(logits, y):
    """Logits of at least two classes, and classes."""
    check.finite(logits=logits)
    C = check.shapes(logits=(logits, "n S C"), y=(y, "S"))["C"]
    if C < 2:
        raise ValueError(f"logits must have two classes at least, got {C}")
    check.indices(C, y=y)


def _vocabulary(vocab, least=1):
    """How many different token ids there are."""
    check.integral(vocab=vocab)
    v, xp = check.shapes(vocab=(vocab, "v"))["v"], array_namespace(vocab)
    if v < least:
        raise ValueError(f"vocab must have {least} tokens at least, got {v}")
    ranked = xp.sort(vocab)
    if bool(xp.any(ranked[1:] == ranked[:-1])) or int(ranked[0]) < 0:
        raise ValueError(f"vocab must have different token ids >= 0, got {v} of which some are equal or negative")
    return v


def _percentage(q):
    q = check.number(q=q)
    if not 0 <= q < 100:
        raise ValueError(f"q must be a percentage in [0, 100), got {q}")
    return q


def _sized(draws, axes, **others):
    """The sizes of draws, which are uniform numbers of one dtype."""
    named = {f"draws.{name}": value for name, value in zip(draws._fields, draws, strict=True)}
    sizes = check.shapes(**others, **{f"draws.{name}": (named[f"draws.{name}"], text) for name, text in axes.items()})
    check.uniforms(**named), check.alike_dtype(**named)
    return sizes
