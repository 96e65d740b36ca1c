"""Inputs of the operations of BSVRB under permanent names, and random ones."""

from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.nested.bsvrb import MODES
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

# msvr, msvr_gamma, psd_floor ------------------------------------------------------------------------------------------


def _msvr(est, new, old, alpha, gamma):
    return {"est": np.array(est), "new": np.array(new), "old": np.array(old), "alpha": alpha, "gamma": gamma}


MSVR = (
    Case(
        "worked-example",
        ("basic", "missing_step", "wrong_constant"),
        "0.75 * 4 + 0.25 * 8 + 2 * (8 - 6) by hand",
        _msvr([4.0], [8.0], [6.0], 0.25, 2.0),
        equations=("bsvrb-3",),
        answer={"new_est": np.array([9.0])},
        source="worked by hand",
    ),
    Case(
        "three-numbers",
        ("basic", "wrong_order"),
        "different numbers everywhere",
        _msvr([1.0, -2.0, 0.5], [0.25, 3.0, -1.5], [2.0, 1.0, -0.75], 0.125, 1.5),
        equations=("bsvrb-3",),
    ),
    Case(
        "all-new",
        ("boundary",),
        "alpha = 1 without correction forgets the estimate",
        _msvr([5.0, -7.0], [1.0, 2.0], [3.0, 3.0], 1.0, 0.0),
        answer={"new_est": np.array([1.0, 2.0])},
        source="the new value",
    ),
    Case(
        "standing-still",
        ("edge_case",),
        "new = old: the correction vanishes, whatever its weight",
        _msvr([4.0, 0.0], [2.0, -2.0], [2.0, -2.0], 0.5, 100.0),
        answer={"new_est": np.array([3.0, -1.0])},
        source="a moving average",
    ),
    large("many-numbers", "three-numbers", "k"),
)


def sample_msvr(rng):
    k = int(rng.integers(1, 5))
    est, new, old = rng.standard_normal((3, k))
    return _msvr(est, new, old, float(rng.uniform(0.05, 1)), float(rng.uniform(0, 4)))


def _gamma(m, I, alpha):
    return {"m": m, "I": I, "alpha": alpha}


GAMMA = (
    Case(
        "a-quarter",
        ("basic", "missing_step", "wrong_constant", "variant"),
        "3 / (1 - 1/2) + 1/2 by hand",
        _gamma(8, 2, 0.5),
        equations=("bsvrb-4",),
        answer={"gamma": np.array(6.5)},
        source="worked by hand",
    ),
    Case(
        "ten-of-hundred",
        ("basic",),
        "the setting of the experiments, alpha = 0.9",
        _gamma(100, 10, 0.9),
        equations=("bsvrb-4",),
    ),
    Case(
        "all-blocks",
        ("boundary",),
        "I = m is STORM",
        _gamma(5, 5, 0.25),
        answer={"gamma": np.array(0.75)},
        source="1 - alpha",
    ),
    Case(
        "all-blocks-all-new",
        ("boundary", "edge_case"),
        "alpha = 1 with I = m: 0 / 0 counts as 0",
        _gamma(5, 5, 1.0),
        answer={"gamma": np.array(0.0)},
        source="no correction is needed",
    ),
    Case("one-block", ("boundary",), "m = 1", _gamma(1, 1, 0.5), answer={"gamma": np.array(0.5)}, source="1 - alpha"),
)


def sample_gamma(rng):
    m = int(rng.integers(1, 30))
    return _gamma(m, int(rng.integers(1, m + 1)), float(rng.uniform(0.05, 0.95)))


