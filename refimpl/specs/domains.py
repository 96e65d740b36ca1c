"""What an input of an operation may be, as data: words, refusals, random inputs and every question are made from it.

A bound may be a number, an axis ("n"), another input of one number, or either with a whole number added or taken away
("n-1", "T+1"). What holds between several inputs is a `Relation` of the operation.
"""

import contextlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

TRIES = 200  # random inputs until one keeps the relations
NEAR = 1e-6  # how far from 1 a sum or a length may be that should be 1: float32 has rounded its terms


@dataclass(frozen=True)
class Domain:
    """What a number or each entry of an array may be, and what the array must be as a whole.

    Examples
    --------
    >>> real(0, 1, open=")").words, whole(0, "n", open=")").words, REAL.that("symmetric").words
    ('in [0, 1)', 'whole, in [0, n)', 'symmetric')
    """

    low: float | str = -math.inf
    high: float | str = math.inf
    open: str = ""  # the ends that are left out: "(", ")" or "()"
    whole: bool = False  # integers: int64 in arrays
    mask: bool = False  # booleans
    values: tuple[float, ...] = ()  # the only ones, if any
    forms: tuple[str, ...] = ()  # keys of `FORMS`
    infinite: bool = False  # whether infinity is one of the numbers; minus infinity too if there is no lower end
    nan: bool = False  # whether NaN is one

    def that(self, *forms):
        """The same, of arrays that have some of the `FORMS` too.

        Raises
        ------
        ValueError
            If there is no such form.
        """
        for form in forms:
            if form not in FORMS:
                raise ValueError(f"forms must be of {', '.join(FORMS)}, got {form!r}")
        return replace(self, forms=(*self.forms, *forms))

    @property
    def dtype(self):
        """Of an array that holds this: "int64", "bool" or "float64"."""
        return "bool" if self.mask else "int64" if self.whole else "float64"

    @property
    def words(self):
        """For people; "" where anything finite will do."""
        said = []
        if self.mask:
            said.append("true or false")
        elif self.values:
            said.append(" or ".join(f"{v:g}" for v in self.values))
        elif self.whole:
            said.append("whole")
        if not self.values:
            said.append(self._range)
        if self.infinite:
            said.append("infinity too" if self._range or self.open else "infinities too")
        if self.nan:
            said.append("NaN too")
        return ", ".join([*filter(None, said), *(FORMS[form].words for form in self.forms)])

    @property
    def _range(self):
        low, high = (_said(end) for end in (self.low, self.high))
        if low and high:
            return f"in {'(' if '(' in self.open else '['}{low}, {high}{')' if ')' in self.open else ']'}"
        if low:
            return f"{'>' if '(' in self.open else '>='} {low}"
        return f"{'<' if ')' in self.open else '<='} {high}" if high else ""

    @property
    def data(self):
        """As plain JSON data: the words, and what a program can use of them."""
        ends = {"low": self.low, "high": self.high}
        found: dict[str, Any] = {n: end for n, end in ends.items() if isinstance(end, str) or math.isfinite(end)}
        found |= {"open": self.open} if self.open else {}
        found |= {"values": list(self.values)} if self.values else {}
        found |= {"forms": list(self.forms)} if self.forms else {}
        found |= {name: True for name in ("infinite", "nan") if getattr(self, name)}
        return {"words": self.words} | found

    def bounds(self, known):
        """Lower and upper end as numbers, where axes and inputs are `known` by name."""
        return _number(self.low, known), _number(self.high, known)

    def wrong(self, value, known):
        """What is wrong with a value, in words; "" if it may be.

        Parameters
        ----------
        value : numpy.ndarray or number
            Of the right kind.
        known : mapping of str to number
            Lengths of axes, and inputs of one number.

        Returns
        -------
        str
            Such as "must be > 0, got -1.0".
        """
        x = np.asarray(value)
        if x.dtype.kind != {"bool": "b", "int64": "i", "float64": "f"}[self.dtype]:
            return f"must be {'an array of ' if x.ndim else ''}{self.dtype}, got {x.dtype.name}"
        if self.mask or not x.size:
            return ""
        low, high = self.bounds(known)
        with np.errstate(invalid="ignore"):
            good = np.isfinite(x) | (self.infinite & np.isinf(x))
            good &= (x > low) | (x == low) & ("(" not in self.open)
            good &= (x < high) | (x == high) & (")" not in self.open)
            if self.values:
                good &= np.isin(x, self.values)
            good |= self.nan & np.isnan(x)
        if not good.all():
            return f"must be {self.words or 'finite'}, got {x[~good].flat[0]!r}"
        form = next((FORMS[f] for f in self.forms if not FORMS[f].holds(x)), None)
        return f"must be {form.words}" if form else ""

    def moved(self, value, rng):
        """Each number moved by up to a fifth, within the domain; what is whole, or one of a few, stays.

        An array that cannot be moved within its form stays too.
        """
        x = np.asarray(value)
        if self.mask or self.whole or self.values or not x.size:
            return value
        factors = rng.uniform(0.8, 1.2, x.shape)
        if x.ndim >= 2 and {"symmetric", "semidefinite", "definite"} & set(self.forms):
            root = np.sqrt(factors[..., :1, :])
            found = x * (root * np.swapaxes(root, -1, -2))  # D A D
        elif "increments" in _moves(self.forms):
            steps = np.diff(x, axis=-1, prepend=0.0)
            found = np.cumsum(steps * factors, axis=-1)
        else:
            near_one = (self.high == 1) & (x > 0.5) & (x < 1)
            found = np.where(near_one, 1 - (1 - x) * factors, x * factors)
        for form in self.forms:
            found = FORMS[form].mended(found)
        return found if x.ndim else float(found)

    def drawn(self, rng, shape, known):
        """Random values of this domain, of size about 1.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> PERMUTATION.drawn(rng, (4,), {}).dtype, bool(np.all(POSITIVE.drawn(rng, (9,), {}) > 0))
        (dtype('int64'), True)
        """
        low, high = self.bounds(known)
        if self.mask:
            return rng.integers(0, 2, shape).astype(bool)
        if "permutation" in self.forms:
            return rng.permuted(np.broadcast_to(np.arange(shape[-1]), shape), axis=-1)
        if self.values:
            return rng.choice(np.asarray(self.values, self.dtype), shape)
        if self.whole:
            low = 0 if low == -math.inf else math.floor(low) + ("(" in self.open and low == math.floor(low))
            high = low + 5 if high == math.inf else math.ceil(high) - (")" in self.open and high == math.ceil(high))
            found = rng.integers(int(low), int(high) + 1, shape)
            if "different" in self.forms and high - low + 1 >= shape[-1]:
                every = np.broadcast_to(np.arange(int(low), int(high) + 1), (*shape[:-1], int(high - low) + 1))
                found = rng.permuted(every, axis=-1)[..., : shape[-1]]
        elif math.isfinite(low) and math.isfinite(high):
            found = low + (high - low) * rng.uniform(0.05, 0.95, shape)
        elif math.isfinite(low) or math.isfinite(high):
            away = np.sqrt(rng.uniform(0.05, 4.0, shape))
            found = low + away if math.isfinite(low) else high - away
        else:
            found = rng.standard_normal(shape)
        for form in self.forms:
            found = FORMS[form].mended(found)
        return found


