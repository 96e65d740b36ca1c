"""DeepArchitect: spaces of networks as trees, and searches on them (Negrinho and Gordon, 2017, arXiv:1704.08792).

A space is written as a tree of modules, whose hyper-parameters take values in finite lists. Making one choice after
another walks down a second tree, whose leaves are networks. Whatever the space, random search, Monte Carlo tree search
and model-based search see choices alone. A space is plain data, the same in Python and in JSON:

    ["Concat", ["Affine", [4, 8]], ["Or", ["ReLU"], ["Dropout", [0.5, 0.9]]]]
"""

import json
import math
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device, from_numpy, to_numpy
from refimpl.core.loop import iterate

KINDS = (
    "Empty", "UserHyperparams", "Affine", "ReLU", "Tanh", "Sigmoid", "Dropout", "BatchNorm", "Conv2D", "MaxPool2D",
    "AvgPool2D", "Residual",
)  # fmt: skip
PADDINGS = "VALID", "SAME"  # of convolutions and pooling
_LISTS = {"Affine": 1, "Dropout": 1, "Conv2D": 4, "MaxPool2D": 3, "AvgPool2D": 3}  # of values; the others have none
_PARTS = {"Optional": 1, "MaybeSwap": 2, "Repeat": 1, "RepeatTied": 1, "Residual": 1, "ChoiceBisection": 1}
_DEEPEST = 100  # modules inside each other


class Module(NamedTuple):
    """A space, or a part of one."""

    kind: str  # of `KINDS`, or Concat, Or, Repeat, RepeatTied, ChoiceBisection
    parts: tuple  # of Module: those inside; the branches of an Or
    lists: tuple  # of tuple: the values of each hyper-parameter; the counts of a Repeat


class State(NamedTuple):
    """A network that is partly specified: a node of the tree of choices."""

    todo: tuple  # of Module: what is not specified, the next first; two options or more there, or nothing left
    layers: tuple  # of (kind, value, ...), in order: what is; a Residual is ("Residual", layer, ...)
    dims: tuple  # of int: what the layers put out, of one sample
    halves: int  # how many bisections it is in: choices are among two halves, the lower and the upper


class Node(NamedTuple):
    """What tree search knows of a node of the tree of choices."""

    visits: int  # n
    total: float  # sum of the scores of these visits
    children: tuple  # of Node, one for each value of the next choice; (): not expanded


class Vocabulary(NamedTuple):
    """Which features a surrogate has."""

    grams: tuple  # of tuple of int: n-grams of numbers of kinds, shorter ones first
    values: tuple  # of (number of the kind, place, value)
    longest: int  # most modules of an n-gram


class Found(NamedTuple):
    """What a search has looked at, in order."""

    histories: list  # of tuple of int: the choices of each network
    models: list  # of tuple: its layers
    scores: list  # of float
    tree: Node | None = None  # of tree search: the root in the end


# Spaces --------------------------------------------------------------------------------------------------------------


def parse(tree):
    """A space from its tree.

    Parameters
    ----------
    tree : list, tuple or str
        ``[kind, ...]``, or JSON of it. Modules: ``["Affine", units]``, ``["Dropout", keep]``, ``["Conv2D", filters,
        sizes, strides, paddings]``, ``["MaxPool2D", sizes, strides, paddings]``, ``["AvgPool2D", ...]`` and
        ``["UserHyperparams", values, ...]``, where each argument lists the values to choose from; ``["ReLU"]``,
        ``["Tanh"]``, ``["Sigmoid"]``, ``["BatchNorm"]``, ``["Empty"]``. Of modules: ``["Concat", b, ...]`` in series,
        ``["Or", b, ...]`` one of them, ``["Optional", b]``, ``["MaybeSwap", a, b]`` in either order, ``["Repeat", b,
        counts]``, ``["RepeatTied", b, counts]`` with the same hyper-parameters, ``["Residual", b]``, and
        ``["ChoiceBisection", b]``, in which all choices are made by halving.

    Returns
    -------
    Module
        Optional is an Or with Empty, MaybeSwap an Or of two Concats.

    Raises
    ------
    TypeError, ValueError
        If it is no such tree; if a list has no values, or the tree has no end.

    Notes
    -----
    Equations (deeparchitect-1) and (deeparchitect-2) of the documentation.

    Examples
    --------
    >>> space = parse(["Concat", ["Affine", [4, 8]], ["Optional", ["ReLU"]]])
    >>> count(space), [part.kind for part in space.parts]
    (4, ['Affine', 'Or'])
    """
    if isinstance(tree, str):
        try:
            tree = json.loads(tree)
        except ValueError:
            raise ValueError(f"tree must be JSON of a space, got {tree!r:.60}") from None
    return _parse(tree, 0)


def _parse(tree, depth):
    if depth > _DEEPEST:
        raise ValueError(f"tree must have an end, got modules inside each other more than {_DEEPEST} times")
    if not isinstance(tree, list | tuple) or not tree or not isinstance(tree[0], str):
        raise ValueError(f"tree must be a list [kind, ...], got {tree!r:.60}")
    kind, *rest = tree
    check.choice((*KINDS, "Concat", "Or", *_PARTS), tree=kind)
    many = _PARTS.get(kind, len(rest) if kind in ("Concat", "Or") else 0)
    wanted = (
        many + (kind in ("Repeat", "RepeatTied")) + (len(rest) if kind == "UserHyperparams" else _LISTS.get(kind, 0))
    )
    if len(rest) != wanted or (kind in ("Concat", "Or", "UserHyperparams") and not rest):
        raise ValueError(f"tree must have {wanted or 'some'} arguments of {kind}, got {len(rest)}")
    parts = tuple(_parse(part, depth + 1) for part in rest[:many])
    lists = tuple(_values(kind, place, values) for place, values in enumerate(rest[many:]))
    if kind in ("Optional", "MaybeSwap"):
        return Module("Or", _branches(kind, parts), ())
    return Module(kind, parts, lists)


