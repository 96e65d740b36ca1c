"""Experiments with the step on functions of one and two variables, and its cost."""

import math
from functools import partial

import numpy as np

from refimpl.core.curvature import hutchinson
from refimpl.core.random import stream
from refimpl.optimizers import _sophia_models as models
from refimpl.optimizers import adamw, sophia
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within
from refimpl.specs.optimizers.sophia.claims.language import (
    BIGRAM_RATES,
    BLUE,
    GRAY,
    GREEN,
    LOOKS,
    ORANGE,
    PINK,
    bigram_run,
    bigrams,
)

EXACT = {"beta1": 0.0, "beta2": 0.0, "weight_decay": 0.0}  # no averages: newest gradient, newest curvature


# C3: heterogeneous curvature ------------------------------------------------------------------------------------

_SHARP = 8 * np.polynomial.Polynomial([1, -1]) ** 2 * np.polynomial.Polynomial([1, 2, 1.3])
_FLAT = 0.5 * np.polynomial.Polynomial([-4, 1]) ** 2
TOY = (_SHARP, _FLAT)  # the loss is the sum of one function of each coordinate; minimum (1, 4), saddle (0, 4)


def toy(derivative, theta):
    """Loss of the paper's example (derivative 0), or its first or second derivatives in each coordinate."""
    parts = [f.deriv(derivative)(theta[..., i]) for i, f in enumerate(TOY)]
    return parts[0] + parts[1] if derivative == 0 else np.stack(parts, axis=-1)


def toy_paths(steps=100, start=(0.2, 0.0)):
    """The four methods, from a point where the sharp coordinate has negative curvature."""
    rules = {
        "gradient descent": lambda theta: theta - 0.015 * toy(1, theta),
        "sign descent": lambda theta: theta - 0.15 * np.sign(toy(1, theta)),
        "Newton": lambda theta: theta - toy(1, theta) / toy(2, theta),
    }
    paths = {}
    for name, rule in rules.items():
        path = [np.array(start)]
        for _ in range(steps):
            path.append(rule(path[-1]))
        paths[name] = np.array(path)
    run = sophia.minimize(
        lambda theta: toy(1, theta),
        np.array(start),
        estimate=lambda theta: toy(2, theta),
        steps=steps,
        lr=0.3,
        k=1,
        gamma=1.0,
        record=lambda theta, state: {"theta": theta},
        **EXACT,
    )
    return paths | {"Sophia": np.array(run.history["theta"])}


def draw_toy(axes, paths):
    """Contours and paths."""
    x, y = np.meshgrid(np.linspace(-0.45, 1.55, 100), np.linspace(-0.6, 4.7, 100))
    height = toy(0, np.stack([x, y], axis=-1))
    axes.contour(x, y, height, levels=np.geomspace(0.1, 40, 8), colors="0.85", linewidths=0.8)
    for name, path in paths.items():
        axes.plot(*path.T, "-", **LOOKS[name], markersize=3, linewidth=1.2, label=name)
    axes.plot(1, 4, "k*", markersize=12, zorder=5)
    axes.annotate("minimum", (1, 4), xytext=(7, 5), textcoords="offset points")
    axes.plot(0, 4, "kx", markersize=8, zorder=5)
    axes.annotate("saddle", (0, 4), xytext=(-8, 7), textcoords="offset points", ha="right")
    axes.set(xlabel=r"$\theta_1$ (sharp)", ylabel=r"$\theta_2$ (flat)", xlim=(-0.45, 1.55), ylim=(-0.6, 4.7))


