"""What OVOR is tried on: blobs in the plane, and handwritten digits behind small frozen encoders."""

import math
from collections.abc import Callable
from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.autodiff import grad
from refimpl.models import adam, mlp
from refimpl.models.attention import attend
from refimpl.models.losses import softmax_cross_entropy
from refimpl.problems.digits import split
from refimpl.training import ovor

KINDS = ("none", "id", "out", "both", "origin", "VOS")
NEVER = 1e6  # a threshold that nothing reaches


class Stream(NamedTuple):
    """Tasks of c classes each, one after the other: task t has the classes c t, ..., c t + c - 1."""

    x: Array  # [n, ...] for training
    y: Array  # [n] classes, int64
    x_test: Array  # [k, ...]
    y_test: Array  # [k]
    c: int  # classes of a task
    tasks: int


class Regular(NamedTuple):
    """How a head is taught in the second phase."""

    make: Callable | None  # rng, features and classes 0, ..., c-1 of the task -> outliers; None: no second phase
    lam: float
    tau_id: float
    tau_out: float


class Encoder(NamedTuple):
    """One frozen layer of attention and one of random neurons, on tokens of width d."""

    embed: Array  # [8, d] of a row of pixels
    place: Array  # [8, d] codes of positions
    to_q: Array  # [d, d]
    to_k: Array  # [d, d]
    to_v: Array  # [d, d]
    W: Array  # [d, D]
    b: Array  # [D]
    mean: Array  # [D] of the features without a prompt
    deviation: Array  # [D]


class Prompt(NamedTuple):
    """Keys and values."""

    P_k: Array  # [m, d]
    P_v: Array  # [m, d]


class Found(NamedTuple):
    """A run over all tasks."""

    cil: Array  # [T, T] accuracy after task t on task i, the task not known; 0 for tasks to come
    til: Array  # [T, T] the same with the task known
    head: ovor.Head
    passes: float  # of the encoder, for each test image


def _checked(stream):
    stream = check.fields(Stream, stream=stream)
    check.integral(y=stream.y, y_test=stream.y_test), check.finite(x=stream.x, x_test=stream.x_test)
    check.shapes(y=(stream.y, str(stream.x.shape[0])), y_test=(stream.y_test, str(stream.x_test.shape[0])))
    check.integer(c=stream.c, tasks=stream.tasks, minimum=1)
    check.indices(stream.c * stream.tasks, y=stream.y, y_test=stream.y_test)
    return stream


def _sight(seen):
    """What points look like to the head."""
    if seen is None:
        return lambda points: points
    check.function(seen=seen)

    def see(points):
        z = seen(points)
        check.finite(seen=z), check.shapes(seen=(z, f"{points.shape[0]} D"))
        return z

    return see


# Problems -----------------------------------------------------------------------------------------------------------


def blobs(rng, *, like, ring=True):
    """Eight normal clouds in the plane, 80 points for training and 80 for the test each, in four tasks of two.

    Parameters
    ----------
    rng : numpy.random.Generator
        For their order, and for the points.
    like : array
        Whose library, floating dtype and device to take.
    ring : bool, default: True
        Whether the centres lie on a circle of radius 3; else anywhere in a square, at least 2 apart.

    Returns
    -------
    Stream
        Points [640, 2].

    Examples
    --------
    >>> import numpy as np
    >>> blobs(random.stream(0, "doc"), like=np.zeros(1)).x.shape
    (640, 2)
    """
    check.rng(rng=rng), check.floating(like=like), check.flag(ring=ring)
    xp = array_namespace(like)
    if ring:
        places = rng.permutation(8) * (math.pi / 4)
        centres = [(3 * math.cos(a), 3 * math.sin(a)) for a in places]
    else:
        centres = [tuple(rng.uniform(-4.5, 4.5, 2))]
        while len(centres) < 8:
            spot = tuple(rng.uniform(-4.5, 4.5, 2))
            if min(math.dist(spot, other) for other in centres) >= 2:
                centres.append(spot)
    y = xp.repeat(xp.arange(8, dtype=xp.int64, device=device(like)), 80)
    middles = xp.take(xp.asarray(centres, dtype=like.dtype, device=device(like)), y, axis=0)
    x, x_test = (middles + 0.45 * random.normal(rng, (640, 2), like=like) for _ in range(2))
    return Stream(x, y, x_test, y, 2, 4)


