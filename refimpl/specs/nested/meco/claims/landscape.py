"""A Gaussian's mean, the objectives and the steps on them: C1 to C3, C10."""

from itertools import product
from typing import Any, NamedTuple

import numpy as np

from refimpl.core.random import stream
from refimpl.nested import _meco_baselines as baselines
from refimpl.nested import _meco_models as models
from refimpl.nested import meco
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within

MECO, NCE, MCMC, TRUTH, GREY = "#D55E00", "#0072B2", "#009E73", "black", "0.45"  # Okabe and Ito
NAIVE = "#CC79A7"


def normal(mean, scale):
    """Normal law on the line."""
    return models.Gaussian(np.array([float(mean)]), np.array([float(scale)]))


# C1 and C2: the population objectives for a Gaussian's mean ---------------------------------------------------


def _likelihood_curvature(theta):
    """Second derivative of log Z: variance of grad f = x under the model, by quadrature on the weights exp(f)."""
    x = np.linspace(theta - 12, theta + 12, 481)
    weights = np.exp(theta * x - x * x / 2 - theta * theta / 2)
    weights /= weights.sum()
    return weights @ (x - weights @ x) ** 2


def _flatness_bound(target):
    """exp(-R^2 / 8) / 4 times E[T T^T] under N(R / 2, 1), T = (x, -1)."""
    half = target / 2
    return np.exp(-(target**2) / 8) / 4 * np.array([[half**2 + 1, -half], [-half, 1]])


def flat_landscape(seed):
    """Hessians at the optimum of NCE's loss and of the negative log-likelihood, by quadrature."""
    targets = np.array([2.0, 4.0, 6.0, 8.0])
    hessians = [baselines.gaussian_nce(np.array([r, r * r / 2]), r)[2] for r in targets]
    largest = np.array([np.linalg.eigvalsh(h)[-1] for h in hessians])
    smallest = np.array([np.linalg.eigvalsh(h)[0] for h in hessians])
    bounds = [_flatness_bound(r) for r in targets]
    slack = min(np.linalg.eigvalsh(b - h)[0] / np.linalg.eigvalsh(b)[-1] for b, h in zip(bounds, hessians, strict=True))
    scaled = largest / (1 + targets**2 / 4)
    slope, level = np.polyfit(targets**2, np.log(scaled), 1)
    likelihood = np.array([_likelihood_curvature(r) for r in targets])

    def plot(figure):
        axes = figure.subplots()
        axes.semilogy(targets**2, likelihood, "o-", color=MECO, label="likelihood: 1")
        axes.semilogy(targets**2, scaled, "s", color=NCE, label="NCE, largest eigenvalue / $(1 + R^2/4)$")
        axes.semilogy(targets**2, np.exp(level + slope * targets**2), "--", color=NCE, label=f"fit, slope {slope:.3f}")
        axes.semilogy(targets**2, 0.25 * np.exp(-(targets**2) / 8), ":", color=GREY, label="bound, slope $-1/8$")
        axes.set(xlabel="$R^2$, squared distance of data and noise", ylabel="second derivative at the optimum")
        axes.set_title("NCE is exponentially flat, the likelihood is not")
        axes.legend(frameon=False)

    return Outcome(
        [
            within("slope of log(largest eigenvalue of NCE / (1 + R^2 / 4)) in R^2", slope, -0.15, -0.10),
            at_least("smallest eigenvalue of bound - Hessian, relative", slack, 0.0),
            at_most("largest |second derivative of the likelihood - 1|", np.abs(likelihood - 1).max(), 1e-9),
            reported("condition number of NCE's Hessian at R = 4", largest[1] / smallest[1]),
        ],
        plot,
        "Quadrature, no draws. The slope is that of the bound, -1/8, and of a factor that is polynomial in R.",
    )


def _nce_descent(target, move, most=800):
    """Minimization of the halved expected loss from the noise, until both parameters are within 0.1: [steps + 1, 2].

    ``move(grad, hessian)`` is subtracted in each step.
    """
    goal, params, path = np.array([target, target * target / 2]), np.zeros(2), [np.zeros(2)]
    while np.max(np.abs(params - goal)) >= 0.1 and len(path) <= most:
        params = params - move(*baselines.gaussian_nce(params, target, nodes=301, reach=10.0)[1:])
        path.append(params)
    return np.array(path)


