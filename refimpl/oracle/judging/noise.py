"""Arrays that are rounded at random after each operation: Monte Carlo arithmetic (Parker 1997) on NumPy."""

import math

import array_api_compat.numpy as np_compat
import numpy as np

_PLAIN = frozenset({np.ndarray, float, int, bool, str, type(None)})
_DOUBLES, _DOUBLE = frozenset({np.ndarray, np.float64}), np.dtype(np.float64)

# Functions whose result is one of their inputs' values, or no float at all: nothing is rounded.
_EXACT = frozenset(
    """
    abs all any arange argmax argmin argsort asarray astype bitwise_and bitwise_invert bitwise_or
    broadcast_arrays broadcast_to can_cast ceil clip concat copysign diagonal empty empty_like equal
    expand_dims eye finfo flip floor full full_like greater greater_equal iinfo isdtype isfinite isinf isnan
    less less_equal linspace logical_and logical_not logical_or matrix_transpose max maximum meshgrid min
    minimum moveaxis negative nonzero not_equal ones ones_like permute_dims positive repeat reshape
    result_type roll round searchsorted sign signbit sort squeeze stack take take_along_axis tile tril triu
    trunc unique_values unstack where zeros zeros_like
    """.split()  # noqa: SIM905 - a list of eighty quoted words reads worse
)

# Rounded in proportion to the sum of magnitudes.
_SUMS = frozenset({"sum", "mean", "cumulative_sum"})
_PRODUCTS = frozenset({"matmul", "tensordot", "vecdot"})

# Stable with respect to the largest entry only: small entries of the matrix may lose all their digits.
_DECOMPOSITIONS = frozenset({"svd", "svdvals", "eigh", "eigvalsh", "cholesky", "qr", "inv", "pinv", "solve"})


class Moves:
    """Random moves of up to one unit, the same as drawn one by one, but made in blocks: most arrays are small."""

    def __init__(self, rng, unit, block=4096):
        self._rng, self._unit, self._block = rng, unit, block
        self._made, self._at = np.empty(0), 0

    def take(self, shape):
        """The next ones, as an array of that shape."""
        size = shape[0] if len(shape) == 1 else math.prod(shape)  # most have one axis
        start, end = self._at, self._at + size
        if end > self._made.size:
            rest = self._made[start:]
            fresh = self._unit * self._rng.uniform(-1, 1, max(self._block, size - rest.size))
            self._made, start, end = np.concatenate([rest, fresh]), 0, size
        self._at, moves = end, self._made[start:end]
        return moves if len(shape) == 1 else moves.reshape(shape) if shape else moves[0]


class Noise:
    """Namespace of noisy arrays: NumPy, with a random rounding after each operation.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the roundings come from.
    unit : float
        Largest relative change. Half a unit in the last place would be lost in the float64 arithmetic itself; so one
        whole unit: 2**-52 for float64, 2**-23 for float32.
    module : module, optional
        The library underneath; default: NumPy.
    root : Noise, optional
        The namespace that this one is a part of, such as `linalg`.
    """

    __name__ = "refimpl.oracle.judging.noise.Noise"

    def __init__(self, rng, unit, module=np_compat, root=None):
        self._module, self._moves = module, root._moves if root else Moves(rng, unit)
        self._root = root or self  # the namespace of the arrays that a part, such as linalg, returns

    def __getattr__(self, name):
        attribute = getattr(self._module, name)
        if name in ("linalg", "fft"):
            return Noise(None, None, attribute, self)
        if isinstance(attribute, type) or not callable(attribute) or name == "isdtype":
            return attribute  # dtypes and constants, and what is asked of them

        inside = self._module is not np_compat
        usual = not inside and name not in _DECOMPOSITIONS | _SUMS | _PRODUCTS
        make = self._by_result if usual else self._by_inputs
        function = make(name, attribute)
        self.__dict__[name] = function  # found without this function from now on
        return function

    def _by_result(self, name, function):
        """`function`, its result rounded unless it is exact: nearly all that a rule calls, so without detours."""
        exact, take = name in _EXACT, self._moves.take

        def noisy(*given, **kwargs):
            args = [a.raw if isinstance(a, Noisy) else a if type(a) in _PLAIN else bare(a) for a in given]
            result = function(*args, **({k: bare(a) for k, a in kwargs.items()} if kwargs else kwargs))
            if type(result) not in _DOUBLES or result.dtype != _DOUBLE:
                return self._wrap(result if exact else self._rounded(result))
            if not exact:
                moves = take(result.shape) * result
                flat = moves.ravel("K")
                if not math.isfinite(flat.dot(flat)):  # infinity, as the score of a masked key, is not rounded
                    moves = np.where(np.isfinite(result), moves, 0.0)
                result = result + moves
            return Noisy(result if type(result) is np.ndarray else np.asarray(result), self)

        return noisy

    def _by_inputs(self, name, function):
        """`function` whose rounding depends on its inputs too."""
        exact, inside = name in _EXACT, self._module is not np_compat

        def noisy(*given, **kwargs):
            args = [bare(a) for a in given]
            kwargs = {k: bare(a) for k, a in kwargs.items()}
            if name in _DECOMPOSITIONS:
                args[0] = self._shaken(args[0], np.max(np.abs(args[0]), initial=0.0))
            elif inside:  # what happens inside is as if its inputs were rounded
                args = [self._rounded(a) if isinstance(a, np.ndarray) else a for a in args]
            result = function(*args, **kwargs)
            if exact or (name in _SUMS and result.dtype.kind in "iu"):  # whole numbers are not rounded
                return self._wrap(result)
            if name in _SUMS:
                return self._wrap(self._shaken(result, function(np.abs(args[0]), *args[1:], **kwargs)))
            if name in _PRODUCTS:
                magnitudes = function(np.abs(args[0]), np.abs(args[1]), *args[2:], **kwargs)
                return self._wrap(self._shaken(result, magnitudes))
            return self._wrap(self._rounded(result))

        return noisy

    def _shaken(self, x, scale):
        """`x` moved by up to one unit of `scale`."""
        return x + self._moves.take(x.shape) * scale

    def _rounded(self, x):
        if type(x) is np.float64 or (type(x) is np.ndarray and x.dtype == np.float64):  # the usual case
            return self._shaken(x, x)
        if isinstance(x, tuple | list):
            return type(x)(*map(self._rounded, x)) if hasattr(x, "_fields") else type(x)(map(self._rounded, x))
        floating = isinstance(x, np.ndarray | np.floating) and np.issubdtype(x.dtype, np.floating)
        return self._shaken(x, x) if floating else x

    def _wrap(self, x):
        if type(x) is np.ndarray:
            return Noisy(x, self._root)
        if isinstance(x, np.ndarray | np.generic):
            return Noisy(np.asarray(x), self._root)
        if isinstance(x, tuple | list):
            return type(x)(*map(self._wrap, x)) if hasattr(x, "_fields") else type(x)(map(self._wrap, x))
        return x

    def wrap_inputs(self, inputs):
        """Arrays become noisy arrays (their values are given, so exact), numbers `Number`."""
        return {
            name: self._wrap(value)
            if isinstance(value, np.ndarray)
            else Number(np.float64(value), self)
            if isinstance(value, float)
            else value
            for name, value in inputs.items()
        }


