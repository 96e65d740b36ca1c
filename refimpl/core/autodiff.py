"""Reverse-mode automatic differentiation, as one more array library.

While ``grad(f)(x)`` runs `f`, `x` is a `Traced` value: an array that writes every operation on a tape, a plain
list. The order of that list is already a topological order, so the backward pass is one loop from its end to its
start (no recursion, however deep the graph) in which each operation hands its cotangent to its arguments.

Traced values implement the array API standard: ``xp = array_namespace(x)`` is a `Namespace` over NumPy, CuPy,
PyTorch, array-api-strict ..., so the same model code runs plain or traced. A traced value may hold another
traced value: derivatives are written in traced operations themselves and can be differentiated again.

What mixes: a traced value meets Python numbers, plain arrays of the library it was made from, and values of
other (outer or inner) traces, on either side of any operator and as any argument of a function of its namespace;
plain arrays are constants. It does not meet arrays of another library, ``numpy.exp`` and its like (TypeError:
use ``xp.exp``), nor assignment: ``x[i] = v`` and ``plain += traced`` have no derivative (use ``xp.where``).
"""

import itertools
import math
import operator
from collections.abc import Callable
from functools import lru_cache, partial
from numbers import Integral
from types import EllipsisType, NoneType
from typing import Any, NamedTuple

import numpy as np
from array_api_extra import at

from refimpl.core import check, tree
from refimpl.core.arrays import array_namespace, device, is_array


class MissingPrimitive(AttributeError, NotImplementedError):
    """A function of the array library that has no derivative here."""

    def __init__(self, name):
        super().__init__(
            f"autodiff has no derivative for {name!r}: write it with functions that have one, add one with "
            f"refimpl.core.autodiff.primitive({name!r}, rule), or pass the argument through stop_gradient"
        )


# ---- The tape ---------------------------------------------------------------------------------------------------


class Tape:
    """The operations of one trace, in the order in which they ran; the first entries are its variables."""

    __slots__ = ("entries", "level", "type", "xp")
    levels = itertools.count()

    def __init__(self, xp, array_type):
        self.xp = xp  # Namespace
        self.type = array_type  # of the traced values
        self.level = next(Tape.levels)  # tells traces apart (perturbation confusion); inner ones are higher
        self.entries = []  # (rules, args, kwargs, result, [(position of an argument, its entry)])

    def record(self, rules, args, kwargs, result, parents):
        """A traced value for `result`."""
        self.entries.append((rules, args, kwargs, result, parents))
        return self.type(result, self, len(self.entries) - 1)

    def pull(self, outputs, count):
        """Cotangents of the first `count` entries, given those of the `outputs`: pairs (entry, cotangent)."""
        cotangents = [None] * len(self.entries)
        for entry, g in outputs:
            cotangents[entry] = g if cotangents[entry] is None else cotangents[entry] + g
        for entry in range(len(self.entries) - 1, count - 1, -1):
            g = cotangents[entry]
            if g is None:  # the outputs do not depend on it
                continue
            cotangents[entry] = None  # its memory is free from here on
            rules, args, kwargs, result, parents = self.entries[entry]
            for position, parent in parents:
                part = _fit(self.xp, rules[position](self.xp, g, result, *args, **kwargs), args[position])
                cotangents[parent] = part if cotangents[parent] is None else cotangents[parent] + part
        variables = [result for _, _, _, result, _ in self.entries[:count]]
        pulled = [self.xp.zeros_like(x) if g is None else g for x, g in zip(variables, cotangents, strict=False)]
        return [np.asarray(g) if isinstance(g, np.generic) else g for g in pulled]  # NumPy's 0-d sums are scalars


def _fit(xp, g, x):
    """`g` in the dtype of `x`, summed over the axes along which `x` was broadcast."""
    if g.shape != x.shape:
        new = len(g.shape) - len(x.shape)
        stretched = (new + i for i, n in enumerate(x.shape) if n == 1 != g.shape[new + i])
        g = xp.reshape(xp.sum(g, axis=(*range(new), *stretched)), x.shape)
    return g if g.dtype == x.dtype else xp.astype(g, x.dtype)


def _apply(xp, name, *args, **kwargs):
    """Primitive `name` on plain or traced `args`, recorded on the innermost tape among them."""
    tape = None
    for a in args:
        if isinstance(a, Traced) and (tape is None or a.tape.level > tape.level):
            tape = a.tape
    forward, rules = PRIMITIVES[name]
    if tape is None:
        return forward(xp.base, *args, **kwargs)
    values, parents = list(args), []
    for position, a in enumerate(args):
        if isinstance(a, Traced) and a.tape is tape:
            values[position] = a.value
            parents.append((position, a.entry))
    return tape.record(rules, values, kwargs, _apply(xp, name, *values, **kwargs), parents)


