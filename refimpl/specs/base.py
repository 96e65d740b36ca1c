"""The words in which a spec is written.

Everything here is plain data around plain functions; the engine in `refimpl.oracle` does the work. A spec never
imports the engine, and the engine knows no system by name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from refimpl.specs.domains import REAL, Domain, Relation, as_declared, drawn

FLAGS = {
    "basic": "ordinary values; fails whenever the rule is not this rule",
    "boundary": "the smallest sizes and the limits of the parameters: one step, one coordinate, zero rates",
    "edge_case": "zeros, ties, constants and other inputs that need a decision",
    "missing_step": "tells an implementation that leaves out a step",
    "wrong_order": "tells an implementation that does two steps in the wrong order",
    "wrong_constant": "tells an implementation with a wrong or misplaced constant",
    "known_bug": "tells a mistake that a published implementation has made",
    "variant": "tells named, sourced alternatives of the rule apart",
    "numerics": "huge or tiny scales; fails on overflow, underflow or cancellation",
    "long": "hundreds of steps: what is lost a little in each step shows, and counters pass 255",
    "large": "sizes at which code goes blockwise or over threads",
}

BUG_TYPES = {
    "missing_step": "a step of the rule is left out",
    "extra_step": "a step is done that the rule does not have",
    "wrong_order": "two steps change places, or a value is used before or after it is due",
    "wrong_constant": "a constant, rate or power is wrong, or two are exchanged",
    "wrong_sign": "a term has the wrong sign",
    "wrong_axis": "a reduction or a draw runs over the wrong axis",
    "wrong_scale": "a factor is missing or doubled",
    "wrong_output": "the rule is right but something else is returned",
    "numerics": "right on paper, wrong in floating point",
}


@dataclass(frozen=True)
class Field:
    """An input or output of an operation."""

    name: str
    kind: str  # "array", "float", "int" or "choice"
    axes: str = ""  # of an array: one symbol per axis, "N d"; "K+1" counts one more than K
    doc: str = ""
    options: tuple[str, ...] = ()  # of a choice
    open: bool = False  # whether they are examples of a language that the doc tells
    steps: bool = False  # whether the first axis of an output counts steps
    first: int = 1  # number of its first step
    ulps: int = 0  # of an output: what is allowed at least, in units of the largest entry of the outputs of its axes
    domain: Domain = REAL  # what it may be

    @property
    def told(self):
        """The doc, and the domain in words."""
        return f"{self.doc}; {self.domain.words}" if self.domain.words else self.doc


def tags(system, *numbers):
    """Tags of equations of a system by their numbers.

    Examples
    --------
    >>> tags("lion", 1, 2)
    ('lion-1', 'lion-2')
    """
    return tuple(f"{system}-{number}" for number in numbers)


def array(name, axes, doc, domain=REAL, *, steps=False, first=1, ulps=0):
    """Array with symbolic axes: of floating-point numbers, or of what its domain says."""
    return Field(name, "array", axes, doc, steps=steps, first=first, ulps=ulps, domain=domain)


def number(name, doc, domain):
    """Floating-point number, of a domain that is said."""
    return Field(name, "float", doc=doc, domain=domain)


def integer(name, doc, domain):
    """Integer, of a domain that is said."""
    return Field(name, "int", doc=doc, domain=domain)


def choice(name, options, doc, *, open=False):
    """One of a few strings; of an open one these are examples of a language."""
    return Field(name, "choice", doc=doc, options=tuple(options), open=open)


@dataclass(frozen=True, eq=False)  # a case is its own key: arrays have no hash
class Case:
    """Inputs of an operation under a permanent name."""

    slug: str  # never renamed, never reused
    flags: tuple[str, ...]  # keys of FLAGS
    why: str  # what is wrong with an implementation that fails here
    inputs: Mapping[
        str, Any
    ]  # NumPy arrays of float64 (what is whole or a mask becomes int64 or bool), floats, ints, strings
    dtypes: tuple[str, ...] = ("float64", "float32")  # those in which the inputs can be represented
    equations: tuple[str, ...] = ()  # tags of the docs page that it tests
    answer: Mapping[str, Any] | None = None  # closed form, where there is one
    source: str = ""  # of `answer`, or of what `derived` gives
    small: "Case | None" = None  # of a large or long case: the small one that its answer is made of
    derived: Callable[..., Any] | None = None  # its right answer, from that of the small one
    recipe: str = ""  # of a large case: how it is made of the small one, in place of its inputs in its id
    alike: bool = False  # whether each entry is treated by itself, so that tolerances are those of the small one

    @property
    def dear(self):
        """Whether it takes a while: a long or a large one."""
        return bool({"long", "large"} & set(self.flags))


@dataclass(frozen=True)
class ErrorCase:
    """Inputs that must be refused, and how."""

    slug: str
    why: str
    inputs: Mapping[str, Any]  # what differs from the operation's first case
    raises: type[Exception] | tuple[type[Exception], ...]
    names: str  # a word of the message: the name of an argument of the reference


@dataclass(frozen=True)
class Law:
    """A check that needs no reference answer.

    `pairs(run, inputs)` yields ``(got, expected)`` arrays that must agree; ``run(**inputs)`` calls the candidate
    and returns its outputs by name. How well they must agree is measured, on the reference under rounding noise.
    """

    slug: str
    statement: str
    pairs: Callable[..., Any]
    cases: tuple[str, ...]  # slugs of the cases on whose inputs it is checked
    extreme: bool = False  # whether it asks at the ends of the range, where code may be right and lose its digits


@dataclass(frozen=True)
class Alternative:
    """The source with some lines that read otherwise: a mistake, or what another source does on purpose."""

    slug: str
    kind: str  # "mistake"; "variant": a source and no blame; "choice": a documented option that is not this rule
    doc: str  # of a mistake: what is wrong and how to mend it, to the owner of the code; else what it does
    edits: Mapping[str, str] = field(default_factory=dict)  # place (see `oracle.edits.place`) -> what stands there
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)  # operation -> what no line can say
    bug_type: str = ""  # of a mistake: a key of BUG_TYPES
    origin: str = ""  # address of a real bug of this kind; of a variant or choice its source
    unseen: Mapping[str, str] = field(default_factory=dict)  # operation that runs the lines and shows nothing -> why


def mistake(slug, bug_type, hint, edits=None, *, origin="", unseen=None, functions=None):
    """A plausible mistake.

    Parameters
    ----------
    slug : str
        Its permanent name.
    bug_type : str
        A key of `BUG_TYPES`.
    hint : str
        What is wrong and how to mend it, to the owner of the code.
    edits : mapping of str to str, optional
        Tag -> the line as this mistake has it. Serves every operation of the system.
    origin : str, optional
        Address of a real bug of this kind.
    unseen : mapping of str to str, optional
        Operation (its name after the dot) that runs these lines and cannot show the mistake -> the reason.
    functions : mapping of str to callable, optional
        Operation -> function with its signature, where no line of the source can say it; there in place of `edits`.

    Returns
    -------
    Alternative
        See there.

    Raises
    ------
    ValueError
        If `bug_type` is unknown, or neither `edits` nor `functions` is given.

    Examples
    --------
    >>> ascent = mistake("ascent", "wrong_sign", "subtract the step; here it is added", {"gd-1": "x = x + lr * grad"})
    >>> ascent.kind, ascent.edits
    ('mistake', {'gd-1': 'x = x + lr * grad'})
    """
    if bug_type not in BUG_TYPES:
        raise ValueError(f"bug_type must be one of {', '.join(BUG_TYPES)}, got {bug_type!r}")
    return _alternative(slug, "mistake", hint, edits, functions, unseen, bug_type=bug_type, origin=origin)


def variant(slug, doc, source, edits=None, *, unseen=None, functions=None, choice=False):
    """A named, sourced alternative that is no mistake.

    Parameters
    ----------
    slug, edits, unseen, functions
        As for `mistake`.
    doc : str
        What it does otherwise.
    source : str
        Where it is defined: an address, or a paper and its equation.
    choice : bool, default: False
        Whether it is a documented option of a package that is not the paper's rule: code that does this deviates, and
        is told that it does so as documented there.

    Returns
    -------
    Alternative
        See there.

    Raises
    ------
    ValueError
        If neither `edits` nor `functions` is given.

    Examples
    --------
    >>> variant("decay_after", "decay the new parameters", "https://...", {"gd-1": "..."}).kind
    'variant'
    """
    kind = "choice" if choice else "variant"
    return _alternative(slug, kind, doc, edits, functions, unseen, origin=source)


def _alternative(slug, kind, doc, edits, functions, unseen, **more):
    if not edits and not functions:
        raise ValueError(f"{slug} must have edits or functions")
    return Alternative(slug, kind, doc, edits or {}, functions or {}, unseen=unseen or {}, **more)


@dataclass(frozen=True)
class Drive:
    """How an object with a constructor and a `step` is driven through a trajectory operation."""

    params: str  # input that holds the start
    grads: str  # input that holds one gradient per step
    settings: Mapping[str, str | tuple[str, ...]]  # constructor keyword, or some "a|b": the input, or inputs, it takes
    optax: Mapping[str, str] = field(default_factory=dict)  # the same for a function that makes an optax transformation
    hessian: str = ""  # input that holds one estimate of the Hessian's diagonal per step
    period: str = ""  # input that says from which step to which one estimates are used; "": all are
    by_name: bool = False  # whether it is another rule than the system's trajectory, driven if the operation is named


@dataclass(frozen=True)
class Fit:
    """How an estimator with a constructor and a `fit`, as in scikit-learn, is driven through an operation."""

    fit: tuple[str, ...]  # inputs that `fit` takes, in order
    settings: Mapping[str, str | tuple[str, ...]]  # as in `Drive`
    outputs: Mapping[str, tuple[str, ...]]  # output: a fitted attribute, or a method and the inputs that it takes
    rounds: str = ""  # input that counts rounds, where outputs have a row for each: it is fitted anew for 1, 2, ...


@dataclass(frozen=True)
class Schedule:
    """How a scheduler with a table of betas and a `step`, as in `diffusers`, is driven through an operation.

    Each field names the input that holds it.
    """

    kind: str  # "ddpm_large", "ddpm_small" or "ddim"
    start: str  # [n, D] points before the first step
    model: str  # [N, n, D] predicted noise of each step
    betas: str  # [M] table of the training
    rows: str  # [N] rows of the table from which the steps depart, falling
    noise: str  # [N, n, D] draws of each step
    eta: str  # share of fresh noise, of "ddim"


@dataclass(frozen=True)
class Regress:
    """How a surrogate model, as packages of Gaussian processes have, is driven through an operation.

    Fields up to `slopes` name inputs. The covariance is `variance` times exp(-r^2) or a Matern function of r.
    """

    X: str  # [n, d] points seen
    y: str  # [n] values there
    new: str  # [m, d] points asked for
    noise: tuple[str, ...]  # which add up to the variance of an observation; slopes are in the first
    kernel: str = ""  # "": Matern with nu = 5/2
    weights: str = ""  # [d] r^2 is their sum times squares of differences
    lengths: str = ""  # or what differences are divided by, one number for all coordinates
    variance: str = ""  # "": 1
    mean: str = ""  # constant of the prior mean
    slopes: str = ""  # [d] and its slopes in the coordinates
    standard: bool = False  # in place of a prior mean: whether values are put to mean 0 and deviation 1 first
    outputs: Mapping[str, str] = field(default_factory=dict)  # "mean", "covariance", "by_noise" ...: the output


@dataclass(frozen=True)
class Chain:
    """How a sampler's transition kernel is driven through an operation, step by step.

    Fields up to `clip` name inputs. The potential energy is that of n data, of which each step has the mean gradient,
    and of a normal prior.
    """

    start: str  # position before the first step
    noise: str  # standard normal draws of each step
    precision: str  # of the prior
    mean: str = ""  # of the prior; "": 0
    grads: str = ""  # mean gradient of each step; "": there are no data
    count: str = ""  # n; "": 1
    temperature: str = ""  # which divides the energy
    clip: str = ""  # longest gradient per datum, the prior's over n included
    rates: tuple[str, ...] = ()  # arguments of the kernel
    only: tuple[str, ...] = ()  # an input, and the value with which it is asked
    outputs: tuple[str, ...] = ()  # positions, and momenta if there are any


@dataclass(frozen=True)
class Draws:
    """How a candidate that insists on drawing its own noise is judged: by the law of its answers.

    Given all inputs but the noise, the components of the operation's one output must be independent and normal.
    """

    noise: str  # the input that is left out
    law: Callable[..., Any]  # the others, as NumPy arrays -> mean and standard deviation > 0, each like the output
    cases: tuple[str, ...]  # slugs of the cases on whose inputs it is asked
    samples: int  # answers to each case, so many that each mutant is caught with a probability >= 0.99


@dataclass(frozen=True)
class Operation:
    """One checkable function of a system."""

    name: str  # "<system>.<operation>"
    summary: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    reference: Callable[
        ..., Any
    ]  # array-API code on the system's source; returns an array, or a tuple in order of `outputs`
    exact: Callable[..., Any]  # the same, written anew on object arrays of mpmath or Fraction numbers
    exact_source: str  # how `exact` comes to its answer
    cases: tuple[Any, ...]  # of Case, or of what `specs.sizes` makes
    sample: Callable[[np.random.Generator], dict[str, Any]] | None  # random inputs; None: made from the domains
    laws: tuple[Any, ...]  # of Law, or of what `specs.laws` makes: operation -> Law
    errors: tuple[Any, ...] = ()  # of ErrorCase, or of what `specs.refusals` makes
    relations: tuple[Relation, ...] = ()  # what must hold between inputs
    drive: Drive | None = None
    fit: Fit | None = None
    schedule: Schedule | None = None
    regress: Regress | None = None
    chain: Chain | None = None
    draws: Draws | None = None
    without: Mapping[str, str] = field(default_factory=dict)  # "long" or "large": why it has no case of this kind

    def __post_init__(self):
        """What names axes or domains, or builds on the first cases, looks them up; whole numbers become integers."""
        cases: dict[str, Case] = {}
        for case in self.cases:
            made = case if isinstance(case, Case) else case(self, cases)
            cases[made.slug] = self._as_declared(made)
        object.__setattr__(self, "cases", tuple(cases.values()))
        for name, kind in (("laws", Law), ("errors", ErrorCase)):
            entries = [x if isinstance(x, kind) else x(self) for x in getattr(self, name)]
            flat = [y for x in entries for y in (x if isinstance(x, tuple) else (x,))]
            object.__setattr__(self, name, tuple(map(self._as_declared, flat) if kind is ErrorCase else flat))

    def _as_declared(self, case):
        if not isinstance(case.inputs, dict):  # picked from those of a small case, which are
            return case
        inputs = as_declared(self, case.inputs)
        same = all(inputs[name] is value for name, value in case.inputs.items())
        return case if same else replace(case, inputs=inputs)

    def drawn(self, rng):
        """Random inputs, whole numbers as integers."""
        return as_declared(self, self.sample(rng)) if self.sample else drawn(self, rng)

    @property
    def system(self):
        """Name of the system that it belongs to."""
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Measurement:
    """A measured quantity and what the claim asks of it."""

    quantity: str
    value: float
    low: float = -np.inf
    high: float = np.inf

    @property
    def holds(self):
        """Whether the value is within its bounds (NaN is not)."""
        return bool(self.low <= self.value <= self.high)

    @property
    def bound(self):
        """The bounds in words."""
        if np.isfinite(self.low) and np.isfinite(self.high):
            return f"in [{self.low:g}, {self.high:g}]"
        if np.isfinite(self.low):
            return f">= {self.low:g}"
        return f"<= {self.high:g}" if np.isfinite(self.high) else "reported"


def at_most(quantity, value, bound):
    """Measured quantity that must be <= `bound`."""
    return Measurement(quantity, float(value), high=float(bound))


def at_least(quantity, value, bound):
    """Measured quantity that must be >= `bound`."""
    return Measurement(quantity, float(value), low=float(bound))


def within(quantity, value, low, high):
    """Measured quantity that must lie in [`low`, `high`]."""
    return Measurement(quantity, float(value), low=float(low), high=float(high))


def reported(quantity, value):
    """Measured quantity without a bound."""
    return Measurement(quantity, float(value))


def slope(x, y):
    """Exponent of a power law, fitted through logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


