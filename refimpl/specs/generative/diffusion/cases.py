"""Inputs of the operations on diffusion models under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.generative.diffusion import KINDS, grid
from refimpl.specs.base import Case
from refimpl.specs.sizes import large, one_step

_BOTH, _DOUBLE = ("float64", "float32"), ("float64",)


def _some(name, *shape):
    """Normal numbers in two digits."""
    return stream(0, "diffusion-case", name).standard_normal(shape).round(2)


def _geometric(T, t0, N):
    """Nearly geometric times, in eight digits after the point."""
    return np.array(grid(T, t0, N)).round(8)


def _rows(*rows):
    return np.array(rows, dtype=float)


# One step ------------------------------------------------------------------------------------------------------------


def _step(kind, t=1.3, u=0.4, *, shape=(3, 2), eta=0.0, name="step"):
    return {
        "kind": kind, "x": _some(f"{name} x", *shape), "score": _some(f"{name} score", *shape), "t": t, "u": u,
        "xi": _some(f"{name} xi", *shape), "eta": eta,
    }  # fmt: skip


_OF = {"em": (9,), "exp": (10,), "ddpm_large": (11, 12), "ddpm_small": (11, 12), "ddim": (13, 14)}


def _tags(kind):
    return tuple(f"diffusion-{i}" for i in (8, *_OF[kind]))


def _asked(slug, kind, why, *flags, dtypes=_BOTH, answer=None, source="", **settings):
    return Case(slug, flags, why, _step(kind, **settings), dtypes=dtypes, equations=_tags(kind), answer=answer,
                source=source)  # fmt: skip


_HAND = {
    "x": _rows([1.0]),
    "score": _rows([-1.0]),
    "t": 1.3862943611198906,  # log 4, with the same bits on every machine
    "u": 0.28768207245178085,  # log 4/3
    "xi": _rows([2.0]),
}
STEP = (
    *(_asked(kind.replace("_", "-"), kind, "a long step: all terms count", "basic") for kind in KINDS),
    _asked("ddim-half", "ddim", "half of the noise is fresh, the old noise is kept in what is left", "basic",
           "missing_step", eta=0.5),
    _asked("ddim-as-ddpm", "ddim", "eta = 1 is ddpm_small", "basic", "variant", "known_bug", eta=1.0),
    _asked("ddim-beyond", "ddim", "eta = 2, for a short step", "boundary", t=0.5, u=0.45, eta=2.0),
    Case("by-hand", ("basic", "wrong_constant"),
         "kept 1/4, then 3/4: clean point 1/2, noise sqrt(3)/2; then sqrt(3)/4 + sqrt(3)/4",
         {"kind": "ddim", **_HAND, "eta": 0.0}, dtypes=_DOUBLE, equations=_tags("ddim"),
         answer={"new_x": _rows([3**0.5 / 2])}, source="closed form"),
    Case("by-hand-ddpm", ("basic", "wrong_constant"),
         "kept 1/4, then 3/4: a = 1/3, beta = 2/3, mean sqrt(3) (1 - 2/3), variance 2/3 1/4 / (3/4)",
         {"kind": "ddpm_small", **_HAND, "eta": 0.0}, dtypes=_DOUBLE, equations=_tags("ddpm_small"),
         answer={"new_x": _rows([3**0.5 / 3 + 2 * (2 / 9) ** 0.5])}, source="closed form"),
    *(_asked(f"last-{kind.replace('_', '-')}", kind, "to time 0: no noise", "boundary", "missing_step", t=0.4, u=0.0,
             eta=0.5) for kind in ("ddpm_large", "ddpm_small", "ddim")),
    *(_asked(f"late-{kind.replace('_', '-')}", kind, "at t = 8 hardly anything of the data is left", "numerics", t=8.0,
             u=7.5, eta=1.0) for kind in ("exp", "ddpm_large", "ddim")),
    *(_asked(f"early-{kind.replace('_', '-')}", kind, "from t = 1/4 to 1/8: a step takes half of the noise",
             "numerics", dtypes=_DOUBLE, t=0.25, u=0.125, eta=0.5) for kind in KINDS),
    _asked("one-point", "ddpm_large", "one point in one dimension", "boundary", shape=(1, 1), name="one"),
    large("many-points", "ddim-half", "n"),
)  # fmt: skip


def sample_step(rng):
    n, D = (int(v) for v in rng.integers(1, 4, 2))
    t = float(rng.uniform(0.5, 4.0))
    u = t * float(rng.uniform(0.2, 0.9))
    x, s, xi = rng.standard_normal((3, n, D))
    eta = float(rng.choice([0.0, 0.5, 1.0]))
    return {"kind": str(rng.choice(KINDS)), "x": x, "score": s, "t": t, "u": u, "xi": xi, "eta": eta}


# Samples of a mixture ------------------------------------------------------------------------------------------------

_PAIR = {
    "weights": np.array([0.25, 0.75]),
    "means": _rows([1.0, -0.5], [-1.0, 0.75]),
    "covariances": _rows([[0.5, 0.25], [0.25, 1.0]], [[0.25, 0.0], [0.0, 0.5]]),
}
_LINE = {
    "weights": np.array([0.25, 0.5, 0.25]),
    "means": _rows([-3.0], [0.0], [2.5]),
    "covariances": _rows([[0.25]], [[0.125]], [[0.375]]),
}
_FALL = np.array([3.0, 1.25, 0.75, 0.25])


def _samples(kind, times=_FALL, *, n=2, eta=0.0, mixture=_PAIR, name="samples"):
    D, N = mixture["means"].shape[1], len(times) - 1
    drawn = {"x": _some(f"{name} x", n, D), "noise": _some(f"{name} noise", N, n, D)}
    return {"kind": kind, **drawn, "times": times, **mixture, "eta": eta}


def _run(slug, kind, why, *flags, dtypes=_BOTH, **settings):
    tags = ("diffusion-15", "diffusion-16") if kind == "heun" else _tags(kind)
    return Case(slug, flags, why, _samples(kind, **settings), dtypes=dtypes, equations=(*tags, "diffusion-22"))


SAMPLE = (
    _run("two-steps", "ddpm_small", "the score is that at the departure", "basic", "wrong_order", times=_FALL[1:]),
    *(_run(kind.replace("_", "-"), kind, "three uneven steps", "basic") for kind in (*KINDS, "heun")),
    _run("ddim-half", "ddim", "three uneven steps, half of the noise is fresh", "basic", eta=0.5),
    _run("to-the-data", "ddpm_large", "to time 0: no noise in the last step", "boundary",
         times=np.array([2.0, 1.0, 0.0])),
    _run("one-step", "exp", "one step, one point", "boundary", times=_FALL[:2], n=1, name="one"),
    _run("three-modes", "ddim", "one dimension, three modes apart", "basic", mixture=_LINE, eta=1.0, name="line"),
    _run("late", "heun", "from t = 8", "numerics", times=np.array([8.0, 6.0, 5.0])),
    Case("three-hundred-times", ("long",), "300 steps from 8 to 0.001, each of nearly the same share",
         _samples("ddpm_small", _geometric(8.0, 1e-3, 300), n=1, name="long", mixture={
             "weights": np.ones(1), "means": _rows([2.0]), "covariances": _rows([[0.5]])}),
         dtypes=_DOUBLE, equations=_tags("ddpm_small")),
    _run("heun-in-one", "heun", "one step, by the scores at both of its ends", "boundary", "missing_step",
         times=np.array([1.5, 0.5])),
    large("many-points", "exp", "n"),
)  # fmt: skip


def _covariances(rng, K, D):
    half = rng.standard_normal((K, D, D)) / 2
    return half @ np.swapaxes(half, 1, 2) + 0.25 * np.eye(D)


def _mixture(rng, D):
    return {
        "weights": np.array([0.25, 0.75])[rng.permutation(2)],
        "means": rng.standard_normal((2, D)),
        "covariances": _covariances(rng, 2, D),
    }


def sample_sample(rng):
    n, D, N = (int(v) for v in rng.integers(1, 4, 3))
    D = min(D, 2)
    times = np.sort(rng.uniform(0.2, 3.0, N + 1))[::-1] + 0.1 * np.arange(N, -1, -1)
    drawn = {"x": rng.standard_normal((n, D)), "noise": rng.standard_normal((N, n, D))}
    kind, eta = str(rng.choice([*KINDS, "heun"])), float(rng.choice([0.0, 0.5, 1.0]))
    return {"kind": kind, **drawn, "times": times.copy(), **_mixture(rng, D), "eta": eta}


# Tables of betas -----------------------------------------------------------------------------------------------------

_BETAS = np.array([0.1, 0.15, 0.2, 0.3, 0.35, 0.4])


def _table(kind, rows, *, n=2, D=2, betas=_BETAS, eta=0.0, name="table"):
    N = len(rows)
    drawn = {"x": _some(f"{name} x", n, D), "predicted": _some(f"{name} eps", N, n, D),
             "noise": _some(f"{name} noise", N, n, D)}  # fmt: skip
    return {"kind": kind, **drawn, "betas": betas, "rows": np.array(rows, dtype=float), "eta": eta}


def _along(slug, kind, rows, why, *flags, dtypes=_BOTH, **settings):
    tags = (*_tags(kind), "diffusion-5", "diffusion-17", "diffusion-18")
    return Case(slug, flags, why, _table(kind, rows, **settings), dtypes=dtypes, equations=tags)


_DDPM = ("ddpm_large", "ddpm_small")
TABLE = (
    *(_along(f"every-second-{kind.replace('_', '-')}", kind, (4, 2, 0), "rows at an equal stride", "basic",
             "known_bug") for kind in (*_DDPM, "ddim")),
    _along("every-second-half", "ddim", (4, 2, 0), "half of the noise is fresh", "basic", eta=0.5),
    *(_along(f"uneven-{kind.replace('_', '-')}", kind, (5, 3, 2, 0), "rows at no equal stride", "basic", "known_bug",
             eta=0.5) for kind in (*_DDPM, "ddim")),
    *(_along(f"all-{kind.replace('_', '-')}", kind, (5, 4, 3, 2, 1, 0), "all rows: no stride", "basic", eta=1.0)
      for kind in (*_DDPM, "ddim")),
    *(_along(f"late-last-{kind.replace('_', '-')}", kind, (5, 2), "the last step is from row 2 to the data", "boundary",
             "known_bug", eta=0.5) for kind in (*_DDPM, "ddim")),
    _along("one-row", "ddpm_small", (3,), "from row 3 to the data at once", "boundary"),
    _along("small-betas", "ddpm_small", (2, 1, 0), "the usual table begins with variances of 1e-4: a floor would show",
           "numerics", betas=np.array([1 / 8192, 1 / 1024, 1 / 512]), dtypes=_DOUBLE),
    _along("long", "ddpm_small", tuple(range(299, -1, -1)), "300 rows", "long", n=1, D=1, betas=np.full(300, 0.03125),
           name="long", dtypes=_DOUBLE),
    one_step,
    large("many-points", "uneven-ddim", "n"),
)  # fmt: skip


def sample_table(rng):
    n, D, M = (int(v) for v in (*rng.integers(1, 4, 2), rng.integers(3, 8)))
    rows = np.sort(rng.choice(M, int(rng.integers(1, 4)), replace=False))[::-1].astype(float)
    eps, noise = rng.standard_normal((2, len(rows), n, D))
    kind, eta = str(rng.choice([*_DDPM, "ddim"])), float(rng.choice([0.0, 0.5, 1.0]))
    return {"kind": kind, "x": rng.standard_normal((n, D)), "predicted": eps, "betas": rng.uniform(0.05, 0.4, M),
            "rows": rows.copy(), "noise": noise, "eta": eta}  # fmt: skip


# Guidance ------------------------------------------------------------------------------------------------------------


def _guided(mode, eta, *, shape=(3, 2), name="guided"):
    parts = {part: _some(f"{name} {part}", *shape) for part in ("conditional", "unconditional", "gradient")}
    return {"mode": mode, **parts, "eta": eta}


_STRENGTHS = {"strong": 3.0, "plain": 0.0, "none": -1.0, "weak": 0.5}
_LIMITS = {"plain": ("boundary",), "none": ("boundary", "wrong_constant")}
GUIDED = (
    *(Case(f"{mode}-{slug}", _LIMITS.get(slug, ("basic",)), f"eta = {eta:g}", _guided(mode, eta),
           equations=(f"diffusion-{20 if mode == 'free' else 21}",))
      for mode in ("free", "classifier") for slug, eta in _STRENGTHS.items()),
    Case("by-hand", ("basic", "wrong_constant"), "(1 + 2) 3 - 2 1",
         {"mode": "free", "conditional": _rows([3.0]), "unconditional": _rows([1.0]), "gradient": _rows([2.0]),
          "eta": 2.0}, equations=("diffusion-20",), answer={"score": _rows([7.0])}, source="closed form"),
    large("many-points", "free-strong", "n"),
)  # fmt: skip


def sample_guided(rng):
    n, D = (int(v) for v in rng.integers(1, 4, 2))
    c, u, g = rng.standard_normal((3, n, D))
    mode, eta = str(rng.choice(["free", "classifier"])), float(rng.choice([-1.0, 0.0, 0.5, 3.0]))
    return {"mode": mode, "conditional": c, "unconditional": u, "gradient": g, "eta": eta}


def _to_component(eta, *, t=0.7, n=3, label=0, mixture=_PAIR, name="component"):
    D = mixture["means"].shape[1]
    return {"x": _some(name, n, D), "t": t, **mixture, "label": label, "eta": eta}


_BOTH_WAYS = ("diffusion-20", "diffusion-21", "diffusion-22", "diffusion-23")
GUIDED_MIXTURE = (
    *(Case(slug, _LIMITS.get(slug, ("basic",)), f"eta = {eta:g}", _to_component(eta), equations=_BOTH_WAYS)
      for slug, eta in _STRENGTHS.items()),
    Case("other-component", ("basic",), "the second of the components", _to_component(1.0, label=1),
         equations=_BOTH_WAYS),
    Case("clean", ("boundary",), "at time 0", _to_component(1.0, t=0.0), equations=_BOTH_WAYS),
    Case("three-modes", ("basic",), "one dimension, three modes",
         _to_component(2.0, label=2, mixture=_LINE, name="line"), equations=_BOTH_WAYS),
    large("many-points", "strong", "n"),
)  # fmt: skip


def sample_guided_mixture(rng):
    n, D = (int(v) for v in rng.integers(1, 3, 2))
    eta = float(rng.choice([-1.0, 0.0, 0.5, 3.0]))
    return {"x": rng.standard_normal((n, D)), "t": float(rng.uniform(0.2, 2.0)), **_mixture(rng, D),
            "label": int(rng.integers(0, 2)), "eta": eta}  # fmt: skip


# Score matching ------------------------------------------------------------------------------------------------------


def _matched(weight, t=(0.2, 1.1, 3.5), *, D=2, name="dsm"):
    n = len(t)
    parts = {part: _some(f"{name} {part}", n, D) for part in ("x0", "z", "predicted")}
    return {**parts, "t": np.array(t), "weight": weight}


_DSM = ("diffusion-3", "diffusion-6", "diffusion-7")
DSM = (
    *(Case(f"weight-{weight}", ("basic",), "a time for each of three points", _matched(weight), equations=_DSM)
      for weight in ("one", "h")),
    Case("by-hand", ("basic", "wrong_constant"), "kept 1/4: h = 3/4, point 1 + sqrt(3)/2, target -2/sqrt(3)",
         {"x0": _rows([2.0]), "z": _rows([1.0]), "t": np.array([_HAND["t"]]), "predicted": _rows([0.0]),
          "weight": "one"},
         dtypes=_DOUBLE, equations=_DSM,
         answer={"x_t": _rows([1 + 3**0.5 / 2]), "loss": np.array(4 / 3), "target": _rows([-2 / 3**0.5])},
         source="closed form"),
    Case("one-point", ("boundary",), "one point in one dimension", _matched("h", (0.6,), D=1, name="one"),
         equations=_DSM),
    Case("early", ("numerics",), "at t = 1/8", _matched("h", (0.125, 0.25)), dtypes=_DOUBLE, equations=_DSM),
    large("many-points", "weight-h", "n", balanced=True, dtypes=_DOUBLE),
)  # fmt: skip


def sample_dsm(rng):
    n, D = (int(v) for v in rng.integers(1, 4, 2))
    x0, z, s = rng.standard_normal((3, n, D))
    weight = str(rng.choice(["one", "h"]))
    return {"x0": x0, "t": rng.uniform(0.2, 4.0, n), "z": z, "predicted": s, "weight": weight}


def _dropped(p_drop=0.25, *, draws=(0.125, 0.75, 0.5, 0.0, 0.9375), null=-1):
    return {"y": np.array([3, 0, 2, 1, 3]), "draws": np.array(draws), "p_drop": p_drop, "null": null}


DROP = (
    Case("one-in-four", ("basic", "wrong_order"), "each label has its own draw", _dropped(),
         equations=("diffusion-19",), answer={"labels": np.array([-1, 0, 2, -1, 3])}, source="closed form"),
    Case("four-in-five", ("basic",), "most are dropped", _dropped(0.8, null=4), equations=("diffusion-19",)),
    Case("keep-all", ("boundary",), "p_drop = 0 keeps all, also where the draw is 0", _dropped(0.0),
         equations=("diffusion-19",), answer={"labels": _dropped()["y"]}, source="closed form"),
    Case("drop-all", ("boundary",), "p_drop = 1 drops all", _dropped(1.0), equations=("diffusion-19",),
         answer={"labels": np.full(5, -1)}, source="closed form"),
    large("many-labels-of-four", "one-in-four", "n"),
)  # fmt: skip


def sample_drop(rng):
    n = int(rng.integers(2, 8))
    return {"y": rng.integers(0, 4, n), "draws": rng.integers(0, 32, n) / 32,
            "p_drop": float(rng.integers(0, 33) / 32 - 1 / 64) % 1, "null": 4}  # fmt: skip


# Subspace ------------------------------------------------------------------------------------------------------------

_HADAMARD = _rows([1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]) / 2  # orthonormal without rounding


def _plane(t, A=_HADAMARD[:, :2], mixture=_PAIR, *, n=3, name="plane"):
    return {"x": _some(name, n, len(A)), "t": t, "A": A, **mixture}


_TWO = ("diffusion-24", "diffusion-25")
SUBSPACE = (
    Case("plane", ("basic",), "a plane in four dimensions", _plane(0.7), equations=_TWO),
    Case("line", ("basic",), "a line in four dimensions, three modes", _plane(0.4, _HADAMARD[:, 1:2], _LINE),
         equations=_TWO),
    Case("along-an-axis", ("basic",), "the second axis of three", _plane(1.5, _rows([0], [1], [0]), _LINE),
         equations=_TWO),
    Case("whole-space", ("boundary",), "no direction is off the plane", _plane(0.7, np.eye(2)), equations=_TWO),
    Case("early", ("numerics",), "at t = 1/8 the part off the plane is eight times as large", _plane(0.125),
         dtypes=_DOUBLE, equations=_TWO),
    large("many-points", "plane", "n"),
)  # fmt: skip


def sample_subspace(rng):
    n, d = (int(v) for v in rng.integers(1, 3, 2))
    A = _HADAMARD[:, rng.permutation(4)[:d]] * rng.choice([-1.0, 1.0], d)
    return {"x": rng.standard_normal((n, 4)), "t": float(rng.uniform(0.2, 2.0)), "A": A, **_mixture(rng, d)}


# A Gaussian ----------------------------------------------------------------------------------------------------------


def _law(kind, times=(4.0, 2.5, 1.5, 0.75, 0.25), *, eta=0.0, error=0.0, mean=2.0, variance=0.5):
    return {"kind": kind, "mean": mean, "variance": variance, "times": np.array(times), "eta": eta, "error": error}


_LAW = ("diffusion-26", "diffusion-27", "diffusion-28")
LAW = (
    *(Case(kind.replace("_", "-"), ("basic",), "four uneven steps", _law(kind, eta=0.5), equations=_LAW)
      for kind in KINDS),
    Case("ddim-still", ("basic",), "without fresh noise", _law("ddim"), equations=_LAW),
    Case("wrong-score", ("basic",), "a constant error moves the mean", _law("exp", error=0.3), equations=_LAW),
    Case("one-step", ("boundary",), "one step", _law("exp", (2.0, 0.5)), equations=_LAW),
    Case("to-the-data", ("boundary", "missing_step"), "to time 0: no noise in the last step",
         _law("ddpm_large", (2.0, 1.0, 0.0)), equations=_LAW),
    Case("wide", ("basic",), "data wider than the noise", _law("ddpm_small", mean=-0.75, variance=3.0), equations=_LAW),
    Case("long", ("long",), "300 uniform steps", _law("exp", grid(6.0, 0.01, 300, spacing="uniform"), error=0.1),
         dtypes=_DOUBLE, equations=_LAW),
)  # fmt: skip


def sample_law(rng):
    times = np.sort(rng.uniform(0.2, 3.0, 4))[::-1] + 0.2 * np.arange(3, -1, -1)
    return _law(str(rng.choice(KINDS)), times.copy(), eta=float(rng.choice([0.0, 0.5, 1.0])),
                error=float(rng.choice([0.0, 0.3])), mean=float(rng.uniform(-2, 2)),
                variance=float(rng.uniform(0.3, 3.0)))  # fmt: skip


# Estimator -----------------------------------------------------------------------------------------------------------


def _pairs(rng, n, m, k, D, t):
    """Data near a plane, in two digits."""
    around = lambda count: rng.standard_normal((count, D)) * (1.5 / (1 + np.arange(D)))
    noised = lambda clean: np.exp(-t / 2) * clean + (1 - np.exp(-t)) ** 0.5 * rng.standard_normal(clean.shape)
    X0, new0 = around(n), around(m)
    parts = {"x": noised(around(k)), "X0": X0, "Xt": noised(X0), "new0": new0, "newt": noised(new0)}
    return {name: value.round(2) for name, value in parts.items()} | {"t": t}


def _encoder(d, widths=(0.3, 3.0), ridges=(0.05, 1.0), *, n=7, m=4, k=3, D=3, t=0.5, name="encoder"):
    drawn = _pairs(stream(0, "diffusion-case", name), n, m, k, D, t)
    return {**drawn, "d": d, "widths": np.array(widths), "ridges": np.array(ridges)}


_FITTED = ("diffusion-29", "diffusion-30", "diffusion-31", "diffusion-32")
ENCODER = (
    Case("plane", ("basic", "missing_step"), "two of three directions; the rest of x counts too", _encoder(2),
         equations=_FITTED),
    Case("line", ("basic",), "one direction", _encoder(1), equations=_FITTED),
    Case("no-encoder", ("boundary",), "all directions", _encoder(3), equations=_FITTED),
    Case("one-choice", ("boundary",), "one width, one ridge", _encoder(2, (1.0,), (0.1,)), equations=_FITTED),
    Case("late", ("basic", "wrong_constant"), "at t = 2 the factor of the clean point is 0.37",
         _encoder(2, t=2.0, name="late"), equations=_FITTED),
    Case("even-pairs", ("edge_case",), "ten pairs: the median lies between two distances",
         _encoder(2, (1.0,), (0.1,), n=5, name="even"), equations=_FITTED),
    Case("two-data", ("boundary",), "two data: one distance", _encoder(1, (1.0,), (0.1,), n=2, name="two"),
         equations=_FITTED),
    large("many-points", "plane", "k"),
)  # fmt: skip


def sample_encoder(rng):
    n, m, k = (int(v) for v in rng.integers(4, 7, 3))
    drawn = _pairs(rng, n, m, k, 3, float(rng.uniform(0.3, 2.0)))
    return {**drawn, "d": int(rng.integers(1, 3)), "widths": np.array([0.3, 3.0]), "ridges": np.array([0.05, 2.0])}


# Rewards -------------------------------------------------------------------------------------------------------------


def _designs(rng, n, m, k, D, times):
    N, normal = len(times) - 1, rng.standard_normal
    return {
        "X": normal((n, D)), "labelled": normal((m, D)), "y": normal(m), "pseudo": normal(n),
        "noise": normal((N, n, D)), "start": normal((k, D)), "xi": normal((N, k, D)),
    }  # fmt: skip


def _reward(target=2.0, *, penalty=1.0, nu=0.25, n=6, m=4, k=3, D=2, times=(2.0, 1.0, 0.5), name="reward"):
    drawn = _designs(stream(0, "diffusion-case", name), n, m, k, D, times)
    drawn = {part: value.round(2) for part, value in drawn.items()}
    return {**drawn, "times": np.array(times), "target": target, "penalty": penalty, "nu": nu}


_DIRECTED = ("diffusion-33", "diffusion-34", "diffusion-35", "diffusion-36")
REWARD = (
    Case("two-steps", ("basic", "missing_step"), "pseudo-labels have noise", _reward(), equations=_DIRECTED),
    Case("no-noise", ("boundary",), "nu = 0: pseudo-labels without noise", _reward(nu=0.0), equations=_DIRECTED),
    Case("target-0", ("boundary",), "at a target of 0", _reward(0.0), equations=_DIRECTED),
    Case("small-penalty", ("basic", "wrong_constant"), "the penalty of the sum, not of the mean", _reward(penalty=0.25),
         equations=_DIRECTED),
    Case("one-dimension", ("boundary",), "one dimension, one step, one design", _reward(D=1, k=1, times=(1.5, 0.5),
         name="one"), equations=_DIRECTED),
    Case("two-hundred-times", ("long",), "200 steps, each of nearly the same share",
         _reward(n=3, m=2, k=1, D=1, times=_geometric(8.0, 0.01, 200), name="long"),
         dtypes=_DOUBLE, equations=_DIRECTED),
    large("many-designs", "two-steps", "k"),
)  # fmt: skip


def sample_reward(rng):
    n, m, k = (int(v) for v in rng.integers(4, 7, 3))
    drawn = _designs(rng, n, m, k, int(rng.integers(1, 3)), (0, 1, 2))
    return {**drawn, "times": np.array([2.0, 1.0, 0.4]), "target": float(rng.uniform(-2, 2)),
            "penalty": float(rng.uniform(0.3, 2.0)), "nu": float(rng.choice([0.0, 0.25, 0.5]))}  # fmt: skip