def _best_descent(target, rates, move):
    """Step size of `rates` and path of the shortest of these descents, ``move(lr, grad)`` being subtracted."""
    paths = {lr: _nce_descent(target, lambda grad, _, lr=lr: move(lr, grad)) for lr in rates}
    return min(paths.items(), key=lambda pair: len(pair[1]))


def population_descent(seed):
    """Steps of gradient descent on both population objectives, and of better methods on that of NCE."""
    targets, counts, paths = (2.0, 3.0, 4.0), {}, {}
    for target in targets:
        theta, path = 0.0, [0.0]
        while abs(theta - target) >= 0.1:
            theta -= 0.5 * (theta - target)  # log Z = theta^2 / 2
            path.append(theta)
        lr, plain = _best_descent(target, 2.0 ** np.arange(-2, 6), lambda lr, grad: lr * grad)
        _, cautious = _best_descent(target, 2.0 ** np.arange(-2, 3), lambda lr, grad: lr * grad)
        _, unit = _best_descent(target, 2.0 ** np.arange(-6, 2), lambda lr, grad: lr * grad / np.linalg.norm(grad))
        newton = _nce_descent(target, lambda grad, hessian: np.linalg.solve(hessian, grad))
        goal = np.array([target, target * target / 2])
        found = {"likelihood, step size 0.5": np.array(path)[:, None] - target, "NCE, best step size": plain - goal}
        paths[target, lr] = found | {"NCE, unit gradients": unit - goal, "NCE, Newton": newton - goal}
        counts[target] = [len(p) - 1 for p in (path, plain, unit, newton, cautious)]
    ratios = [counts[r][1] / counts[r][0] for r in targets]

    def plot(figure):
        for axes, ((target, lr), found) in zip(figure.subplots(1, 3, sharey=True), paths.items(), strict=True):
            for (name, path), color in zip(found.items(), (MECO, NCE, NAIVE, GREY), strict=True):
                axes.loglog(1 + np.arange(len(path)), np.abs(path).max(axis=1), color=color, label=name)
            axes.axhline(0.1, color=GREY, linewidth=1, linestyle=":")
            axes.set(xlabel="1 + step", title=f"$R = {target:g}$ (NCE: lr {lr:g})", ylim=(5e-2, 20))
        figure.axes[0].set_ylabel("largest error of a parameter")
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)

    methods = "the likelihood", "NCE at its best step size", "NCE with unit gradients", "NCE with Newton's method"
    return Outcome(
        [
            *(
                at_least(f"steps of NCE / steps of the likelihood, R = {r:g}", ratio, least)
                for r, ratio, least in zip(targets, ratios, (3, 6, 30), strict=True)
            ),
            at_least("least growth of that ratio from one R to the next", min(np.diff(ratios)), 0),
            *(
                reported(f"steps of {method}, R = {r:g}", counts[r][column])
                for column, method in enumerate(methods)
                for r in targets
            ),
            reported("steps of NCE with step sizes up to 4, R = 4", counts[4.0][-1]),
        ],
        plot,
        "Deterministic. NCE has to find c as well as theta, and its step size is the best of 8, with gradients of unit "
        "length too. Newton's method on the likelihood would take one step.",
    )


# C3 and C10: the same with draws ------------------------------------------------------------------------------


class Chase(NamedTuple):
    """Runs side by side towards the mean R of a Gaussian."""

    path: np.ndarray  # [steps + 1, runs]
    target: float

    @property
    def error(self):
        """Root mean square of the last 500 steps."""
        return np.sqrt(np.mean((self.path[-500:] - self.target) ** 2))

    @property
    def settled(self):
        """First step from which the root mean square error over the runs stays below 0.2.

        (The first step of any so near would reward a step size that throws the parameter past R at once.)
        """
        far = np.sqrt(np.mean((self.path - self.target) ** 2, axis=1)) >= 0.2
        return 1 + np.max(np.nonzero(far)[0], initial=-1)

    @property
    def passage(self):
        """Median of the first step within 0.2; the last step stands for never."""
        near = np.abs(self.path - self.target) < 0.2
        return np.median(np.where(near.any(axis=0), near.argmax(axis=0), len(self.path) - 1))