_TWO = np.array([[[2.0, 1.0], [1.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]]])
FLOOR = (
    Case(
        "worked-example",
        ("basic", "missing_step"),
        "eigenvalues 3 and 1 stay; of 3 and -1 the second becomes 1/2",
        {"H": _TWO, "mu": 0.5},
        equations=("bsvrb-8",),
        source="worked by hand",
        answer={"H": np.array([[[2.0, 1.0], [1.0, 2.0]], [[1.75, 1.25], [1.25, 1.75]]])},
    ),
    Case(
        "not-symmetric",
        ("basic", "missing_step", "variant"),
        "both triangles count, half each",
        {
            "H": np.array(
                [
                    [[1.0, 3.0, 0.5], [-1.0, 0.25, 0.0], [1.5, 2.0, -0.5]],
                    [[4.0, 0.0, 1.0], [2.0, 3.0, -1.0], [0.0, 1.0, 5.0]],
                ]
            ),
            "mu": 0.75,
        },
        equations=("bsvrb-8",),
    ),
    Case(
        "all-below",
        ("edge_case",),
        "everything is below the floor",
        {"H": -_TWO, "mu": 2.0},
        source="mu times 1",
        answer={"H": np.tile(2.0 * np.eye(2), (2, 1, 1))},
    ),
    Case(
        "numbers",
        ("boundary",),
        "d = 1: the larger one",
        {"H": np.array([[[3.0]], [[-3.0]], [[0.25]]]), "mu": 1.0},
        answer={"H": np.array([[[3.0]], [[1.0]], [[1.0]]])},
        source="the maximum",
    ),
    large("many-matrices", "worked-example", "m", size=5001),
)


def sample_floor(rng):
    m, d = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    return {"H": rng.standard_normal((m, d, d)), "mu": float(rng.uniform(0.1, 1))}


# Steps ----------------------------------------------------------------------------------------------------------------


def _eighths(rng, *shape, size=16):
    return rng.integers(-size, size + 1, shape) / 8


def _problem(rng, m, n, d, e, r):
    A = _eighths(rng, m, n, d, d, size=4)
    A = (A + np.swapaxes(A, 2, 3)) / 2 + 2.5 * np.eye(d)
    B, b, c = (_eighths(rng, m, n, d, *more) for more in ((e,), (), ()))
    return {"A": A, "B": B, "b": b, "c": c, "r": r}


def _draws(rng, T, m, n, I, k):
    blocks = np.stack([rng.permutation(m)[:I] for _ in range(T)]).astype(float)
    return {
        "blocks": blocks,
        **{name: rng.integers(0, n, (T, I, k)).astype(float) for name in ("batches_g", "batches_f")},
    }


def _hessians(rng, m, d):
    A = _eighths(rng, m, d, d, size=4)
    return (A + np.swapaxes(A, 1, 2)) / 2 + 2 * np.eye(d)


def _start(rng, m, d, e, version):
    found = {"x0": _eighths(rng, e), "y0": _eighths(rng, m, d), "s0": _eighths(rng, m, d)}
    if version == 1:
        found["H0"] = _hessians(rng, m, d)
    if version == 2:
        found |= {"v0": _eighths(rng, m, d, size=6), "u0": _eighths(rng, m, d)}
    if version == 3:
        found |= {"w0": _eighths(rng, m, d), "V0": _eighths(rng, m, e, d), "H0": _hessians(rng, m, d)}
    return found | {"z0": _eighths(rng, e)}


def _steps(version, name, *, T=4, m=3, n=4, d=2, e=3, I=2, k=2, r=0.25, rng=None, **rates):
    rng = rng or stream(0, "bsvrb-case", name)
    found = _problem(rng, m, n, d, e, r) | _start(rng, m, d, e, version) | _draws(rng, T, m, n, I, k)
    if version == 3:
        found["others"] = _draws(rng, T, m, n, I, k)["blocks"]
    defaults: dict[str, Any] = {"eta": 0.0625, "tau": 0.125, "beta": 0.25}
    if version < 3:
        defaults |= {"alpha": 0.25, "mode": "full"}
    defaults |= {1: {"mu": 0.125}, 2: {"tau_v": 0.09375, "radius": 4.0}, 3: {"mu": 0.5}}[version]
    return found | defaults | rates


