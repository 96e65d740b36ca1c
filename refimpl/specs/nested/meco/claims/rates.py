"""A Gaussian's mean, noise laws, rates and memory: C4, C5, C11."""

import numpy as np

from refimpl.core.random import stream
from refimpl.nested import _meco_models as models
from refimpl.nested import meco
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within
from refimpl.specs.nested.meco.claims.landscape import GREY, MECO, NAIVE, normal

# C4: the noise law --------------------------------------------------------------------------------------------


def _gradient_spread(noise, theta=0.0):
    """E_q[(p / q)^2 (z - theta)^2] of p = N(theta, 1), by quadrature."""
    z = np.linspace(-40, 40, 160_001)[:, None]
    log_p = -0.5 * (z[:, 0] - theta) ** 2 - 0.5 * np.log(2 * np.pi)
    return np.sum(np.exp(2 * log_p - noise.log_density(z)) * (z[:, 0] - theta) ** 2) * 80 / 160_000


def noise_law(seed):
    """Stationary error of MECO under six noise laws against the second moment of the weighted gradient."""
    scales, errors = (1.0, 1.2, 1.5, 2.5, 5.0, 10.0), []
    laws = [normal(1.5, s) for s in scales]
    for law in laws:
        _, run = meco.train(
            np.zeros((6, 1)),
            models.gaussian_mean(),
            normal(0, 1),
            law,
            steps=4000,
            rng=stream(seed, "meco.C4", f"{law.scale[0]}"),
            lr=0.1,
            batch=1024,
            noise_batch=16,
            record=lambda params, state: {"square": np.mean(params**2)},
        )
        errors.append(np.mean(run.history["square"][1000:]))
    spreads = np.array([_gradient_spread(law) for law in laws])
    ranks = np.argsort(np.argsort(np.stack([errors, spreads]), axis=1), axis=1)
    spearman = np.corrcoef(ranks.astype(float))[0, 1]

    def plot(figure):
        left, right = figure.subplots(1, 2)
        left.loglog(scales, errors, "o-", color=MECO, label=r"stationary error of $\theta$")
        left.loglog(
            scales, spreads * errors[2] / spreads[2], "s--", color=GREY, label=r"$E_q[(p/q)^2 (z-\theta)^2]$, scaled"
        )
        left.set(xlabel="standard deviation $s$ of the noise", ylabel=r"mean square of $\theta - R$")
        left.set_xticks(scales, [f"{s:g}" for s in scales])
        left.minorticks_off()
        left.legend(frameon=False, fontsize=8)
        right.loglog(spreads, errors, "o", color=MECO)
        for s, x, y in zip(scales, spreads, errors, strict=True):
            right.annotate(f" $s={s:g}$", (x, y), va="top", fontsize=8)
        right.set(xlabel=r"$E_q[(p/q)^2 (z-\theta)^2]$", title=f"rank correlation {spearman:.2f}", xlim=(1, 80))

    return Outcome(
        [
            at_least("rank correlation of error and second moment", spearman, 0.8),
            *(reported(f"mean square of theta - R, s = {s:g}", e) for s, e in zip(scales, errors, strict=True)),
            *(reported(f"second moment, s = {s:g}", v) for s, v in zip(scales, spreads, strict=True)),
        ],
        plot,
        "Truth 0, noise N(1.5, s^2), 16 draws a step. The best noise is wider than the model, but not by much.",
    )


# C5: the rate -------------------------------------------------------------------------------------------------


def fast_rate(seed):
    """Error of the last iterate under steps and rates that decay as 1 / t, and under constant ones."""
    runs, steps = 200, 3200
    decaying = lambda k: 0.5 / (1 + k / 50)
    curves = {}
    for name, rate in (("decaying", decaying), ("constant", lambda k: 0.1)):
        _, run = meco.train(
            np.zeros((runs, 1)),
            models.gaussian_mean(),
            normal(1, 1),
            normal(0, 1.5),
            steps=steps,
            rng=stream(seed, "meco.C5", name),
            lr=rate,
            gamma=rate,
            batch=16,
            record=lambda params, state: {"square": np.mean((params - 1) ** 2)},
        )
        curves[name] = np.array(run.history["square"])
    times = 200 * 2 ** np.arange(5)
    slope, level = np.polyfit(np.log(times), np.log(curves["decaying"][times]), 1)

    def plot(figure):
        axes = figure.subplots()
        for (name, curve), color in zip(curves.items(), (MECO, GREY), strict=True):
            axes.loglog(1 + np.arange(steps + 1), curve, color=color, label=f"{name} rates, {runs} runs")
        axes.loglog(
            1 + times, np.exp(level) * times**slope, "--", color="black", linewidth=2, label=f"fit, slope {slope:.2f}"
        )
        axes.set(xlabel="1 + step", ylabel=r"mean square of $\theta - R$", title="A Gaussian's mean: strongly convex")
        axes.legend(frameon=False)

    return Outcome(
        [
            within("slope of the mean square error in the number of steps", slope, -1.4, -0.6),
            reported("mean square error after 3200 steps, decaying rates", curves["decaying"][-1]),
            reported("mean square error, constant rates, last 1000 steps", curves["constant"][-1000:].mean()),
        ],
        plot,
        "lr = gamma = 0.5 / (1 + t / 50), beta = 0.5, batches of 16; the fit is over t = 200 to 3200.",
    )


