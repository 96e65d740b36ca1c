"""What a step of consensus-based optimization is: C1 to C3, C6, C7."""

import numpy as np

from refimpl.core.random import stream
from refimpl.problems.functions import RASTRIGIN, SQUARES
from refimpl.search import _cbo_tools as tools
from refimpl.search import cbo
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"  # Okabe and Ito


def _slope(x, y):
    """Slope of log y against log x."""
    return np.polyfit(np.log(x), np.log(y), 1)[0]


def _quartic(x):
    return (x**4 / 4 + x**2 / 2 - 0.3 * x)[..., 0]


def _quartic_slope(x):
    return x**3 + x - 0.3


def hopping_is_proximal(seed):
    """Consensus hopping with infinitely many particles, by quadrature, against proximal and gradient steps."""
    gaps = []
    for a, b, m, alpha, width in ((0.5, 0.0, 2.0, 2.0, 0.7), (1.0, -1.0, 1.5, 10.0, 0.4), (4.0, 0.3, -2.0, 50.0, 0.2)):
        bowl, start = (np.array([[a]]), np.array([b])), np.array([m])
        rates = {"alpha": alpha, "width": width}
        x, _ = tools.exact_hopping_1d(lambda v: a * (v[:, 0] - b) ** 2 / 2, start, low=-20.0, high=20.0, **rates)
        closed = cbo.exact_hopping_quadratic(start, *bowl, **rates)
        step = cbo.proximal_quadratic(start, *bowl, tau=alpha * width**2)
        gaps += [abs(x - step)[0], abs(closed - step)[0]]

    start = np.array([1.5])

    def hop(alpha, tau):
        x, _ = tools.exact_hopping_1d(_quartic, start, alpha=alpha, width=(tau / alpha) ** 0.5, low=-5.0, high=5.0)
        return x

    def proximal(tau):
        return cbo.proximal_newton(start, _quartic_slope, lambda x: 3 * x[:, None] ** 2 + 1, tau=tau)

    alphas, taus = 100 * 4.0 ** np.arange(4), 0.1 / 2.0 ** np.arange(4)
    to_proximal = np.array([abs(hop(alpha, 0.1) - proximal(0.1))[0] for alpha in alphas])
    to_gradient = np.array([abs(hop(1e6, tau) - (start - tau * _quartic_slope(start)))[0] for tau in taus])

    def plot(figure):
        left, right = figure.subplots(1, 2)
        left.loglog(alphas, to_proximal, "o-", color=BLUE, label="measured")
        left.loglog(alphas, to_proximal[0] * alphas[0] / alphas, "--", color=GREY, label=r"slope $-1$")
        left.set(xlabel=r"inverse temperature $\alpha$", ylabel="hopping step to proximal step", title=r"$\tau = 0.1$")
        right.loglog(taus, to_gradient, "o-", color=ORANGE, label="measured")
        right.loglog(taus, to_gradient[-1] * (taus / taus[-1]) ** 2, "--", color=GREY, label="slope 2")
        right.set(xlabel=r"step size $\tau$", ylabel="hopping step to gradient step", title=r"$\alpha = 10^6$")
        right.set_xticks(taus, [f"{tau:g}" for tau in taus])
        right.minorticks_off()
        for axes in (left, right):
            axes.legend(frameon=False)

    return Outcome(
        [
            at_most("largest gap between hopping and proximal step on 3 quadratics", max(gaps), 1e-9),
            at_most("slope of the gap to the proximal step in alpha", _slope(alphas, to_proximal), -0.9),
            at_least("slope of the gap to the gradient step in tau", _slope(taus, to_gradient), 1.5),
        ],
        plot,
        "Quadrature, no draws. The theorem guarantees a slope of -1/2 in alpha; smooth functions do better.",
    )