def _binary(name):
    """An operator and its reflection."""
    return lambda a, b: getattr(a.tape.xp, name)(a, b), lambda a, b: getattr(a.tape.xp, name)(b, a)


def _compare(op):
    return lambda a, b: op(_plain(a), _plain(b))


def _plain(x):
    """`x` without any trace."""
    while isinstance(x, Traced):
        x = x.value
    return x


class Traced:
    """An array whose operations are recorded: a value, and where on which tape it was made."""

    namespace_priority = 2
    __array_ufunc__ = None  # so that ``numpy_array @ traced`` comes to __rmatmul__
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value, tape, entry):
        self.value = value  # plain, or traced by an outer trace
        self.tape = tape
        self.entry = entry

    def __array_namespace__(self, api_version=None):
        return self.tape.xp

    def __array__(self, *args, **kwargs):
        raise TypeError("a traced value is no NumPy array: use functions of array_namespace(x), or stop_gradient")

    def __repr__(self):
        return f"Traced({self.value!r})"

    def unwrap(self):
        """The value one level down."""
        return self.value

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: math.prod(self.value.shape))
    device = property(lambda self: device(self.value))
    T = property(lambda self: self.tape.xp.permute_dims(self, tuple(reversed(range(self.ndim)))))
    mT = property(lambda self: self.tape.xp.matrix_transpose(self))

    __add__, __radd__ = _binary("add")
    __sub__, __rsub__ = _binary("subtract")
    __mul__, __rmul__ = _binary("multiply")
    __truediv__, __rtruediv__ = _binary("divide")
    __pow__, __rpow__ = _binary("pow")
    __matmul__, __rmatmul__ = _binary("matmul")
    __neg__ = lambda self: self.tape.xp.negative(self)
    __pos__ = lambda self: self
    __abs__ = lambda self: self.tape.xp.abs(self)
    __getitem__ = lambda self, key: self.tape.xp.getitem(self, key)
    __iter__ = lambda self: iter([self[i, ...] for i in range(self.shape[0])])

    # What has no derivative gives plain values.
    __eq__, __ne__ = _compare(operator.eq), _compare(operator.ne)
    __lt__, __le__ = _compare(operator.lt), _compare(operator.le)
    __gt__, __ge__ = _compare(operator.gt), _compare(operator.ge)
    __bool__ = lambda self: bool(_plain(self))
    __float__ = lambda self: float(_plain(self))
    __int__ = lambda self: int(_plain(self))


@lru_cache
def _traced_type(array_type: Any) -> Any:
    """`Traced`; over array-api-strict and dpnp, a subclass of both.

    The operators of these raise on foreign operands where other libraries return NotImplemented; but
    Python asks the right operand first if its class is a subclass of the left one's.
    """
    if issubclass(array_type, Traced):
        return array_type
    if not array_type.__module__.startswith(("array_api_strict", "dpnp")):
        return Traced
    names = ("add", "sub", "mul", "truediv", "pow", "matmul")
    body: dict[str, Any] = {f"__i{name}__": getattr(Traced, f"__{name}__") for name in names}
    return type("Traced", (Traced, array_type), body | {"__new__": lambda cls, *_: object.__new__(cls)})


# ---- The primitives, each with its derivative -------------------------------------------------------------------


class Primitive(NamedTuple):
    """A function of the array library, with its derivative in each argument."""

    forward: Callable  # (library, *args, **kwargs) -> result, on the values one level down
    rules: Any  # [i] for argument i: (xp, g, result, *args, **kwargs) -> its cotangent


PRIMITIVES: dict[str, Primitive] = {}


def primitive(name, *rules, forward=None):
    """Give the function `name` a derivative; traced namespaces offer it as ``xp.<name>`` from then on.

    Parameters
    ----------
    name : str
        The function's name in the array library, dotted for an extension ("linalg.inv").
    *rules : callable or None
        One for each array argument: ``rule(xp, g, y, *args, **kwargs)`` returns the cotangent of that argument,
        from the cotangent `g` of the result `y`, in functions of `xp` alone. Sums over broadcast axes and the
        cast to the argument's dtype are made afterwards.
    forward : callable, optional
        ``forward(library, *args, **kwargs) -> y`` on plain arrays. Default: the library's function `name`.

    Examples
    --------
    >>> import numpy as np
    >>> primitive("cbrt", lambda xp, g, y, x: g / (3 * y * y))
    >>> grad(lambda x: array_namespace(x).cbrt(x))(np.array(8.0))
    array(0.08333333)
    """
    check.instance(str, name=name)
    check.function(**{f"rules[{i}]": rule for i, rule in enumerate(rules) if rule is not None})
    find = operator.attrgetter(name)
    PRIMITIVES[name] = Primitive(forward or (lambda xp, *args, **kwargs: find(xp)(*args, **kwargs)), rules)