def local_features(z):
    """Bumps of width 0.8 on a grid of 15 by 15 over [-6, 6]^2: what is learned at one place stays there.

    Parameters
    ----------
    z : array [n, 2]
        Points, floating point.

    Returns
    -------
    array [n, 225]
        In (0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> float(local_features(np.zeros((1, 2))).max())
    1.0
    """
    check.finite(z=z), check.shapes(z=(z, "n 2"))
    xp = array_namespace(z)
    line = xp.linspace(-6, 6, 15, dtype=z.dtype, device=device(z))
    near = xp.exp(-((z[:, :, None] - line) ** 2) / (2 * 0.8**2))
    return xp.reshape(near[:, 0, :, None] * near[:, 1, None, :], (z.shape[0], 225))


def digit_stream(rng, *, like):
    """The digits in five tasks of two, in random order; 1200 images for training, 597 for the test.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the split and the order of the classes.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Stream
        Images [1200, 64], pixels in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> digit_stream(random.stream(0, "doc"), like=np.zeros(1)).x_test.shape
    (597, 64)
    """
    check.rng(rng=rng), check.floating(like=like)
    order, classes = (random.indices(rng, n, (n,), like=like, replace=False) for n in (1797, 10))
    xp = array_namespace(like)
    x, y, x_test, y_test = split(order, 1200, like=like)
    return Stream(x, xp.take(classes, y, axis=0), x_test, xp.take(classes, y_test, axis=0), 2, 5)


# Features -----------------------------------------------------------------------------------------------------------


def _standardised(made, reference):
    xp = array_namespace(made)
    mean, deviation = xp.mean(reference, axis=0), xp.std(reference, axis=0)
    return (made - mean) / xp.where(deviation > 0, deviation, xp.ones_like(deviation))


def frozen_features(rng, stream, kind):
    """Features of a stream of digits under an encoder that nobody tuned for it.

    Parameters
    ----------
    rng : numpy.random.Generator
        For what is random.
    stream : Stream
        From `digit_stream`.
    kind : {"second layer", "first layer", "random", "pixels"}
        Layers of 64 and of 128 units of a network trained on the images turned by 90 degrees, and on those mirrored;
        256 random rectified neurons; the pixels. All standardised.

    Returns
    -------
    Stream
        With features in place of the images.

    Examples
    --------
    >>> import numpy as np
    >>> images = digit_stream(random.stream(0, "doc"), like=np.zeros(1))
    >>> frozen_features(random.stream(0, "doc"), images, "random").x.shape
    (1200, 256)
    """
    check.rng(rng=rng)
    stream = _checked(stream)
    check.choice(("second layer", "first layer", "random", "pixels"), kind=kind)
    x, x_test, xp = stream.x, stream.x_test, array_namespace(stream.x)
    if kind == "pixels":
        made, test, reference = x, x_test, x
    elif kind == "random":
        W, b = random.normal(rng, (64, 256), like=x) / 8, 0.3 * random.normal(rng, (256,), like=x)
        made, test = (xp.maximum(images @ W + b, 0.0) for images in (x, x_test))
        reference = made
    else:
        images = xp.reshape(x, (-1, 8, 8))
        turned = xp.permute_dims(xp.flip(images, axis=1), (0, 2, 1))
        both = xp.reshape(xp.concat([turned, xp.flip(turned, axis=2)]), (-1, 64))
        params = _trained(rng, both, xp.concat([stream.y, stream.y]))
        layer = 0 if kind == "first layer" else 1
        made, test, reference = (mlp.hidden(params, seen, activation="relu")[layer] for seen in (x, x_test, both))
    return stream._replace(x=_standardised(made, reference), x_test=_standardised(test, reference))


def _trained(rng, x, y):
    """A network 64-128-64-10, 15 epochs of Adam on noisy images."""
    params = mlp.init(rng, (64, 128, 64, 10), like=x, scheme="he")
    state, slope = adam.init(params), grad(lambda p, z, t: softmax_cross_entropy(mlp.apply(p, z, activation="relu"), t))
    xp = array_namespace(x)
    for _ in range(15):
        for rows in batches(rng, x.shape[0], 64, like=x):
            z = xp.take(x, rows, axis=0)
            z = z + 0.1 * random.normal(rng, z.shape, like=x)
            params, state = adam.update(params, state, slope(params, z, xp.take(y, rows, axis=0)), lr=0.002)
    return params


