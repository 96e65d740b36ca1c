"""What the experiments of random feature attention learn from, functions on spheres and sets of digits, and how."""

from typing import NamedTuple

from refimpl.attention import random_feature_attention as rfa
from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.linalg import unit
from refimpl.core.random import indices, normal
from refimpl.problems.digits import split

KINDS = ("query", "mean", "corr", "corr_s")
MODELS = ("RFA", "BRFA", "pooled", "RFMLP")


class Sets(NamedTuple):
    """Queries, their keys, and labels."""

    x_0: Array  # [n, d]
    keys: Array  # [n, N, d]
    y: Array  # [n]


class Target(NamedTuple):
    """A function with mean 0 and variance 1."""

    kind: str  # one of `KINDS`
    p: int
    beta: Array  # [d], a unit vector
    S: Array  # [d, d]
    mean: float  # of the plain function
    deviation: float


class Digits(NamedTuple):
    """Images as unit vectors, and their digits."""

    train: Array  # [1200, d]
    train_labels: Array  # [1200] int64
    test: Array  # [597, d]
    test_labels: Array  # [597] int64


def sphere(rng, shape, *, like):
    """Uniform draws of unit vectors, along the last axis of `shape`.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    shape : tuple of int
        Of the array.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    array
        Of this shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> x = sphere(stream(0), (1000, 3), like=np.zeros(1))
    >>> np.mean(x**2, axis=0).round(1).tolist(), float(np.linalg.norm(x, axis=1).max().round(12))
    ([0.3, 0.3, 0.3], 1.0)
    """
    return unit(normal(rng, shape, like=like), axis=-1)


def target(kind, x_0, keys, beta, S=None, *, p):
    """Functions that do not depend on the order of the keys.

    Parameters
    ----------
    kind : {"query", "mean", "corr", "corr_s"}
        <beta, x_0>^p; mean of <beta, x_i>^p; mean of <x_0, x_i>^p <beta, x_i>; mean of <x_0, S x_i>^p <beta, x_i>.
    x_0 : array [n, d]
        Queries, floating point.
    keys : array [n, N, d]
        Keys.
    beta : array [d]
        Direction.
    S : array [d, d], optional
        Of "corr_s" alone.
    p : int
        Power, >= 1.

    Returns
    -------
    array [n]
        Values.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> x_0, keys, beta = np.array([[0.0, 1.0]]), np.array([[[0.6, 0.8], [1.0, 0.0]]]), np.array([1.0, 0.0])
    >>> [float(target(kind, x_0, keys, beta, p=2).round(3)[0]) for kind in ("query", "mean", "corr")]
    [0.0, 0.68, 0.192]
    """
    check.choice(KINDS, kind=kind), check.finite(x_0=x_0, keys=keys, beta=beta)
    d = check.shapes(x_0=(x_0, "n d"), keys=(keys, "n N d"), beta=(beta, "d"))["d"]
    check.alike_dtype(x_0=x_0, keys=keys, beta=beta)
    if S is not None or kind == "corr_s":
        check.finite(S=S), check.shapes(S=(S, f"{d} {d}")), check.alike_dtype(x_0=x_0, S=S)
    p, xp = check.integer(p=p, minimum=1), array_namespace(x_0, keys, beta)
    if kind == "query":
        return (x_0 @ beta) ** p
    if kind == "mean":
        return xp.mean((keys @ beta) ** p, axis=1)
    query = x_0 @ S if kind == "corr_s" else x_0
    met = (keys @ query[:, :, None])[..., 0]
    return xp.mean(met**p * (keys @ beta), axis=1)


def make_target(rng, kind, d, N, *, p, like):
    """A random target, centred and scaled by 20,000 draws.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    kind, p
        As for `target`.
    d, N : int
        Coordinates and keys, >= 1.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Target
        See there; entries of S are normal with variance 1 / d.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> made = make_target(stream(0), "mean", 4, 6, p=1, like=np.zeros(1))
    >>> round(made.deviation, 1)  # the root of 1 / (d N) is 0.204
    0.2
    """
    d, N = check.integer(d=d, N=N, minimum=1)
    beta, S = sphere(rng, (d,), like=like), normal(rng, (d, d), like=like) / d**0.5
    x_0, keys = sphere(rng, (20_000, d), like=like), sphere(rng, (20_000, N, d), like=like)
    y = target(kind, x_0, keys, beta, S, p=p)
    xp = array_namespace(y)
    return Target(kind, p, beta, S, float(xp.mean(y)), float(xp.std(y)))


