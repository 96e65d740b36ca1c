"""What errors of the fields do to the law at t = 1: C4, C7, C7b."""

import numpy as np

from refimpl.core.random import stream
from refimpl.generative import _interpolants_models as models
from refimpl.generative import interpolants
from refimpl.models import mixture
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported
from refimpl.specs.generative.interpolants.claims.tools import (
    BLUE,
    GREEN,
    GREY,
    GRID,
    ORANGE,
    cosine,
    density,
    drawn,
    evolved,
    run,
)

SET_UP = "From N(0, 1) to an even mixture of N(-1.5, .25) and N(1.5, .25) on the line, linear path, brownian gamma."


def _exact():
    return interpolants.mixture_flow(models.STANDARD, models.PAIR, divergence=True)


def _kl(fields, epsilon):
    flow = _exact()
    return models.divergence_of(density(flow, 1.0), evolved(fields, epsilon, density(flow, 0.0)), GRID)


def _mean(f):
    """Integral over t of E f(x_t)."""
    flow, times = _exact(), (np.arange(100) + 0.5) / 100
    return np.mean([np.sum(density(flow, t) * f(GRID)) * (GRID[1] - GRID[0]) for t in times])


def _wrong(b, s):
    """The exact fields plus errors; `b` and `s` are (amplitude, frequency, phase)."""
    flow, wave = _exact(), lambda k, x: k[0] * np.sin(k[1] * x + k[2])

    def fields(t, x):
        f = flow(t, x)
        slope = b[0] * b[1] * np.cos(b[1] * x[:, 0] + b[2])
        return interpolants.Fields(f.b + wave(b, x), f.s + wave(s, x), div_b=f.div_b + slope)

    return fields, _mean(lambda x: wave(b, x) ** 2) / 2, _mean(lambda x: wave(s, x) ** 2) / 2


NONE = (0.0, 1.0, 0.0)


def _kl_of_the_ode(fields):
    x = GRID[::2]
    start = lambda y: mixture.log_density(y, models.STANDARD)
    found = interpolants.log_likelihood(fields, start, x[:, None], cosine(100)[::-1].copy())
    return models.divergence_of(density(_exact(), 1.0, x), np.exp(found.log_density), x)


def likelihoods(seed):
    """Errors of the same size and rising frequency: SDE against ODE."""
    epsilon, rows = 0.5, {}
    for omega in (1, 4, 16):
        fields, square, _ = _wrong((0.15, omega, 0.0), NONE)
        rows[omega] = _kl(fields, epsilon), _kl_of_the_ode(fields), 2 * square / (4 * epsilon)

    def plot(figure):
        axes, omegas = figure.subplots(), list(rows)
        for i, (name, color) in enumerate((("SDE", ORANGE), ("ODE", BLUE), ("bound of the SDE", GREY))):
            axes.loglog(omegas, [rows[w][i] for w in omegas], "o-", color=color, label=name)
        axes.set_xticks(omegas, omegas, minor=False)
        axes.minorticks_off()
        axes.set(xlabel="frequency of an error of b of one size", ylabel="KL at t = 1",
                 title="The loss bounds the SDE, and not the ODE")  # fmt: skip
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("SDE: largest KL / expression", max(sde / bound for sde, _, bound in rows.values()), 1.0),
            at_least("ODE: least KL / expression", min(ode / bound for _, ode, bound in rows.values()), 1.0),
            at_least("ODE: KL at frequency 16 / at 1", rows[16][1] / rows[1][1], 5.0),
            *(reported(f"KL of the {name}, frequency {w}", rows[w][i]) for w in rows for i, name in
              enumerate(("SDE", "ODE"))),
        ],
        plot,
        SET_UP + " Errors .15 sin(omega x) of b have nearly the same mean square, 1 / (4 epsilon) times which is the "
        "expression, epsilon = .5. No seed: nothing is drawn. The errors are ours: learnt ones may look otherwise.",
    )  # fmt: skip


