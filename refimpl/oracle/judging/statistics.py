"""Judging a candidate that draws its own noise: by the law of many answers, with a stated rate of false alarms.

Its answers cannot be compared one by one. But under the rule the answer to given inputs is normal with a mean and a
standard deviation that are known in closed form, so that answers less their mean, over their standard deviation, must
be independent standard normal numbers. Four tests, three of them exact, ask whether they are. The page
"Candidates that draw their own noise" derives them.
"""

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from refimpl.core.random import stream
from refimpl.oracle import catalog, edits
from refimpl.oracle.candidates import CandidateError, Function, NotApplicable, Skipped
from refimpl.oracle.judging import cases
from refimpl.oracle.judging.records import Diagnosis, Record, Report
from refimpl.specs.base import Operation

MOST_SAMPLES = 100_000  # answers to each case, which are all kept
FALSE_ALARM = 1e-6  # at most this is the probability that a whole check finds fault with a right candidate
POWER = 0.99  # at least this is the probability that it finds fault with a mutant, at the spec's number of samples
STATISTICS = {
    "mean": "the means of the answers are not those of the rule",
    "spread": "an answer scatters more, or less, than the rule's noise",
    "dependence": "components of an answer move together that the rule draws independently",
    "shape": "the noise is not normal: too many, or too few, values lie between its quartiles",
}


@dataclass(frozen=True)
class Sampled(Record):
    """What came out of one test on the answers to one case."""

    p_value: float | None = None  # probability of such answers, or stranger ones, under the rule
    level: float | None = None  # below which the test fails
    samples: int = 0  # number of answers


# The tests -------------------------------------------------------------------------------------------------------


def p_values(z):
    """Probabilities, under the rule, of statistics as strange as those of whitened answers.

    Parameters
    ----------
    z : numpy.ndarray, shape [..., n, D]
        n >= 3 answers with D components each, less their means and over their standard deviations: under the rule
        independent standard normal numbers.

    Returns
    -------
    numpy.ndarray, shape [..., 4]
        In the order of `STATISTICS`. Each is <= u with a probability of at most u. 0 where an answer is not finite.

    Examples
    --------
    >>> z = stream(0, "doc").standard_normal((200, 3))
    >>> bool((p_values(z) > 1e-3).all())
    True
    >>> [bool(p < 1e-6) for p in p_values(np.repeat(z[:, :1], 3, axis=1))]  # one draw for all components
    [False, False, True, False]
    """
    n, d = z.shape[-2:]
    finite = np.isfinite(z).all(axis=(-2, -1))
    z = np.where(finite[..., None, None], z, 0.0)
    mean = z.mean(axis=-2)
    centred = z - mean[..., None, :]
    scatter = np.swapaxes(centred, -1, -2) @ centred
    squares = np.diagonal(scatter, axis1=-2, axis2=-1)
    inside = (np.abs(z) < stats.norm.ppf(0.75)).sum(axis=(-2, -1))
    found = (
        stats.chi2.sf(n * (mean**2).sum(axis=-1), d),
        _smallest_of(_two_sided(stats.chi2(n - 1), squares), d),
        _correlation(scatter, squares, n),
        _two_sided(stats.binom(n * d, 0.5), inside, below=1),
    )
    return np.where(finite[..., None], np.stack(found, axis=-1), 0.0)


def _two_sided(law, x, *, below=0):
    """Twice the smaller tail; `below` is 1 for a law on integers, where P(X >= x) = P(X > x - 1)."""
    return np.minimum(2 * np.minimum(law.cdf(x), law.sf(x - below)), 1.0)


def _smallest_of(p, count):
    """P-value of the smallest of `count` independent p-values on the last axis (Sidak)."""
    return -np.expm1(count * np.log1p(-np.minimum(p.min(axis=-1), 1 - 1e-16)))