def _copies(of, times, steps):
    """Each block `times` times, all copies sampled together: the same x, z, and a copy of each row."""

    def make(operation, before):
        small = before[of]
        inputs, m = dict(small.inputs), small.inputs["y0"].shape[0]
        for entry in operation.inputs:
            axes = entry.axes.split()
            if axes[:1] == ["m"]:
                inputs[entry.name] = np.tile(inputs[entry.name], (times, *(1,) * (len(axes) - 1)))
            if axes[:2] == ["T", "I"]:
                shift = np.repeat(np.arange(times) * m, inputs[entry.name].shape[1]) if len(axes) == 2 else 0.0
                inputs[entry.name] = np.tile(inputs[entry.name], (1, times, *(1,) * (len(axes) - 2))) + shift
        rows = {f.name: f.axes.split() for f in operation.outputs if f.axes.split()[0] == "m"}

        def derived(values):
            return values | {
                name: np.tile(values[name], (times, *(1,) * (len(axes) - 1))) for name, axes in rows.items()
            }

        return Case(
            f"{times}-copies",
            ("large",),
            f"each block of {of} {times} times: sampled rows are put back where they belong",
            inputs,
            dtypes=("float64",),
            equations=small.equations,
            source=f"the answer of {of}",
            small=small,
            derived=derived,
            recipe=f"{of}/m/{times}/copies",
        )

    return make


def _worked(version):
    """m = n = d = e = 1: everything by hand."""
    one = np.ones((1, 1, 1, 1))
    found = {"A": 2 * one, "B": one, "b": 0 * one[..., 0], "c": one[..., 0], "r": 0.0, "x0": np.array([2.0])}
    found |= {"y0": np.array([[3.0]]), "s0": np.array([[1.0]]), "z0": np.array([1.0])}
    found |= {"H0": np.array([[[4.0]]])} if version == 1 else {"v0": np.array([[0.5]]), "u0": np.array([[1.0]])}
    found |= {"blocks": np.zeros((1, 1)), "batches_g": np.zeros((1, 1, 1)), "batches_f": np.zeros((1, 1, 1))}
    found |= {"eta": 0.5, "tau": 0.25, "alpha": 0.5, "beta": 0.5, "mode": "full"}
    return found | ({"mu": 0.5} if version == 1 else {"tau_v": 0.25, "radius": 4.0})


_BASIC = ("basic", "missing_step", "wrong_order", "wrong_constant")
_ALL = tuple(f"bsvrb-{k}" for k in (1, 3, 4, 5, 6, 11, 13, 14))


def _family(version, own):
    """The cases that both versions have."""
    word = f"v{version}"
    return (
        Case(
            "three-blocks",
            _BASIC,
            "two of three blocks in each of four steps; nothing is equal to anything else",
            _steps(version, f"{word}-three"),
            equations=(*_ALL, *own),
        ),
        Case(
            "sampled-ones-move",
            ("missing_step", "variant"),
            "unsampled blocks stand still",
            _steps(version, f"{word}-sampled", mode="sampled"),
            equations=("bsvrb-15",),
        ),
        Case(
            "delayed",
            ("missing_step", "wrong_constant"),
            "sampled blocks make up for the steps that they missed",
            _steps(version, f"{word}-delayed", mode="delayed", I=1, m=3, T=5),
            equations=("bsvrb-15",),
        ),
        Case(
            "all-blocks",
            ("boundary",),
            "I = m: gamma = 1 - alpha",
            _steps(version, f"{word}-all", m=2, I=2, T=2),
            equations=("bsvrb-4",),
        ),
        Case(
            "one-of-five",
            ("basic",),
            "four blocks are not seen in each step: gamma is above 4",
            _steps(version, f"{word}-five", m=5, I=1, T=3, k=1, tau=0.03125, r=1.0),
        ),
        Case("linear", ("basic",), "r = 0: all is linear", _steps(version, f"{word}-linear", r=0.0, T=2)),
        Case(
            "two-steps",
            ("basic", "wrong_order"),
            "two steps: what is asked where, and what is read when",
            _steps(version, f"{word}-two", T=2),
        ),
        _copies("two-steps", 400 if version == 1 else 2000, 2),
    )