def noise_level(seed):
    """Large fast errors of b, small ones of s."""
    levels = (0.02, 0.1, 0.5, 2.0, 8.0)
    fields, lost_b, lost_s = _wrong((0.3, 6.0, 0.0), (0.15, 2.0, 1.0))
    found = [_kl(fields, epsilon) for epsilon in levels]
    bounds = [lost_b / epsilon + epsilon * lost_s for epsilon in levels]
    waves = ((0.3, 1, 0.15, 6), (0.3, 2, 0.3, 2), (0.15, 1, 0.6, 2), (0.15, 6, 0.6, 2))
    others = {
        f"{a:g} sin({v} x); {c:g} sin({w} x + {phase})": ((a, v, 0.0), (c, w, phase))
        for a, v, c, w in waves
        for phase in ((1, 0) if c == 0.6 else (1,))
    }
    ratios, within, odes = {}, [], {}
    for name, (b, s) in others.items():
        wrong, wrong_b, wrong_s = _wrong(b, s)
        few, many = _kl(wrong, 0.02), _kl(wrong, 2.0)
        ratios[name], odes[name] = few / many, _kl_of_the_ode(wrong) / many
        within += [few / (wrong_b / 0.02 + 0.02 * wrong_s), many / (wrong_b / 2 + 2 * wrong_s)]
    ode = _kl_of_the_ode(fields)
    within += [kl / bound for kl, bound in zip(found, bounds, strict=True)]

    def plot(figure):
        axes, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
        axes.loglog(levels, found, "o-", color=ORANGE, label="KL at t = 1")
        axes.loglog(levels, bounds, "o:", color=GREY, label="bound")
        axes.axhline(ode, color=BLUE, linestyle="--", label="KL of the ODE")
        axes.set(xlabel=r"diffusion $\epsilon$", title="Planted: the score is the better field")
        axes.legend(frameon=False, fontsize=8)
        pairs = ["planted", *(name.replace("; ", ";\n") for name in others)]
        places = range(len(pairs))
        right.plot([found[0] / found[3], *ratios.values()], places, "o", color=ORANGE, label=r"$\epsilon$ = .02")
        right.plot([ode / found[3], *odes.values()], places, "s", color=BLUE, fillstyle="none", label="ODE")
        right.axvline(1, color=GREY, linewidth=0.8)
        right.plot([10, 10], [-0.4, 0.4], ":", color="black", label="bound, planted pair")
        right.set_yticks(places, pairs, fontsize=7)
        right.invert_yaxis()
        right.set(xscale="log", xlabel=r"KL / KL at $\epsilon$ = 2", title="All pairs of errors (b; s)")
        right.legend(frameon=False, fontsize=7)

    return Outcome(
        [
            at_most("largest KL / bound, seven pairs of errors", max(within), 1.0),
            at_least("KL at epsilon .02 / at 2", found[0] / found[3], 10.0),
            reported("KL of the ODE / at 2", ode / found[3]),
            reported("epsilon of the least bound", (lost_b / lost_s) ** 0.5),
            *(reported(f"KL at .02 / at 2, errors {name}", value) for name, value in ratios.items()),
            *(reported(f"KL of the ODE / at 2, errors {name}", value) for name, value in odes.items()),
        ],
        plot,
        SET_UP + " Errors .3 sin 6x of b and .15 sin(2x + 1) of s. The other pairs are written as that of b; that of "
        "s. No seed: nothing is drawn.",
    )


def _learnt(rng, n):
    """Fields from n pairs."""
    x0, x1 = drawn(rng, n, models.STANDARD), drawn(rng, n, models.PAIR)
    z, times = rng.standard_normal((50, n, 1)), np.linspace(0.01, 0.99, 50)
    bumps = {"centres": np.linspace(-4, 4, 25), "width": 0.5, "penalty": 1e-3}
    return models.learnt_fields(models.learn(x0, x1, z, times, **bumps))