def chase(seed, method, *, target, scale, lr, gamma=0.1, steps=2000, runs=10):
    """MECO or NCE (step sizes as for half of the loss) from 0, with noise N(0, scale^2)."""
    rng = stream(seed, "meco.chase", method, f"{target} {scale} {lr} {gamma}")
    law, noise, start = normal(target, 1), normal(0, scale), np.zeros((runs, 1))
    shared = {"steps": steps, "rng": rng, "record": lambda params, *_: {"theta": params[:, 0]}}
    if method == "MECO":
        _, run = meco.train(start, models.gaussian_mean(), law, noise, lr=lr, gamma=gamma, **shared)
    else:
        _, _, run = baselines.train_nce(start, np.zeros(runs), models.gaussian_mean(), law, noise, lr=lr / 2, **shared)
    return Chase(np.stack(run.history["theta"]), target)


def tuned_chase(seed, *, target, scale, error=0.1):
    """Of the runs that end within `error`, the one that settles first: {method: (steps, settings, Chase)}."""
    settings: dict[str, list[dict[str, Any]]] = {
        "MECO": [{"lr": lr, "gamma": gamma} for lr, gamma in product((0.02, 0.05, 0.1, 0.2, 0.5), (0.05, 0.2))],
        "NCE": [{"lr": lr} for lr in (0.05, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)],
    }
    best = {}
    for method, tries in settings.items():
        found = [(chase(seed, method, target=target, scale=scale, **rates), rates) for rates in tries]
        good = [(c.settled, rates, c) for c, rates in found if c.error < error]
        nearest = min(found, key=lambda pair: pair[0].error)
        best[method] = min(good, key=lambda entry: entry[0]) if good else (np.inf, nearest[1], nearest[0])
    return best