def finite_swarms(seed):
    """Monte-Carlo error of the consensus point, and the gradient of the soft-min envelope."""
    m, width, alpha, repeats = np.array([1.3, -0.8]), 0.1, 2.0, 400
    sizes = 50 * 2 ** np.arange(7)

    def point(noise):
        cloud = m + width * noise
        return cbo.consensus_point(cloud, RASTRIGIN.function(cloud), alpha=alpha)

    limit = point(stream(seed, "cbo.C2", "limit").standard_normal((2_000_000, 2)))
    rng, errors = stream(seed, "cbo.C2", "clouds"), []
    for n in sizes:
        off = np.stack([point(draws) for draws in rng.standard_normal((repeats, n, 2))]) - limit
        errors.append(np.sqrt(np.mean(np.sum(off**2, axis=1))))

    rng, hops, slopes = stream(seed, "cbo.C2", "envelope"), [], []
    for _ in range(200):
        half = rng.standard_normal((4000, 2))
        cloud = m + width * np.concatenate([half, -half])
        energies = RASTRIGIN.function(cloud)
        hops.append(cbo.consensus_point(cloud, energies, alpha=alpha) - m)
        slopes.append(cbo.consensus_point(RASTRIGIN.gradient(cloud), energies, alpha=alpha))
    hop, step = np.mean(hops, axis=0), -alpha * width**2 * np.mean(slopes, axis=0)
    gap = np.linalg.norm(hop - step) / np.linalg.norm(step)

    def plot(figure):
        axes = figure.subplots()
        axes.loglog(sizes, errors, "o-", color=BLUE, label="measured, 400 clouds each")
        axes.loglog(sizes, errors[-1] * (sizes / sizes[-1]) ** -0.5, "--", color=GREY, label="slope $-1/2$")
        axes.set(xlabel="particles $N$", ylabel=r"error of $x_\alpha$ (root mean square)", title="Rastrigin, one cloud")
        axes.legend(frameon=False)

    return Outcome(
        [
            within("slope of the error in N", _slope(sizes, errors), -0.6, -0.4),
            at_most("relative gap between hop and -alpha width^2 times the envelope's gradient", gap, 0.02),
        ],
        plot,
        "Small clouds hold few particles of weight: the local slope rises from -0.4 at N = 50 to -0.5 at N = 1000.",
    )


def laplace_principle(seed):
    """The bound on |x_alpha - x*| for a uniform sample of Rastrigin's function, where nu = 1/2 and eta = 1."""
    x = stream(seed, "cbo.C3").uniform(-1.0, 4.0, (200_000, 2))
    energies, distance = RASTRIGIN.function(x), np.linalg.norm(x, axis=1)
    alphas = np.array([0.1, 1.0, 10.0, 100.0, 1000.0])
    errors = np.array([np.linalg.norm(cbo.consensus_point(x, energies, alpha=a)) for a in alphas])
    angles = np.linspace(0.0, 2 * np.pi, 721)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    bounds = np.full(len(alphas), np.inf)
    excess = -np.inf
    for r in (0.02, 0.05, 0.1, 0.2):
        ball = circle * np.linspace(0.0, r, 41)[:, None, None]
        highest, inside = RASTRIGIN.function(ball).max(), np.mean(distance < r)
        for q in (0.01, 0.05, 0.2):
            bound = np.sqrt(q + highest) + np.exp(-alphas * q) / inside * distance.mean()
            excess, bounds = max(excess, (errors - bound).max()), np.minimum(bounds, bound)

    def plot(figure):
        axes = figure.subplots()
        axes.loglog(alphas, errors, "o-", color=BLUE, label=r"$|x_\alpha - x^*|$")
        axes.loglog(alphas, bounds, "s--", color=ORANGE, label="best of the 12 bounds")
        axes.set(
            xlabel=r"inverse temperature $\alpha$", ylabel="distance", title="Rastrigin, 200 000 uniform particles"
        )
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("largest error minus bound (12 pairs r, q and 5 alphas)", excess, 0.0),
            at_least("error at alpha = 0.1 over error at 1", errors[0] / errors[1], 2.0),
            at_least("error at alpha = 1 over error at 10", errors[1] / errors[2], 10.0),
        ],
        plot,
    )