@dataclass(frozen=True)
class Form:
    """What an array must be as a whole."""

    words: str
    holds: Callable[[np.ndarray], bool]
    mended: Callable[[np.ndarray], np.ndarray] = lambda x: x  # from an array of the right entries, if that is easy


def _square(x):
    return x.ndim >= 2 and x.shape[-1] == x.shape[-2]


def _symmetric(x):
    return _square(x) and bool(np.all(x == np.swapaxes(x, -1, -2)))


def _eigenvalues(x):
    scale = np.max(np.abs(x), axis=(-2, -1), keepdims=True, initial=0.0)
    with np.errstate(all="ignore"):
        return np.linalg.eigvalsh(x.astype(np.float64) / np.where(scale > 0, scale, 1))


def _sums_to_one(x):
    return bool(np.all(np.abs(np.sum(x.astype(np.float64), axis=-1) - 1) <= NEAR * max(1, x.shape[-1])))


def _lengths(x):
    return np.sqrt(np.sum(np.square(x.astype(np.float64)), axis=-1, keepdims=True))


def _steps(x):
    return np.diff(x, axis=-1)


def _different(x):
    sorted_ = np.sort(x, axis=-1)
    return bool(np.all(sorted_[..., 1:] != sorted_[..., :-1]))


def _half(x):
    return (x + np.swapaxes(x, -1, -2)) / 2 if _square(x) else x