class Noisy:
    """Array of `Noise`; see there."""

    namespace_priority = 1
    __array_ufunc__ = None  # plain arrays leave mixed operations to us
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, raw, noise):
        self.raw, self._noise = raw, noise

    def __array_namespace__(self, api_version=None):
        return self._noise

    def unwrap(self):
        """The values for a computation outside, which sees them rounded."""
        return np.asarray(self._noise._rounded(self.raw))

    dtype = property(lambda self: self.raw.dtype)
    shape = property(lambda self: self.raw.shape)
    ndim = property(lambda self: self.raw.ndim)
    size = property(lambda self: self.raw.size)
    device = property(lambda self: "cpu")
    T = property(lambda self: Noisy(self.raw.T, self._noise))
    mT = property(lambda self: Noisy(np.matrix_transpose(self.raw), self._noise))

    def __getitem__(self, key):
        return Noisy(np.asarray(self.raw[bare(key)]), self._noise)

    def __setitem__(self, key, value):
        self.raw[bare(key)] = bare(value)

    def __len__(self):
        return len(self.raw)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __bool__(self):
        return bool(self.raw)

    def __float__(self):
        return float(self.raw)

    def __int__(self):
        return int(self.raw)

    def __index__(self):
        return self.raw.__index__()

    def __repr__(self):
        return f"Noisy({self.raw})"


class Number(Noisy):
    """A number among the inputs, as an array of shape (): rounded at each use, each time in another way.

    One that float32 holds exactly, such as 1 or 0.5, stays what it is.
    """

    def __init__(self, value, noise):
        self._value, self._noise = value, noise
        self._exact = np.asarray(value) if np.float32(value) == value else None

    def __array_ufunc__(self, ufunc, method, *operands, **kwargs):  # type: ignore[override]  # numbers may meet NumPy
        plain = method == "__call__" and not kwargs
        return getattr(self._noise, ufunc.__name__)(*operands) if plain else NotImplemented

    @property
    def raw(self):
        return np.asarray(self._noise._rounded(self._value)) if self._exact is None else self._exact


def bare(x):
    """What is noisy in a result, or in the parts of one, as plain arrays."""
    if isinstance(x, Noisy):
        return x.raw
    if type(x) in _PLAIN:
        return x
    if isinstance(x, tuple | list):
        return type(x)(*map(bare, x)) if hasattr(x, "_fields") else type(x)(map(bare, x))
    return {name: bare(value) for name, value in x.items()} if isinstance(x, dict) else x


def _binary(function):
    def operator(self, other):
        if getattr(other, "namespace_priority", 0) > self.namespace_priority:
            return NotImplemented  # a traced value records what is done to it
        return getattr(self._noise, function)(self, other)

    return operator


def _reflected(function):
    return lambda self, other: getattr(self._noise, function)(other, self)


def _unary(function):
    return lambda self: getattr(self._noise, function)(self)


for _dunder, _function in {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "pow", "matmul": "matmul",
    "floordiv": "floor_divide", "mod": "remainder", "and": "bitwise_and", "or": "bitwise_or",
}.items():  # fmt: skip
    setattr(Noisy, f"__{_dunder}__", _binary(_function))
    setattr(Noisy, f"__r{_dunder}__", _reflected(_function))
for _dunder, _function in {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal",
}.items():  # fmt: skip
    setattr(Noisy, f"__{_dunder}__", _binary(_function))
for _dunder, _function in {"neg": "negative", "pos": "positive", "abs": "abs", "invert": "bitwise_invert"}.items():
    setattr(Noisy, f"__{_dunder}__", _unary(_function))