def _pow_base(xp, g, y, a, b):
    if not is_array(b):
        return g * (b * a ** (b - 1)) if b != 0 else xp.zeros_like(g)
    return g * b * a ** xp.where(b == 0, xp.ones_like(b), b - 1)  # no 0 * 0**-1


def _pow_exponent(xp, g, y, a, b):
    a = a if is_array(a) else a * xp.ones_like(b)
    return g * y * xp.log(xp.where(a == 0, xp.ones_like(a), a))  # no 0 * log 0


def _wins(xp, a, b, g):
    """1 where a > b, 1/2 where they tie, else 0, in the dtype of `g`."""
    return 0.5 * (xp.astype(a > b, g.dtype) + xp.astype(a >= b, g.dtype))


# Elementwise, on broadcast arguments.
primitive("add", lambda xp, g, y, a, b: g, lambda xp, g, y, a, b: g, forward=lambda _, a, b: a + b)
primitive("subtract", lambda xp, g, y, a, b: g, lambda xp, g, y, a, b: -g, forward=lambda _, a, b: a - b)
primitive("multiply", lambda xp, g, y, a, b: g * b, lambda xp, g, y, a, b: g * a, forward=lambda _, a, b: a * b)
primitive("divide", lambda xp, g, y, a, b: g / b, lambda xp, g, y, a, b: -g * y / b, forward=lambda _, a, b: a / b)
primitive("pow", _pow_base, _pow_exponent, forward=lambda _, a, b: a**b)
primitive("negative", lambda xp, g, y, x: -g, forward=lambda _, x: -x)
primitive("abs", lambda xp, g, y, x: g * xp.sign(x))
primitive("square", lambda xp, g, y, x: g * (2 * x))
primitive("sqrt", lambda xp, g, y, x: g / (2 * y))
primitive("reciprocal", lambda xp, g, y, x: -g * y * y)
primitive("exp", lambda xp, g, y, x: g * y)
primitive("expm1", lambda xp, g, y, x: g * (y + 1))
primitive("log", lambda xp, g, y, x: g / x)
primitive("log1p", lambda xp, g, y, x: g / (1 + x))
primitive("log2", lambda xp, g, y, x: g / (math.log(2) * x))
primitive("log10", lambda xp, g, y, x: g / (math.log(10) * x))
primitive("sin", lambda xp, g, y, x: g * xp.cos(x))
primitive("cos", lambda xp, g, y, x: -g * xp.sin(x))
primitive("tan", lambda xp, g, y, x: g * (1 + y * y))
primitive("asin", lambda xp, g, y, x: g / xp.sqrt((1 - x) * (1 + x)))  # 1 - x * x has lost half of its digits near 1
primitive("acos", lambda xp, g, y, x: -g / xp.sqrt((1 - x) * (1 + x)))
primitive("atan", lambda xp, g, y, x: g / (1 + x * x))
primitive("sinh", lambda xp, g, y, x: g * xp.cosh(x))
primitive("cosh", lambda xp, g, y, x: g * xp.sinh(x))
primitive("tanh", lambda xp, g, y, x: g * (1 - y * y))
primitive("asinh", lambda xp, g, y, x: g / xp.hypot(x, xp.ones_like(x)))
primitive("acosh", lambda xp, g, y, x: g / (xp.sqrt(x - 1) * xp.sqrt(x + 1)))
primitive("atanh", lambda xp, g, y, x: g / ((1 - x) * (1 + x)))
primitive(
    "atan2",  # no square of what may be large or small
    lambda xp, g, y, a, b: g * (b / (h := xp.hypot(a, b)) / h),
    lambda xp, g, y, a, b: -g * (a / (h := xp.hypot(a, b)) / h),
)
primitive("hypot", lambda xp, g, y, a, b: g * a / y, lambda xp, g, y, a, b: g * b / y)
primitive("logaddexp", lambda xp, g, y, a, b: g * xp.exp(a - y), lambda xp, g, y, a, b: g * xp.exp(b - y))
# Of tied arguments each gets half, as of tied entries in `max` and `min` below each gets an equal share.
primitive("maximum", lambda xp, g, y, a, b: g * _wins(xp, a, b, g), lambda xp, g, y, a, b: g * _wins(xp, b, a, g))
primitive("minimum", lambda xp, g, y, a, b: g * _wins(xp, b, a, g), lambda xp, g, y, a, b: g * _wins(xp, a, b, g))
primitive(
    "where",
    None,  # the condition: comparisons give plain values
    lambda xp, g, y, c, a, b: xp.where(c, g, xp.zeros_like(g)),
    lambda xp, g, y, c, a, b: xp.where(c, xp.zeros_like(g), g),
)
primitive("astype", lambda xp, g, y, x, dtype, **_: g)