def learnt(seed):
    """Nothing planted: fields by least squares at two sample sizes, and the price in evaluations."""
    levels, table = (0.02, 0.1, 0.5, 2.0), {}
    for n in (300, 3000):
        fields = _learnt(stream(seed, "interpolants.C7b", n), n)
        table[n] = [_kl(fields, epsilon) for epsilon in levels]
    rng, costs = stream(seed, "interpolants.C7b", "samples"), {}
    start = drawn(rng, 20_000, models.STANDARD)
    for evaluations in (40, 400):
        even = np.linspace(0.0, 1.0, evaluations // 2 + 1)
        costs["ODE", evaluations] = run(rng, fields, start, cosine(evaluations // 4), "rk4")
        costs["SDE", evaluations] = run(rng, fields, start, even, "em", 0.5)
    costs = {key: mixture.kolmogorov(x, models.PAIR) for key, x in costs.items()}

    def plot(figure):
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        for n, color in ((300, ORANGE), (3000, BLUE)):
            left.loglog(levels, table[n], "o-", color=color, label=f"{n} samples")
        left.set(xlabel=r"diffusion $\epsilon$", ylabel="KL at t = 1", title="Learnt fields, exact in time")
        left.legend(frameon=False)
        for i, (name, color) in enumerate((("ODE", BLUE), ("SDE", GREEN))):
            right.bar(np.arange(2) + 0.35 * i, [costs[name, e] for e in (40, 400)], 0.33, color=color, label=name)
        right.set(xticks=np.arange(2) + 0.175, xticklabels=["40", "400"], xlabel="evaluations",
                  title="Distance, 3000 samples")  # fmt: skip
        right.set_ylim(0, 1.4 * max(costs.values()))
        right.legend(frameon=False, ncols=2)

    return Outcome(
        [
            at_least("KL at epsilon .02 / at .5, 3000 samples", table[3000][0] / table[3000][2], 1.4),
            reported("the same, 300 samples", table[300][0] / table[300][2]),
            reported("KL at .5 / at 2, 3000 samples", table[3000][2] / table[3000][3]),
            *(reported(f"Kolmogorov distance, {name}, {e} evaluations", value) for (name, e), value in costs.items()),
        ],
        plot,
        SET_UP + " 27 features, 50 times, antithetic objectives, ridge 1e-3, score -eta / max(gamma, .1).",
    )


CLAIMS = (
    Claim(
        id="interpolants.C4",
        statement="For SDEs the quadratic losses control the likelihood; for ODEs they do not",
        source="abstract; Theorem 23",
        experiment=likelihoods,
        tier="full",
        kind="identity",
        control="the ODE with the same wrong b: its KL is above the expression at each frequency, and grows with it",
        showed="behind",
        tuned="the error is ours: it shows that the worst case exists, not that learnt errors are of this kind (C7b)",
    ),
    Claim(
        id="interpolants.C7",
        statement="With imperfect fields the diffusion is a useful knob: an SDE does better than the ODE",
        source="section on numerics; the bound is least at epsilon = sqrt(loss of b / loss of s)",
        experiment=noise_level,
        tier="full",
        kind="superiority",
        control="the ODE itself, and other pairs of errors: with an error of s no larger than that of b its KL is 13 "
        "to 24 times that of the SDE. With one of four times the size it is 2 and 4 times that where the error of b is "
        "fast; where that is slow the SDE gains nothing at one phase, and loses at the other. Both densities are exact "
        "in time: steps cost nothing here (C7b counts them)",
        showed="behind",
        proxy="planted: the error of b was made large and fast, that of s small",
        tuned="amplitudes and frequencies of both errors",
    ),
    Claim(
        id="interpolants.C7b",
        statement="The same on the line with learnt fields",
        source="ours; section on numerics",
        experiment=learnt,
        tier="full",
        kind="superiority",
        control="equal evaluations, Kolmogorov distances of 20000 samples: with 40 neither is ahead, with 400 the SDE "
        "is at 4 of 5 seeds, by .011 to .012, and not at the one shown. With 300 samples in place of 3000 the gain in "
        "KL is smaller, and is missing at 2 of 16 further seeds",
        showed="as good",
        proxy="one dimension, 27 features in place of a network",
    ),
)
