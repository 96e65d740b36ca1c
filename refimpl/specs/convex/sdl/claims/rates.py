"""How fast the two methods converge, and how fast their estimates do with the number of samples."""

import math

import numpy as np

from refimpl.convex import _sdl_tools as tools
from refimpl.convex import sdl
from refimpl.core import tree
from refimpl.core.random import stream
from refimpl.specs.base import Outcome, at_most, reported, within

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"  # Okabe and Ito
MODELS = [(kind, classes) for kind in sdl.KINDS for classes in (2, 3)]


def _slope(x, y):
    """Slope of log y against log x."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _name(kind, classes):
    return f"{kind}, {classes} classes"


# C1: exponential convergence to the global minimum --------------------------------------------------------------


def _best_of_factors(samples, rng, starts, rank, **settings):
    """Least loss that L-BFGS finds on the factors of the lifted loss."""
    from scipy.optimize import minimize

    like = sdl.init(rng, samples, rank=rank, scale=1.0)
    _, unravel = tree.ravel(like)
    kind = settings["kind"]

    def loss(flat):
        W, H, beta, _ = state = unravel(flat)
        products = sdl.lift(state, kind=kind)
        A, B, by_gamma = sdl.lifted_gradient(products, samples, **settings)
        if kind == "filter":
            slopes = sdl.Factors(A @ beta.T + B @ H.T, W.T @ B, W.T @ A, by_gamma)
        else:
            slopes = sdl.Factors(B @ H.T, W.T @ B + beta @ A, H @ A.T, by_gamma)
        return float(sdl.lifted_objective(products, samples, **settings)), tree.ravel(slopes)[0]

    options = {"maxiter": 3000, "maxfun": 6000, "ftol": 1e-15, "gtol": 1e-8, "maxcor": 30}
    found = []
    for _ in range(starts):
        start = tree.ravel(sdl.init(rng, samples, rank=rank, scale=1.0))[0]
        found.append(minimize(loss, start, jac=True, method="L-BFGS-B", options=options).fun)
    return min(found)


def lpgd_is_exponential(seed):
    """LPGD from five starts against L-BFGS on the factors, where L / mu = 2.67."""
    steps, curves = 60, {}
    spread, excess, rates, bounds = 0.0, 0.0, [], []
    for kind, classes in MODELS:
        rng = stream(seed, "sdl.C1", kind, classes)
        drawn = tools.simulate(rng, p=15, n=80, r=2, q=2, sigma=0.3, classes=classes, kind=kind)
        samples = sdl.data(*drawn[1:], classes=classes)
        square = float(samples.joint_square) if kind == "filter" else 1 + float(samples.covariates_square)
        weight = 0.3 * (0.25 if classes == 2 else 0.5) * square
        settings = {"xi": weight, "nu": weight, "kind": kind}
        mu, L = map(float, sdl.curvature(samples, **settings))
        tau = sum(sdl.step_sizes(mu, L)) / 2
        paths = []
        for scale in (1.0, 1.0, 10.0, 0.1, 100.0):
            start = tree.map(lambda z: scale * rng.standard_normal(z.shape), sdl.zeros(samples, kind=kind))
            run = sdl.lpgd(
                samples, start, rank=2, steps=steps, step_size=tau, record=lambda state: {"state": state}, **settings
            )
            paths.append([tree.ravel(state)[0] for state in run.history["state"]])
        walked = np.array(paths)
        ends = walked[:, -1]
        spread = max(spread, np.max(np.linalg.norm(ends - ends[0], axis=1)))
        distances = np.linalg.norm(walked - ends.mean(axis=0), axis=2)
        clear = (distances < 0.1 * distances[:, :1]) & (distances > 1e-8 * np.linalg.norm(ends[0]))
        lines = [np.polyfit(np.flatnonzero(c), np.log(d[c]), 1) for d, c in zip(distances, clear, strict=True)]
        slowest = max(lines, key=lambda line: line[0])
        rates.append(math.exp(slowest[0]))
        bounds.append(sdl.contraction(tau, mu, L))
        curves[_name(kind, classes)] = distances, np.exp(np.polyval(slowest, np.arange(steps + 1)))
        best = _best_of_factors(samples, rng, 4, 2, **settings)
        excess = max(excess, abs(float(run.history["objective"][-1]) - best) / best)

    def plot(figure):
        axes = figure.subplots()
        for (name, (distances, fit)), color, rate in zip(
            curves.items(), (BLUE, ORANGE, GREEN, PINK), rates, strict=True
        ):
            axes.semilogy(distances.T, color=color, linewidth=1)
            axes.plot([], [], color=color, label=f"{name}: {rate:.2f} per step")
            axes.semilogy(fit, ":", color="black", linewidth=1, label="slowest fits" if color == PINK else None)
        k = np.arange(steps + 1)
        axes.semilogy(
            3e4 * bounds[0] ** k, "--", color="black", linewidth=1, label=f"guaranteed: {bounds[0]:.2f} per step"
        )
        axes.set(xlabel="step", ylabel="distance to the common end point")
        axes.set_title("From five starts LPGD runs to one point, exponentially fast")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most(
                "largest distance between the end points of five starts, normal times 1, 1, 10, 0.1, 100", spread, 1e-8
            ),
            at_most("slowest fitted rate per step minus the guaranteed rho", max(np.array(rates) - bounds), 0.02),
            at_most("relative difference of the loss from the best of 4 L-BFGS runs on the factors", excess, 1e-6),
            reported("slowest fitted rate per step", max(rates)),
            reported("guaranteed rho", max(bounds)),
        ],
        plot,
    )


# C2: estimation of the truth, LPGD ------------------------------------------------------------------------------

SIZES = np.array([200, 800, 3200])


def _loglog(axes, errors, style="o-", **look):
    """Errors [sizes, draws]: their median as a line, the draws as dots."""
    axes.loglog(SIZES, np.median(errors, axis=1), style, **look)
    axes.plot(SIZES, errors, ".", color=look["color"], markersize=3, alpha=0.5)
    axes.set_xticks(SIZES, [str(n) for n in SIZES])
    axes.set_xticks([], minor=True)


def lpgd_estimates(seed):
    """Error of the coefficients that LPGD estimates, without ridge, as the samples grow."""
    errors = np.zeros((len(SIZES), 10))
    for i, j in np.ndindex(errors.shape):
        drawn = tools.simulate(stream(seed, "sdl.C2", i, j), p=10, n=int(SIZES[i]), r=2, q=2, sigma=0.5)
        samples = sdl.data(*drawn[1:])
        start = sdl.zeros(samples)._replace(B=samples.x)
        step_size = 1 / float(sdl.curvature(samples, xi=2.0)[1])
        state = start
        for _ in range(600):
            state, _ = sdl.lpgd_step(state, samples, rank=2, xi=2.0, step_size=step_size)
        truth = sdl.lift(drawn.truth)
        errors[i, j] = math.hypot(np.linalg.norm(state.A - truth.A), np.linalg.norm(state.gamma - truth.gamma))
    slope = _slope(SIZES, np.median(errors, axis=1))

    def plot(figure):
        axes = figure.subplots()
        _loglog(axes, errors, color=BLUE, label=f"median of 10 draws, slope {slope:.2f}")
        middle = np.median(errors, axis=1)[0]
        axes.plot(SIZES, middle * (SIZES / SIZES[0]) ** -0.5, "--", color=GREY, label="slope $-1/2$")
        axes.set(xlabel="samples $n$", ylabel=r"$\|(\hat A, \hat\gamma) - (A^*, \gamma^*)\|$")
        axes.set_title("The error of the estimated coefficients falls like $n^{-1/2}$")
        axes.legend(frameon=False)

    return Outcome(
        [
            within("slope of the median error in n", slope, -0.75, -0.3),
            reported("median error at n = 200", np.median(errors[0])),
            reported("median error at n = 3200", np.median(errors[-1])),
        ],
        plot,
    )


# C3: stationarity, BCD ------------------------------------------------------------------------------------------


def bcd_is_stationary(seed):
    """Least squared gradient along block coordinate descent, with the moves and the loss."""
    first, last = 20, 400
    late = np.arange(first, last + 1)
    curves, slopes, ratios, rise, reach = {}, [], [], -np.inf, 0.0
    settings = {"xi": 1.0, "nu": 0.1}
    for kind, classes in MODELS:
        rng = stream(seed, "sdl.C3", kind, classes)
        drawn = tools.simulate(rng, p=10, n=100, r=2, q=2, sigma=0.3, classes=classes, kind=kind)
        samples = sdl.data(*drawn[1:], classes=classes)
        state = sdl.init(rng, samples, rank=2)
        value, squares = sdl.objective(state, samples, kind=kind, **settings), []
        for k in range(1, last + 1):
            state, info = sdl.bcd_step(state, samples, k, kind=kind, radius=2.0, **settings)
            new = sdl.objective(state, samples, kind=kind, **settings)
            rise, value = max(rise, (new - value) / value), new
            reach = max(reach, np.max(info.moves) / info.radius)
            flat = tree.ravel(sdl.gradient(state, samples, kind=kind, **settings))[0]
            squares.append(flat @ flat)
        least = np.minimum.accumulate(squares)
        curves[_name(kind, classes)] = least
        slopes.append(_slope(late, least[first - 1 :]))
        scaled = late * least[first - 1 :] / np.log(late) ** 2
        ratios.append(scaled[-1] / scaled[0])

    def plot(figure):
        axes = figure.subplots()
        for (name, least), color, slope in zip(curves.items(), (BLUE, ORANGE, GREEN, PINK), slopes, strict=True):
            axes.loglog(
                np.arange(1, last + 1), least, color=color, label=f"{name}: slope {slope:.1f} from round {first} on"
            )
            line = np.polyfit(np.log(late), np.log(least[first - 1 :]), 1)
            axes.plot(late, np.exp(np.polyval(line, np.log(late))), ":", color=color, linewidth=1)
        bound = np.log(late) ** 2 / late
        scale = max(least[first - 1] for least in curves.values()) / bound[0]
        axes.loglog(late, scale * bound, "--", color="black", label=r"guaranteed order, $(\log t)^2 / t$")
        axes.set(xlabel="round $t$", ylabel=r"least $\|\nabla\|^2$ so far")
        axes.set_title("BCD comes to rest faster than guaranteed (dotted: fits)")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("flattest slope of the least squared gradient m_t in t, t = 20 to 400", max(slopes), -1.0),
            at_most("t m_t / (log t)^2 at t = 400 over its value at 20, largest", max(ratios), 0.1),
            at_most("largest relative rise of the loss in a round", rise, 1e-9),
            at_most("largest move over the radius", reach, 1 + 1e-12),
        ],
        plot,
    )


# C7: estimation of the truth, BCD -------------------------------------------------------------------------------


def bcd_estimates(seed):
    """Error of the dictionary and the coefficients from starts near the truth, as the samples grow."""
    draws = 6
    errors: dict[tuple[str, str], np.ndarray] = {}
    for kind in sdl.KINDS:
        for i, n in enumerate(SIZES):
            for draw in range(draws):
                rng = stream(seed, "sdl.C7", kind, i, draw)
                drawn = tools.simulate(rng, p=10, n=int(n), r=2, q=2, sigma=0.5, kind=kind)
                samples = sdl.data(*drawn[1:])
                near = {
                    name: getattr(drawn.truth, name) + 0.1 * rng.standard_normal(getattr(drawn.truth, name).shape)
                    for name in ("W", "beta", "gamma")
                }
                state = drawn.truth._replace(**near)
                for k in range(1, 151):
                    state, _ = sdl.bcd_step(state, samples, k, xi=2.0, nu=0.02, radius=2.0, kind=kind)
                Q = np.linalg.qr(state.W)[0]
                W = drawn.truth.W
                found = {
                    "subspace": W - Q @ (Q.T @ W),
                    "A": state.W @ state.beta - W @ drawn.truth.beta,
                    "gamma": state.gamma - drawn.truth.gamma,
                }
                for name, off in found.items():
                    errors.setdefault((kind, name), np.zeros((len(SIZES), draws)))[i, draw] = np.linalg.norm(off)
    slopes = {key: _slope(SIZES, np.median(values, axis=1)) for key, values in errors.items()}

    def plot(figure):
        looks = {"subspace": ("o-", BLUE), "A": ("s-", ORANGE), "gamma": ("^-", GREEN)}
        names = {"subspace": "subspace of $W$", "A": r"$A = W\beta$", "gamma": r"$\gamma$"}
        for axes, kind in zip(figure.subplots(1, 2, sharey=True), sdl.KINDS, strict=True):
            for name, (style, color) in looks.items():
                if (kind, name) != ("feature", "A"):
                    label = f"{names[name]}: slope {slopes[kind, name]:.2f}"
                    _loglog(axes, errors[kind, name], style, color=color, label=label)
            axes.set(xlabel="samples $n$", title=f"{kind} model")
            axes.legend(frameon=False, fontsize=9)
        figure.axes[0].set_ylabel("error (line: median of 6 draws)")

    return Outcome(
        [
            within("slope of the subspace error in n, filter model", slopes["filter", "subspace"], -0.8, -0.3),
            within("slope of the error of A, filter model", slopes["filter", "A"], -0.8, -0.3),
            within("slope of the error of gamma, filter model", slopes["filter", "gamma"], -0.8, -0.3),
            within("slope of the subspace error, feature model", slopes["feature", "subspace"], -0.8, -0.3),
            reported("slope of the error of gamma, feature model", slopes["feature", "gamma"]),
        ],
        plot,
        "In the feature model A has a column per sample, so that nothing there need converge but the dictionary.",
    )