@dataclass(frozen=True)
class Outcome:
    """What one run of a claim's experiment found."""

    measurements: Sequence[Measurement]
    plot: Callable[[Any], None] | None = None  # draws the figure that shows it on a matplotlib Figure
    note: str = ""


CLAIM_KINDS = {
    "identity": "an equality or a bound that a proof gives",
    "rate": "how fast something falls or grows",
    "behaviour": "what the method does, by itself",
    "superiority": "the method is better than something else: needs a control",
    "efficiency": "the method is cheaper than something else: needs a control",
}


CONTROLS = {
    "behind": "the control is behind",
    "as good": "the control is as good, or better",
}


@dataclass(frozen=True)
class Claim:
    """A statement of the paper as an experiment."""

    id: str  # "<system>.C<number>"
    statement: str
    source: str  # theorem, figure, abstract
    experiment: Callable[[int], Outcome]  # of the seed; same seed, same outcome
    tier: str = "quick"  # "quick": under 10 s; "full": under 90 s
    kind: str = ""  # a key of CLAIM_KINDS
    control: str = ""  # what was run beside it at equal budget, and what that showed
    showed: str = ""  # the same as a key of CONTROLS, where there is a control
    proxy: str = ""  # for what it stands in, if it is scaled down
    tuned: str = ""  # what was chosen so that it holds, if anything was


@dataclass(frozen=True)
class Paper:
    """The paper behind a system."""

    title: str
    authors: str
    arxiv: str  # "" if it is not there
    year: int
    key: str  # in docs/references.bib
    url: str = ""  # where it is, if not on arXiv

    @property
    def address(self):
        """Where to read it."""
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else self.url


@dataclass(frozen=True)
class System:
    """Everything the oracle knows of a system."""

    name: str
    chapter: str
    summary: str
    paper: Paper
    operations: tuple[Operation, ...]
    claims: tuple[Claim, ...]
    alternatives: tuple[Alternative, ...] = ()
    equations: Mapping[str, str] = field(default_factory=dict)  # tag -> where the paper has it
    backends: Mapping[str, str] = field(default_factory=dict)  # backend that does not run it: the reason