def tuned_toy_paths(steps=100, start=(0.2, 0.0)):
    """What gradients alone can do: distances to the minimum [steps + 1] at the best rate of a fine grid."""

    def distances(method, lr):
        theta, velocity, state, found = np.array(start), np.zeros(2), adamw.init(np.array(start)), []
        for t in range(steps + 1):
            found.append(np.linalg.norm(theta - [1, 4]))
            g = toy(1, theta)
            if not np.isfinite(g).all():
                return [np.inf]
            velocity = 0.9 * velocity + g
            if method == "AdamW":
                theta, state = adamw.update(theta, state, g, lr=lr, weight_decay=0.0)
            else:
                fall = {
                    "gradient descent": g,
                    "momentum": velocity,
                    "sign descent, decayed": (1 - t / steps) * np.sign(g),
                }
                theta = theta - lr * fall[method]
        return found

    with np.errstate(over="ignore", invalid="ignore"):
        return {
            method: min((distances(method, lr) for lr in 10.0 ** np.arange(-3, 0.01, 0.1)), key=lambda path: path[-1])
            for method in ("gradient descent", "momentum", "AdamW", "sign descent, decayed")
        }


def copes_with_heterogeneous_curvature(seed):
    """No draws."""
    paths, tuned = toy_paths(), tuned_toy_paths()
    away = {name: np.linalg.norm(path - [1, 4], axis=1) for name, path in paths.items()}
    ends = {name: path[-1] for name, path in away.items()}

    def plot(figure):
        left, right = figure.subplots(1, 2)
        draw_toy(left, paths)
        left.set_title("At constant rates: .015, .15, 1, .3")
        left.legend(loc="center left", fontsize=8)
        right.plot(away["Sophia"], color=ORANGE, label="Sophia, rate .3")
        for (name, path), color, style in zip(
            tuned.items(), (GREEN, GRAY, PINK, BLUE), ("-", "-", ":", "--"), strict=True
        ):
            right.plot(path, style, color=color, label=name)
        right.set(yscale="log", ylim=(1e-6, 10), xlabel="step", ylabel="distance to the minimum")
        right.set_title("Others at their best rates")
        right.legend(fontsize=8)

    return Outcome(
        [
            at_most("Sophia: distance to the minimum", ends["Sophia"], 1e-3),
            at_least("Newton: error of the sharp coordinate", abs(paths["Newton"][-1, 0] - 1), 0.5),
            at_least("gradient descent: distance to the minimum", ends["gradient descent"], 0.5),
            at_least(
                "sign descent: smallest error of the sharp coordinate in its last 10 steps / its step size",
                abs(paths["sign descent"][-10:, 0] - 1).min() / 0.15,
                1e-2,
            ),
            *(reported(f"{name}, at the best rate of a grid: distance", path[-1]) for name, path in tuned.items()),
        ],
        plot,
        "At a step of .05, .1 or .2 sign descent lands on the minimum, which lies on its lattice.",
    )


# C4: the condition number -----------------------------------------------------------------------------------------

KAPPAS = 10.0 ** np.arange(2, 4.1, 0.5)
TARGET, TURNED = 1e-4, 1e3  # loss to reach; largest condition number at which the slow control runs


def first_hits(rule, starts, curvature, most):
    """The step after which each start [n, d] first has a loss <= `TARGET`; infinity if none of `most` does."""
    theta, hits = starts, np.full(len(starts), np.inf)
    for t in range(most + 1):
        reached = (curvature * theta * theta).sum(axis=1) / 2 <= TARGET
        hits[reached & np.isinf(hits)] = t
        if np.isfinite(hits).all():
            break
        theta = rule(theta)
    return hits