def _correlation(scatter, squares, n):
    """P-value of the largest correlation between two components (Student's t, then Bonferroni over the pairs)."""
    d = scatter.shape[-1]
    pairs = d * (d - 1) // 2
    if not pairs:
        return np.ones(scatter.shape[:-2])
    sizes = np.sqrt(squares[..., :, None] * squares[..., None, :])
    off = ~np.eye(d, dtype=bool)
    r = np.where(off & (sizes > 0), np.abs(scatter) / np.where(sizes > 0, sizes, 1.0), 0.0).max(axis=(-2, -1))
    r = np.minimum(r, 1.0)
    with np.errstate(divide="ignore"):
        t = r * np.sqrt((n - 2) / ((1 - r) * (1 + r)))
    return np.minimum(2 * pairs * stats.t.sf(t, n - 2), 1.0)


# One check -------------------------------------------------------------------------------------------------------


def level(operation: Operation):
    """Below which p-value one test of a check fails, so that all of them together keep `FALSE_ALARM`."""
    return FALSE_ALARM / (len(STATISTICS) * len(_draws(operation).cases))


def _draws(operation):
    if operation.draws is None:
        raise ValueError(f"{operation.name} cannot be judged by its own draws; what can: {', '.join(stochastic())}")
    return operation.draws


def stochastic():
    """Names of the operations that can be judged so.

    Examples
    --------
    >>> stochastic()
    ['cbo.step', 'random_feature_attention.heads']
    """
    return [op.name for system in catalog.systems().values() for op in system.operations if op.draws]


def question(operation, slug):
    """Inputs of a case without the noise, and the mean and the standard deviation that the answer must have."""
    case = next(case for case in operation.cases if case.slug == slug)
    inputs = {name: value for name, value in case.inputs.items() if name != operation.draws.noise}
    return inputs, *operation.draws.law(**inputs)


def with_own_draws(operation, function):
    """A function with a noise argument as one that draws it itself.

    Parameters
    ----------
    operation : Operation
        One with `draws`, whose noise has the shape of its answer.
    function : callable
        With the operation's signature, such as its reference or a mutant.

    Returns
    -------
    callable
        ``f(seed, **inputs)``.
    """

    def drawing(seed, **inputs):
        shape = operation.draws.law(**inputs)[0].shape
        return function(**inputs, **{operation.draws.noise: stream(seed, "own-draws").standard_normal(shape)})

    return drawing


def check_draws(candidate, target, *, samples=None):
    """Judge a candidate that draws its own noise.

    Parameters
    ----------
    candidate : Candidate or callable
        A function with the operation's inputs but the noise as its arguments. If it has an argument `seed` as well, it
        gets another one at each call: 0, 1, 2, ...
    target : str
        "<system>.<operation>", an operation with `draws`.
    samples : int, optional
        Answers to each case, >= 3; default: the spec's, for which the power is stated.

    Returns
    -------
    judge.Report
        Its records are `Sampled`, one per case and statistic. Its candidate's `note` states the false-alarm rate and
        the power. Its diagnosis names no
        mutant, only the statistics that are amiss.

    Raises
    ------
    ValueError
        If the operation has no `draws`, or `samples` is too small.

    Examples
    --------
    >>> def mine(positions, energies, alpha, drift, diffusion, dt, noise_type, seed):
    ...     weights = np.exp(-alpha * (energies - energies.min()))
    ...     away = positions - weights @ positions / weights.sum()
    ...     size = away if noise_type == "anisotropic" else np.linalg.norm(away, axis=1)[:, None]
    ...     noise = np.random.default_rng(seed).standard_normal(away.shape)
    ...     return positions - drift * dt * away + diffusion * dt**0.5 * size * noise
    >>> check_draws(mine, "cbo.step").verdict
    'conforms'
    >>> def scaled(dt, diffusion, **inputs):
    ...     return mine(dt=dt, diffusion=diffusion * dt**0.5, seed=np.random.default_rng(), **inputs)
    >>> report = check_draws(scaled, "cbo.step")
    >>> report.verdict, {r.case.split(":")[1] for r in report.records if r.status == "failed"} >= {"spread"}
    ('deviates', True)
    """
    operation = catalog.operation(target)
    draws = _draws(operation)
    samples = draws.samples if samples is None else samples
    if not 3 <= samples <= MOST_SAMPLES:
        raise ValueError(f"samples must be from 3 to {MOST_SAMPLES}, got {samples}")
    if not hasattr(candidate, "offers"):
        candidate = Function(candidate, operation=operation.name)
    if not candidate.offers(operation):
        raise ValueError(f"{candidate.name} has no {operation.name}")
    records: list[Record] = []
    whitened: dict[str, np.ndarray] = {}  # of each case
    for index, slug in enumerate(draws.cases):
        start = time.perf_counter()
        fields = _judge(operation, slug, candidate, samples, index * samples, whitened)
        seconds = (time.perf_counter() - start) / len(STATISTICS)
        records += [
            Sampled(
                operation=operation.name,
                case=f"{operation.name}/draws:{name}:{slug}",
                dtype="float64",
                why=text,
                repro=_repro(operation, candidate, samples),
                seconds=seconds,
                samples=samples,
                **outcome,
            )
            for (name, text), outcome in zip(STATISTICS.items(), fields, strict=True)
        ]
    amiss = [name for name in STATISTICS if any(r.status == "failed" and f":{name}:" in r.case for r in records)]
    told = "the law of its answers is not the rule's; of which mistake it is samples tell no more"
    if "spread" in amiss and (scale := scaled(operation, whitened)):  # then the shape fails for that reason alone
        amiss, told = [name for name in amiss if name != "shape"], f"the noise is right but for its size: {scale}"
    return Report.of(
        records,
        target=operation.name,
        candidate=candidate.about | {"note": statement(operation, samples)},
        diagnosis=Diagnosis("statistics", (", ".join(amiss),), told) if amiss else None,
    )