def draw_sets(rng, n, N, targets, *, noise=0.1):
    """Queries and keys on the sphere, with the labels of several targets.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    n, N : int
        Inputs, and keys of each, >= 1.
    targets : sequence of Target
        Of one dimension.
    noise : float, default: 0.1
        Standard deviation >= 0 of what is added to the labels.

    Returns
    -------
    list of Sets
        One for each target, with the same queries and keys.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> rng = stream(0)
    >>> made = [make_target(rng, kind, 4, 6, p=2, like=np.zeros(1)) for kind in ("mean", "corr")]
    >>> [round(float(np.var(found.y)), 1) for found in draw_sets(rng, 50_000, 6, made, noise=0.0)]
    [1.0, 1.0]
    """
    check.sequence(targets=targets)
    targets = [check.fields(Target, targets=t) for t in targets]
    n, N = check.integer(n=n, N=N, minimum=1)
    noise, beta = check.nonnegative(noise=noise), targets[0].beta
    check.shapes(**{f"targets[{i}].beta": (t.beta, "d") for i, t in enumerate(targets)})
    x_0, keys = sphere(rng, (n, beta.shape[0]), like=beta), sphere(rng, (n, N, beta.shape[0]), like=beta)
    found = []
    for t in targets:
        clean = (target(t.kind, x_0, keys, t.beta, t.S, p=t.p) - t.mean) / t.deviation
        found.append(Sets(x_0, keys, clean + noise * normal(rng, (n,), like=beta)))
    return found


def model(name, rng, M, d, N, *, like):
    """A model with M (d + 1) weights to learn, its random part drawn.

    Parameters
    ----------
    name : {"RFA", "BRFA", "pooled", "RFMLP"}
        Heads without and with bias; random neurons on query and key, averaged; random neurons on all in a row.
    rng : numpy.random.Generator
        From `core.random.stream`.
    M : int
        Heads; the networks have M (d + 1) neurons.
    d, N : int
        Coordinates and keys.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    callable
        ``features(x_0, keys) -> array [n, M (d+1)]``.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> like = np.zeros(1)
    >>> x_0, keys = sphere(stream(1), (5, 3), like=like), sphere(stream(2), (5, 4, 3), like=like)
    >>> [model(name, stream(0), 10, 3, 4, like=like)(x_0, keys).shape for name in MODELS]
    [(5, 40), (5, 40), (5, 40), (5, 40)]
    """
    check.choice(MODELS, name=name)
    M, d, N = check.integer(M=M, d=d, N=N, minimum=1)
    if name in ("RFA", "BRFA"):
        bias = "identity" if name == "BRFA" else "zero"
        W = rfa.heads(normal(rng, (M, d + 1, d + 1), like=like), bias=bias)
        xp = array_namespace(W)
        return lambda x_0, keys: xp.reshape(rfa.features(x_0, keys, W), (x_0.shape[0], M * (d + 1)))
    seen = N if name == "RFMLP" else 1
    w = rfa.neurons(normal(rng, (M * (d + 1), d * (seen + 1) + 1), like=like), N=seen)
    features = rfa.mlp_features if name == "RFMLP" else rfa.pooled_features
    return lambda x_0, keys: features(x_0, keys, w)