def encoder(rng, images, *, d=32, D=128):
    """A frozen encoder: the eight rows of an image are tokens.

    Parameters
    ----------
    rng : numpy.random.Generator
        For its weights.
    images : array [n, 64]
        By which its features are standardised.
    d, D : int, default: 32, 128
        Widths of the tokens and of the features.

    Returns
    -------
    Encoder
        See there.

    Examples
    --------
    >>> import numpy as np
    >>> frozen = encoder(random.stream(0, "doc"), np.eye(64))
    >>> features(frozen, np.eye(64)).mean(axis=0).round(6).max() < 1e-6
    np.True_
    """
    check.rng(rng=rng), check.finite(images=images), check.shapes(images=(images, "n 64"))
    d, D = check.integer(d=d, minimum=1), check.integer(D=D, minimum=1)
    shapes = [(8, d), (8, d), (d, d), (d, d), (d, d), (d, D), (D,)]
    scales = [2 / math.sqrt(8), 0.7, *([1 / math.sqrt(d)] * 4), 0.1]
    weights = [s * random.normal(rng, shape, like=images) for s, shape in zip(scales, shapes, strict=True)]
    xp, b = array_namespace(images), weights[-1]
    frozen = Encoder._make([*weights, xp.zeros_like(b), xp.ones_like(b)])
    plain = features(frozen, images)
    return frozen._replace(mean=xp.mean(plain, axis=0), deviation=xp.std(plain, axis=0))


def _tokens(frozen, images):
    xp = array_namespace(images)
    E = (xp.reshape(images, (-1, 8, 8)) - 0.3) @ frozen.embed + frozen.place
    return E, *((E @ W)[:, None, :, :] for W in (frozen.to_q, frozen.to_k, frozen.to_v))


def _above(frozen, h):
    """Features of what stands above the attention, and which neurons are on."""
    xp = array_namespace(h)
    u = h @ frozen.W + frozen.b
    z = xp.mean(xp.maximum(u, 0.0), axis=1)
    return (z - frozen.mean) / frozen.deviation, u > 0


def features(frozen, images, prompt=None):
    """Features of images, with or without a prompt.

    Parameters
    ----------
    frozen : Encoder
        From `encoder`.
    images : array [n, 64]
        Pixels.
    prompt : Prompt, optional
        Without one: the query pass of a pool.

    Returns
    -------
    array [n, D]
        Standardised.

    Examples
    --------
    >>> import numpy as np
    >>> frozen, prompt = encoder(random.stream(0, "doc"), np.eye(64)), Prompt(np.ones((6, 32)), np.ones((6, 32)))
    >>> features(frozen, np.eye(64), prompt).shape
    (64, 128)
    """
    frozen = check.fields(Encoder, frozen=frozen)
    check.finite(images=images), check.shapes(images=(images, "n 64"))
    E, q, k, v = _tokens(frozen, images)
    read = attend(q, k, v) if prompt is None else ovor.prefix_attention(q, k, v, *prompt)
    return _above(frozen, E + read[:, 0, :, :])[0]


def prompt_gradient(frozen, images, prompt, dz):
    """Features, and what a function of them, whose gradient in them is known, has as its gradient in the prompt.

    Parameters
    ----------
    frozen, images, prompt
        As for `features`.
    dz : callable
        ``dz(z)`` -> gradient [n, D] in the features.

    Returns
    -------
    z : array [n, D]
        Features.
    Prompt
        Gradient.

    Examples
    --------
    >>> import numpy as np
    >>> frozen, prompt = encoder(random.stream(0, "doc"), np.eye(64)), Prompt(np.ones((6, 32)), np.ones((6, 32)))
    >>> prompt_gradient(frozen, np.eye(64), prompt, np.ones_like)[1].P_v.shape
    (6, 32)
    """
    frozen = check.fields(Encoder, frozen=frozen)
    check.finite(images=images), check.shapes(images=(images, "n 64"))
    check.instance(Prompt, prompt=prompt), check.function(dz=dz)
    xp, (E, q, k, v) = array_namespace(images), _tokens(frozen, images)
    z, on = _above(frozen, E + ovor.prefix_attention(q, k, v, *prompt)[:, 0, :, :])
    slope = (dz(z) / frozen.deviation / E.shape[1])[:, None, :] * xp.astype(on, z.dtype)
    dO = (slope @ xp.matrix_transpose(frozen.W))[:, None, :, :]
    return z, Prompt(*ovor.prefix_gradients(q, k, v, prompt.P_k, prompt.P_v, dO))


