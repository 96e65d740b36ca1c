"""Worlds in which a mixture of domains is looked for: Markov chains, small pools of them, a bigram model that learns.

Sequences are kept as what the model needs of them, the counts of their transitions.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from refimpl.core import check
from refimpl.models import adam, bigram
from refimpl.training import dga

V, L = 15, 32  # tokens, length of a sequence
BATCH, FEW, EVERY = (
    16,
    8,
    10,
)  # sequences of a training step and of a score; steps from one look at the losses to the next


class World(NamedTuple):
    """Data of the domains and of the task: counts of transitions."""

    pools: np.ndarray  # [k, n, V, V] int64: n sequences of each domain
    special: np.ndarray  # [m, V, V] int64: the specialised examples
    test: np.ndarray  # [V, V] int64: 400 fresh sequences of the task, added up
    nearest: np.ndarray  # [m] int64: the domain under which each specialised example is most likely
    topics: np.ndarray  # [k] int64: of each domain, what the rules do not know


class Look(NamedTuple):
    """How a run went: at step 0, 10, 20, ..."""

    test: np.ndarray  # loss on the task
    special: np.ndarray  # loss on all specialised examples
    mixtures: np.ndarray  # [steps + 1, k], or [1, k] of a fixed one

    @property
    def final(self):
        """Loss on the task at the end."""
        return float(self.test[-1])

    @property
    def stopped(self):
        """Loss on the task where that on the specialised examples was least (early stopping)."""
        return float(self.test[int(np.argmin(self.special))])


def chains(rng, P, n):
    """Sequences of Markov chains.

    Parameters
    ----------
    rng : numpy.random.Generator
        For their first tokens, which are uniform, and what follows.
    P : numpy.ndarray [..., V, V]
        Probabilities of the next token, a row for each last one.
    n : int
        Sequences of each chain, >= 1.

    Returns
    -------
    numpy.ndarray [..., n, L]
        int64.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> chains(stream(0, "doc"), np.roll(np.eye(3), 1, axis=1), 1)[0, :6]
    array([2, 0, 1, 2, 0, 1])
    """
    check.rng(rng=rng), check.finite(P=P), check.no_negative(P=P)
    n = check.integer(n=n, minimum=1)
    shape, size = P.shape[:-2], P.shape[-1]
    sums = np.cumsum(P, axis=-1).reshape(-1, size, size)
    token = rng.integers(0, size, (len(sums), n))
    found = [token]
    for _ in range(L - 1):
        u = rng.random((len(sums), n))
        row = sums[np.arange(len(sums))[:, None], token]
        token = np.minimum((row <= u[..., None] * row[..., -1:]).sum(axis=-1), size - 1)
        found.append(token)
    return np.stack(found, axis=-1).reshape(*shape, n, L)


def make(rng, *, n, m, topics=1, each=8):
    """A world of `topics` times `each` domains; the task is domain 0, or topic 0 where there are several.

    Parameters
    ----------
    rng : numpy.random.Generator
        For all of it.
    n, m : int
        Sequences in the pool of each domain, and specialised examples, >= 1.
    topics, each : int, default: 1 and 8
        With one topic domains are half common, half their own; with several they are 0.3 common, 0.3 their topic's, 0.4
        their own. Rows of what is mixed are Dirichlet draws with parameter 0.1.

    Returns
    -------
    World
        See there.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> world = make(stream(0, "doc"), n=5, m=10)
    >>> world.pools.shape, world.special.shape, int(world.test.sum())
    ((8, 5, 15, 15), (10, 15, 15), 12400)
    """
    check.rng(rng=rng)
    (n, m), (topics, each) = check.integer(n=n, m=m, minimum=1), check.integer(topics=topics, each=each, minimum=1)
    k = topics * each
    rows = partial(rng.dirichlet, np.full(V, 0.1))
    common, own, shared = rows(V), rows((k, V)), rows((topics, V))
    of = np.arange(k) // each
    P = 0.5 * common + 0.5 * own if topics == 1 else 0.3 * common + 0.3 * shared[of] + 0.4 * own
    pools = bigram.transitions(chains(rng, P, n), V=V)

    def task(count):
        if topics == 1:
            return bigram.transitions(chains(rng, P[0], count), V=V)
        return bigram.transitions(chains(rng, P[rng.integers(0, each, count)], 1)[:, 0], V=V)

    special, test = task(m), task(400).sum(axis=0)
    return World(pools, special, test, nearest(pools, special), of)


def nearest(pools, special):
    """The domain whose bigrams make each example most likely.

    Parameters
    ----------
    pools : numpy.ndarray [k, n, V, V]
        Counts of transitions of the domains' sequences.
    special : numpy.ndarray [m, V, V]
        Counts of the examples.

    Returns
    -------
    numpy.ndarray [m]
        int64. To the relative frequencies 0.0001 is added.

    Examples
    --------
    >>> pools = np.array([[[[4, 0], [0, 4]]], [[[0, 4], [4, 0]]]])
    >>> nearest(pools, np.array([[[0, 2], [1, 0]], [[1, 0], [0, 0]]]))
    array([1, 0])
    """
    check.shapes(pools=(pools, "k n V V"), special=(special, "m V V"))
    counts = pools.sum(axis=1).astype(float)
    frequencies = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1) + 1e-4
    logs = np.log(frequencies / frequencies.sum(axis=-1, keepdims=True))
    return np.tensordot(special, logs, axes=((1, 2), (1, 2))).argmax(axis=1)


def importance(world):
    """Mixture of importance sampling, [k], of a world.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> importance(make(stream(0, "doc"), n=50, m=10)).round(2)
    array([1., 0., 0., 0., 0., 0., 0., 0.])
    """
    _check(world)
    return dga.histogram(world.nearest, k=len(world.pools), like=np.zeros(1))


def _check(world):
    check.fields(World, world=world)
    named = {"pools": "k n V V", "special": "m V V", "test": "V V", "nearest": "m", "topics": "k"}
    check.shapes(**{f"world.{name}": (getattr(world, name), axes) for name, axes in named.items()})


def uniform(k):
    """Equal weights, [k].

    Examples
    --------
    >>> uniform(2)
    array([0.5, 0.5])
    """
    return np.full(check.integer(k=k, minimum=1), 1 / k)


def adam_at(lr):
    """A step of Adam with a given step size, as `dga.train` takes it.

    Examples
    --------
    >>> adam_at(0.5)(np.zeros(1), adam.init(np.zeros(1)), np.ones(1))[0].round(6)
    array([-0.5])
    """
    lr = check.nonnegative(lr=lr)
    return lambda theta, memory, gradient: adam.update(theta, memory, gradient, lr=lr)


class _Data(NamedTuple):
    """Draws from a world, and a watch on the losses."""

    world: World
    rng: np.random.Generator
    share: float  # of the gradient that comes from the specialised examples
    losses: list  # of (test, special)
    steps: list  # [steps looked at]

    def special(self):
        m = len(self.world.special)
        return self.world.special[self.rng.integers(0, m, FEW)].sum(axis=0)

    def batch(self, alpha):
        n = self.world.pools.shape[1]
        domains = dga.draw(np.asarray(alpha), self.rng.random(BATCH))
        counts = self.world.pools[domains, self.rng.integers(0, n, BATCH)].sum(axis=0)
        if not self.share:
            return counts
        few = self.special()
        return (1 - self.share) * counts / counts.sum() + self.share * few / few.sum()

    def domain(self, weights):
        """A batch for a score: of one domain, or of a mixture."""
        n = self.world.pools.shape[1]
        domains = weights if isinstance(weights, int) else dga.draw(weights, self.rng.random(FEW))
        return self.world.pools[domains, self.rng.integers(0, n, FEW)].sum(axis=0)

    def record(self, theta):
        if self.steps[0] % EVERY == 0:
            special = self.world.special.sum(axis=0)
            self.losses.append([float(bigram.loss(theta, counts)) for counts in (self.world.test, special)])
        self.steps[0] += 1
        return {}


def learn(world, rng, alpha, *, steps, eta=None, P=None, share=0.0, gradient=bigram.gradient, **rates):
    """Train a bigram model from logits of 0, by Adam, on a fixed mixture or on one that is aligned.

    Parameters
    ----------
    world : World
        Its data.
    rng : numpy.random.Generator
        For the batches.
    alpha : numpy.ndarray
        The mixture [k], or the first weights, of domains or of rows of `P`.
    steps : int
        >= 1.
    eta : float, optional
        Step size of DGA; without one the mixture stays.
    P : numpy.ndarray [N, k], optional
        Basis distributions.
    share : float, default: 0.0
        Of the gradient that comes from the specialised examples, in [0, 1].
    gradient : callable
        Of the loss; may count how often it is asked.
    **rates
        `period`, `beta` of `dga.train`.

    Returns
    -------
    Look
        See there.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> world = make(stream(0, "doc"), n=50, m=10)
    >>> look = learn(world, stream(0, "doc", "run"), uniform(8), steps=60, eta=100.0)
    >>> look.test.shape, bool(look.final < look.test[0]), bool(look.mixtures[-1].argmax() == 0)
    ((7,), True, True)
    """
    _check(world), check.rng(rng=rng)
    share = check.nonnegative(share=share)
    if share > 1:
        raise ValueError(f"share must be in [0, 1], got {share:g}")
    data, theta = _Data(world, rng, share, [], [0]), np.zeros(world.test.shape)
    settings = {"gradient": gradient, "descend": adam_at(0.05), "memory": adam.init(theta), "record": data.record}
    if eta is None:
        dga.train_fixed(theta, data.batch, alpha=alpha, steps=steps, **settings)
        return Look._make([*np.array(data.losses).T, np.asarray(alpha)[None]])

    def batches(mixture, due):
        batch = data.batch(mixture)
        if not due:
            return batch, (), None
        places = range(len(world.pools)) if P is None else P
        return batch, [data.domain(place) for place in places], data.special()

    run = dga.train(theta, batches, alpha=alpha, steps=steps, eta=eta, P=P, **settings, **rates)
    averages = np.stack(run.history["average"])
    return Look._make([*np.array(data.losses).T, averages if P is None else averages @ P])


def proxy(world, rng, *, steps, mu, lr=0.05):
    """DoGE on a world: the average of its weights, and how its proxy, trained by Adam, went.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> world = make(stream(0, "doc"), n=50, m=10)
    >>> average, look = proxy(world, stream(0, "doc", "run"), steps=30, mu=0.005)
    >>> int(average.argmax()), look.test.shape
    (0, (4,))
    """
    _check(world), check.rng(rng=rng)
    data, theta = _Data(world, rng, 0.0, [], [0]), np.zeros(world.test.shape)

    def gradients(theta):
        data.record(theta)
        G = bigram.gradient(theta, np.stack([data.domain(i) for i in range(len(world.pools))]))
        return G.reshape(len(G), -1), bigram.gradient(theta, data.special()).ravel()

    settings = {"descend": adam_at(lr), "memory": adam.init(theta), "alpha": uniform(len(world.pools))}
    average, run = dga.doge(theta, gradients, steps=steps, lr=lr, mu=mu, **settings)
    data.record(run.state[0])
    return average, Look._make([*np.array(data.losses).T, np.stack(run.history["alpha"])])