def run_times(rng, draws=41):
    """T(kappa) of each method on (x^2 + kappa y^2) / 2: the 90 % quantile over random starts."""
    a = rng.uniform(0.5, 1, (draws, 2))
    rotation = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    names = "Sophia", "clipped Newton, turned", "Newton, turned", "Sophia, turned", "sign descent", "gradient descent"
    found: dict[str, list] = {name: [] for name in names}
    quantile = lambda hits: np.sort(hits)[math.ceil(0.9 * draws) - 1]
    for kappa in KAPPAS:
        curvature, starts = np.array([1.0, kappa]), a / [1, math.sqrt(kappa)]
        hessian = rotation @ np.diag(curvature) @ rotation.T
        hessian = (hessian + hessian.T) / 2

        def sophia_step(theta, hessian):
            h, state = np.broadcast_to(np.diag(hessian), theta.shape), sophia.init(theta)
            # lr / gamma = 1/2 of a Newton step, which is clipped at gamma = rho = 0.1
            return sophia.update(theta, state, theta @ hessian, h, lr=0.05, gamma=0.1, **EXACT)[0]

        def newton_step(theta, hessian=hessian, **rates):
            turned = theta @ rotation.T
            return np.stack([sophia.clipped_newton(x, hessian @ x, hessian, **rates) for x in turned]) @ rotation

        clipped, whole = partial(newton_step, rho=0.1, lr=0.5), partial(newton_step, rho=1e9, lr=1.0)
        along = partial(sophia_step, hessian=np.diag(curvature))
        across = lambda theta, hessian=hessian: sophia_step(theta @ rotation.T, hessian) @ rotation
        found["Sophia"].append(quantile(first_hits(along, starts, curvature, 100)))
        found["clipped Newton, turned"].append(quantile(first_hits(clipped, starts, curvature, 100)))
        found["Newton, turned"].append(quantile(first_hits(whole, starts, curvature, 100)))
        if kappa <= TURNED:
            found["Sophia, turned"].append(quantile(first_hits(across, starts, curvature, 20_000)))
        descend = lambda theta, curvature=curvature, kappa=kappa: theta - curvature * theta / kappa
        found["gradient descent"].append(quantile(first_hits(descend, starts, curvature, 100_000)))
        best = np.inf
        for lr in 2.0 ** np.arange(-4, -14.1, -0.5):
            if 0.5 / lr < best:  # else the way alone takes longer. From step 1 / lr on it moves to and fro
                signed = lambda theta, lr=lr: theta - lr * np.sign(theta)
                best = min(best, quantile(first_hits(signed, starts, curvature, math.ceil(1 / lr) + 2)))
        found["sign descent"].append(best)
    return {name: np.array(times, dtype=float) for name, times in found.items()}


def slope(times):
    """Of log T against log kappa."""
    return np.polyfit(np.log(KAPPAS[: len(times)]), np.log(times), 1)[0]


def draw_run_times(axes, times):
    """T against kappa, log-log."""
    for name, label, look in (
        ("gradient descent", "gradient descent", LOOKS["gradient descent"]),
        ("Sophia, turned", "Sophia across the axes", LOOKS["Sophia"] | {"linestyle": "--", "fillstyle": "none"}),
        ("sign descent", "sign descent, best constant step", LOOKS["sign descent"]),
        ("Sophia", "Sophia along the axes", LOOKS["Sophia"]),
    ):
        found = times[name]
        axes.plot(KAPPAS[: len(found)], found, **look, label=f"{label}: slope {abs(slope(found)):.2f}")
    axes.set(xscale="log", yscale="log", xlabel=r"condition number $\kappa$", ylabel="steps to a loss of 0.0001")
    axes.legend(fontsize=9)


def independent_of_the_condition_number(seed):
    """Slopes of log T against log kappa."""
    times = run_times(stream(seed, "sophia.C4"))

    def plot(figure):
        axes = figure.subplots()
        draw_run_times(axes, times)
        axes.set_title("Sophia does not notice the condition number along the axes of the Hessian")

    both = np.stack([times["Sophia"], times["clipped Newton, turned"]])
    return Outcome(
        [
            within("slope, Sophia with the exact diagonal", slope(times["Sophia"]), -0.02, 0.02),
            within(
                "slope, clipped Newton on the turned quadratic", slope(times["clipped Newton, turned"]), -0.02, 0.02
            ),
            at_most("largest number of steps, both", both.max(), 25),
            within("slope, sign descent at its best constant step", slope(times["sign descent"]), 0.4, 0.6),
            at_least("slope, gradient descent", slope(times["gradient descent"]), 0.9),
            reported("slope, Sophia with the exact diagonal on the turned quadratic", slope(times["Sophia, turned"])),
            reported(f"its steps at a condition number of {TURNED:g}", times["Sophia, turned"][-1]),
            reported("largest number of steps, Newton's method without clip", max(times["Newton, turned"])),
        ],
        plot,
        "41 random starts, their 90 % quantile. The theorem is about clipped Newton, which knows the eigenvectors.",
    )