V1 = (
    *_family(1, ("bsvrb-2", "bsvrb-7")),
    Case(
        "by-hand",
        ("boundary",),
        "s = 1/2 + 2 + 0, z = 1/2 (1 - 1/2) + 1/2, H = 2 + 1",
        _worked(1),
        equations=("bsvrb-1", "bsvrb-2"),
        source="worked by hand",
        answer={
            "x": np.array([[2 - 0.5 * 0.75]]),
            "y": np.array([[3 - 0.25 * 2.5]]),
            "s": np.array([[2.5]]),
            "z": np.array([0.75]),
            "H": np.array([[[3.0]]]),
        },
    ),
    Case(
        "floor-at-work",
        ("missing_step", "edge_case"),
        "a floor in the middle of the spectrum, sampled blocks only",
        _steps(1, "v1-floor", mu=2.5),
        equations=("bsvrb-8",),
    ),
    Case(
        "high-floor",
        ("missing_step", "variant"),
        "a floor above most eigenvalues",
        _steps(1, "v1-high-floor", mu=4.0, T=2),
        equations=("bsvrb-8",),
    ),
)
V2 = (
    *_family(2, ("bsvrb-9", "bsvrb-10", "bsvrb-12")),
    Case(
        "no-memory",
        ("boundary", "edge_case"),
        "I = m and alpha = beta = 1: plain alternating gradient steps",
        _steps(2, "v2-plain", m=2, I=2, T=2, alpha=1.0, beta=1.0),
    ),
    Case(
        "same-sample-twice",
        ("edge_case",),
        "a sample that comes twice in a batch counts twice",
        _steps(2, "v2-twice", k=3, n=2, T=2),
    ),
    Case(
        "many-steps",
        ("long",),
        "260 steps, one block of two and one sample in each",
        _steps(2, "v2-long", T=260, m=2, n=2, d=1, e=1, I=1, k=1, eta=0.03125, tau=0.0625),
        dtypes=("float64",),
    ),
    Case(
        "by-hand",
        ("boundary",),
        "s = 1/2 + 2, u = 1/2 - 1/2, v = 1/2, z = 1/2 (1 - 1/2) + 1/2",
        _worked(2),
        equations=("bsvrb-1", "bsvrb-9"),
        source="worked by hand",
        answer={
            "x": np.array([[2 - 0.5 * 0.75]]),
            "y": np.array([[3 - 0.25 * 2.5]]),
            "s": np.array([[2.5]]),
            "z": np.array([0.75]),
            "v": np.array([[0.5]]),
            "u": np.array([[0.0]]),
        },
    ),
    Case(
        "ball-at-work",
        ("missing_step", "edge_case"),
        "v is projected on a ball, coordinates together",
        _steps(2, "v2-ball", radius=1.0, tau_v=0.25) | {"v0": np.array([[0.5, 0.25], [-0.5, 0.75], [0.0, -0.875]])},
        equations=("bsvrb-12",),
    ),
)


def _sample_steps(version):
    def sample(rng):
        m = int(rng.integers(2, 5))
        sizes = {"m": m, "I": int(rng.integers(1, m)), "n": int(rng.integers(2, 4)), "d": int(rng.integers(1, 4))}
        sizes |= {"e": int(rng.integers(1, 4)), "T": int(rng.integers(2, 6)), "k": int(rng.integers(1, 4))}
        rates: dict[str, Any] = {
            "eta": float(rng.uniform(0.02, 0.1)),
            "tau": float(rng.uniform(0.02, 0.1)),
            "beta": float(rng.uniform(0.1, 0.9)),
        }
        if version < 3:
            rates |= {"alpha": float(rng.uniform(0.1, 0.8)), "mode": str(rng.choice(MODES))}
        if version == 2:
            rates |= {"tau_v": float(rng.uniform(0.02, 0.1)), "radius": float(rng.uniform(1.5, 5))}
        return _steps(version, "", rng=rng, r=float(rng.uniform(0.1, 1)), **sizes, **rates)

    return sample


