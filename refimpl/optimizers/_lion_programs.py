"""Optimizers as programs (Chen et al., 2023, Section 2): the language in which Lion was found.

A program is a tuple of calls ``target = function(arguments)`` without loops or branches. It reads the parameters `w`,
the gradient `g`, two arrays of memory `m` and `v` and the learning rate `lr`, and leaves `update`, `m` and `v`:

>>> sign_descent = parse("s = sign(g); update = s * lr")
>>> print(show(sign_descent))
s = sign(g)
update = s * lr
"""

import hashlib
import math
import re
from collections.abc import Callable
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device

INPUTS = {"w": "vector", "g": "vector", "m": "vector", "v": "vector", "lr": "scalar"}
OUTPUTS = ("update", "m", "v")


class Call(NamedTuple):
    """One line of a program."""

    target: str
    function: str  # key of FUNCTIONS
    args: tuple[str | float, ...]  # names and constants


class Function(NamedTuple):
    """A word of the language."""

    arity: int
    compute: Callable  # (namespace, *arrays) -> array
    to_scalar: bool = False  # whether vectors [..., d] come out as one number each, [..., 1]


Program = tuple[Call, ...]


def _norm(xp, x):
    """Euclidean length; by way of the largest entry where the squares would leave the range."""
    if not x.ndim:
        return xp.abs(x)
    largest = xp.max(xp.abs(x), axis=-1, keepdims=True)
    far = ((largest < 1e-15) | (largest > 1e15)) & (largest > 0) & xp.isfinite(largest)
    x = x / (scale := xp.where(far, largest, xp.ones_like(largest)))
    return scale * xp.sqrt(_dot(xp, x, x))


def _clip(xp, x, c):
    """x, shortened to length c; 0 stays 0."""
    length = _norm(xp, x)
    return x * xp.where(length > c, c / xp.where(length > 0, length, 1.0), 1.0)


def _dot(xp, x, y):
    product = x * y
    return xp.sum(product, axis=-1, keepdims=True) if product.ndim else product


def _power(base):
    return lambda xp, x: xp.exp(x * math.log(base))


# The paper's 45 without `invert`, which no floating-point array has, and `global_norm`, which on one array is `norm`.
# Logarithms and square roots take the absolute value first.
FUNCTIONS = {
    "+": Function(2, lambda xp, x, y: x + y),
    "-": Function(2, lambda xp, x, y: x - y),
    "*": Function(2, lambda xp, x, y: x * y),
    "/": Function(2, lambda xp, x, y: x / y),
    "max": Function(2, lambda xp, x, y: xp.maximum(x, y)),
    "min": Function(2, lambda xp, x, y: xp.minimum(x, y)),
    "power": Function(2, lambda xp, x, y: x**y),
    "interp": Function(3, lambda xp, x, y, a: (1 - a) * x + a * y),
    "clip": Function(2, _clip),
    "norm": Function(1, _norm, to_scalar=True),
    "dot": Function(2, _dot, to_scalar=True),
    "cosine_sim": Function(2, lambda xp, x, y: _dot(xp, x, y) / (_norm(xp, x) * _norm(xp, y)), to_scalar=True),
    **{
        ours: Function(1, lambda xp, x, name=name: getattr(xp, name)(x))
        for ours, name in (
            ("arcsin", "asin"), ("arccos", "acos"), ("arctan", "atan"),
            ("arcsinh", "asinh"), ("arccosh", "acosh"), ("arctanh", "atanh"), ("reciprocal", "reciprocal"),
            ("abs", "abs"), ("cos", "cos"), ("sin", "sin"), ("tan", "tan"), ("cosh", "cosh"), ("sinh", "sinh"),
            ("tanh", "tanh"), ("exp", "exp"), ("expm1", "expm1"), ("square", "square"), ("sign", "sign"),
            ("negative", "negative"),
        )
    },
    "exp2": Function(1, _power(2.0)),
    "exp10": Function(1, _power(10.0)),
    "log": Function(1, lambda xp, x: xp.log(xp.abs(x))),
    "log2": Function(1, lambda xp, x: xp.log2(xp.abs(x))),
    "log10": Function(1, lambda xp, x: xp.log10(xp.abs(x))),
    "log1p": Function(1, lambda xp, x: xp.log(xp.abs(1 + x))),
    "sqrt": Function(1, lambda xp, x: xp.sqrt(xp.abs(x))),
    "cube": Function(1, lambda xp, x: x * x * x),
    "cbrt": Function(1, lambda xp, x: xp.sign(x) * xp.abs(x) ** (1 / 3)),
    "pi": Function(0, lambda xp: math.pi),
    "e": Function(0, lambda xp: math.e),
    "eps": Function(0, lambda xp: 1e-8),
}  # fmt: skip