def _draw_chase(axes, best):
    for (name, (steps, rates, found)), color in zip(best.items(), (MECO, NCE), strict=True):
        label = ", ".join(f"{key} {value:g}" for key, value in rates.items())
        arrival = f"{steps:.0f} steps" if np.isfinite(steps) else "never"
        away = np.abs(found.path[: len(found.path) // 5 * 5] - found.target).reshape(-1, 5 * found.path.shape[1])
        low, middle, high = np.quantile(away, [0.1, 0.5, 0.9], axis=1)  # over five steps and all runs
        step = 2 + 5 * np.arange(len(low))
        axes.fill_between(step, low, high, color=color, alpha=0.2, linewidth=0)
        axes.plot(step, middle, color=color, label=f"{name}, {label}:\n{arrival}")
    axes.axhline(0.2, color=GREY, linestyle=":", linewidth=1)
    axes.set(yscale="log", xlabel="step", ylim=(3e-3, 6))
    axes.legend(frameon=False, fontsize=8)


def stochastic_descent(seed):
    """Noise that covers the data with tuned step sizes, and equal step sizes."""
    best = tuned_chase(seed, target=4.0, scale=3.0)
    equal = {
        name: chase(seed, name, target=2.0, scale=1.0, lr=0.05, steps=steps, runs=5)
        for name, steps in (("MECO", 2000), ("NCE", 2000))
    }
    bias = np.median(equal["MECO"].path[-500:]) - 2.0

    def plot(figure):
        left, right = figure.subplots(1, 2, sharey=True)
        _draw_chase(left, best)
        left.set(title=r"$R = 4$, noise $N(0, 3^2)$, tuned", xlim=(0, 500), ylabel=r"$|\theta - R|$, median and 80 %")
        _draw_chase(right, {name: (c.passage, {"lr": 0.05}, c) for name, c in equal.items()})
        right.set(title=r"$R = 2$, noise $N(0, 1)$, equal steps", xlim=(0, 1500))

    return Outcome(
        [
            at_least("R = 4, noise N(0, 9): steps of NCE / MECO", best["NCE"][0] / best["MECO"][0], 1.5),
            reported("R = 4, noise N(0, 9): steps of MECO", best["MECO"][0]),
            reported("R = 4, noise N(0, 9): steps of NCE", best["NCE"][0]),
            at_least(
                "R = 2, noise N(0, 1), lr 0.05: first steps within 0.2, NCE / MECO",
                equal["NCE"].passage / equal["MECO"].passage,
                5,
            ),
            at_most("R = 2, noise N(0, 1): |median of theta - R|, MECO", abs(bias), 0.4),
        ],
        plot,
        "Batches of 64; left, steps until the error stays below 0.2, of settings whose last 500 steps are within 0.1. "
        "Over seeds 0 to 2 that ratio was 1.39, 1.45 and 0.71 (NCE's next larger step size just met 0.1 there): not "
        "the bound set beforehand. The equal steps on the right mostly measure the scale of NCE's gradient, and MECO's "
        "path ends about 0.2 beyond R; see C10.",
    )


def noise_far_from_data(seed):
    """The noise of C1 and C2, N(0, 1), with draws, both methods tuned."""
    best = {target: tuned_chase(seed, target=target, scale=1.0) for target in (1.0, 2.0)}

    def plot(figure):
        for axes, (target, found) in zip(figure.subplots(1, 2, sharey=True), best.items(), strict=True):
            _draw_chase(axes, found)
            spread = models.weight_variance(target, normal(0, 1))
            axes.set(title=rf"$R = {target:g}$, $E_q[(p/q)^2]$ = {spread:.1f}", xlim=(0, 400))
        figure.axes[0].set_ylabel(r"$|\theta - R|$, median and 80 %")

    return Outcome(
        [
            at_least("R = 1: steps of NCE / MECO", best[1.0]["NCE"][0] / best[1.0]["MECO"][0], 1),
            at_most("R = 2: error of MECO, root mean square, best setting", best[2.0]["MECO"][2].error, 0.1),
            reported("R = 1: steps of MECO", best[1.0]["MECO"][0]),
            reported("R = 1: steps of NCE", best[1.0]["NCE"][0]),
            reported("R = 2: steps of NCE", best[2.0]["NCE"][0]),
            reported("R = 2: error of NCE, root mean square", best[2.0]["NCE"][2].error),
        ],
        plot,
        "The likelihood is as well conditioned as ever, but E_q[(p/q)^2] = exp(R^2), and the weights are too noisy. "
        "NCE's weights lie between 0 and 1. The landscape speaks of the expectation, this of its estimate.",
    )


# C6: densities in the plane -----------------------------------------------------------------------------------

STEPS_2D, RUNS_2D = 3000, 2


CLAIMS = (
    Claim(
        "meco.C1",
        "The objective of NCE is exponentially flat for a Gaussian's mean far from the noise, that of MECO is not",
        "abstract; landscape as in arXiv:2110.11271",
        flat_landscape,
        kind="rate",
    ),
    Claim(
        "meco.C2",
        "On a Gaussian's mean plain gradient descent takes fewer steps on the likelihood, the objective of MECO, than "
        "on that of NCE",
        "abstract: faster convergence",
        population_descent,
        kind="efficiency",
        control="On NCE's objective gradients of unit length need half of the steps, still 20 times those of the "
        "likelihood at R = 4; Newton's method needs 3 to 7. The flatness hurts plain steps.",
        showed="as good",
        proxy="descent on the expected objective stands in for MECO, whose draws are the matter of C3 and C10",
        tuned="the step size of NCE is the best of eight, that of the likelihood is 0.5",
    ),
    Claim(
        "meco.C3",
        "On a Gaussian's mean MECO converges faster than NCE: stochastic gradients",
        "abstract",
        stochastic_descent,
        tier="full",
        kind="efficiency",
        control="NCE sees as many draws, and its step size is the best of seven: it is behind or ahead by the luck of "
        "that grid.",
        showed="as good",
        tuned="noise that covers the data, N(0, 9) for data around 4; step sizes and gamma from grids for both",
    ),
    Claim(
        "meco.C10",
        "On a Gaussian's mean MECO converges faster than NCE: stochastic gradients, noise N(0, 1) as for the landscape",
        "abstract",
        noise_far_from_data,
        tier="full",
        kind="efficiency",
        control="NCE sees as many draws, and its step size is the best of seven: it is ahead.",
        showed="as good",
        tuned="step sizes and gamma from grids for both methods",
    ),
)