# C11: what the running average is for -------------------------------------------------------------------------


def _log_of_mean_bias(size, odds=0.2, high=5.0):
    """E log of the mean of `size` draws of g - log E g, exactly: g is `high` with probability `odds`, otherwise 1."""
    counts = np.arange(size + 1)
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size + 1)))])
    log_choose = log_factorials[-1] - log_factorials - log_factorials[::-1]
    chance = np.exp(log_choose + counts * np.log(odds) + (size - counts) * np.log1p(-odds))
    return chance @ np.log(1 + (high - 1) * counts / size) - np.log(1 + (high - 1) * odds)


def bias_of_the_batch(seed):
    """Order of the bias in the size of the batch, and where MECO ends with 4 draws of noise a step."""
    sizes = 2 ** np.arange(4, 11)
    bias = -np.array([_log_of_mean_bias(size) for size in sizes])
    theory = 0.2 * 0.8 * 4.0**2 / 1.8**2 / 2 / sizes
    slope, level = np.polyfit(np.log(sizes), np.log(bias), 1)
    gammas, ends = (1.0, 0.3, 0.1, 0.02), {}
    for gamma in gammas:
        _, run = meco.train(
            np.ones((32, 1)),
            models.gaussian_mean(),
            models.Rows(np.ones((1, 1))),  # the expectation of the data: their noise is another matter
            normal(0, 1.5),
            steps=2000,
            rng=stream(seed, "meco.C11", f"{gamma}"),
            lr=0.05,
            beta=1.0,
            gamma=gamma,
            batch=1,
            noise_batch=4,
            record=lambda params, state: {"theta": params[:, 0]},
        )
        ends[gamma] = np.mean(np.stack(run.history["theta"])[500:], axis=0) - 1

    def plot(figure):
        left, right = figure.subplots(1, 2)
        left.loglog(sizes, bias, "o", color=NAIVE, label="exact, two-point $g$")
        left.loglog(sizes, np.exp(level) * sizes**slope, "-", color=NAIVE, label=f"fit, slope {slope:.3f}")
        left.loglog(sizes, theory, ":", color=GREY, label=r"Var$(g)/(2BZ^2)$")
        left.set(xlabel="draws in a batch $B$", ylabel=r"$\log Z - E\,\log \bar g_B$", title="One batch is biased")
        left.legend(frameon=False)
        right.boxplot(list(ends.values()), tick_labels=[f"{g:g}" for g in gammas], medianprops={"color": MECO})
        right.axhline(0, color=GREY, linewidth=1)
        right.set(xlabel=r"weight $\gamma$ of the new batch", ylabel=r"mean of $\theta - R$, 32 runs")
        right.set_title("Memory removes it ($B_z = 4$)")

    return Outcome(
        [
            within("slope of the bias of log(mean) in the size of the batch", slope, -1.1, -0.9),
            at_least("bias of theta, gamma = 1", ends[1.0].mean(), 0.15),
            at_most("|bias of theta|, gamma = 0.1", abs(ends[0.1].mean()), 0.05),
            *(reported(f"bias of theta, gamma = {g:g}", ends[g].mean()) for g in gammas),
        ],
        plot,
        "The left panel sums the binomial law, no draws. With 64 draws or more and noise that fits the data, gamma = 1 "
        "does as well (C6): the memory pays where draws are few.",
    )


# C6: densities in the plane -----------------------------------------------------------------------------------

STEPS_2D, RUNS_2D = 3000, 2


CLAIMS = (
    Claim(
        "meco.C4",
        "The rate depends on the noise law, through the variance of the estimators",
        "abstract",
        noise_law,
        tier="full",
        kind="behaviour",
    ),
    Claim(
        "meco.C5",
        "With decaying rates the error falls as 1 / t on a strongly convex (Polyak-Lojasiewicz) objective",
        "abstract: fast convergence rate",
        fast_rate,
        kind="rate",
        proxy="one Gaussian mean stands in for the theorem, whose exact wording may differ",
        tuned="the constants 0.5 and 50 of the decay",
    ),
    Claim(
        "meco.C11",
        "A moving average of the inner function removes the bias that the logarithm of a batch mean has",
        "Section on the algorithm",
        bias_of_the_batch,
        kind="behaviour",
    ),
)