_WORD = re.compile(r"[A-Za-z_]\w*$")


def parse(text):
    """Program from its text: lines or parts between semicolons, each ``x = f(a, b)`` or ``x = a + b``.

    >>> parse("m = interp(g, m, 0.9)")
    (Call(target='m', function='interp', args=('g', 'm', 0.9)),)
    """
    check.instance(str, text=text)
    calls = []
    for line in filter(None, map(str.strip, re.split("[;\n]", text))):
        target, _, right = map(str.strip, line.partition("="))
        infix = re.match(r"(\S+) ([-+*/]) (\S+)$", right)
        prefix = re.match(r"(\w+)\((.*)\)$", right)
        if infix:
            function, args = infix[2], [infix[1], infix[3]]
        elif prefix:
            function, args = prefix[1], [a.strip() for a in prefix[2].split(",") if a.strip()]
        else:
            raise ValueError(f"text must hold lines such as 'x = f(a, b)' or 'x = a + b', got {line!r}")
        if function not in FUNCTIONS or len(args) != FUNCTIONS[function].arity or not _WORD.match(target):
            raise ValueError(f"text must call functions of the language with their number of arguments, got {line!r}")
        calls.append(Call(target, function, tuple(a if _WORD.match(a) else float(a) for a in args)))
    return tuple(calls)


def show(program):
    """The text of a program, a line for each call."""

    check.instance((tuple, list), program=program)

    def line(call):
        args = [a if isinstance(a, str) else f"{a:.6g}" for a in call.args]
        right = f" {call.function} ".join(args) if call.function in "+-*/" else f"{call.function}({', '.join(args)})"
        return f"{call.target} = {right}"

    return "\n".join(map(line, program))


ADAMW = parse("""
    g2 = square(g)
    m = interp(g, m, 0.9)
    v = interp(g2, v, 0.999)
    sv = sqrt(v)
    update = m / sv
    wd = w * 0.01
    update = update + wd
    update = update * lr
""")  # without bias correction, as the paper starts its search

FOUND = parse("""
    g = clip(g, lr)
    g = arcsin(g)
    m = interp(g, v, 0.899)
    m2 = m * m
    v = interp(g, m, 1.109)
    am = sqrt(m2)
    update = m / am
    wd = w * 0.4602
    update = update + wd
    lr = lr * 0.0002
    m = cosh(update)
    update = update * lr
""")  # what the search came to, before anybody simplified it


def run(program, w, g, m, v, lr):
    """Values of `update`, `m` and `v` after the program; what it does not assign stays.

    Parameters
    ----------
    program : tuple of Call
        That passes `check_program`.
    w, g, m, v : array [..., d], floating point
        Parameters, gradient, memory; alike. A program may break: NaN stays NaN, and inf is taken.
    lr : float or array [..., 1]
        Learning rate; a row of w may have its own.

    Returns
    -------
    update, m, v : array [..., d]
        The caller subtracts `update` from w and hands m and v to the next step.

    Examples
    --------
    >>> import numpy as np
    >>> update, m, v = run(parse("m = interp(g, m, 0.9); update = m * lr"), *np.ones((4, 2)), 0.1)
    >>> update
    array([0.1, 0.1])
    """
    check.floating(w=w, g=g, m=m, v=v)
    check.instance((tuple, list), program=program), check.values(lr=lr), check.broadcast(w=w, lr=lr)
    xp = array_namespace(w)

    def value(x):
        if isinstance(x, str):
            if x not in values:
                raise ValueError(f"program must define {x!r} before it is used")
            return values[x]
        return xp.asarray(x, dtype=w.dtype, device=device(w)) if isinstance(x, float) else x

    values = {"w": w, "g": g, "m": m, "v": v, "lr": value(lr)}
    for target, function, args in program:
        if function not in FUNCTIONS or len(args) != FUNCTIONS[function].arity:
            raise ValueError(f"program must call functions of the language with their arguments, got {function!r}")
        result = FUNCTIONS[function].compute(xp, *map(value, args))
        values[target] = value(result)
    return tuple(values[name] for name in OUTPUTS)