def _branches(kind, parts):
    """What stands for an Optional or MaybeSwap."""
    if kind == "Optional":
        return Module("Empty", (), ()), *parts  # (deeparchitect-1)
    return Module("Concat", parts, ()), Module("Concat", parts[::-1], ())  # (deeparchitect-2)


def _values(kind, place, values):
    """The values of a hyper-parameter, or the counts of a Repeat."""
    name = f"values of {kind}"
    if not isinstance(values, list | tuple):
        raise TypeError(f"{name} must be a list, which has an end, got {values!r:.60}")
    check.sequence(**{name: values})
    if kind == "UserHyperparams":
        return tuple(check.number(**{name: value}) for value in values)
    if kind == "Dropout":
        return tuple(check.share(**{name: value}) for value in values)
    if kind.endswith("2D") and place == (3 if kind == "Conv2D" else 2):
        for value in values:
            check.choice(PADDINGS, **{name: value})
        return tuple(values)
    return tuple(check.integer(**{name: value}, minimum=1, below=2**31) for value in values)


def serialise(space):
    """JSON of a space.

    Parameters
    ----------
    space : Module
        From `parse`.

    Returns
    -------
    str
        `parse` reads it.

    Raises
    ------
    TypeError
        If `space` is none.

    Examples
    --------
    >>> serialise(parse(["Concat", ["Affine", (4, 8)], ["Optional", ["ReLU"]]]))
    '["Concat",["Affine",[4,8]],["Or",["Empty"],["ReLU"]]]'
    """
    return json.dumps(_tree(_space(space)), separators=(",", ":"))


def _tree(module):
    return [module.kind, *map(_tree, module.parts), *map(list, module.lists)]


# Walking down the tree -----------------------------------------------------------------------------------------------


def start(space, in_dims):
    """The root of the tree of choices.

    Parameters
    ----------
    space : Module
        From `parse`.
    in_dims : sequence of int
        Shape of one input.

    Returns
    -------
    State
        Up to the first choice. Where there is one value there is no choice. All of it is plain Python, on the host.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, or a module cannot take what comes in.

    Notes
    -----
    Equations (deeparchitect-3) to (deeparchitect-9) of the documentation.

    Examples
    --------
    >>> state = start(parse(["Concat", ["Affine", [4]], ["ReLU"], ["Affine", [2, 3]]]), [7])
    >>> state.layers, state.dims, choices(state)
    ((('Affine', 4), ('ReLU',)), (4,), ('Affine', (2, 3)))
    """
    space = _space(space)
    check.sequence(in_dims=in_dims)
    dims = tuple(check.integer(in_dims=size, minimum=1, below=2**31) for size in in_dims)
    return _settle(State((space,), (), dims, 0))


def choices(state):
    """The next choice.

    Parameters
    ----------
    state : State
        From `start` or `choose`.

    Returns
    -------
    name : str
        Kind of the module that asks; "" if all is specified.
    values : tuple
        What it may be, two or more: values of a hyper-parameter, branches of an Or, counts of a Repeat, or two halves.

    Raises
    ------
    TypeError
        If `state` is none.

    Examples
    --------
    >>> space = ["Affine", [2, 3, 4]]
    >>> choices(start(parse(space), [7])), choices(start(parse(["ChoiceBisection", space]), [7]))
    (('Affine', (2, 3, 4)), ('Affine', ((2,), (3, 4))))
    """
    state = _state(state)
    return (state.todo[0].kind, _offered(state)) if state.todo else ("", ())


def choose(state, index):
    """One step down the tree.

    Parameters
    ----------
    state : State
        As for `choices`; it is not changed.
    index : int
        Which of the values.

    Returns
    -------
    State
        Up to the next choice.

    Raises
    ------
    TypeError, ValueError
        If all is specified, there is no such value, or a module cannot take what comes in.

    Notes
    -----
    Equations (deeparchitect-3) to (deeparchitect-11) of the documentation.

    Examples
    --------
    >>> choose(start(parse(["Concat", ["Affine", [2, 3]], ["Tanh"]]), [7]), 1)
    State(todo=(), layers=(('Affine', 3), ('Tanh',)), dims=(3,), halves=0)
    """
    state = _state(state)
    index = check.integer(index=index)
    if index >= len(offered := _offered(state) if state.todo else ()):
        raise ValueError(f"index must be one of {len(offered)} values, got {index}")
    return _choose(state, index)


def follow(state, history):
    """Make several choices.

    Parameters
    ----------
    state : State
        As for `choices`; it is not changed.
    history : sequence of int
        Which of the values, choice by choice.

    Returns
    -------
    state : State
        After them.
    offered : list of int
        How many values there were at each.

    Raises
    ------
    TypeError, ValueError
        As `choose`.

    Notes
    -----
    Equations (deeparchitect-3) to (deeparchitect-11) of the documentation.

    Examples
    --------
    >>> state, offered = follow(start(parse(["Concat", ["Affine", [2, 3, 4]], ["Optional", ["Tanh"]]]), [7]), [2, 1])
    >>> state.layers, offered
    ((('Affine', 4), ('Tanh',)), [3, 2])
    """
    state, offered = _state(state), []
    check.instance((list, tuple), history=history)
    for index in history:
        index = check.integer(history=index)
        offered.append(len(_offered(state)) if state.todo else 0)
        if index >= offered[-1]:
            raise ValueError(f"history must have one of {offered[-1]} values at choice {len(offered)}, got {index}")
        state = _choose(state, index)
    return state, offered