def statement(operation, samples):
    """What a check of so many answers can promise, in one sentence.

    Examples
    --------
    >>> print(statement(catalog.operation("cbo.step"), 10))
    judged by the law of 10 answers to each of 3 cases: a right candidate is found fault with in at most 1 of 1000000
    checks; how many of the known mistakes are caught is stated for 200 answers and more
    """
    draws = _draws(operation)
    power = f"how many of the known mistakes are caught is stated for {draws.samples} answers and more"
    if samples >= draws.samples:
        mistakes = len(edits.shown_in(operation.name, "mistake"))
        power = f"each of the {mistakes} known mistakes is caught with a probability >= {POWER:g}"
    return (
        f"judged by the law of {samples} answers to each of {len(draws.cases)} cases: a right candidate is found fault "
        f"with in at most 1 of {1 / FALSE_ALARM:.0f} checks; {power}"
    )


def scaled(operation, whitened):
    """How much larger the noise is than the rule's, in terms of an input if one fits; "" if it is not that alone."""
    inputs = {case.slug: case.inputs for case in operation.cases}
    sizes = {slug: float(np.std(z)) for slug, z in whitened.items()}
    if len(sizes) < len(operation.draws.cases) or not all(0 < x < np.inf for x in sizes.values()):
        return ""
    if any((p_values(z / sizes[slug])[[1, 3]] < level(operation)).any() for slug, z in whitened.items()):
        return ""
    forms = {"{}": 1.0, "the root of {}": 0.5, "1 / {}": -1.0, "1 / the root of {}": -0.5, "{} squared": 2.0}
    for name in [f.name for f in operation.inputs if f.kind == "float"]:
        for words, power in forms.items():
            ratio = [x / float(inputs[slug][name]) ** power for slug, x in sizes.items() if inputs[slug][name] > 0]
            sure = 4 / np.sqrt(2 * min(z.size for z in whitened.values()))
            if len(ratio) == len(sizes) and np.allclose(ratio, 1.0, rtol=0, atol=sure):
                return f"multiplied by {words.format(name)}"
    return f"multiplied by {' to '.join(f'{x:.2g}' for x in sorted({min(sizes.values()), max(sizes.values())}))}"


