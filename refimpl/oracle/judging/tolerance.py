"""How far a right answer may be off: measured on each case, not guessed.

The reference is run on *noisy* arrays (Monte Carlo arithmetic, Parker 1997): every operation's result is moved at
random by up to one unit in the last place of the candidate's precision, sums and products of matrices in proportion
to the sum of magnitudes (so that any order of summation is covered), matrices before they are decomposed or solved in
proportion to their largest entry (what LAPACK promises). A number among the inputs is moved anew at each use: honest
float32 code takes 1 - beta of a double here, and powers of a float32 beta there. What all that does to the outputs is
what rounding can do to an honest implementation, at this very case and in that precision.
The tolerance is `FACTOR` times the largest deviation from the exact answer over `TRIALS` runs.
"""

import numpy as np

from refimpl.oracle.judging.cases import rounded
from refimpl.oracle.judging.noise import Noise, bare

TRIALS = 12
FACTOR = 8.0
FAR = 1e3  # times what one noisy run allows: more is no rounding


def unit(dtype):
    """Distance from 1 to the next float of `dtype`."""
    return float(np.finfo(dtype).eps)


def wide(inputs):
    """Inputs in double precision; what is whole stays so."""
    return rounded(inputs, "float64")


def noisy_run(function, inputs, dtype, trial):
    """Result of `function(**inputs)` under random rounding in `dtype`, as a tuple of float64 arrays.

    The arithmetic itself is done in float64, so the random rounding is the only one that is seen at float32.
    """
    noise = Noise(np.random.Generator(np.random.Philox(trial)), unit(dtype))
    with np.errstate(all="ignore"):
        return outputs_of(function(**noise.wrap_inputs(wide(inputs))))


def noisy_runs(function, inputs, dtype, *, trials=TRIALS):
    """The results of `noisy_run` in the trials 0, 1, ...; each in another way."""
    for trial in range(trials):
        yield noisy_run(function, inputs, dtype, trial)


def outputs_of(result):
    """What a function returned, as a tuple of plain arrays."""
    return tuple(np.asarray(bare(x), dtype=np.float64) for x in (result if isinstance(result, tuple) else (result,)))


def source(trials):
    """How a tolerance was measured, in words.

    Examples
    --------
    >>> source(12)
    '8 x the largest of 12 runs of the reference with random rounding, plus 2 units in the last place'
    """
    runs = f"{trials} runs of the reference with random rounding"
    return f"{FACTOR:g} x the largest of {runs}, plus 2 units in the last place"


def spread(runs, centre, dtype):
    """Tolerance of each component: what random rounding did to it, with a margin.

    Parameters
    ----------
    runs : iterable of tuple of numpy.ndarray
        From `noisy_runs`.
    centre : tuple of numpy.ndarray
        The answers that the runs scatter about.
    dtype : str
        "float64" or "float32".

    Returns
    -------
    tuple of numpy.ndarray
        Like `centre`; NaN and infinite answers have tolerance 0.
    """
    worst = [np.zeros(np.shape(c)) for c in centre]
    for run in runs:
        worst = farther(worst, run, centre)
    return widths(worst, centre, dtype)


def farther(worst, run, centre):
    """The largest distances from the centre so far, and of one more run; what is not finite says nothing."""
    with np.errstate(invalid="ignore"):
        distances = [np.abs(r - c) for r, c in zip(run, centre, strict=True)]
    return [np.maximum(w, np.where(np.isfinite(d), d, 0.0)) for w, d in zip(worst, distances, strict=True)]


def widths(worst, centre, dtype):
    """Tolerances, from the largest distances: see `spread`."""
    least = 4 * float(np.finfo(dtype).smallest_subnormal)
    return tuple(
        np.where(np.isfinite(c), FACTOR * w + (2 * unit(dtype) * np.abs(c) + least), 0.0)
        for w, c in zip(worst, centre, strict=True)
    )


def least(answers, dtype):
    """Two units in the last place of answers by name: no tolerance is less."""
    nothing = (np.zeros(x.shape) for x in answers.values())
    return dict(zip(answers, widths(nothing, answers.values(), dtype), strict=True))


def digits(got, expected):
    """Agreeing decimal digits of each component, -log10 of the relative error, between 0 and 17.

    Examples
    --------
    >>> digits(np.array([1.001]), np.array([1.0])).round(1)
    array([3.])
    """
    with np.errstate(all="ignore"):
        error = np.abs(got - expected) / np.where(expected == 0, 1.0, np.abs(expected))
        agreeing = -np.log10(np.where(error == 0, 10.0**-17, error))
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    agreeing = np.clip(np.nan_to_num(agreeing, nan=0.0, posinf=17.0, neginf=0.0), 0.0, 17.0)
    return np.where(same, 17.0, agreeing + 0.0)  # never -0


def agrees(got, expected, tolerance):
    """Where `got` is the same as `expected` within `tolerance`; NaN and infinities must be the same."""
    with np.errstate(invalid="ignore"):
        close = np.abs(got - expected) <= tolerance
    return close | (got == expected) | (np.isnan(got) & np.isnan(expected))


def close(got, expected, tolerances):
    """Whether outputs by name have the right shapes and agree within tolerances."""
    return all(
        got[name].shape == value.shape and agrees(got[name], value, tolerances[name]).all()
        for name, value in expected.items()
    )