# Training -----------------------------------------------------------------------------------------------------------


def batches(rng, n, size, *, like):
    """Row numbers of an epoch, shuffled, in batches of a size; the last may be smaller.

    Examples
    --------
    >>> import numpy as np
    >>> [rows.shape for rows in batches(random.stream(0, "doc"), 5, 2, like=np.zeros(1))]
    [(2,), (2,), (1,)]
    """
    check.rng(rng=rng), check.floating(like=like)
    n, size = check.integer(n=n, minimum=1), check.integer(size=size, minimum=1)
    order = random.indices(rng, n, (n,), like=like, replace=False)
    return [order[i : min(i + size, n)] for i in range(0, n, size)]


def regular(kind, *, tau_id, tau_out, lam=1.0, n_out=200, select=50, per=50, K=20, sigma=0.5, rank="normalised"):
    """The second phase as it is, with a term alone, or with another generator.

    Parameters
    ----------
    kind : {"none", "id", "out", "both", "origin", "VOS"}
        Without; a term alone; both terms with outliers about the border, as in the official code about the origin, or
        about the classes.
    tau_id, tau_out, lam
        As for `ovor.vor_loss`.
    n_out, select, per, K, sigma, rank
        As for `ovor.npos`, `per` being the number of draws.

    Returns
    -------
    Regular
        See there.

    Examples
    --------
    >>> regular("id", tau_id=-6.0, tau_out=-2.0).tau_out
    -1000000.0
    """
    check.choice(KINDS, kind=kind), check.choice(ovor.RANKS, rank=rank), check.number(tau_id=tau_id, tau_out=tau_out)
    n_out, per, select, K = check.integer(n_out=n_out, per=per, select=select, K=K, minimum=1)
    sigma, lam = check.positive(sigma=sigma), check.nonnegative(lam=lam)
    options = {"K": K, "select": select, "n_out": n_out, "sigma": sigma, "rank": rank}

    def make(rng, z, y):
        if kind == "id":  # outliers that never pay
            return array_namespace(z).zeros_like(z[:1, :])
        eps = random.normal(rng, (1000 if kind == "VOS" else per, z.shape[1]), like=z)
        if kind == "VOS":
            return ovor.vos(z, y, eps, n_out=n_out)
        return ovor.npos(z, eps, centre="origin" if kind == "origin" else "boundary", **options).outliers

    off = {"id": {"tau_out": -NEVER}, "out": {"tau_id": NEVER}}.get(kind, {})
    return Regular(None if kind == "none" else make, lam, **{"tau_id": tau_id, "tau_out": tau_out} | off)