def _options(module):
    """What a module may be: branches, counts, or values of the first hyper-parameter that has two or more."""
    if module.kind == "Or":
        return module.parts
    return next((values for values in module.lists if len(values) > 1), ())


def _offered(state):
    options = _options(state.todo[0])
    if not state.halves:
        return options
    m = _middle(0, len(options))
    return options[:m], options[m:]


def _middle(low, high):
    """Where an interval of values is cut; the lower half is never the longer one."""
    return (low + high) // 2  # (deeparchitect-11)


def _choose(state, index):
    module, kept = state.todo[0], _offered(state)[index]
    kept = kept if state.halves else (kept,)  # (deeparchitect-10)
    if module.kind == "Or":
        module = module._replace(parts=kept)
    else:
        i = next(i for i, values in enumerate(module.lists) if len(values) > 1)
        module = module._replace(lists=(*module.lists[:i], kept, *module.lists[i + 1 :]))
    return _settle(state._replace(todo=(module, *state.todo[1:])))


def _settle(state):
    """Go on to the next choice."""
    while state.todo and len(_options(state.todo[0])) < 2:  # (deeparchitect-3)
        state = _open(state)
    return state


def _open(state):
    """Take what has no choice of its own apart, or put it down."""
    (module, *rest), layers, dims, halves = state
    kind, parts, lists = module
    if kind in KINDS and kind != "Residual":
        layer = kind, *(value for (value,) in lists)
        layers, dims = (*layers, layer), _out(layer, dims)
    elif kind == "ChoiceBisection":
        rest, halves = [*parts, Module("whole", (), ()), *rest], halves + 1
    elif kind == "whole":
        halves = halves - 1
    else:
        rest, layers, dims = _apart(module, rest, layers, dims)
    return State(tuple(rest), layers, dims, halves)


def _apart(module, rest, layers, dims):
    """Take apart what holds modules."""
    kind, parts, lists = module
    if kind in ("Concat", "Or"):
        rest = [*parts, *rest]  # (deeparchitect-4)
    elif kind == "Repeat":
        rest = [*parts * lists[0][0], *rest]  # (deeparchitect-5)
    elif kind == "RepeatTied":
        rest = [*parts, Module("tie", (), (lists[0], (len(layers),))), *rest]
    elif kind == "tie":
        copy = layers[lists[1][0] :] * (lists[0][0] - 1)  # (deeparchitect-6)
        layers, dims = layers + copy, _shape(copy, dims)
    elif kind == "Residual":
        rest = [*parts, Module("sum", (), ((len(layers),), (dims,))), *rest]
    else:
        ((first,), (before,)) = lists
        layers = (*layers[:first], ("Residual", *layers[first:]))  # (deeparchitect-7)
        dims = _larger(before, dims)
    return rest, layers, dims


def _larger(a, b):
    """Shape of a residual sum."""
    if len(a) != len(b):
        a, b = (math.prod(a),), (math.prod(b),)
    return tuple(max(i, j) for i, j in zip(a, b, strict=True))  # (deeparchitect-8)


def _out(layer, dims):
    """What a layer puts out."""
    kind, *values = layer
    if kind == "Affine":
        return (values[0],)
    if not kind.endswith("2D"):
        return dims
    return _windows(kind, values, dims)