def _positive(x):
    return x @ np.swapaxes(x, -1, -2) / x.shape[-1] + 0.1 * np.eye(x.shape[-1]) if _square(x) else x


FORMS: Mapping[str, Form] = {
    "symmetric": Form("symmetric", _symmetric, _half),
    "semidefinite": Form(
        "symmetric and positive semidefinite",
        lambda x: _symmetric(x) and bool(np.all(_eigenvalues(x) >= -NEAR)),
        lambda x: x if FORMS["semidefinite"].holds(x) else _positive(x),
    ),
    "definite": Form(
        "symmetric and positive definite",
        lambda x: _symmetric(x) and bool(np.all(_eigenvalues(x) > 0)),
        lambda x: x if FORMS["definite"].holds(x) else _positive(x),
    ),
    "permutation": Form(
        "a permutation of 0, 1, ... along the last axis",
        lambda x: bool(np.all(np.sort(x, axis=-1) == np.arange(x.shape[-1]))),
    ),
    "different": Form("all different along the last axis", _different),
    "different rows": Form("without two equal rows", lambda x: len(np.unique(x, axis=0)) == len(x)),
    "different columns": Form("without two equal columns", lambda x: np.unique(x, axis=-1).shape == x.shape),
    "simplex": Form(
        "of sum 1 along the last axis", _sums_to_one, lambda x: np.abs(x) / np.sum(np.abs(x), axis=-1, keepdims=True)
    ),
    "unit": Form(
        "of length 1 along the last axis",
        lambda x: bool(np.all(np.abs(_lengths(x) - 1) <= NEAR)),
        lambda x: x / _lengths(x),
    ),
    "nonzero": Form("without zeros", lambda x: bool(np.all(x != 0))),
    "nonzero rows": Form("without a row of zeros", lambda x: bool(np.all(np.any(x != 0, axis=-1)))),
    "not all zero": Form("not all zeros", lambda x: bool(np.any(x != 0))),
    "rising": Form("rising along the last axis", lambda x: bool(np.all(_steps(x) > 0)), lambda x: np.sort(x, axis=-1)),
    "falling": Form(
        "falling along the last axis", lambda x: bool(np.all(_steps(x) < 0)), lambda x: np.sort(x, axis=-1)[..., ::-1]
    ),
    "not falling": Form(
        "never falling along the last axis", lambda x: bool(np.all(_steps(x) >= 0)), lambda x: np.sort(x, axis=-1)
    ),
    "not rising": Form(
        "never rising along the last axis",
        lambda x: bool(np.all(_steps(x) <= 0)),
        lambda x: np.sort(x, axis=-1)[..., ::-1],
    ),
    "orthonormal": Form(
        "with orthonormal columns",
        lambda x: bool(np.all(np.abs(np.swapaxes(x, -1, -2) @ x - np.eye(x.shape[-1])) <= NEAR * x.shape[-1])),
        lambda x: np.linalg.qr(x)[0] if x.shape[-2] >= x.shape[-1] else x,
    ),
    "zero diagonal": Form(
        "with zeros on the diagonal", lambda x: _square(x) and not np.any(np.diagonal(x, axis1=-2, axis2=-1))
    ),
}


def _moves(forms):
    return {"increments"} if {"rising", "falling", "not falling", "not rising"} & set(forms) else set()