def follow(program, theta0, grads, *, lr):
    """Parameters after each step of the program as an optimizer, fed with given gradients.

    Parameters
    ----------
    program : tuple of Call
        That passes `check_program`.
    theta0 : array [d], floating point
        The start.
    grads : array [T, d], like `theta0`
        Gradient of each step.
    lr : float
        > 0.

    Returns
    -------
    array [T, d]

    Raises
    ------
    TypeError, ValueError
        If an array is not finite or not like the start, or `lr` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> follow(parse("s = sign(g); update = s * lr"), np.zeros(2), np.array([[3.0, -1.0], [2.0, 5.0]]), lr=0.1)
    array([[-0.1,  0.1],
           [-0.2,  0. ]])
    """
    check.finite(theta0=theta0, grads=grads)
    check.instance((tuple, list), program=program)
    check.shapes(theta0=(theta0, "d"), grads=(grads, "T d"))
    lr = check.positive(lr=lr)
    xp = array_namespace(theta0)
    w, m, v, path = theta0, xp.zeros_like(theta0), xp.zeros_like(theta0), []
    for t in range(grads.shape[0]):
        update, m, v = run(program, w, grads[t, :], m, v, lr)
        w = w - update
        path.append(w)
    return xp.stack(path)


# Without running it ---------------------------------------------------------------------------------------------


def check_program(program):
    """Refuse a program that cannot run, or whose update never sees a gradient: on shapes, without numbers.

    Raises
    ------
    ValueError
        Naming the line.
    """
    shapes = dict(INPUTS)
    for call in program:
        missing = [a for a in call.args if isinstance(a, str) and a not in shapes]
        if missing:
            raise ValueError(f"program must define {missing[0]!r} before it is used in {show([call])!r}")
        shapes[call.target] = _shape(call, shapes)
    for name in OUTPUTS:
        if shapes.get(name) != "vector":
            raise ValueError(f"program must leave a vector in {name!r}, got {shapes.get(name, 'nothing')}")
    if "g" not in _inputs_of(simplify(program, across_steps=True)):
        raise ValueError("program must let the update depend on the gradient 'g', in this step or a later one")


def _shape(call, shapes):
    vector = any(isinstance(a, str) and shapes[a] == "vector" for a in call.args)
    return "vector" if vector and not FUNCTIONS[call.function].to_scalar else "scalar"


def fingerprint(program):
    """A hash of what the program computes: the same for other names and with dead lines, so that it runs only once.

    Run on symbols: an input is its name, a constant its first six digits, a result the hash of function and arguments.

    >>> a = parse("s = sign(g); update = s * lr")
    >>> b = parse("dead = exp(w); t = sign(g); update = t * lr")
    >>> fingerprint(a) == fingerprint(b), fingerprint(a) == fingerprint(parse("s = sign(g); update = lr * s"))
    (True, False)
    """
    check.instance((tuple, list), program=program)
    symbols = {name: name for name in INPUTS}
    for target, function, args in program:
        if unknown := [a for a in args if isinstance(a, str) and a not in symbols]:
            raise ValueError(f"program must define {unknown[0]!r} before it is used")
        symbols[target] = _digest(
            function, *(symbols[a] if isinstance(a, str) else f"{a:.6g}" for a in args)
        )  # (lion-4)
    return _digest("program", *(symbols[name] for name in OUTPUTS))  # (lion-5)