# C5: what the estimates cost --------------------------------------------------------------------------------------


BOUNDS = {"Sophia-G": 1.11, "Sophia-H": 1.21}  # gradients per step
EVERY = (1, 2, 5, 10, 20)  # steps from one estimate to the next


def spent_per_step(rng, steps=40, B=32, D=5, C=4):
    """Gradients of a batch per step, for each of `EVERY`, and arrays in the state, by optimizer.

    A product with the Hessian counts as two gradients.
    """
    x, labels = rng.standard_normal((B, D)), rng.integers(0, C, B)
    costs: dict[str, list] = {}
    arrays: dict[str, int] = {}
    spent = 0

    def gradient(W, y=labels):
        nonlocal spent
        spent += 1
        return models.gradient(W, x, y)

    def product_(W, v):
        nonlocal spent
        spent += 2
        return models.hessian_product(W, x, labels, v)

    def bartlett(W):
        sampled = sophia.sample_labels(models.logits(W, x), rng.uniform(size=B))
        return sophia.gauss_newton_bartlett(gradient(W, sampled), batch=B)

    estimators = {
        "Sophia-G": bartlett,
        "Sophia-H": lambda W: hutchinson(lambda v: product_(W, v), rng.standard_normal(W.shape)),
    }
    for name, estimate in estimators.items():
        costs[name] = []
        for k in EVERY:
            spent = 0
            run = sophia.minimize(gradient, np.zeros((D, C)), estimate=estimate, steps=steps, lr=0.01, k=k)
            costs[name].append(spent / steps)
            arrays[name] = sum(np.shape(part) == (D, C) for part in run.state[1])
    spent = 0
    run = adamw.minimize(gradient, np.zeros((D, C)), steps=steps, lr=0.01)
    costs["AdamW"] = [spent / steps] * len(EVERY)
    arrays["AdamW"] = sum(np.shape(part) == (D, C) for part in run.state[1])
    return costs, arrays


def cost_per_step(seed):
    """Counted in gradients; and what an estimate in every step would buy."""
    costs, arrays = spent_per_step(stream(seed, "sophia.C5"))
    language = bigrams(stream(seed, "bigrams", "language"))
    excess = lambda **how: min(bigram_run(seed, language, "Sophia-G", lr=lr, **how)[-1] for lr in BIGRAM_RATES)
    rare, each, each_equal = excess(steps=200), excess(steps=200, k=1), excess(steps=110, k=1)

    def plot(figure):
        axes = figure.subplots()
        for name, cost in costs.items():
            axes.plot(EVERY, cost, **LOOKS[name], label=name)
        axes.axvline(10, color=GRAY, linewidth=1, linestyle=":")
        for name, bound in BOUNDS.items():
            color = LOOKS[name]["color"]
            axes.plot([8, 12], [bound, bound], color=color, linestyle="--", label=f"bound, {name}, k = 10")
        axes.set(xlabel="steps from one estimate to the next, k", ylabel="gradients per step", ylim=(0.9, None))
        axes.set_title("An estimate in every tenth step costs 10 or 20 %")
        axes.legend()

    at = EVERY.index(10)
    return Outcome(
        [
            *(at_most(f"gradients per step, {name}, k = 10", costs[name][at], bound) for name, bound in BOUNDS.items()),
            within("arrays in the state - AdamW's", max(arrays.values()) - arrays["AdamW"], 0, 0),
            reported("gradients per step, AdamW", costs["AdamW"][at]),
            reported("excess loss of a bigram model (C7), k = 10 / k = 1, 200 steps", rare / each),
            reported("the same, k = 1 at equal cost, 110 steps", rare / each_equal),
        ],
        plot,
        "Estimates from the batch of the gradient. The paper takes smaller ones: half a batch for G, 1/15 for H.",
    )


# C6: curvature that changes fast ----------------------------------------------------------------------------------