def _judge(operation, slug, candidate, samples, first_seed, whitened):
    """Per statistic, the fields of a record; the whitened answers are kept."""
    inputs, mean, deviation = question(operation, slug)
    seeded = candidate.takes(operation, "seed")
    (name,) = (f.name for f in operation.outputs)
    answers = []
    for k in range(samples):
        arguments = cases.rounded(inputs, "float64") | ({"seed": first_seed + k} if seeded else {})
        try:
            answers.append(candidate.run(operation, arguments)[name])
        except Skipped as skip:
            return [{"status": "skipped", "reason": str(skip)}] * len(STATISTICS)
        except NotApplicable as reason:
            return [{"status": "not_applicable", "reason": str(reason)}] * len(STATISTICS)
        except CandidateError as error:
            told = {"traceback": error.traceback[-4000:], "stderr_tail": error.stderr[-4000:]}
            return [{"status": "error", "message": str(error), **told}] * len(STATISTICS)
        if answers[-1].shape != mean.shape:
            told = {"message": f"{name} has shape {answers[-1].shape}; expected {mean.shape}"}
            return [{"status": "failed", "output": name, **told}] * len(STATISTICS)
    bound = level(operation)
    with np.errstate(all="ignore"):
        whitened[slug] = ((np.stack(answers) - mean) / deviation).reshape(samples, -1)
        found = p_values(whitened[slug])
    return [
        {
            "status": "failed" if p < bound else "passed",
            "output": name,
            "message": f"p = {p:.3g} {'<' if p < bound else '>='} {bound:.2g} over {samples} answers",
            "p_value": float(p),
            "level": bound,
        }
        for p in found
    ]


def _repro(operation, candidate, samples):
    if candidate.repro is None:
        return f"refimpl.oracle.judging.statistics.check_draws(candidate, {operation.name!r}, samples={samples})"
    return shlex.join(["refimpl", "check", operation.name, *candidate.repro, "--own-draws", "--samples", str(samples)])


# Power -----------------------------------------------------------------------------------------------------------


def power(operation, function, *, runs=200, samples=None, seed=0):
    """In which share of simulated checks a function, fed with normal noise, is found fault with.

    Parameters
    ----------
    operation : Operation
        One with `draws`, whose noise has the shape of its answer.
    function : callable
        With the operation's signature: a mutant, a variant, the reference.
    runs : int, default: 200
        Simulated checks.
    samples : int, optional
        Answers to each case; default: the spec's.
    seed : int, default: 0
        Of the noise.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> step = catalog.operation("cbo.step")
    >>> power(step, step.reference, runs=20)
    0.0
    """
    draws = _draws(operation)
    samples = draws.samples if samples is None else samples
    rng = stream(seed, "power", operation.name, getattr(function, "__name__", ""))
    open_runs = runs  # those in which no case has found fault yet; the draws of the cases are independent
    for slug in draws.cases:
        if open_runs:
            inputs, mean, deviation = question(operation, slug)
            answer = _many(function, inputs, draws.noise, mean.shape)
            noise = rng.standard_normal((open_runs, samples, *mean.shape))
            with np.errstate(all="ignore"):
                z = (answer(noise.reshape(-1, *mean.shape)) - mean) / deviation
                found = p_values(z.reshape(open_runs, samples, -1))
            open_runs = int((found >= level(operation)).all(axis=-1).sum())
    return 1 - open_runs / runs


def _many(function, inputs, noise, shape) -> Callable[[np.ndarray], np.ndarray]:
    """The function of many draws at a time: by its matrix where it is affine in them, else one by one."""

    def each(draws):
        with np.errstate(all="ignore"):
            return np.stack([np.asarray(function(**inputs, **{noise: x})) for x in draws])

    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    start = each(np.zeros((1, *shape)))[0]
    matrix = (each(units) - start).reshape(len(units), -1)

    def affine(draws):
        return start + (draws.reshape(len(draws), -1) @ matrix).reshape(-1, *start.shape)

    trial = stream(0, "affine").standard_normal((8, *shape))
    return affine if np.allclose(affine(trial), each(trial), rtol=1e-9, atol=1e-9, equal_nan=True) else each
