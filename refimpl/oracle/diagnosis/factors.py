"""What a number is made of, input by input: a product of powers of sizes, rates and what else the inputs tell."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import combinations
from keyword import iskeyword
from typing import NamedTuple

import numpy as np

from refimpl.specs.domains import known

FEWEST = 5  # inputs from which a factor is read
VARIETY = 4  # different values that a factor of two quantities must have; one of a single one may have a value less
EXACT = 1e-9  # relative
POWERS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
PLAIN = (-1.0, 0.5, 2.0, 0.0)  # factors that need no reading
WHOLE = {"2": 2.0, "3": 3.0}  # what may stand beside one quantity
SIZES = 4  # of which sums are taken: a mean over both
RATES = 6  # numbers between 0 and 1 of which products are taken


class Factor(NamedTuple):
    """A factor, as a function of what the inputs tell."""

    words: str
    of: Callable[[Mapping[str, float]], float]
    names: tuple[str, ...] = ()  # of what it is made of
    code: str = ""  # as a source would have it


def quantities(operation, inputs):
    """What a factor may be made of, by name: sizes and what statistics make of them, rates and their complements."""
    found: dict[str, float] = {}
    for name, value in known(operation, inputs).items():
        if not isinstance(value, int | float):
            continue
        found[name] = float(value)
        if isinstance(value, int):
            found |= {f"({name} - 1)": value - 1.0, f"({name} + 1)": value + 1.0, f"(2 {name} - 1)": 2.0 * value - 1}
        else:
            found |= {f"(1 - {name})": 1.0 - value, f"(1 + {name})": 1.0 + value}
    sizes = [name for name, value in known(operation, inputs).items() if isinstance(value, int)]
    for a, b in combinations(sizes[:SIZES], 2):
        found[f"({a} + {b})"] = found[a] + found[b]
    rates = [f.name for f in operation.inputs if f.kind == "float" and f.domain.low == 0 and f.domain.high == 1]
    for a, b in combinations(rates[:RATES], 2):
        found[f"(1 - {a} {b})"] = 1.0 - found[a] * found[b]
        found[f"({b} - {a})"] = found[b] - found[a]
    return found


def factors(table, values, loose=EXACT, neutral=1.0, most=1):
    """Factors that have some values: a number, else a product of powers of one or two quantities, the plainest first.

    Parameters
    ----------
    table : list of dict
        What each input tells, by name.
    values : list of float or None
        What the factor is at each; None where that does not show.
    loose : float, default: EXACT
        Relative error of the values.
    neutral : float or None, default: 1.0
        The value that says nothing, if there is one.
    most : int, default: 1
        Of so many.

    Yields
    ------
    Factor
        One whose values are those.
    """
    rows = [(row, value) for row, value in zip(table, values, strict=True) if value is not None]
    if len(rows) < FEWEST:
        return
    told, found = [row for row, _ in rows], np.array([value for _, value in rows])
    near = lambda a, b: bool(np.all(np.abs(a - b) <= 10 * loose * np.maximum(np.abs(b), 1e-300)))
    middle = float(np.median(found))
    if near(found, middle):
        if neutral is None or abs(middle - neutral) > 1e-6:
            plain = next((p for p in PLAIN if near(middle, p)), None)
            said = f"{middle:.6g}" if plain is None else f"{plain:g}"
            yield Factor(said, partial(_always, middle if plain is None else plain), code=said)
        return
    different = variety(found)
    if different < VARIETY - 1:
        return
    for terms in _products(told, found, 10 * loose, most > 1):
        if most == 0 or (len(terms) == 2 and different < VARIETY):
            return
        with np.errstate(all="ignore"):
            made = np.array([_product(row, terms) for row in told])
        for sign, mark in ((1.0, ""), (-1.0, "-")):
            if near(found, sign * made):
                most -= 1
                names = tuple(n for n, _ in terms)
                yield Factor(mark + _said(terms), partial(_made, terms, sign), names, mark + _said(terms, "*"))
                break


def variety(values):
    """How many of some values differ in their first six digits."""
    return len({f"{value:.6g}" for value in values})


def _products(told, found, loose, alike):
    """Powers of one quantity, then of two, whose product is of the right size; in logarithms, all at once."""
    shows = np.isfinite(found) & (found != 0)
    names, logs, seen = [], [], set()
    with np.errstate(all="ignore"):
        for name in [n for n in told[0] if all(n in row for row in told)] + list(WHOLE):
            log = np.log(np.abs([WHOLE.get(name, row.get(name)) for row in told]))[shows]
            if (alike or log.tobytes() not in seen) and np.isfinite(log).all() and (name in WHOLE or np.ptp(log) > 0):
                seen.add(log.tobytes())
                names.append(name)
                logs.append(log)
        wanted = np.log(np.abs(found[shows]))
    each = [(n, p) for n in names for p in POWERS]
    size = np.array([p * log for log in logs for p in POWERS])
    left = wanted - size
    for k in np.flatnonzero(np.all(np.abs(left) <= loose, axis=1)):
        yield (each[k],)
    first, second = np.nonzero(np.abs(left[:, :1] - size[:, 0]) <= loose)
    for j in range(1, size.shape[1]):  # one input after the other: few pairs outlive the first ones
        keep = np.abs(left[first, j] - size[second, j]) <= loose
        first, second = first[keep], second[keep]
    for a, b in zip(first, second, strict=True):
        if each[a][0] != each[b][0] and a < b:
            yield each[a], each[b]


def _always(c, row):
    return c


def _made(terms, sign, row):
    with np.errstate(all="ignore"):
        return sign * _product(row, terms)


def _product(row, terms):
    return float(np.prod([np.float64(WHOLE[n] if n in WHOLE else row[n]) ** p for n, p in terms]))


def _said(terms, sign=""):
    """A product of powers, as it is written: with a sign between its factors as in a source."""
    terms = sorted(terms, key=lambda term: term[0] not in WHOLE)
    times, over, to = (f" {sign} ", " / ", " ** ") if sign else (" ", "/", "^")
    power = {1.0: "", 2.0: f"{to}2", 0.5: f"{to}(1/2)"}
    name = partial(_signed, sign)
    up = [f"{name(n)}{power[p]}" for n, p in terms if p > 0]
    down = [f"{name(n)}{power[-p]}" for n, p in terms if p < 0]
    below = f"({times.join(down)})" if len(down) > 1 else "".join(down)
    return f"{times.join(up) or '1'}{over}{below}" if down else times.join(up)


def _signed(sign, name):
    """The name of a quantity, such as (1 - a b), with signs in its products; what a source computes has them."""
    words = re.findall(r"\w+", name)
    return re.sub(r"(\w) (?=\w)", rf"\1 {sign} ", name) if sign and not any(map(iskeyword, words)) else name