def tames_rapid_change(seed, steps=60, lr=0.2):
    """log cosh, whose curvature decays like exp(-2 |x|); no draws."""
    curvature = lambda x: 1 / np.cosh(x) ** 2

    def iterates(rule, most):
        path = [3.0]
        while len(path) <= most and abs(path[-1]) < 300:  # cosh of more overflows
            path.append(path[-1] - rule(path[-1]))
        return np.array(path)

    newton = iterates(lambda x: np.tanh(x) / curvature(x), 2)
    damped = iterates(lambda x: lr * np.tanh(x) / curvature(x), steps)
    descent = iterates(np.tanh, steps)
    run = sophia.minimize(
        np.tanh,
        np.array([3.0]),
        estimate=curvature,
        steps=steps,
        lr=lr,
        k=1,
        gamma=1.0,
        record=lambda x, state: {"x": x[0]},
        **EXACT,
    )
    path = np.array(run.history["x"])

    def plot(figure):
        axes = figure.subplots()
        axes.plot(abs(path), **LOOKS["Sophia"], markersize=4, label=f"Sophia, rate {lr:g}")
        axes.plot(abs(newton), **LOOKS["Newton"], label="Newton")
        axes.plot(abs(damped), **LOOKS["Newton"], linestyle="--", fillstyle="none", label=f"Newton, rate {lr:g}")
        axes.plot(
            np.maximum(abs(descent), 1e-7), **LOOKS["gradient descent"], markersize=4, label="gradient descent, rate 1"
        )
        axes.set(yscale="log", ylim=(1e-6, 1e4), xlabel="step", ylabel="distance to the minimum")
        axes.set_title("log cosh from 3: Newton's second step leaves the picture")
        axes.legend()

    return Outcome(
        [
            at_least("Newton: distance after 2 steps", abs(newton[-1]), 1e2),
            at_most("Sophia: distance after 60 steps", abs(path[-1]), 1e-4),
            at_most("Sophia: longest step - lr", abs(np.diff(path)).max() - lr, 1e-12),
            reported(f"Newton at Sophia's rate without the clip: largest distance in {steps} steps", abs(damped).max()),
            reported(f"gradient descent at 1 / largest curvature: distance after {steps} steps", abs(descent[-1])),
        ],
        plot,
    )


CLAIMS = (
    Claim(
        "sophia.C3",
        "Where curvature differs between coordinates plain gradient descent at half its stable step is slow in the "
        "flat one, sign descent at a constant step bounces in the sharp one, Newton's method may go to a saddle, and "
        "Sophia reaches the minimum",
        "Section 2.1, figure of the toy example",
        copes_with_heterogeneous_curvature,
        kind="superiority",
        control="As many steps of gradient descent, momentum and AdamW, each at its best rate, come within .2, .01 and "
        ".002 of the minimum; sign descent with a decayed step reaches it.",
        showed="as good",
        tuned="start and step sizes are ours; that of gradient descent is half the largest at which it is stable",
    ),
    Claim(
        "sophia.C4",
        "Where the axes of the Hessian are the coordinates, the run time does not depend on the condition number; that "
        "of sign descent grows at least like its root",
        "abstract; Section 4",
        independent_of_the_condition_number,
        kind="superiority",
        control="Sophia itself on the same quadratics with turned axes: its run time grows about like the condition "
        "number, as that of gradient descent. Newton's method without clip takes one step.",
        showed="as good",
        proxy="two-dimensional quadratics in place of all convex functions whose Hessian changes slowly",
    ),
    Claim(
        "sophia.C5",
        "Estimating the Hessian every few steps costs little per step in time and memory",
        "abstract",
        cost_per_step,
        kind="identity",
        control="AdamW by the same count. On the bigram model of C7 an estimate in every tenth step ends about where "
        "one in every step does, and ahead of it at equal cost.",
        showed="behind",
    ),
    Claim(
        "sophia.C6",
        "Clipping tames rapid changes of the Hessian along the way",
        "abstract",
        tames_rapid_change,
        kind="superiority",
        control="Newton's method at Sophia's rate without the clip is lost as at rate 1; gradient descent at the "
        "inverse of the largest curvature converges faster than Sophia.",
        showed="as good",
        tuned="a function on which Newton's method diverges",
    ),
)