def mean_field_decay(seed):
    """Decay of E|X|^2 in a large swarm against the rate of the mean-field equation."""
    n, steps, dt, diffusion = 20_000, 60, 0.01, 0.35
    curves = {}
    off: list[float] = []
    variance_off: list[float] = []
    for noise_type in ("isotropic", "anisotropic"):
        for d in (2, 4, 8):
            rng = stream(seed, "cbo.C6", noise_type, d)
            _, run = cbo.minimize(
                SQUARES.function,
                0.1 + rng.standard_normal((n, d)),
                steps=steps,
                rng=rng,
                alpha=3.0,
                dt=dt,
                diffusion=diffusion,
                noise_type=noise_type,
                record=lambda state: {"moment": np.mean(SQUARES.function(state.positions))},
            )
            c = d if noise_type == "isotropic" else 1
            rate = -np.log(1 - 2 * dt + dt**2 + c * diffusion**2 * dt) / dt
            times = dt * np.arange(steps + 1)
            curves[noise_type, d] = times, np.array(run.history["moment"]), rate
            fits = (-np.polyfit(times, np.log(run.history[key]), 1)[0] for key in ("moment", "variance"))
            for fit, deviations in zip(fits, (off, variance_off), strict=True):
                deviations.append(abs(fit / rate - 1))

    def plot(figure):
        colors = {2: BLUE, 4: ORANGE, 8: GREEN}
        for axes, noise_type in zip(figure.subplots(1, 2, sharey=True), ("isotropic", "anisotropic"), strict=True):
            for d, color in colors.items():
                times, moment, rate = curves[noise_type, d]
                axes.semilogy(times, moment / moment[0], color=color, label=f"d = {d}")
                axes.semilogy(times, np.exp(-rate * times), ":", color="black", linewidth=1)
            axes.set(title=noise_type, xlabel="time $k\\,\\Delta t$")
            axes.legend(frameon=False, title="dotted: mean field")
        figure.axes[0].set_ylabel(r"$E|X|^2$, start = 1")

    return Outcome(
        [
            at_most("largest relative deviation of the rate of E|X|^2", max(off), 0.04),
            reported("largest relative deviation of the rate of the variance about x_alpha", max(variance_off)),
        ],
        plot,
        "N = 20 000 in d = 2, 4, 8; rates fitted over 61 points.",
    )


def _directions(seed, curvatures, start, *, alpha, share):
    """Moves of the consensus point on E = x^T diag(`curvatures`) x / 2, where ``|grad E| > 1``: rows of tau, and of the
    cosines with -grad E, with the proximal step and with the way to the minimizer, and of the cosine of the first with
    the last. `share` is drift dt.
    """
    A, dt, spread, rows = np.array(curvatures), 0.01, 0.7, []  # spread = diffusion sqrt(dt)

    def cosine(x, y):
        return np.sum(x * y, axis=1) / (np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1))

    for run in range(60):
        rng = stream(seed, "cbo.C7", run)
        swarm = np.array(start) + 0.5 * rng.standard_normal((400, 2))
        rates = {"drift": share / dt, "diffusion": spread / dt**0.5, "dt": dt}
        _, done = cbo.minimize(lambda x: 0.5 * (x * x) @ A, swarm, steps=15, rng=rng, alpha=alpha, **rates)
        points, variance = np.stack(done.history["consensus"]), np.array(done.history["variance"][:-1])
        moves, x = np.diff(points, axis=0), points[:-1]
        tau = alpha * variance * (spread**2 + (1 - share) ** 2 / 2)  # alpha times the variance of the next cloud
        proximal = -tau[:, None] * A * x / (1 + tau[:, None] * A)
        found = [tau, *(cosine(moves, way) for way in (-A * x, proximal, -x)), cosine(A * x, x)]
        rows.append(np.stack(found)[:, np.linalg.norm(A * x, axis=1) > 1])
    return np.concatenate(rows, axis=1)


