"""Nested tuples, NamedTuples, lists and dicts of arrays: parameters of a model, seen as one thing."""

import math

from refimpl.core.arrays import array_namespace


def leaves(tree):
    """The arrays of `tree` in a fixed order (dicts by sorted key).

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
    tree, *others : nested tuple, list or dict
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
    if any(type(other) is not type(tree) for other in others if isinstance(tree, dict | tuple | list)):
        raise ValueError(f"trees differ: {[type(t).__name__ for t in (tree, *others)]}")
    if isinstance(tree, dict):
        if any(other.keys() != tree.keys() for other in others):
            raise ValueError(f"trees differ in their keys: {[sorted(t) for t in (tree, *others)]}")
        return {key: map(function, tree[key], *(other[key] for other in others)) for key in tree}
    if isinstance(tree, tuple | list):
        if any(len(other) != len(tree) for other in others):
            raise ValueError(f"trees differ in their lengths: {[len(t) for t in (tree, *others)]}")
        parts = [map(function, *parts) for parts in zip(tree, *others, strict=True)]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return None if tree is None else function(tree, *others)


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
    """A tree of the structure of `tree` with `parts` as its leaves, in the order of `leaves`.

    Examples
    --------
    >>> unflatten({"b": 0, "a": 0}, [1, 2])
    {'b': 2, 'a': 1}
    """
    return _refill(tree, iter(parts))


def _refill(node, parts):
    if isinstance(node, dict):
        built = {key: _refill(node[key], parts) for key in sorted(node)}
        return {key: built[key] for key in node}
    if isinstance(node, tuple | list):
        children = [_refill(child, parts) for child in node]
        return type(node)(*children) if hasattr(node, "_fields") else type(node)(children)
    return None if node is None else next(parts)