# Reductions and scans.
def _kept(xp, r, x, axis, keepdims):
    """The reduction `r` of `x` with the lost axes back, as size 1."""
    if keepdims:
        return r
    lost = range(x.ndim) if axis is None else [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
    return xp.reshape(r, tuple(1 if i in lost else n for i, n in enumerate(x.shape)))


def _extremum_rule(xp, g, y, x, *, axis=None, keepdims=False):
    tied = xp.astype(x == _kept(xp, y, x, axis, keepdims), g.dtype)
    return _kept(xp, g, x, axis, keepdims) * (tied / xp.sum(tied, axis=axis, keepdims=True))


def _cumulative_sum_rule(xp, g, y, x, *, axis=None, include_initial=False, **_):
    axis = -1 if axis is None else axis
    if include_initial:
        g = g[_along(g, axis, slice(1, None))]
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


def _along(x, axis, part):
    """The key that takes `part` of axis `axis` and all of the others."""
    return tuple(part if i == axis % x.ndim else slice(None) for i in range(x.ndim))


primitive(
    "sum",
    lambda xp, g, y, x, *, axis=None, keepdims=False, **_: xp.broadcast_to(_kept(xp, g, x, axis, keepdims), x.shape),
)
primitive("max", _extremum_rule)
primitive("min", _extremum_rule)
primitive("cumulative_sum", _cumulative_sum_rule)


# Shapes.
class _ConcatRules:
    """Rule i cuts part i out of the cotangent; there are as many as there are parts."""

    def __getitem__(self, i):
        return lambda xp, g, y, *parts, axis, ends: g[_along(g, axis, slice(ends[i] - parts[i].shape[axis], ends[i]))]


_reshape_rule = lambda xp, g, y, x, *_, **__: xp.reshape(g, x.shape)
primitive("reshape", _reshape_rule)
primitive("expand_dims", _reshape_rule)
primitive("squeeze", _reshape_rule)
primitive("broadcast_to", lambda xp, g, y, x, shape: g)
primitive("matrix_transpose", lambda xp, g, y, x: xp.matrix_transpose(g))
primitive(
    "permute_dims",
    lambda xp, g, y, x, axes: xp.permute_dims(g, tuple(sorted(range(x.ndim), key=lambda i: axes[i] % x.ndim))),
)
primitive("moveaxis", lambda xp, g, y, x, source, destination: xp.moveaxis(g, destination, source))
primitive("flip", lambda xp, g, y, x, *, axis=None: xp.flip(g, axis=axis))
primitive("tril", lambda xp, g, y, x, *, k=0: xp.tril(g, k=k))
primitive("triu", lambda xp, g, y, x, *, k=0: xp.triu(g, k=k))
PRIMITIVES["concat"] = Primitive(lambda xp, *parts, axis, ends: xp.concat(parts, axis=axis), _ConcatRules())


# Products (at least 2-d here: `Namespace.matmul` adds the axis that a vector lacks).
primitive(
    "matmul",
    lambda xp, g, y, a, b: xp.matmul(g, xp.matrix_transpose(b)),
    lambda xp, g, y, a, b: xp.matmul(xp.matrix_transpose(a), g),
)


# Indexing, and its transposes: `embed` and `scatter` put a cotangent into zeros.
def _getitem_rule(xp, g, y, x, key):
    keys = key if isinstance(key, tuple) else (key,)
    if all(isinstance(k, Integral | slice | EllipsisType | NoneType) for k in keys):  # names no entry twice
        return xp.embed(g, key, x.shape)
    if is_array(key) and xp.isdtype(key.dtype, "integral"):  # whole rows
        rows, size, row = key, x.shape[0], x.shape[1:]
    else:  # any other key: single entries, by their places in the flat array
        size, row = math.prod(x.shape), ()
        rows = xp.reshape(xp.arange(size, device=device(x)), x.shape)[key]
    g = xp.reshape(g, (math.prod(rows.shape), *row))
    return xp.reshape(xp.scatter(g, xp.reshape(rows, (-1,)), size), x.shape)


def _embed(xp, g, key, shape):
    """Zeros of `shape` with `g` at `key`, which holds integers and slices."""
    zeros = xp.zeros(shape, dtype=g.dtype, device=device(g))
    key = tuple(k for k in (key if isinstance(key, tuple) else (key,)) if k is not None)
    return at(zeros, key).set(xp.reshape(g, zeros[key].shape), copy=None)


def _scatter(xp, g, rows, size):
    """[size, ...]: row j is the sum of those g[i] [n, ...] for which rows[i] [n] is j.

    Sorted by row, equal rows are neighbours; adding what stands 1, 2, 4, ... places before it if that is of
    the same row leaves, after log2(most repetitions) rounds, the whole sum at the last place of each row.
    Unlike differences of one cumulative sum this rounds like a pairwise sum, and unlike a one-hot product it
    needs no n x size matrix.
    """
    n = rows.shape[0]
    if n == 0 or size == 0:
        return xp.zeros((size, *g.shape[1:]), dtype=g.dtype, device=device(g))
    rows = _counted_from_zero(xp, rows, size)
    order = xp.argsort(rows)
    rows, g = xp.take(rows, order, axis=0), xp.take(g, order, axis=0)
    column, zero, shift = (-1,) + (1,) * (g.ndim - 1), xp.zeros_like(g[:1, ...]), 1
    while shift < n and bool(xp.any(same := rows[shift:] == rows[:-shift])):
        before = xp.where(xp.reshape(same, column), g[:-shift, ...], zero)
        g = xp.concat([g[:shift, ...], g[shift:, ...] + before])
        shift *= 2
    wanted = xp.arange(size, dtype=rows.dtype, device=device(rows))
    last = xp.searchsorted(rows, wanted, side="right") - 1
    last = xp.where(last < 0, xp.zeros_like(last), last)
    found = xp.reshape(xp.take(rows, last, axis=0) == wanted, column)
    return xp.where(found, xp.take(g, last, axis=0), zero)


def _counted_from_zero(xp, rows, size):
    return xp.where(rows < 0, rows + size, rows)


def _take_rule(xp, g, y, x, indices, *, axis=0):
    return xp.moveaxis(xp.scatter(xp.moveaxis(g, axis, 0), indices, x.shape[axis]), 0, axis)


def _take_along_axis_rule(xp, g, y, x, indices, *, axis=-1):
    size = math.prod(x.shape)
    places = xp.take_along_axis(xp.reshape(xp.arange(size, device=device(x)), x.shape), indices, axis=axis)
    return xp.reshape(xp.scatter(xp.reshape(g, (-1,)), xp.reshape(places, (-1,)), size), x.shape)


primitive("getitem", _getitem_rule, forward=lambda _, x, key: x[key])
primitive("embed", lambda xp, h, y, g, key, shape: h[key], forward=_embed)
primitive(
    "scatter",
    lambda xp, h, y, g, rows, size: xp.take(h, _counted_from_zero(xp, rows, size), axis=0),
    forward=_scatter,
)
primitive("take", _take_rule)
primitive("take_along_axis", _take_along_axis_rule)

# Piecewise constant, or about dtypes and shapes alone: run on the plain values.
PLAIN = frozenset(
    """all any argmax argmin argsort can_cast ceil count_nonzero empty_like equal finfo floor greater
    greater_equal iinfo isdtype isfinite isinf isnan less less_equal logical_and logical_not logical_or
    logical_xor nonzero not_equal ones_like result_type round searchsorted sign signbit trunc zeros_like""".split()  # noqa: SIM905
)


# ---- The namespace ----------------------------------------------------------------------------------------------


class Namespace:
    """What traced values call `xp`: primitives, compositions of them, and the rest of the library `base`."""

    def __init__(self, base):
        self.base = base
        self.__name__ = f"autodiff of {base.__name__}"
        self.linalg = _Linalg(self)

    def __getattr__(self, name):
        if name in PRIMITIVES:
            found = partial(_apply, self, name)
        else:
            try:
                found = operator.attrgetter(name)(self.base)
            except AttributeError:
                raise MissingPrimitive(name) from None
            if name in PLAIN:
                found = _on_plain(found)
            elif callable(found) and not isinstance(found, type):  # dtypes are types
                return _on_constants(name, found)
        setattr(self, name, found)  # found without this method from now on
        return found

    def asarray(self, x, *, dtype=None, **kwargs):
        if isinstance(x, Traced):
            return x if dtype is None or dtype == x.dtype else self.astype(x, dtype)
        return self.base.asarray(x, dtype=dtype, **kwargs)

    def astype(self, x, dtype, **kwargs):
        if not self.isdtype(dtype, "real floating"):
            x = _plain(x)
        return _apply(self, "astype", x, dtype, **kwargs)

    def clip(self, x, min=None, max=None):
        x = x if min is None else self.maximum(x, min)
        return x if max is None else self.minimum(x, max)

    def mean(self, x, *, axis=None, keepdims=False):
        total = self.sum(x, axis=axis, keepdims=keepdims)
        return total / (math.prod(x.shape) // max(math.prod(total.shape), 1))

    def var(self, x, *, axis=None, correction=0.0, keepdims=False):
        total = self.sum(self.square(x - self.mean(x, axis=axis, keepdims=True)), axis=axis, keepdims=keepdims)
        return total / (math.prod(x.shape) // max(math.prod(total.shape), 1) - correction)

    def std(self, x, **kwargs):
        return self.sqrt(self.var(x, **kwargs))

    def concat(self, arrays, *, axis=0):
        if axis is None:
            arrays, axis = [self.reshape(a, (-1,)) for a in arrays], 0
        ends = tuple(itertools.accumulate(a.shape[axis] for a in arrays))
        return _apply(self, "concat", *arrays, axis=axis, ends=ends)

    def stack(self, arrays, *, axis=0):
        return self.concat([self.expand_dims(a, axis=axis) for a in arrays], axis=axis)

    def sort(self, x, *, axis=-1, **kwargs):
        return self.take_along_axis(x, self.argsort(x, axis=axis, **kwargs), axis=axis)

    def matmul(self, a, b):
        if b.ndim == 1:
            return self.squeeze(self.matmul(a, self.expand_dims(b, axis=1)), axis=-1)
        if a.ndim == 1:
            return self.squeeze(self.matmul(self.expand_dims(a, axis=0), b), axis=-2)
        if b.ndim == 2 < a.ndim:  # one product, here and in the derivative, instead of one for each of the batch
            flat = _apply(self, "matmul", self.reshape(a, (-1, a.shape[-1])), b)
            return self.reshape(flat, (*a.shape[:-1], b.shape[-1]))
        return _apply(self, "matmul", a, b)

    def vecdot(self, a, b, *, axis=-1):
        return self.sum(a * b, axis=axis)


def _on_plain(function):
    return lambda *args, **kwargs: function(*[_plain(a) for a in args], **kwargs)


def _on_constants(name, function):
    """`function` for as long as no argument is traced."""

    def call(*args, **kwargs):
        if any(isinstance(a, Traced) for a in tree.leaves((args, kwargs))):
            raise MissingPrimitive(name)
        return function(*args, **kwargs)

    return call


class _Linalg:
    """``xp.linalg``."""

    def __init__(self, xp):
        self.xp = xp

    def __getattr__(self, name):
        shared = ("matmul", "matrix_transpose", "vecdot")
        return getattr(self.xp, name if name in shared else f"linalg.{name}")

    def outer(self, a, b):
        return self.xp.expand_dims(a, axis=1) * self.xp.expand_dims(b, axis=0)

    def diagonal(self, x, *, offset=0):
        rows, columns = x.shape[-2:]
        start = offset if offset >= 0 else -offset * columns
        n = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
        places = start + (columns + 1) * self.xp.arange(n, device=device(x))
        return self.xp.take(self.xp.reshape(x, (*x.shape[:-2], rows * columns)), places, axis=-1)

    def trace(self, x, *, offset=0):
        return self.xp.sum(self.diagonal(x, offset=offset), axis=-1)


# ---- What users call --------------------------------------------------------------------------------------------


@lru_cache
def _namespace(base):
    return Namespace(base)


def _trace(f, primals):
    """Run `f` on traced `primals`: the tape, the number of its variables, and the traced result."""
    primals = tree.map(lambda x: np.asarray(x) if isinstance(x, float | np.floating) else x, primals)
    for i, primal in enumerate(primals):
        for leaf in tree.leaves(primal):
            check.floating(**{f"argument {i} of f": leaf})
    leaves = tree.leaves(primals)
    if not leaves:
        raise ValueError(f"f must be differentiated with respect to at least one array, got {primals!r}")
    xp = array_namespace(*leaves)
    array_type: Any = type(leaves[0])
    tape = Tape(xp if isinstance(xp, Namespace) else _namespace(xp), _traced_type(array_type))
    variables = tree.map(lambda leaf: tape.record((), (), {}, leaf, ()), primals)
    return tape, len(leaves), f(*variables)


def _refill(like, parts):
    """A tree like `like` with `parts` for its leaves, in the order of `tree.map`."""
    parts = iter(parts)
    return tree.map(lambda _: next(parts), like)


def _unwrap(tape, results):
    """`results` one level down."""
    return tree.map(lambda x: x.value if isinstance(x, Traced) and x.tape is tape else x, results)


def _one_array(y):
    if not is_array(y) and not isinstance(y, np.generic):
        raise TypeError(f"f must return one array (more only under has_aux), got {type(y).__name__}")
    return y


def vjp(f, *primals):
    """Value of `f`, and the function that pulls a cotangent of that value back to the arguments.

    Parameters
    ----------
    f : callable
        ``f(*primals)`` returns an array or a tree of arrays.
    *primals : array or tree of arrays
        Floating point, any shapes, of one library; floats count as NumPy arrays of shape ().

    Returns
    -------
    value : array or tree of arrays
        ``f(*primals)``.
    pullback : callable
        ``pullback(cotangent)`` takes a tree like `value` and returns one cotangent for each primal: the transposed
        Jacobian times `cotangent`, with the structure, shapes, dtypes and device of the primals. It may be called
        any number of times.

    Raises
    ------
    TypeError
        If a primal is no floating-point array.
    ValueError
        If there is no primal; by `pullback`, if structure or shapes of the cotangent are not those of `value`.
    MissingPrimitive
        If `f` calls a function that has no derivative here.

    Examples
    --------
    >>> import numpy as np
    >>> y, pullback = vjp(lambda a, x: a @ x, np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 0.0]))
    >>> y
    array([1., 3.])
    >>> pullback(np.array([1.0, 0.0]))[1]
    array([1., 2.])
    """
    check.function(f=f)
    tape, count, traced = _trace(f, primals)
    value = _unwrap(tape, traced)

    def pullback(cotangent):
        outputs = []

        def seed(y, g):
            if not isinstance(g, int | float | np.number):
                check.array(cotangent=g)
            expected, shape = (tuple(getattr(a, "shape", ())) for a in (y, g))
            if shape != expected:
                raise ValueError(f"cotangent must have the shape of the value, {expected}, got {shape}")
            if isinstance(y, Traced) and y.tape is tape:
                outputs.append((y.entry, tape.xp.asarray(g, dtype=y.dtype, device=y.device)))

        tree.map(seed, traced, cotangent)
        return _refill(primals, tape.pull(outputs, count))

    return value, pullback


def value_and_grad(f, argnums=0, has_aux=False):
    """Function that returns the value of `f` and its gradient.

    Parameters
    ----------
    f : callable
        ``f(*args, **kwargs)`` returns an array of shape (), or if `has_aux` a pair of that and anything else.
    argnums : int or tuple of int, default: 0
        Positions of the arguments to differentiate: arrays or trees of arrays, floating point, of one library.
    has_aux : bool, default: False
        Whether `f` returns something beside its value.

    Returns
    -------
    callable
        ``(*args, **kwargs) -> (value, gradient)``, or ``((value, aux), gradient)``. The gradient is a tree like
        the argument, with its shapes, dtypes and device; for a tuple `argnums`, a tuple of these. What `f` does
        not depend on gets zeros. A gradient may share memory with other arrays: do not write into it.

    Raises
    ------
    TypeError
        By that function, if an argument is no floating-point array, or `f` returns no array.
    ValueError
        By that function, if the value of `f` is not of shape (), or an argument is missing.
    MissingPrimitive
        By that function, if `f` calls a function that has no derivative here.

    Examples
    --------
    >>> import numpy as np
    >>> value_and_grad(lambda x: (x @ x) ** 2)(np.array([1.0, 2.0]))
    (np.float64(25.0), array([20., 40.]))
    """
    check.function(f=f), check.flag(has_aux=has_aux)
    positions = argnums if isinstance(argnums, tuple) else (argnums,)
    for i in positions:
        check.integer(argnums=i)

    def f_and_gradient(*args, **kwargs):
        if max(positions, default=0) >= len(args):
            raise ValueError(f"argnums must name positional arguments of f, which got {len(args)}, got {argnums}")

        def of_chosen(*chosen):
            called = list(args)
            for i, x in zip(positions, chosen, strict=True):
                called[i] = x
            return f(*called, **kwargs)

        tape, count, result = _trace(of_chosen, [args[i] for i in positions])
        if has_aux and not (isinstance(result, tuple) and len(result) == 2):
            raise TypeError(f"f must return a pair (value, aux) under has_aux, got {type(result).__name__}")
        y = result[0] if has_aux else result
        if _one_array(y).shape != ():
            raise ValueError(f"f must return a scalar, an array of shape (), got shape {tuple(y.shape)}")
        connected = isinstance(y, Traced) and y.tape is tape
        pulled = tape.pull([(y.entry, tape.xp.ones_like(y.value))] if connected else [], count)
        gradients = _refill(tuple(args[i] for i in positions), pulled)
        return _unwrap(tape, result), gradients if isinstance(argnums, tuple) else gradients[0]

    return f_and_gradient


def grad(f, argnums=0):
    """Function that returns the gradient of `f`; may be applied again.

    Parameters
    ----------
    f : callable
        ``f(*args, **kwargs)`` returns an array of shape ().
    argnums : int or tuple of int, default: 0
        Positions of the arguments to differentiate.

    Returns
    -------
    callable
        ``(*args, **kwargs) -> gradient``, as the second result of `value_and_grad`.

    Raises
    ------
    TypeError, ValueError, MissingPrimitive
        By that function, as in `value_and_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> f = lambda x: x**3
    >>> grad(f)(np.array(2.0)), grad(grad(f))(np.array(2.0))
    (array(12.), array(12.))
    >>> grad(lambda p: p["a"] @ p["b"])({"a": np.array([1.0, 2.0]), "b": np.array([3.0, 4.0])})
    {'a': array([3., 4.]), 'b': array([1., 2.])}
    """
    check.function(f=f)
    both = value_and_grad(f, argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def hvp(f, x, v):
    """Hessian of `f` at `x`, times `v`, without forming the Hessian: the pullback of the gradient.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns an array of shape ().
    x : array or tree of arrays
        Floating point.
    v : array or tree of arrays
        Like `x`.

    Returns
    -------
    array or tree of arrays
        Like `x`. The cost is a small multiple of that of one gradient, whatever the size of `x`.

    Raises
    ------
    TypeError, ValueError, MissingPrimitive
        As by `grad`; ValueError also if `v` is not like `x`.

    Examples
    --------
    >>> import numpy as np
    >>> hvp(lambda x: x[0] ** 2 * x[1], np.array([3.0, 5.0]), np.array([1.0, 0.0]))
    array([10.,  6.])
    """
    pullback = vjp(grad(f), x)[1]
    try:
        return pullback(v)[0]
    except (TypeError, ValueError) as error:
        raise type(error)(f"v must be like x: {error}") from error


def jacobian(f):
    """Function that returns all first derivatives of `f`, one pullback for each component of its value.

    Parameters
    ----------
    f : callable
        ``f(x)`` returns one array, of at least one component; `x` is an array or tree of arrays.

    Returns
    -------
    callable
        ``x -> J``, a tree like `x` whose leaves have the shape of ``f(x)`` followed by the shape of that leaf.

    Raises
    ------
    TypeError
        By that function, if `f` returns no array.
    ValueError
        By that function, if ``f(x)`` is empty.

    Examples
    --------
    >>> import numpy as np
    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    >>> jacobian(grad(lambda x: x[0] * x[1]))(np.array([1.0, 2.0]))  # the Hessian
    array([[0., 1.],
           [1., 0.]])
    """

    check.function(f=f)

    def all_derivatives(x):
        y, pullback = vjp(f, x)
        n = math.prod(_one_array(y).shape)
        if n == 0:
            raise ValueError(f"f must return at least one component, got shape {tuple(y.shape)}")
        xp = _namespace(array_namespace(_plain(y)))
        basis = xp.eye(n, dtype=y.dtype, device=device(y))
        rows = [pullback(xp.reshape(basis[i, ...], y.shape))[0] for i in range(n)]
        return tree.map(lambda *parts: xp.reshape(xp.stack(parts), (*y.shape, *parts[0].shape)), *rows)

    return all_derivatives


def stop_gradient(x):
    """`x` as a constant: its plain values, without any trace.

    Parameters
    ----------
    x : array or tree of any leaves
        Traced or plain.

    Returns
    -------
    array or tree of arrays
        Like `x`.

    Examples
    --------
    >>> import numpy as np
    >>> stop_gradient(np.array(3.0)), grad(lambda x: x * stop_gradient(x))(np.array(3.0))
    (array(3.), array(3.))
    """
    return tree.map(_plain, x)