def _digest(*parts):
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def simplify(program, *, across_steps=False):
    """The program without the lines that its outputs do not need.

    Parameters
    ----------
    program : tuple of Call
        Any.
    across_steps : bool, default: False
        Whether `m` and `v` count as outputs only where some later update reads them.

    Returns
    -------
    tuple of Call
        A part of `program`, in its order.

    Examples
    --------
    >>> print(show(simplify(parse("a = exp(w); update = g * lr; m = cosh(update)"))))
    update = g * lr
    m = cosh(update)
    >>> print(show(simplify(parse("a = exp(w); update = g * lr; m = cosh(update)"), across_steps=True)))
    update = g * lr
    """
    check.instance((tuple, list), program=program), check.flag(across_steps=across_steps)
    outputs = {"update"} if across_steps else set(OUTPUTS)
    while True:
        needed, kept = set(outputs), []
        for call in reversed(program):
            if call.target in needed:
                needed.remove(call.target)
                needed.update(a for a in call.args if isinstance(a, str))  # (lion-6)
                kept.append(call)
        if needed & set(OUTPUTS) <= outputs:
            return tuple(reversed(kept))
        outputs |= needed & set(OUTPUTS)  # (lion-7)


def _inputs_of(program):
    """Names that the program reads before it writes them."""
    read: set[str] = set()
    written: set[str] = set()
    for target, _, args in program:
        read |= {a for a in args if isinstance(a, str)} - written
        written.add(target)
    return read


# Variation --------------------------------------------------------------------------------------------------------


def mutate(program, rng):
    """Insert a call, delete one, or change one argument, with equal probability; the result may be no valid program.

    Parameters
    ----------
    program : tuple of Call
        The parent.
    rng : numpy.random.Generator
        Where all choices come from.

    Returns
    -------
    tuple of Call
        The child.

    Examples
    --------
    >>> import numpy as np
    >>> print(show(mutate(parse("s = sign(g); update = s * lr"), np.random.default_rng(2))))
    s = sign(w)
    update = s * lr
    """
    check.rng(rng=rng)
    check.instance((tuple, list), program=program)
    kind = rng.integers(3) if program else 0
    if kind == 0:
        place = int(rng.integers(len(program) + 1))
        return (*program[:place], _random_call(program, place, rng), *program[place:])
    if kind == 1:
        place = int(rng.integers(len(program)))
        return program[:place] + program[place + 1 :]
    places = [(i, j) for i, call in enumerate(program) for j in range(len(call.args))]
    if not places:
        return program
    place, which = places[int(rng.integers(len(places)))]
    args = list(program[place].args)
    if isinstance(args[which], str):
        args[which] = _random_argument(_shapes(program[:place]), rng)
    else:
        args[which] *= 2.0 ** rng.standard_normal()  # (lion-8)
    return (*program[:place], program[place]._replace(args=tuple(args)), *program[place + 1 :])


def _shapes(program):
    shapes = dict(INPUTS)
    for call in program:
        shapes[call.target] = _shape(call, {a: shapes.get(a, "scalar") for a in call.args if isinstance(a, str)})
    return shapes


def _random_argument(names, rng):
    """A name, or in one case of all a new constant from N(0, 1)."""
    pick = int(rng.integers(len(names) + 1))
    return [*names, float(rng.standard_normal())][pick]


def _random_call(program, place, rng):
    """A random function of what is known at `place`, into a new name or one of the same shape."""
    shapes = _shapes(program[:place])
    function = list(FUNCTIONS)[int(rng.integers(len(FUNCTIONS)))]
    args = tuple(_random_argument(shapes, rng) for _ in range(FUNCTIONS[function].arity))
    new = next(name for k in range(len(program) + 1) if (name := f"x{k}") not in {c.target for c in program})
    shape = _shape(Call("", function, args), shapes)
    targets = [new, *(name for name in shapes if shapes[name] == shape)]
    return Call(targets[int(rng.integers(len(targets)))], function, args)