sample_v1, sample_v2, sample_rsvrb = map(_sample_steps, (1, 2, 3))

RSVRB = (
    Case(
        "three-blocks",
        _BASIC,
        "two of three blocks in each of four steps, two others for the hyper-gradient",
        _steps(3, "rsvrb-three"),
        equations=("bsvrb-17", "bsvrb-18"),
    ),
    Case(
        "all-blocks",
        ("boundary",),
        "I = m: nothing shrinks",
        _steps(3, "rsvrb-all", m=2, I=2, T=2, r=1.0, eta=0.125, tau=0.0625),
    ),
    Case(
        "no-memory",
        ("boundary",),
        "beta = 1: what is not sampled is forgotten, and its Hessian is the floor",
        _steps(3, "rsvrb-plain", T=3, beta=1.0),
    ),
    Case(
        "floor-at-work",
        ("edge_case", "missing_step"),
        "Hessians that have shrunk below the floor",
        _steps(3, "rsvrb-floor", mu=2.5),
        equations=("bsvrb-18",),
    ),
    Case("linear", ("basic",), "r = 0: all is linear", _steps(3, "rsvrb-linear", r=0.0, T=2)),
)

# hpo_products ---------------------------------------------------------------------------------------------------------


def _hpo(name, n, d, I, k, *, rng=None, **more):
    rng = rng or stream(0, "bsvrb-case", name)
    found = {"X": _eighths(rng, n, d), "labels": rng.choice([-1.0, 1.0], n), "p": _eighths(rng, n)}
    found |= {"w": _eighths(rng, I, d, size=8), "v": _eighths(rng, I, d)}
    return (
        found
        | {"sigma": 1 + rng.integers(0, 8, I) / 4, "batch": rng.integers(0, n, (I, k)).astype(float), "reg": 0.125}
        | more
    )


_HAND = {
    "X": np.array([[2.0]]),
    "labels": np.array([-1.0]),
    "p": np.zeros(1),
    "w": np.zeros((1, 1)),
    "v": np.array([[3.0]]),
    "sigma": np.array([4.0]),
    "batch": np.zeros((1, 1)),
    "reg": 0.5,
}
HPO = (
    Case(
        "by-hand",
        ("boundary", "wrong_constant"),
        "w = p = 0: halves and quarters",
        _HAND,
        source="worked by hand",
        equations=("bsvrb-21", "bsvrb-22", "bsvrb-23"),
        answer={"gradient": np.array([[0.125]]), "hvp": np.array([[1.5 + 3 / 32]]), "cross": np.array([0.1875])},
    ),
    Case(
        "four-samples",
        _BASIC,
        "three scales, five samples, batches of two",
        _hpo("four", 5, 3, 3, 2),
        equations=("bsvrb-21", "bsvrb-22", "bsvrb-23", "bsvrb-24"),
    ),
    Case(
        "repeated",
        ("known_bug", "edge_case"),
        "a sample that comes twice counts twice",
        _hpo("repeated", 3, 2, 2, 3, batch=np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]])),
        equations=("bsvrb-24",),
    ),
    Case(
        "far-away",
        ("numerics",),
        "margins of hundreds: no overflow",
        _hpo(
            "far", 4, 2, 2, 2, w=np.array([[300.0, -200.0], [-400.0, 100.0]]), labels=np.array([1.0, -1.0, 1.0, -1.0])
        ),
        dtypes=("float64",),
    ),
    large("many-scales", "four-samples", "I", size=15_000, balanced=True, dtypes=("float64",)),
)


def sample_hpo(rng):
    n, d, I, k = (int(rng.integers(low, 5)) for low in (2, 1, 1, 1))
    return _hpo("", n, d, I, k, rng=rng)