def follows_gradient(seed):
    """Cosines between the moves of the consensus point and -grad E, a proximal step, the way to the minimizer."""
    round_bowl = _directions(seed, (1.0, 5.0), (3.0, 3.0), alpha=2.0, share=1.0)[1:4].mean(axis=1)
    narrow = {"curvatures": (1.0, 25.0), "start": (5.0, 1.0)}

    def where_ways_part(**settings):
        found = _directions(seed, **narrow, **settings)
        found = found[:, found[4] < 0.8]
        return np.array([np.median(found[0]) * 25, *found[1:4].mean(axis=1)])

    alphas, shares = (0.05, 0.1, 0.2, 0.5, 2.0), (1.0, 0.3, 0.1, 0.01)
    by_length = np.array([where_ways_part(alpha=alpha, share=1.0) for alpha in alphas])
    by_share = np.array([where_ways_part(alpha=0.2, share=share) for share in shares])
    short, long = by_length[0], by_length[-1]

    def plot(figure):
        left, right = figure.subplots(1, 2, sharey=True)
        ways = (r"$-\nabla E$", "proximal step", "way to the minimizer")
        for column, (way, color) in enumerate(zip(ways, (BLUE, GREEN, ORANGE), strict=True), start=1):
            left.semilogx(by_length[:, 0], by_length[:, column], "o-", color=color, label=way)
            right.semilogx(shares, by_share[:, column], "o-", color=color, label=way)
        left.set(xlabel=r"length of the steps, $\tau L$", ylabel="mean cosine with the move", ylim=(0, 1.05))
        left.set_title(r"$\lambda\Delta t = 1$, $\alpha$ from 0.05 to 2", fontsize=10)
        right.set(xlabel=r"$\lambda\Delta t$")
        right.set_title(r"$\alpha = 0.2$", fontsize=10)
        left.legend(frameon=False)

    return Outcome(
        [
            at_least("narrow bowl, short steps: mean cosine of the move with -grad E", short[1], 0.75),
            at_least("narrow bowl, short steps: the same less the cosine with the way to 0", short[1] - short[3], 0.1),
            reported("narrow bowl, short steps: tau L, median", short[0]),
            at_least("round bowl: mean cosine of the move with -grad E", round_bowl[0], 0.75),
            reported("round bowl: mean cosine with the way to 0", round_bowl[2]),
            *(
                reported(f"narrow bowl, long steps: mean cosine with {way}", value)
                for way, value in zip(("-grad E", "the proximal step", "the way to 0"), long[1:], strict=True)
            ),
            *(
                reported(f"narrow bowl, alpha = 0.2, drift dt = {share:g}: mean cosine with the proximal step", row[2])
                for share, row in zip(shares, by_share, strict=True)
            ),
        ],
        plot,
        "60 runs, N = 400, steps where |grad E| > 1. Narrow bowl: (x^2 + 25 y^2) / 2 from (5, 1), steps where gradient "
        "and way to 0 are apart (cosine below 0.8). Round bowl: (x^2 + 5 y^2) / 2 from (3, 3) with alpha = 2, once all "
        "that was measured: there the way to 0 fits better than the gradient, so its 0.75 says little. What holds for "
        "long steps too is that they are proximal steps, less so as drift dt leaves 1, as the theorem has it.",
    )


CLAIMS = (
    Claim(
        "cbo.C1",
        "A hopping step is a proximal step with tau = alpha width^2, up to an error that vanishes as alpha grows, and "
        "a gradient step up to O(tau^2)",
        "main theorem and its chain of approximations",
        hopping_is_proximal,
        kind="identity",
    ),
    Claim(
        "cbo.C2",
        "With N particles the consensus point has an error of order N^(-1/2); the hop is a gradient step on the "
        "soft-min envelope of the objective",
        "main theorem (finite N); envelope: Stein's identity",
        finite_swarms,
        kind="rate",
    ),
    Claim(
        "cbo.C3",
        "The consensus point approaches the minimizer as alpha grows (quantitative Laplace principle)",
        "abstract; quantitative Laplace principle",
        laplace_principle,
        kind="identity",
    ),
    Claim(
        "cbo.C6",
        "The swarm contracts exponentially; the rate depends on the dimension with isotropic noise, not with "
        "anisotropic noise",
        "earlier papers of the group, cited for the conditions on drift and diffusion",
        mean_field_decay,
        kind="rate",
    ),
    Claim(
        "cbo.C7",
        "The consensus point of CBO moves along -grad E as long as its steps are short",
        "main theorem",
        follows_gradient,
        kind="behaviour",
        control="The way to the minimizer, where it is not that of the gradient, fits short steps less well. It fits "
        "long ones better than the gradient, for these are proximal steps.",
        showed="behind",
        proxy="the direction of the steps stands in for the theorem's bound, whose constants cannot be observed",
        tuned="alpha = 0.05, so that tau L < 1: with alpha = 2 the steps are long",
    ),
)
