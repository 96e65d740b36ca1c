"""Nested tuples, NamedTuples, lists and dicts of arrays: parameters of a model, seen as one thing."""

import math
from collections.abc import Iterable
from types import NoneType

from refimpl.core import check
from refimpl.core.arrays import array_namespace


def leaves(tree):
    """The arrays of a tree in a fixed order (dicts by sorted key).

    Parameters
    ----------
    tree : nested tuple, list or dict of any leaves, or a leaf
        None is an empty tree.

    Returns
    -------
    list
        The leaves.

    Examples
    --------
    >>> leaves({"b": 1, "a": (2, [3])})
    [2, 3, 1]
    """
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in leaves(tree[key])]
    if isinstance(tree, tuple | list):
        return [leaf for part in tree for leaf in leaves(part)]
    return [] if tree is None else [tree]


def map(function, tree, *others):
    """`function` applied leaf by leaf to trees of one structure.

    Parameters
    ----------
    function : callable
        Takes one leaf of each tree.
    tree, *others : nested tuple, list or dict of any leaves
        Trees of equal structure; None is an empty tree.

    Returns
    -------
    nested tuple, list or dict
        A tree of the same structure and types.

    Raises
    ------
    ValueError
        If the structures differ.

    Examples
    --------
    >>> map(lambda p, g: p - g, {"w": 3, "b": (1, 2)}, {"w": 1, "b": (1, 1)})
    {'w': 2, 'b': (0, 1)}
    """
    check.function(function=function)
    return _map(function, tree, others)


def _map(function, tree, others):
    if not isinstance(tree, dict | tuple | list | NoneType):
        return function(tree, *others)
    if any(type(other) is not type(tree) for other in others):
        raise ValueError(f"tree and others must be alike, got {[type(t).__name__ for t in (tree, *others)]}")
    if isinstance(tree, dict):
        if any(other.keys() != tree.keys() for other in others):
            raise ValueError(f"tree and others must have the same keys, got {[sorted(t) for t in (tree, *others)]}")
        return {key: _map(function, tree[key], [other[key] for other in others]) for key in tree}
    if tree is None:
        return None
    if any(len(other) != len(tree) for other in others):
        raise ValueError(f"tree and others must have the same length, got {[len(t) for t in (tree, *others)]}")
    parts = [_map(function, part, rest) for part, *rest in zip(tree, *others, strict=True)]
    return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)


def ravel(tree):
    """The leaves end to end as one flat array [n], and the function that undoes it.

    Examples
    --------
    >>> import numpy as np
    >>> flat, unravel = ravel({"w": np.ones((2, 2)), "b": np.zeros(1)})
    >>> flat
    array([0., 1., 1., 1., 1.])
    >>> unravel(2 * flat)["w"]
    array([[2., 2.],
           [2., 2.]])
    """
    arrays = leaves(tree)
    if not arrays:
        raise ValueError("tree must hold at least one array, got none")
    xp = array_namespace(*arrays)
    shapes = [leaf.shape for leaf in arrays]

    def unravel(flat):
        position = 0
        parts = []
        for shape in shapes:
            size = math.prod(shape)
            parts.append(array_namespace(flat).reshape(flat[position : position + size], shape))
            position += size
        return unflatten(tree, parts)

    return xp.concat([xp.reshape(leaf, (-1,)) for leaf in arrays]), unravel


def unflatten(tree, parts):
    """A tree of the structure of another, with other leaves.

    Parameters
    ----------
    tree : nested tuple, list or dict of any leaves
        Gives the structure.
    parts : iterable of any leaves
        In the order of `leaves`.

    Returns
    -------
    nested tuple, list or dict
        Of the types of `tree`.

    Raises
    ------
    ValueError
        If there are more or fewer parts than leaves.

    Examples
    --------
    >>> unflatten({"b": 0, "a": 0}, [1, 2])
    {'b': 2, 'a': 1}
    """
    check.instance(Iterable, parts=parts)
    parts, count = list(parts), len(leaves(tree))
    if len(parts) != count:
        raise ValueError(f"parts must be {count}, one for each leaf of the tree, got {len(parts)}")
    return _refill(tree, iter(parts))


def finite(**named):
    """Check that trees have a leaf at least, and that their leaves are floating-point arrays without NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> finite(params={"w": np.zeros(2)})
    >>> finite(params={"w": np.array([np.nan])})
    Traceback (most recent call last):
    ValueError: params must be finite, got 1 of 1 entries NaN or infinite
    """
    for name, tree in named.items():
        parts = leaves(tree)
        check.sequence(**{name: parts})
        for leaf in parts:
            check.finite(**{name: leaf})


def alike(reference, **named):
    """Check that trees have the structure of another, and leaves that are like its own (`check.like`).

    Parameters
    ----------
    reference : nested tuple, list or dict of any leaves
        The tree that the others are to be like.
    **named : nested tuple, list or dict of arrays
        Trees, by the names that messages give them.

    Examples
    --------
    >>> import numpy as np
    >>> alike({"w": np.zeros(2)}, grad={"w": np.ones(2)})
    >>> alike({"w": np.zeros(2)}, grad=np.ones(2))
    Traceback (most recent call last):
    ValueError: grad and its fellow arguments must be alike, got ['dict', 'ndarray']
    """
    for name, other in named.items():
        try:
            map(lambda leaf, part: check.like(leaf, **{name: part}), reference, other)
        except ValueError as error:
            if str(error).startswith("tree and others"):
                raise ValueError(str(error).replace("tree and others", f"{name} and its fellow arguments")) from None
            raise


def _refill(node, parts):
    if isinstance(node, dict):
        built = {key: _refill(node[key], parts) for key in sorted(node)}
        return {key: built[key] for key in node}
    if isinstance(node, tuple | list):
        children = [_refill(child, parts) for child in node]
        return type(node)(*children) if hasattr(node, "_fields") else type(node)(children)
    return None if node is None else next(parts)