@dataclass(frozen=True)
class Relation:
    """What must hold between several inputs.

    Examples
    --------
    >>> Relation("eps > 0 where v0 = 0", ("eps", "v0"), lambda i: i["v0"] > 0 or i["eps"] > 0).words
    'eps > 0 where v0 = 0'
    """

    words: str  # a sentence without a full stop
    inputs: tuple[str, ...]  # names of those that it is about
    holds: Callable[[Mapping[str, Any]], bool]  # inputs by name -> whether they may come together


def real(low=-math.inf, high=math.inf, *, open="", infinite=False, nan=False):
    """Numbers between two ends, of which `open` are left out: "(", ")" or "()".

    Examples
    --------
    >>> real(0, "radius", open="(").words
    'in (0, radius]'
    """
    return Domain(low, high, open, infinite=infinite, nan=nan)


def whole(low=0, high=math.inf, *, open=""):
    """Integers between two ends.

    Examples
    --------
    >>> whole(1).words
    'whole, >= 1'
    """
    return Domain(low, high, open, whole=True)


def below(end, low=0):
    """Integers from 0 (or `low`) to one less than a number: labels, indices, row numbers.

    Examples
    --------
    >>> below("C").words
    'whole, in [0, C)'
    """
    return whole(low, end, open=")")


def one_of(*values):
    """One of a few numbers; they are integers if they are all written so.

    Examples
    --------
    >>> one_of(-1.0, 1.0).dtype, one_of(0, 1).dtype
    ('float64', 'int64')
    """
    return Domain(values=tuple(values), whole=all(type(v) is int for v in values))


REAL = Domain()  # any finite number
POSITIVE = real(0, open="(")
NONNEGATIVE = real(0)
FRACTION = real(0, 1, open=")")
SHARE = real(0, 1)
SIGNS = one_of(-1.0, 1.0)
WHOLE = whole()
COUNT = whole(1)
MASK = Domain(mask=True)
PERMUTATION = Domain(whole=True, forms=("permutation",))
SYMMETRIC, SEMIDEFINITE, DEFINITE = (REAL.that(form) for form in ("symmetric", "semidefinite", "definite"))
SIMPLEX = SHARE.that("simplex")


def _said(end):
    return end if isinstance(end, str) else "" if math.isinf(end) else f"{end:g}"


def _number(end, known):
    """A bound as a number: "n", "n-1" or "T+1" of what is known."""
    if not isinstance(end, str):
        return end
    name, more = _parts(end)
    return known[name] + more


def _parts(text):
    """A name, and the whole number that is added to it."""
    name, more = re.findall(r"^(\w+)([+-]\d+)?$", text)[0]
    return name, int(more or 0)


def known(operation, inputs):
    """Lengths of the axes, and the inputs of one number, by name."""
    found: dict[str, Any] = {}
    for entry in operation.inputs:
        value = inputs[entry.name]
        if entry.kind == "array":
            for symbol, length in zip(entry.axes.split(), value.shape, strict=True):
                name, more = _parts(symbol)
                if symbol.isidentifier():
                    found[symbol] = length
                elif name.isidentifier():
                    found.setdefault(name, length - more)  # "T+1" tells T too
        elif entry.kind != "choice":
            found[entry.name] = value
    return found


def outside(operation, inputs):
    """Why inputs, which are complete, must not be asked: the first that is outside its domain, or a broken relation.

    Parameters
    ----------
    operation : Operation
        See `refimpl.specs.base`.
    inputs : mapping
        NumPy arrays in any precision, floats, ints, strings.

    Returns
    -------
    str
        "" if they may be asked.
    """
    try:
        sizes = known(operation, inputs)
    except (AttributeError, ValueError):
        return next(f"{f.name} must have the axes [{f.axes}]" for f in operation.inputs if not _fits(f, inputs[f.name]))
    for entry in operation.inputs:
        value = inputs[entry.name]
        if entry.kind == "choice":
            right = value in entry.options or (entry.open and isinstance(value, str))
            wrong = "" if right else f"must be one of {', '.join(entry.options)}, got {value!r}"
        elif entry.kind != "array" and type(value) is not {"float": float, "int": int}[entry.kind]:
            wrong = f"must be a Python {entry.kind}, got {value!r}"
        elif _length_of_axes(entry, value, sizes):
            wrong = f"must have the axes [{entry.axes}], got the shape {value.shape}"
        else:
            wrong = entry.domain.wrong(value, sizes)
        if wrong:
            return f"{entry.name} {wrong}"
    return next((r.words for r in operation.relations if not _holds(r, inputs)), "")