def train_head(rng, head, x, y, rule, *, first, last, epochs, plain, batch, lr, renew=1, anew=True, seen=None):
    """Both phases of a head on points or features that stay.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the order of the batches, and the outliers.
    head : ovor.Head
        Before the task.
    x, y : array [n, p], array [n]
        Of the task.
    rule : Regular
        Of the second phase.
    first, last : int
        Columns of the task.
    epochs, plain : int
        Epochs of both phases, and of the first; without a rule all are of the first kind.
    batch : int
        Size of a batch.
    lr : float
        Step size.
    renew : int, default: 1
        Epochs after which outliers are made anew.
    anew : bool, default: True
        Whether Adam starts anew with the second phase.
    seen : callable, optional
        ``seen(x)`` -> features, of points and outliers; default: they are features.

    Returns
    -------
    ovor.Head
        After the task.

    Examples
    --------
    >>> import numpy as np
    >>> head, rule = ovor.Head(np.zeros((1, 2)), np.zeros(2)), regular("none", tau_id=-4.0, tau_out=0.0)
    >>> x, y = np.array([[-1.0], [1.0]]), np.array([0, 1])
    >>> options = {"first": 0, "last": 2, "epochs": 3, "plain": 3, "batch": 2, "lr": 0.1}
    >>> train_head(random.stream(0, "doc"), head, x, y, rule, **options).W.round(2)
    array([[-0.3,  0.3]])
    """
    check.rng(rng=rng), check.instance(Regular, rule=rule), check.flag(anew=anew)
    check.finite(x=x), check.shapes(x=(x, "n p"), y=(y, "n"))
    epochs, plain, renew = check.integer(epochs=epochs, plain=plain, renew=renew)
    batch, see, head = check.integer(batch=batch, minimum=1), _sight(seen), check.fields(ovor.Head, head=head)
    xp, state, z = array_namespace(x), adam.init(head), see(x)
    options = {"first": first, "last": last, "lr": lr}
    for epoch in range(epochs):
        second, parts = rule.make is not None and epoch >= plain, batches(rng, x.shape[0], batch, like=x)
        if second and epoch == plain and anew:
            state = adam.init(head)
        if second and (epoch - plain) % max(renew, 1) == 0:
            outliers = see(rule.make(rng, x, y - first))
        for i, rows in enumerate(parts):
            more = {}
            if second:
                share = max(1, outliers.shape[0] // len(parts))
                start = i * share if (i + 1) * share <= outliers.shape[0] else 0
                more = {"outliers": outliers[start : start + share, :], "lam": rule.lam}
                more |= {"tau_id": rule.tau_id, "tau_out": rule.tau_out}
            head, state = ovor.update(
                head, state, xp.take(z, rows, axis=0), xp.take(y, rows, axis=0), **more, **options
            )
    return head


def _uniform_head(rng, D, C, bound, *, like):
    shapes = (D, C), (C,)
    return ovor.Head(*(random.uniform(rng, shape, like=like, low=-bound, high=bound) for shape in shapes))


def _graded(logits, y, c, t):
    """Accuracies on each task seen, and 0 for those to come."""
    xp, rows = array_namespace(logits), []
    for i in range(t + 1):
        own = xp.nonzero(y // c == i)[0]
        rows.append(ovor.accuracies(xp.take(logits, own, axis=0), xp.take(y, own, axis=0), c=c, seen=t + 1))
    return rows


def _matrix(rows, T, *, like):
    filled = [[float(a) for a in row] + [0.0] * (T - len(row)) for row in rows]
    return array_namespace(like).asarray(filled, dtype=like.dtype, device=device(like))


def _found(history, T, head, passes, *, like):
    cil, til = (_matrix([[a[part] for a in row] for row in history], T, like=like) for part in (0, 1))
    return Found(cil, til, head, passes)


def of_task(stream, t):
    """Training data of task t.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = of_task(blobs(random.stream(0, "doc"), like=np.zeros(1)), 1)
    >>> x.shape, sorted(set(y.tolist()))
    ((160, 2), [2, 3])
    """
    stream = _checked(stream)
    t, xp = check.integer(t=t, below=stream.tasks), array_namespace(stream.x)
    rows = xp.nonzero(stream.y // stream.c == t)[0]
    return xp.take(stream.x, rows, axis=0), xp.take(stream.y, rows, axis=0)


def learn_heads(rng, stream, rule, *, bound=0.0, seen=None, **training):
    """Task after task, with features that stay.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the start, the batches and the outliers.
    stream : Stream
        Points or features.
    rule : Regular
        As for `train_head`.
    bound : float, default: 0.0
        Weights start uniform in [-bound, bound].
    seen : callable, optional
        As for `train_head`.
    **training
        As for `train_head`.

    Returns
    -------
    Found
        See there.

    Examples
    --------
    >>> import numpy as np
    >>> stream, rule = blobs(random.stream(0, "doc"), like=np.zeros(1)), regular("none", tau_id=-4.0, tau_out=0.0)
    >>> options = {"epochs": 20, "plain": 20, "batch": 160, "lr": 0.05, "seen": local_features}
    >>> found = learn_heads(random.stream(0, "doc"), stream, rule, **options)
    >>> bool(found.til[-1, :].mean() > 0.9)
    True
    """
    check.rng(rng=rng)
    stream, bound, see = _checked(stream), check.nonnegative(bound=bound), _sight(seen)
    z_test = see(stream.x_test)
    head, history = _uniform_head(rng, z_test.shape[1], stream.c * stream.tasks, bound, like=stream.x), []
    for t in range(stream.tasks):
        (x, y), task = of_task(stream, t), {"first": stream.c * t, "last": stream.c * (t + 1)}
        head = train_head(rng, head, x, y, rule, seen=seen, **task, **training)
        history.append(_graded(ovor.logits(head, z_test), stream.y_test, stream.c, t))
    return _found(history, stream.tasks, head, 1.0, like=stream.x)


def learn_prompts(rng, frozen, stream, rule, *, pool=False, m=6, epochs=20, plain=10, batch=64, lr=0.005):
    """Task after task: prompt and head are learned, then the head is taught where it does not apply.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the start, the batches and the outliers.
    frozen : Encoder
        From `encoder`.
    stream : Stream
        Images.
    rule : Regular
        Of the second phase; its generator may be None, then all epochs are of the first.
    pool : bool, default: False
        Whether each task has a prompt of its own, chosen at the test by the nearest mean query of a task; else one
        prompt goes on from task to task.
    m : int, default: 6
        Keys and values of a prompt.
    epochs, plain, batch, lr
        As for `train_head`; Adam starts anew with the second phase.

    Returns
    -------
    Found
        See there.

    Examples
    --------
    >>> import numpy as np
    >>> stream = digit_stream(random.stream(0, "doc"), like=np.zeros(1))
    >>> frozen, rule = encoder(random.stream(0, "doc"), stream.x[:400]), regular("none", tau_id=-6.0, tau_out=-2.0)
    >>> learn_prompts(random.stream(0, "doc"), frozen, stream, rule, epochs=1, plain=1).cil.shape
    (5, 5)
    """
    check.rng(rng=rng), check.flag(pool=pool), check.instance(Regular, rule=rule)
    stream, frozen, batch = (
        _checked(stream),
        check.fields(Encoder, frozen=frozen),
        check.integer(batch=batch, minimum=1),
    )
    check.shapes(W=(frozen.W, "d D")), check.shapes(x=(stream.x, "n 64"))
    m, (epochs, plain) = check.integer(m=m, minimum=1), check.integer(epochs=epochs, plain=plain)
    xp, (d, D) = array_namespace(stream.x), frozen.W.shape
    prompts: list[Prompt] = []
    keys: list[Array] = []
    history = []
    head = _uniform_head(rng, D, stream.c * stream.tasks, 1 / math.sqrt(D), like=stream.x)
    query = features(frozen, stream.x_test) if pool else None
    for t in range(stream.tasks):
        first, last = stream.c * t, stream.c * (t + 1)
        (x, y), start = of_task(stream, t), pool or not prompts
        if start:
            prompts.append(Prompt(*(random.uniform(rng, (m, d), like=x, high=0.5) for _ in range(2))))
        prompt, task = prompts[-1], {"first": first, "last": last}
        state, state_p = adam.init(head), adam.init(prompt)
        for _ in range(epochs if rule.make is None else plain):
            for rows in batches(rng, x.shape[0], batch, like=x):
                some, labels = xp.take(x, rows, axis=0), xp.take(y, rows, axis=0)
                slope = _through(head, labels, **task)
                z, found = prompt_gradient(frozen, some, prompt, slope)
                head, state = ovor.update(head, state, z, labels, lr=lr, **task)
                prompt, state_p = adam.update(prompt, state_p, found, lr=lr)
        prompts[-1] = prompt
        if rule.make is not None:
            z, later = features(frozen, x, prompt), {"epochs": epochs - plain, "plain": 0, "batch": batch, "lr": lr}
            head = train_head(rng, head, z, y, rule, **task, **later)
        if pool:
            keys.append(xp.mean(features(frozen, x), axis=0))
        z_test, passes = _at_the_test(frozen, stream.x_test, prompts, keys, query)
        history.append(_graded(ovor.logits(head, z_test), stream.y_test, stream.c, t))
    return _found(history, stream.tasks, head, passes, like=stream.x)


def _through(head, y, *, first, last):
    """Gradient of the cross-entropy in features."""
    W, b = head.W[:, first:last], head.b[first:last]
    return lambda z: ovor.cross_entropy(z @ W + b, y - first)[1] @ array_namespace(z).matrix_transpose(W)


def _at_the_test(frozen, images, prompts, keys, query):
    """Features under the one prompt, or each image's under the one that its query chooses; and passes for an image."""
    if query is None:
        return features(frozen, images, prompts[-1]), 1.0
    xp = array_namespace(images)
    chosen = ovor.select_prompts(query, xp.stack(keys)).chosen[:, 0]
    groups = [(prompt, xp.nonzero(chosen == i)[0]) for i, prompt in enumerate(prompts)]
    groups = [(prompt, rows) for prompt, rows in groups if rows.shape[0]]
    z = xp.concat([features(frozen, xp.take(images, rows, axis=0), prompt) for prompt, rows in groups], axis=0)
    order = xp.argsort(xp.concat([rows for _, rows in groups]))
    return xp.take(z, order, axis=0), (query.shape[0] + z.shape[0]) / images.shape[0]
