"""Whether an explanation stands at an answer of a candidate: to how many digits, and what its own rounding excuses."""

import numpy as np

from refimpl.oracle.judging.tolerance import agrees, noisy_run, wide

SHARE = 0.2  # of a deviation, what an explanation may leave over
GROSS = 1e3  # tolerances from which an entry is no longer judged by how far the right answer may be off,
RELATIVE = 1e-9  # but by the digits of the candidate's own answer
NEARLY = 1e-6  # by which an explanation may miss, until a tolerance of few runs is doubted
JUMPS = 6  # inputs close by, and runs with other roundings inside, where an explanation may jump, explode or cancel
SPREAD = 8.0  # times what they do to it


def explains(answer, sight, spread=None):
    """Whether an answer is the candidate's.

    It must be within two tolerances, which grow with the numbers, and leave no more than `SHARE` of the deviation.
    Where the candidate is off by much, the tolerance of the right answer says nothing of another one: there it has so
    many digits of the candidate's. `spread` is, by output, how far the answer may be off for reasons of its own.
    """
    if answer is None:  # an edited source may refuse the NaN that other code hands on
        return sight.got is None or not all(np.isfinite(x).all() for x in sight.got.values())
    if sight.got is None:
        return False
    if sight.same_digits(answer):
        return True
    for name, right in sight.right.items():
        got, found = sight.got[name], answer[name]
        if found.shape != got.shape:
            return False
        allowed = 2.0 * sight.tolerance[name]
        if found.shape == right.shape:
            with np.errstate(all="ignore"):
                grown = np.abs(found).max(initial=0.0) / max(np.abs(right).max(initial=0.0), 1e-300)
                allowed = allowed * np.clip(np.nan_to_num(grown, nan=1.0), 1.0, 1e6)
                gap = np.abs(got - right)
                if not sight.single:
                    digits = np.where(np.isfinite(got), RELATIVE * np.abs(got), 0.0)
                    allowed = np.where(gap > GROSS * sight.tolerance[name], np.fmax(allowed, digits), allowed)
                most = np.where(SHARE * gap > sight.tolerance[name], SHARE * gap, np.inf)
                if spread is None:
                    allowed = np.fmin(allowed, most)
                else:
                    lost = _lost(spread[name] > most, gap, sight, name)
                    own = np.fmin(spread[name], np.fmax(SHARE * gap, GROSS * sight.tolerance[name]))
                    allowed = np.where(lost, np.inf, np.fmin(np.fmax(allowed, own), most))
        else:
            allowed = 2.0 * np.max(allowed, initial=0.0)
        if not agrees(got, found, allowed).all():
            return False
    return True


def allows(answer, sight):
    """Whether an answer is the candidate's but for what may be roundings of the candidate's own."""
    return explains(answer, sight) or (bool(sight.own) and sight.wrong and explains(answer, sight.lenient))


def _lost(unsure, gap, sight, name):
    """Which entries tell nothing: those of steps after one in which an explanation is lost to rounding.

    The candidate must deviate in a step before. Where it is right nothing may be off.
    """
    if name not in sight.steps or not gap.size:
        return np.zeros(gap.shape, dtype=bool)
    in_any = lambda x: x.any(axis=tuple(range(1, x.ndim)), keepdims=True)
    late = np.logical_or.accumulate(in_any(unsure))
    wrong = gap > GROSS * sight.tolerance[name]
    return late & (gap > sight.tolerance[name]) & (in_any(wrong) & ~late).any()


def holds(answer, sight):
    """Whether an explanation stands at a sight: see `holds_close_by` and `holds_inside`.

    Where it is off by no more than rounding may be, the tolerance is measured once more: few runs may all be lucky.
    """
    here = answer(wide(sight.inputs))
    stands = lambda: holds_close_by(answer, sight) or holds_inside(answer, sight)
    return allows(here, sight) or stands() or (_nearly(here, sight) and sight.surer() and stands())


def _nearly(answer, sight):
    """Whether an answer is the candidate's but for `NEARLY` of the largest entry."""
    if answer is None or sight.got is None or any(answer[n].shape != got.shape for n, got in sight.got.items()):
        return False
    with np.errstate(all="ignore"):
        sizes = {n: np.max(np.abs(got), initial=0.0) for n, got in sight.got.items()}
        return all(agrees(sight.got[n], answer[n], NEARLY * size).all() for n, size in sizes.items())


def holds_close_by(answer, sight):
    """Whether it stands on inputs moved by a rounding.

    Where it jumps, as a sign at 0, an answer close by will do; where it explodes, as a chain that accepts all, it may
    be off by what such small changes of the inputs do to it.
    """
    inputs = wide(sight.inputs)
    here = answer(inputs)
    if explains(here, sight):
        return True
    rng, answers = np.random.Generator(np.random.Philox(0)), []
    for _ in range(JUMPS):
        near = {
            n: v * (1 + 4e-16 * rng.uniform(-1, 1, v.shape)) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
            for n, v in inputs.items()
        }
        answers.append(answer(near))
        if explains(answers[-1], sight):
            return True
    return _alike(here, answers) and explains(here, sight, _spread(here, answers))


def holds_inside(answer, sight):
    """Whether it stands with other roundings inside it: where it cancels, as 1 - p where p is nearly 1.

    That takes longest, and is not asked of trajectories, which grow what inputs close by do to them.
    """
    if sight.steps:
        return False
    here = answer(wide(sight.inputs))
    outputs = lambda **inputs: tuple(answer(inputs).values())
    try:
        runs = [noisy_run(outputs, sight.inputs, "float64", trial) for trial in range(JUMPS)]
    except Exception:  # it takes plain arrays alone
        return False
    answers = [dict(zip(sight.right, run, strict=True)) for run in runs]
    return _alike(here, answers) and explains(here, sight, _spread(here, answers))


def _alike(here, answers):
    """Whether answers have the shapes of another one."""
    return here is not None and all(
        a is not None and all(a[n].shape == x.shape for n, x in here.items()) for a in answers
    )


def _spread(here, answers):
    """How far an answer may be off, by output: `SPREAD` times what was done to it."""
    with np.errstate(all="ignore"):
        return {n: SPREAD * np.max([np.abs(a[n] - x) for a in answers], axis=0) for n, x in here.items()}