def _windows(kind, values, dims):
    """Shape of what windows on an image give."""
    *filters, size, stride, padding = values
    if len(dims) != 3:
        raise ValueError(f"in_dims of {kind} must be (height, width, channels), got {dims}")
    less = 0 if padding == "SAME" else size - 1
    height, width = (-((less - side) // stride) for side in dims[:2])  # (deeparchitect-9)
    if min(height, width) < 1:
        raise ValueError(f"in_dims of {kind} must be at least its window, {size}, got {dims}")
    return height, width, *(filters or dims[2:])


def shape(layers, in_dims):
    """What layers put out.

    Parameters
    ----------
    layers : tuple
        As of `State`.
    in_dims : sequence of int
        Shape of one input.

    Returns
    -------
    tuple of int
        Shape of one output.

    Raises
    ------
    TypeError, ValueError
        If a layer is of no kind, or cannot take what comes in.

    Examples
    --------
    >>> shape((("Conv2D", 16, 3, 2, "SAME"), ("MaxPool2D", 2, 1, "VALID"), ("Affine", 10)), (9, 9, 3))
    (10,)
    >>> shape((("Conv2D", 16, 3, 2, "SAME"), ("MaxPool2D", 2, 1, "VALID")), (9, 9, 3))
    (4, 4, 16)
    """
    check.sequence(in_dims=in_dims)
    dims = tuple(check.integer(in_dims=size, minimum=1, below=2**31) for size in in_dims)
    return _shape(_layers(layers), dims)


def _shape(layers, dims):
    for layer in layers:
        dims = _larger(dims, _shape(layer[1:], dims)) if layer[0] == "Residual" else _out(layer, dims)
    return dims


def flat(layers):
    """Layers without nesting: a Residual is followed by those inside.

    Parameters
    ----------
    layers : tuple
        As of `State`.

    Returns
    -------
    list of tuple
        (kind, value, ...) each; ("Residual", k) stands before the k entries inside.

    Raises
    ------
    TypeError
        If `layers` is no tuple.

    Examples
    --------
    >>> flat((("Affine", 4), ("Residual", ("Tanh",), ("Dropout", 0.5))))
    [('Affine', 4), ('Residual', 2), ('Tanh',), ('Dropout', 0.5)]
    """
    return _flat(_layers(layers))


def _flat(layers):
    rows = []
    for layer in layers:
        inner = _flat(layer[1:]) if layer[0] == "Residual" else []
        rows += [("Residual", len(inner)), *inner] if layer[0] == "Residual" else [layer]
    return rows


def bisect(n, values):
    """Paths of values in the tree of halves.

    Parameters
    ----------
    n : int
        How many values there are, >= 1.
    values : array [B], integers
        Which of them, 0, ..., n - 1.

    Returns
    -------
    array [B, ceil(log2 n)], like `values`
        0 for the lower half and 1 for the upper one, -1 after the end of a path.

    Raises
    ------
    TypeError, ValueError
        If `n` is no integer >= 1, or a value is out of range.

    Notes
    -----
    Equations (deeparchitect-11) and (deeparchitect-12) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> bisect(3, np.arange(3)).tolist()
    [[0, -1], [1, 0], [1, 1]]
    """
    n = check.integer(n=n, minimum=1, below=2**31)
    check.indices(n, values=values), check.shapes(values=(values, "B"))
    xp = array_namespace(values)
    low, high, path = xp.zeros_like(values), xp.full_like(values, n), []
    for _ in range((n - 1).bit_length()):
        m = _middle(low, high)
        upper, more = values >= m, high - low > 1
        path.append(xp.where(more, xp.astype(upper, values.dtype), -1))  # (deeparchitect-12)
        low, high = xp.where(more & upper, m, low), xp.where(more & ~upper, m, high)
    return xp.stack(path, axis=1) if path else xp.zeros((values.shape[0], 0), dtype=values.dtype, device=device(values))


# Counting ------------------------------------------------------------------------------------------------------------


def count(space):
    """How many networks a space holds: different histories, though some may be the same network.

    Parameters
    ----------
    space : Module
        From `parse`.

    Returns
    -------
    int
        Exact, however large.

    Raises
    ------
    TypeError
        If `space` is none.

    Notes
    -----
    Equations (deeparchitect-13) to (deeparchitect-16) of the documentation.

    Examples
    --------
    >>> count(parse(["Repeat", ["Concat", ["Affine", list(range(1, 9))], ["Or", ["ReLU"], ["Tanh"]]], [1, 2, 3]]))
    4368
    """
    return _count(_space(space))


def _count(space):
    sizes = [_count(part) for part in space.parts]
    if space.kind == "Or":
        return sum(sizes)  # (deeparchitect-14)
    if space.kind == "Repeat":
        return sum(sizes[0] ** k for k in space.lists[0])  # (deeparchitect-15)
    if space.kind == "RepeatTied":
        return len(space.lists[0]) * sizes[0]  # (deeparchitect-16)
    return math.prod(sizes) * math.prod(map(len, space.lists))  # (deeparchitect-13)


def depth(space, *, halves=False):
    """The most choices on a path.

    Parameters
    ----------
    space : Module
        From `parse`.
    halves : bool, default: False
        Whether choices are made by bisection.

    Returns
    -------
    int
        So many draws a walk takes at most.

    Raises
    ------
    TypeError
        If an argument is no such thing.

    Examples
    --------
    >>> space = parse(["Concat", ["Affine", list(range(1, 33))], ["Optional", ["Dropout", [0.5, 0.9]]]])
    >>> depth(space), depth(space, halves=True)
    (3, 7)
    """
    return _depth(_space(space), check.flag(halves=halves))


def _depth(space, halves):
    halves = halves or space.kind == "ChoiceBisection"
    steps = lambda n: (n - 1).bit_length() if halves else int(n > 1)
    inner, own = [_depth(part, halves) for part in space.parts], sum(steps(len(x)) for x in space.lists)
    if space.kind == "Or":
        return steps(len(inner)) + max(inner)
    if space.kind == "Repeat":
        return own + inner[0] * max(space.lists[0])
    return own + sum(inner)


def leaves(state):
    """All networks below a node, one after another, and how likely random search is to come there.

    Parameters
    ----------
    state : State
        From `start` or `choose`.

    Yields
    ------
    history : tuple of int
        Choices from `state` on; the first branch comes first.
    probability : float
        Under choices each of which is uniform on its values.
    state : State
        With nothing left to choose.

    Raises
    ------
    TypeError, ValueError
        If `state` is none, or a module cannot take what comes in.

    Notes
    -----
    Equation (deeparchitect-17) of the documentation.

    Examples
    --------
    >>> space = parse(["Or", ["ReLU"], ["Affine", [2, 3]]])
    >>> [(history, p, end.layers) for history, p, end in leaves(start(space, [4]))]
    [((0,), 0.5, (('ReLU',),)), ((1, 0), 0.25, (('Affine', 2),)), ((1, 1), 0.25, (('Affine', 3),))]
    """
    open_: list[tuple] = [((), 1.0, _state(state))]
    while open_:
        history, p, state = open_.pop()
        if not state.todo:
            yield history, p, state
            continue
        k = len(_offered(state))
        p = p / k  # (deeparchitect-17)
        open_ += [((*history, i), p, _choose(state, i)) for i in reversed(range(k))]


# Random search -------------------------------------------------------------------------------------------------------


def roll(state, draws):
    """Make all remaining choices at random, each uniform on its values.

    Parameters
    ----------
    state : State
        From `start` or `choose`.
    draws : sequence of float
        Uniform draws on [0, 1), one for each choice; those that are left over do not count.

    Returns
    -------
    state : State
        With nothing left to choose.
    history : tuple of int
        The choices.

    Raises
    ------
    TypeError, ValueError
        If there are too few draws, or one is out of range.

    Notes
    -----
    Equation (deeparchitect-18) of the documentation. Uniform for each choice, not on the networks.

    Examples
    --------
    >>> state = start(parse(["Concat", ["Affine", [2, 3, 4]], ["Or", ["ReLU"], ["Tanh"]]]), [7])
    >>> roll(state, [0.7, 0.2])[0].layers
    (('Affine', 4), ('ReLU',))
    """
    return _roll(_state(state), _draws(draws=draws))


def _roll(state, draws):
    history: tuple = ()
    while state.todo:
        k = len(_offered(state))
        _enough(history, draws)
        i = int(draws[len(history)] * k)  # (deeparchitect-18)
        state, history = _choose(state, i), (*history, i)
    return state, history


def random_search(rng, space, in_dims, evaluate, *, budget, progress=None):
    """Look at random networks.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    space, in_dims
        As for `start`.
    evaluate : callable -> float or None
        Layers, a tuple as of `State`, -> score, the larger the better; None: no network that can be trained, which is
        left out. A network may come again: a cache may stand around it.
    budget : int
        How many evaluations, >= 1.
    progress : str, optional
        Shows a progress bar with this title.

    Returns
    -------
    Found
        See there.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, or a score is no number.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> space = parse(["Concat", ["Affine", list(range(1, 33))], ["Optional", ["ReLU"]]])
    >>> found = random_search(stream(0, "doc"), space, [4], lambda layers: layers[0][1], budget=20)
    >>> len(found.scores), max(found.scores)
    (20, 32.0)
    """
    root, draw = _search_of(rng, space, in_dims, evaluate)

    def step(found, _):
        state, history = _roll(root, draw(1)[0])
        return _noted(found, history, state, _scored(evaluate, state))

    return iterate(step, Found([], [], []), steps=_budget(budget), progress=progress).state


# Tree search ---------------------------------------------------------------------------------------------------------


def _uct(total, visits, parent, c):
    """Upper confidence bound of a child that was visited: of numbers, or of arrays."""
    return total / visits + c * (2 * math.log(parent) / visits) ** 0.5  # (deeparchitect-19)


def select(visits, totals, parent, c, r):
    """The child to go to.

    Parameters
    ----------
    visits : array [k], integers
        n_i.
    totals : array [k], floating point
        Sums of scores.
    parent : int
        n >= each n_i, >= 1 if one was visited.
    c : float
        Exploration constant >= 0.
    r : float
        Uniform draw on [0, 1) that decides between ties.

    Returns
    -------
    scores : array [k], like `totals`
        Upper confidence bounds.
    index : int
        Of the largest one; the floor(r t)-th of t that are equal. Computed on the host.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, an entry is not finite or a number is out of range.

    Notes
    -----
    Equations (deeparchitect-19) and (deeparchitect-20) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> scores, index = select(np.array([2, 5, 3]), np.array([1.2, 3.5, 1.5]), 10, 0.5, 0.0)
    >>> scores.round(5), index
    (array([1.35871, 1.17985, 1.11949]), 0)
    """
    check.integral(visits=visits), check.finite(totals=totals)
    check.shapes(visits=(visits, "k"), totals=(totals, "k"))
    parent, c, r = check.integer(parent=parent), check.nonnegative(c=c), check.fraction(r=r)
    n, xp = to_numpy(visits).tolist(), array_namespace(visits, totals)
    if not 0 <= min(n) <= max(n) <= parent:
        raise ValueError(f"visits must be from 0 to parent, {parent}, got {n!s:.60}")
    bounds = _uct(totals, xp.astype(xp.clip(visits, min=1), totals.dtype), max(parent, 1), c)
    known = zip(to_numpy(bounds).tolist(), n, strict=True)
    return xp.where(visits > 0, bounds, math.inf), _best([u if visited else math.inf for u, visited in known], r)


def _best(scores, r):
    most = max(scores)
    tied = [i for i, score in enumerate(scores) if score == most]
    return tied[int(r * len(tied))]  # (deeparchitect-20)


def _bound(child, node, c):
    return _uct(child.total, child.visits, node.visits, c) if child.visits else math.inf


def init():
    """A tree that has seen nothing.

    Examples
    --------
    >>> init()
    Node(visits=0, total=0.0, children=())
    """
    return Node(0, 0.0, ())


def update(tree, root, evaluate, ties, rolls, *, c=1.0):
    """One evaluation by tree search.

    Parameters
    ----------
    tree : Node
        From `init` or the step before; it is not changed.
    root : State
        From `start`. For the restructured tree, that of a ChoiceBisection.
    evaluate : callable -> float or None
        As for `random_search`.
    ties, rolls : sequence of float
        Uniform draws on [0, 1): the j-th decides the j-th choice of the walk, ties in the tree or the rollout below it.
    c : float, default: 1
        Exploration constant >= 0; the paper's experiments have 0.5.

    Returns
    -------
    tree : Node
        With the new score on the path.
    state : State
        The network.
    history : tuple of int
        Its choices.
    score : float or None
        What `evaluate` said. After None the tree has the new children, and no visit.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, or there are too few draws.

    Notes
    -----
    Equations (deeparchitect-19) to (deeparchitect-22) of the documentation. The tree is on the host.

    Examples
    --------
    >>> root, tree = start(parse(["Affine", [2, 3]]), [4]), init()
    >>> for r in (0.1, 0.1, 0.9):
    ...     tree, state, history, score = update(tree, root, lambda layers: layers[0][1], [r], [r], c=0.5)
    >>> tree
    Node(visits=3, total=7.0, children=(Node(visits=1, total=2.0, children=()), Node(visits=1, total=3.0, children=())))
    """
    _node(tree), check.function(evaluate=evaluate)
    return _update(tree, _state(root, "root"), evaluate, _draws(ties=ties), _draws(rolls=rolls), check.nonnegative(c=c))


def _update(tree, root, evaluate, ties, rolls, c):
    node, state = tree, root
    path: list[tuple[Node, int]] = []
    while node.children:
        _enough(path, ties)
        i = _best([_bound(child, node, c) for child in node.children], ties[len(path)])
        path.append((node, i))
        node, state = node.children[i], _choose(state, i)
    if state.todo:
        node = node._replace(children=(init(),) * len(_offered(state)))  # (deeparchitect-21)
    state, rest = _roll(state, rolls[len(path) :])
    score = _scored(evaluate, state)
    n, gain = (0, 0.0) if score is None else (1, score)
    node = node._replace(visits=node.visits + n, total=node.total + gain)  # (deeparchitect-22)
    for parent, i in reversed(path):
        children = (*parent.children[:i], node, *parent.children[i + 1 :])
        node = Node(parent.visits + n, parent.total + gain, children)  # (deeparchitect-22)
    return node, state, (*(i for _, i in path), *rest), score


def tree_search(rng, space, in_dims, evaluate, *, budget, c=1.0, bisected=False, progress=None):
    """Monte Carlo tree search with upper confidence bounds.

    Parameters
    ----------
    rng, space, in_dims, budget, progress
        As for `random_search`.
    evaluate : callable -> float or None
        As well.
    c : float, default: 1
        Exploration constant >= 0; the paper's experiments have 0.5.
    bisected : bool, default: False
        Whether it searches the restructured tree: each choice by halving its ordered values, so that values that are
        near share what is known of them.

    Returns
    -------
    Found
        Histories are those of the tree that was searched.

    Raises
    ------
    TypeError, ValueError
        As `random_search`, or if `c` is no number >= 0.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> space = parse(["Concat", ["Affine", list(range(1, 33))], ["Optional", ["ReLU"]]])
    >>> found = tree_search(stream(0, "doc"), space, [4], lambda x: x[0][1] / 32, budget=40, c=0.1, bisected=True)
    >>> found.tree.visits, max(found.scores)
    (40, 1.0)
    """
    space, bisected = _space(space), check.flag(bisected=bisected)
    space, c = Module("ChoiceBisection", (space,), ()) if bisected else space, check.nonnegative(c=c)
    root, draw = _search_of(rng, space, in_dims, evaluate)

    def step(found, _):
        ties, rolls = draw(2)
        tree, state, history, score = _update(found.tree, root, evaluate, ties, rolls, c)
        return _noted(found._replace(tree=tree), history, state, score)

    return iterate(step, Found([], [], [], init()), steps=_budget(budget), progress=progress).state


# Model-based search --------------------------------------------------------------------------------------------------


def vocabulary(models, *, longest=4, least=1, values=True):
    """The features that a surrogate takes from the networks that were evaluated.

    Parameters
    ----------
    models : list of list of tuple
        Layers of each network, from `flat`.
    longest : int, default: 4
        Most modules of an n-gram.
    least : int, default: 1
        How often something must occur in all of them to become a feature. The authors' code has 3.
    values : bool, default: True
        Whether values of hyper-parameters are features. In the authors' code they are not, so it learns no rates.

    Returns
    -------
    Vocabulary
        See there. Empty modules are passed over in n-grams.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Notes
    -----
    Equations (deeparchitect-23) and (deeparchitect-24) of the documentation.

    Examples
    --------
    >>> vocabulary([[("Affine", 4), ("Empty",), ("ReLU",)]])
    Vocabulary(grams=((2,), (3,), (2, 3)), values=((2, 0, 4),), longest=4)
    """
    _models(models), check.flag(values=values)
    longest, least = check.integer(longest=longest, least=least, minimum=1)
    grams: Counter = sum((_grams(model, longest) for model in models), Counter())
    held: Counter = sum((_held(model) for model in models if values), Counter())
    often = lambda found: (key for key, times in found.items() if times >= least)  # (deeparchitect-25)
    return Vocabulary(tuple(sorted(often(grams), key=lambda g: (len(g), g))), tuple(sorted(often(held))), longest)


def _grams(model, longest):
    """How often each n-gram of kinds occurs."""
    names = [KINDS.index(kind) for kind, *_ in model if kind != "Empty"]
    return Counter(
        tuple(names[i : i + k])
        for k in range(1, longest + 1)
        for i in range(len(names) - k + 1)  # (deeparchitect-23)
    )


def _held(model):
    """How often each value occurs at its place."""
    number = lambda value: PADDINGS.index(value) if isinstance(value, str) else value
    return Counter(
        (KINDS.index(kind), place, number(value)) for kind, *row in model for place, value in enumerate(row)
    )  # (deeparchitect-24)


def features(models, vocabulary, *, like):
    """Features of networks.

    Parameters
    ----------
    models : list of list of tuple
        Layers of each network, from `flat`.
    vocabulary : Vocabulary
        From the function of this name.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    array [m, 1 + grams + values]
        Number of modules that are not Empty, how often each n-gram occurs, and 1 for each value that does.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Notes
    -----
    Equation (deeparchitect-26) of the documentation. They are counted on the host.

    Examples
    --------
    >>> import numpy as np
    >>> words = vocabulary([[("Affine", 4), ("ReLU",)]], longest=2)
    >>> features([[("Affine", 8), ("ReLU",), ("Affine", 4), ("ReLU",)]], words, like=np.zeros(1))
    array([[4., 2., 2., 2., 1.]])
    """
    _models(models), check.instance(Vocabulary, vocabulary=vocabulary), check.floating(like=like)
    for name in ("grams", "values"):
        check.instance(tuple, **{f"vocabulary.{name}": getattr(vocabulary, name)})
        for key in getattr(vocabulary, name):
            check.instance(tuple, **{f"vocabulary.{name}": key})
    check.integer(**{"vocabulary.longest": vocabulary.longest}, minimum=1)
    rows = []
    for model in models:
        grams, held = _grams(model, vocabulary.longest), _held(model)
        modules = sum(kind != "Empty" for kind, *_ in model)
        there = [float(key in held) for key in vocabulary.values]
        rows.append([float(modules), *(float(grams[key]) for key in vocabulary.grams), *there])  # (deeparchitect-26)
    return from_numpy(rows, like=like)


def predict(X, y, candidates, *, penalty=1.0):
    """Scores by ridge regression with an intercept that is not penalised.

    Parameters
    ----------
    X : array [n, p], floating point
        Features of what was evaluated.
    y : array [n], like `X`
        Scores.
    candidates : array [m, p], like `X`
        Features of what is asked.
    penalty : float, default: 1
        lambda > 0; the authors' code has 1000.

    Returns
    -------
    array [m], like `X`
        Predictions.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite or `penalty` is no number > 0.

    Notes
    -----
    Equations (deeparchitect-27) to (deeparchitect-29) of the documentation, by the singular values of the centred
    features.

    Examples
    --------
    >>> import numpy as np
    >>> predict(np.array([[0.0], [2.0]]), np.array([1.0, 3.0]), np.array([[0.0], [4.0]]), penalty=2.0)
    array([1.5, 3.5])
    """
    check.finite(X=X, y=y, candidates=candidates), check.alike_dtype(X=X, y=y, candidates=candidates)
    check.shapes(X=(X, "n p"), y=(y, "n"), candidates=(candidates, "m p"))
    return _predict(X, y, candidates, check.positive(penalty=penalty))


def _predict(X, y, candidates, penalty):
    xp = array_namespace(X)
    centre, level = xp.mean(X, axis=0), xp.mean(y)  # (deeparchitect-27)
    left, s, right = xp.linalg.svd(X - centre, full_matrices=False)
    shrunk = xp.where(s > 0, 1 / (s + penalty / xp.where(s > 0, s, 1.0)), 0.0)
    w = xp.matrix_transpose(right) @ (shrunk * (xp.matrix_transpose(left) @ (y - level)))  # (deeparchitect-28)
    return level + (candidates - centre) @ w  # (deeparchitect-29)


def propose(X, y, candidates, r_explore, r_pick, *, penalty=1.0, explore=0.25):
    """The candidate to evaluate next.

    Parameters
    ----------
    X, y, candidates, penalty
        As for `predict`.
    r_explore, r_pick : float
        Uniform draws on [0, 1): whether a random one is taken, and which.
    explore : float, default: 0.25
        epsilon in [0, 1], how often a random one is.

    Returns
    -------
    predictions : array [m], like `X`
        Scores that the surrogate expects.
    index : array, 0-d, int64
        The best one, the first of equals, or the random one.

    Raises
    ------
    TypeError, ValueError
        As `predict`, or if a number is out of range.

    Notes
    -----
    Equation (deeparchitect-30) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> X, y, candidates = np.array([[0.0], [2.0]]), np.array([1.0, 3.0]), np.array([[0.0], [4.0], [1.0]])
    >>> [int(propose(X, y, candidates, r, 0.9)[1]) for r in (0.5, 0.2)]
    [1, 2]
    """
    predictions = predict(X, y, candidates, penalty=penalty)
    m, explore = check.shapes(candidates=(candidates, "m p"))["m"], check.nonnegative(explore=explore)
    r_explore, r_pick = check.fraction(r_explore=r_explore, r_pick=r_pick)
    if explore > 1:
        raise ValueError(f"explore must be a number in [0, 1], got {explore}")
    xp, where = array_namespace(X), device(X)
    if r_explore < explore:  # (deeparchitect-30)
        return predictions, xp.asarray(int(r_pick * m), dtype=xp.int64, device=where)
    return predictions, xp.astype(xp.argmax(predictions), xp.int64)


def model_search(
    rng, space, in_dims, evaluate, *, budget, like, samples=50, explore=0.25, penalty=1.0, values=True, least=1,
    progress=None,
):  # fmt: skip
    """Model-based search: of some random networks, look at the one that a linear surrogate expects most of.

    Parameters
    ----------
    rng, space, in_dims, budget, progress
        As for `random_search`.
    evaluate : callable -> float or None
        As well.
    like : array
        Whose library, floating dtype and device the surrogate is computed with.
    samples : int, default: 50
        m, random networks in each step.
    explore : float, default: 0.25
        epsilon in [0, 1], how often a random one of them is taken.
    penalty, values, least
        As for `predict` and `vocabulary`. The authors' code has 1000, False and 3.

    Returns
    -------
    Found
        See there.

    Raises
    ------
    TypeError, ValueError
        As `random_search`, or if a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> space = parse(["Concat", ["Affine", [1, 2, 3]], ["Or", ["ReLU"], ["Tanh"]]])
    >>> score = lambda layers: float(layers[1][0] == "Tanh")
    >>> found = model_search(stream(0, "doc"), space, [4], score, budget=20, like=np.zeros(1))
    >>> sum(found.scores) > 12
    True
    """
    root, draw = _search_of(rng, space, in_dims, evaluate)
    samples = check.integer(samples=samples, minimum=1)
    check.floating(like=like)

    def step(found, _):
        drawn = [_roll(root, row) for row in draw(samples)]
        known, asked = ([_flat(x) for x in models] for models in (found.models, [state.layers for state, _ in drawn]))
        words = vocabulary(known, least=least, values=values)
        X, candidates = (features(models, words, like=like) for models in (known or asked[:1], asked))
        y = from_numpy(found.scores or [0.0], like=like)  # nothing is known: all are expected to score 0
        explored, picked = rng.random(2).tolist()
        _, index = propose(X, y, candidates, explored, picked, penalty=penalty, explore=explore)
        state, history = drawn[int(index)]
        return _noted(found, history, state, _scored(evaluate, state))

    return iterate(step, Found([], [], []), steps=_budget(budget), progress=progress).state


# Arguments -----------------------------------------------------------------------------------------------------------


def _draws(**named):
    """Uniform draws as a list."""
    ((name, draws),) = named.items()
    check.instance((list, tuple), **{name: draws})
    return [check.fraction(**{name: r}) for r in draws]


def _enough(made, draws):
    if len(made) >= len(draws):
        raise ValueError(f"draws must have one for each choice, got {len(draws)}")


def _budget(budget):
    return check.integer(budget=budget, minimum=1)


def _search_of(rng, space, in_dims, evaluate):
    """The root, and what draws rows of uniforms for its choices."""
    check.rng(rng=rng), check.function(evaluate=evaluate)
    root, most = start(space, in_dims), depth(space)
    return root, lambda rows: rng.random((rows, most)).tolist()


def _scored(evaluate, state):
    score = evaluate(state.layers)
    return None if score is None else check.number(**{"what evaluate returns": score})


def _noted(found, history, state, score):
    if score is not None:
        found.histories.append(history), found.models.append(state.layers), found.scores.append(score)
    return found


def _models(models):
    """Lists of flat layers."""
    check.instance((list, tuple), models=models)
    for model in models:
        check.instance((list, tuple), models=model)
        _layers(tuple(model), "models")


def _layers(layers, name="layers", depth=0):
    """Layers as `choose` makes them, or flat."""
    check.instance(tuple, **{name: layers})
    for layer in {id(layer): layer for layer in layers}.values():
        check.instance(tuple, **{name: layer}), check.sequence(**{name: layer}), check.choice(KINDS, **{name: layer[0]})
        kind, *values = layer
        if kind == "Residual" and all(isinstance(value, tuple) for value in values) and depth < _DEEPEST:
            _layers(tuple(values), name, depth + 1)
            continue
        lists = {"Residual": 1, "UserHyperparams": len(values)}.get(kind, _LISTS.get(kind, 0))
        if len(values) != lists:
            raise ValueError(f"{name} must have {lists} values of {kind}, got {len(values)}")
        for place, value in enumerate(values):
            whole = kind in ("Residual", "Affine") or kind.endswith("2D")
            if isinstance(value, str):
                check.choice(PADDINGS if kind.endswith("2D") and place == lists - 1 else (), **{name: value})
            elif whole and not (kind.endswith("2D") and place == lists - 1):
                check.integer(**{name: value}, minimum=int(kind != "Residual"))
            else:
                check.number(**{name: value})
    return layers


_STRANGE = TypeError, ValueError, AttributeError, IndexError, RecursionError


def _space(space, name="space"):
    """A space as `parse` makes it."""
    check.instance(Module, **{name: space})
    try:
        again = _again(space)
    except _STRANGE:
        again = None
    if again is None:
        raise ValueError(f"{name} must be a space as parse makes it, got another Module")
    return again


@lru_cache(maxsize=1024)
def _again(space):
    """The space, made anew; None if it is not the same."""
    again = _parse(_tree(space), 0)
    return again if again == space else None


def _state(state, name="state"):
    """A state as `start` and `choose` make it."""
    check.instance(State, **{name: state}), check.instance(tuple, **{f"{name}.todo": state.todo})
    _layers(state.layers, f"{name}.layers"), check.instance(tuple, **{f"{name}.dims": state.dims})
    dims = tuple(check.integer(**{f"{name}.dims": size}, minimum=1) for size in state.dims)
    halves = check.integer(**{f"{name}.halves": state.halves})
    known = {
        id(module): module if isinstance(module, Module) and _is_mark(module) else _space(module, f"{name}.todo")
        for module in {id(module): module for module in state.todo}.values()  # copies are one object
    }
    todo = tuple(known[id(module)] for module in state.todo)
    if not dims or (todo and len(_options(todo[0])) < 2):
        raise ValueError(f"{name} must be as start and choose make it, got another State")
    return State(todo, state.layers, dims, halves)


def _is_mark(module):
    """Whether it is the end of a module on the stack."""
    whole = lambda numbers: isinstance(numbers, tuple) and numbers and all(type(n) is int and n >= 0 for n in numbers)
    if module.parts != () or not isinstance(module.kind, str) or not isinstance(module.lists, tuple):
        return False
    if module.kind == "sum" and len(module.lists) == 2:
        (first, before) = module.lists
        return bool(whole(first) and isinstance(before, tuple) and len(first) == len(before) == 1 and whole(before[0]))
    if module.kind == "tie":
        return len(module.lists) == 2 and all(map(whole, module.lists))
    return module.kind == "whole" and module.lists == ()


def _node(tree):
    """What `update` adds to, and its children."""
    check.instance(Node, tree=tree), check.instance(tuple, **{"tree.children": tree.children})
    for node in (tree, *tree.children):
        check.instance(Node, **{"tree.children": node})
        check.integer(**{"tree.visits": node.visits}), check.number(**{"tree.total": node.total})