def learn(features, train, validation, test):
    """Test errors of ridge regression, the penalty chosen on validation data.

    Parameters
    ----------
    features : callable
        ``features(x_0, keys) -> array [n, D]``, as from `model`.
    train, validation, test : list of Sets
        One for each target; the queries and keys are the same for all. Labels of the test data are clean.

    Returns
    -------
    list of float
        Mean squared errors over the variance of the test labels.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, or lists differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> rng, like = stream(0), np.zeros(1)
    >>> made = [make_target(rng, "mean", 3, 4, p=1, like=like)]
    >>> data = draw_sets(rng, 100, 4, made), draw_sets(rng, 100, 4, made), draw_sets(rng, 500, 4, made, noise=0.0)
    >>> [error] = learn(model("RFA", rng, 20, 3, 4, like=like), *data)
    >>> error < 0.1
    True
    """
    check.function(features=features), check.sequence(train=train, validation=validation, test=test)
    if not len(train) == len(validation) == len(test):
        raise ValueError(f"train, validation and test must be alike, got {len(train)}, {len(validation)}, {len(test)}")
    for name, sets in (("train", train), ("validation", validation), ("test", test)):
        check.instance(Sets, **{name: sets[0]})
    Phi, Phi_val, Phi_test = (features(sets[0].x_0, sets[0].keys) for sets in (train, validation, test))
    xp, errors = array_namespace(Phi), []
    K, K_val, K_test = (A @ xp.matrix_transpose(Phi) for A in (Phi, Phi_val, Phi_test))
    K = (K + xp.matrix_transpose(K)) / 2
    for known, seen, new in zip(train, validation, test, strict=True):
        path = rfa.ridge_path(K, known.y, K_val, seen.y)
        errors.append(float(xp.mean((K_test @ path.dual - new.y) ** 2) / xp.var(new.y)))
    return errors


def digits(rng, d=8, *, like):
    """Handwritten digits as unit vectors: the first principal components of 1200 images drawn for training.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    d : int, default: 8
        How many components, 1 to 64.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Digits
        See there.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> found = digits(stream(0), like=np.zeros(1))
    >>> found.train.shape, found.test.shape, float(np.linalg.norm(found.test, axis=1).min().round(12))
    ((1200, 8), (597, 8), 1.0)
    """
    d = check.integer(d=d, minimum=1, below=65)
    order = indices(rng, 1797, (1797,), like=like, replace=False)
    train, labels, test, test_labels = split(order, 1200, like=like)
    xp = array_namespace(train)
    mean = xp.mean(train, axis=0)
    _, _, directions = xp.linalg.svd(train - mean, full_matrices=False)
    x, new = (unit((part - mean) @ xp.matrix_transpose(directions[:d, :]), axis=1) for part in (train, test))
    return Digits(x, labels, new, test_labels)


def digit_sets(rng, images, labels, n, N, *, task):
    """Sets of digits, drawn with replacement, and what is asked of them.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    images : array [k, d]
        As in `Digits`.
    labels : array [k] of int
        Their digits.
    n, N : int
        Sets, and keys of each, >= 1.
    task : {"same", "odd", "first"}
        The share of keys with the query's digit; the share of odd keys; whether the first key is odd.

    Returns
    -------
    Sets
        See there.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> found = digit_sets(stream(0), np.eye(2), np.array([3, 4]), 4, 2, task="same")
    >>> found.y, found.x_0[:, 0], found.keys[:, :, 0].tolist()
    (array([0.5, 0. , 0.5, 0. ]), array([0., 0., 1., 0.]), [[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 1.0]])
    """
    check.finite(images=images), check.integral(labels=labels), check.choice(("same", "odd", "first"), task=task)
    k = check.shapes(images=(images, "k d"), labels=(labels, "k"))["k"]
    n, N = check.integer(n=n, N=N, minimum=1)
    xp = array_namespace(images)
    rows = indices(rng, k, (n * (N + 1),), like=images)
    x = xp.reshape(xp.take(images, rows, axis=0), (n, N + 1, images.shape[1]))
    of = xp.reshape(xp.take(labels, rows, axis=0), (n, N + 1))
    if task == "same":
        y = xp.mean(xp.astype(of[:, 1:] == of[:, :1], images.dtype), axis=1)
    elif task == "odd":
        y = xp.mean(xp.astype(of[:, 1:] % 2, images.dtype), axis=1)
    else:
        y = xp.astype(of[:, 1] % 2, images.dtype)
    return Sets(x[:, 0, :], x[:, 1:, :], y)