def _holds(relation, inputs):
    """Whether a relation holds; of inputs that it cannot judge, such as empty arrays, it does not."""
    try:
        return relation.holds(inputs)
    except (IndexError, ValueError):
        return False


def _fits(entry, value):
    return entry.kind != "array" or (isinstance(value, np.ndarray) and value.ndim == len(entry.axes.split()))


def _length_of_axes(entry, value, sizes):
    """Whether an array has other lengths than its axes, "K+1" among them."""
    if entry.kind != "array":
        return False
    lengths = zip(entry.axes.split(), value.shape, strict=True)
    told = [(s, n) for s, n in lengths if s.isdigit() or s.partition("+")[0] in sizes]
    return any(n != (int(s) if s.isdigit() else _number(s, sizes)) for s, n in told)


def moved(operation, inputs, rng):
    """Inputs of a case moved a little, within their domains; where a relation would break, what it names stays.

    Returns
    -------
    dict
        May be the inputs themselves.
    """
    changed = {
        f.name: inputs[f.name] if f.kind == "choice" else f.domain.moved(inputs[f.name], rng) for f in operation.inputs
    }
    sizes = known(operation, inputs)
    for entry in operation.inputs:
        if entry.kind != "choice" and entry.domain.wrong(changed[entry.name], sizes):
            changed[entry.name] = inputs[entry.name]
    for relation in operation.relations:
        if not relation.holds(changed):
            changed |= {name: inputs[name] for name in relation.inputs}
    return changed


def drawn(operation, rng, most=4):
    """Random inputs of an operation: small sizes, numbers of size about 1, within the domains and relations.

    Parameters
    ----------
    operation : Operation
        See `refimpl.specs.base`.
    rng : numpy.random.Generator
        Where they are drawn from.
    most : int, default: 4
        The largest size.

    Returns
    -------
    dict
        As of a case.

    Raises
    ------
    ValueError
        If no relation holds in `TRIES` draws: then the spec must say how to draw.
    """
    symbols = dict.fromkeys(s for f in operation.inputs for s in re.findall(r"[A-Za-z_]\w*", f.axes))
    for _ in range(TRIES):
        sizes: dict[str, Any] = {symbol: int(rng.integers(1, most + 1)) for symbol in symbols}
        inputs: dict[str, Any] = {}
        with contextlib.suppress(ValueError, IndexError):  # of sizes that do not fit: no such number, no relation
            for entry in operation.inputs:
                if entry.kind == "choice":
                    value = str(rng.choice(entry.options))
                elif entry.kind == "array":
                    shape = tuple(int(s) if s.isdigit() else _number(s, sizes) for s in entry.axes.split())
                    value = entry.domain.drawn(rng, shape, sizes)
                else:
                    value = entry.domain.drawn(rng, (), sizes).item()
                    sizes[entry.name] = value
                inputs[entry.name] = value
            if not outside(operation, inputs):
                return inputs
    raise ValueError(f"{operation.name} must have a sample: none of {TRIES} random inputs is inside its domains")


def as_declared(operation, inputs):
    """Inputs with whole numbers as int64 and masks as booleans: a spec may write them as it likes.

    What is no whole number stays what it is, for others to refuse.
    """
    domains = {f.name: f.domain for f in operation.inputs if f.kind == "array"}
    return {name: _as(domains[name], value) if name in domains else value for name, value in inputs.items()}


def _as(domain, value):
    if not isinstance(value, np.ndarray) or value.dtype.name == domain.dtype or domain.dtype == "float64":
        return value
    with np.errstate(invalid="ignore"):
        converted = value.astype(domain.dtype)
    return converted if np.array_equal(converted, value) else value
