"""Networks of finite width, before and after training. C1, C3, C4."""

import numpy as np
import scipy  # loads its parts when they are asked for, which takes time

from refimpl.bayesian import _scale_mixture_nngp_models as models
from refimpl.bayesian import scale_mixture_nngp as mixture
from refimpl.core.random import stream
from refimpl.models import wide
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within

ORANGE, BLUE, GREEN, PINK, GREY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"
NET = {"sigma_w": 2.0**0.5, "sigma_b": 0.0, "activation": "relu"}


def layers(rng, R, d, N):
    """One hidden layer of R networks."""
    return ((rng.standard_normal((R, d, N)), np.zeros((R, N))),)


def scales(rng, law, R):
    """Draws of the scale."""
    return mixture.draw(law, np.clip(rng.random(R), 1e-12, 1 - 1e-12))


def blocks(x, x_new):
    """Kernels of one hidden layer: training, new; and the tangent kernel of its weights."""
    options = {"depth": 1, "weight_variance": 2.0, "bias_variance": 0.0, "activation": "relu"}
    tt, st, ss = (wide.kernels(*pair, **options) for pair in ((x, None), (x_new, x), (x_new, None)))
    return mixture.Blocks(tt.hidden, st.hidden, ss.hidden), tt.tangent, st.tangent


# C1 ------------------------------------------------------------------------------------------------------------------

WIDTHS, NETS = (4, 64, 512), 6000
TWO = np.array([[1.0, 0.5], [-0.25, 1.0]])


def outputs(rng, N, law, nets=NETS):
    """Outputs at two inputs of networks whose scale is drawn, or 1."""
    found = []
    for _ in range(nets // 1000):
        s = np.ones(1000) if law is None else scales(rng, law, 1000)
        found.append(models.outputs(TWO, layers(rng, 1000, 2, N), rng.standard_normal((1000, N, 1)), s, **NET))
    return np.concatenate(found)[:, :, 0]


def prior(seed):
    """Law of the outputs before training."""
    law = mixture.InverseGamma(2.0, 2.0)
    K = blocks(TWO, TWO)[0].tt
    whiten = np.linalg.inv(np.linalg.cholesky(K))
    distance: dict[int, list[float]] = {N: [] for N in WIDTHS}
    rows: dict[int, list[np.ndarray]] = {N: [] for N in WIDTHS}
    gauss = []
    for repeat in range(5):
        rng = stream(seed, "scale_mixture_nngp.C1", repeat)
        for N in WIDTHS:
            f = outputs(rng, N, law)
            rows[N].append(f)
            distance[N].append(scipy.stats.kstest(f[:, 0] / K[0, 0] ** 0.5, scipy.stats.t(4).cdf).statistic)
        gauss.append(scipy.stats.kstest(f[:, 0] / f[:, 0].std(), scipy.stats.norm.cdf).statistic)
    together = lambda f: float(scipy.stats.spearmanr(*np.abs(f @ whiten.T).T).statistic)
    plain = outputs(stream(seed, "scale_mixture_nngp.C1", "plain"), 512, None)
    ks = {N: float(np.median(values)) for N, values in distance.items()}

    def plot(figure):
        axes = figure.subplots()
        levels = np.logspace(-3.5, -0.3, 100)
        for N, color in zip(WIDTHS, (PINK, GREEN, BLUE), strict=True):
            size = np.sort(np.abs(np.concatenate(rows[N])[:, 0]))[::-1] / K[0, 0] ** 0.5
            axes.semilogy(size, np.arange(1, len(size) + 1) / len(size), color=color, label=f"30 000 networks, N = {N}")
        axes.semilogy(scipy.stats.t(4).ppf(1 - levels / 2), levels, "--", color=ORANGE, label="t, 4 degrees of freedom")
        sd = 2.0**0.5
        axes.semilogy(
            sd * scipy.stats.norm.ppf(1 - levels / 2), levels, ":", color=GREY, label="normal, of the same variance"
        )
        axes.set(xlim=(0, 10), ylim=(1e-3, 1), xlabel="size of the output", ylabel="share that is larger",
                 title="A random scale of the readout makes a t process")  # fmt: skip
        axes.legend(frameon=False)

    return Outcome(
        [
            at_least("distance (KS) to the t law, N = 4", ks[4], 0.05),
            at_most("distance (KS) to the t law, N = 512, median of 5 sets of 6000", ks[512], 0.02),
            at_least("distance (KS) to the normal law of the sample's deviation, N = 512", np.median(gauss), 0.035),
            at_least("rank correlation of the sizes of two whitened outputs", together(rows[512][-1]), 0.08),
            at_most("the same with a fixed scale", abs(together(plain)), 0.05),
            reported("distance (KS) to the t law, N = 64", ks[64]),
            reported("largest of the 5 distances, N = 512", max(distance[512])),
        ],
        plot,
    )


# C3 ------------------------------------------------------------------------------------------------------------------

TARGETS = np.array([0.3, -0.4, 0.1, 0.5, -0.2, 0.4])
NEW = np.array([[-0.25, 1.0], [1.6, 1.0]])


def line(n):
    """Equispaced inputs with a constant."""
    return np.stack([np.linspace(-1, 1, n), np.ones(n)], axis=1)


def readout(seed):
    """Law of the outputs after training the readout to the end."""
    law, x, y = mixture.InverseGamma(4.0, 4.0), line(6), TARGETS
    told = mixture.condition(blocks(x, NEW)[0], y, eps=0.0)
    before, after = mixture.student(told.mean, told.Sigma, law), mixture.posterior(told, law).values
    found, ks = {}, {}
    for N in (100, 1000):
        rng, rows = stream(seed, "scale_mixture_nngp.C3", N), []
        for _ in range(12):
            s = scales(rng, law, 250)
            rows.append(models.readout_limit(x, NEW, y[:, None], layers(rng, 250, 2, N),
                                             rng.standard_normal((250, N, 1)), s, **NET)[:, :, 0])  # fmt: skip
        found[N] = np.concatenate(rows)
        for name, told_law in (("prior", before), ("posterior", after)):
            size = np.diagonal(told_law.scale) ** 0.5
            cdf = scipy.stats.t(told_law.dof).cdf
            ks[N, name] = [
                scipy.stats.kstest((found[N][:, j] - told_law.mean[j]) / size[j], cdf).statistic for j in (0, 1)
            ]

    def plot(figure):
        axes = figure.subplots()
        at = np.linspace(-8, 8, 401)
        z = (found[1000][:, 1] - told.mean[1]) / np.diagonal(before.scale)[1] ** 0.5
        axes.hist(z, bins=at[::8], density=True, color="#cccccc", label="3000 trained networks")
        ratio = (np.diagonal(after.scale)[1] / np.diagonal(before.scale)[1]) ** 0.5
        axes.plot(at, scipy.stats.t(before.dof).pdf(at), color=ORANGE, label="the prior's scale: t, 2 a")
        axes.plot(at, scipy.stats.t(after.dof).pdf(at / ratio) / ratio, "--", color=BLUE, label="posterior: t, 2 a + n")
        axes.set(xlabel="output at u = 1.6, less its mean, over the prior's scale", ylabel="density",
                 title="Training the readout does not teach the scale")  # fmt: skip
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("distance (KS) to the law with the prior's scale, N = 1000", max(ks[1000, "prior"]), 0.08),
            at_least("distance (KS) to the posterior, N = 1000", min(ks[1000, "posterior"]), 0.15),
            at_most("distance to the prior's scale, N = 1000 over N = 100",
                    max(ks[1000, "prior"]) / max(ks[100, "prior"]), 1.0),
            reported("distance (KS) to the law with the prior's scale, N = 100", max(ks[100, "prior"])),
            reported("Q / n", told.Q / 6),
        ],
        plot,
    )  # fmt: skip


# C4 ------------------------------------------------------------------------------------------------------------------


def full(seed):
    """Mean and spread after 300 steps of all layers."""
    x, y, nets, N = line(5), TARGETS[:5], 100, 1000
    K, T_tt, T_st = blocks(x, NEW)
    rows, worst, share, ratios = [], [], [], []
    for s in (0.25, 4.0):
        eta = 0.5 / np.linalg.eigvalsh(K.tt + s * T_tt)[-1]
        law = mixture.trained(K, T_tt, T_st, y, s, eta=eta, tau=300)
        only = mixture.trained(K, 0 * T_tt, 0 * T_st, y, s, eta=eta, tau=0, time="end").mean
        rng = stream(seed, "scale_mixture_nngp.C4", s)
        run = models.train(x, y[:, None], layers(rng, nets, 2, N), rng.standard_normal((nets, N, 1)),
                           np.full(nets, s), eta=eta, steps=300, **NET)  # fmt: skip
        trained, w = run.state
        f = models.outputs(NEW, trained, w, np.ones(nets), **NET)[:, :, 0]
        error, se = np.abs(f.mean(axis=0) - law.mean), f.std(axis=0, ddof=1) / nets**0.5
        worst.append(float(np.max(error - 3.5 * se)))
        share.append(float(np.max(error) / np.max(np.abs(f.mean(axis=0) - only))))
        ratios.extend(f.std(axis=0, ddof=1) / np.diagonal(law.covariance) ** 0.5)
        rows.append((s, f, law, only, float(np.max(error))))

    def plot(figure):
        axes = figure.subplots()
        for i, (_, f, law, only, _) in enumerate(rows):
            for j in (0, 1):
                at = 2 * i + j
                axes.errorbar(at - 0.15, f[:, j].mean(), f[:, j].std(), fmt="o", color=BLUE, capsize=4)
                axes.errorbar(at, law.mean[j], law.covariance[j, j] ** 0.5, fmt="s", color=ORANGE, capsize=4)
                axes.plot(at + 0.15, only[j], "x", color=GREY)
        axes.set_xticks(range(4), [f"s = {s}\nu = {u}" for s, *_ in rows for u in (-0.25, 1.6)])
        axes.set(ylabel="output, mean and deviation", title="100 networks after 300 steps of all layers")
        for color, mark, label in (
            (BLUE, "o", "networks"),
            (ORANGE, "s", "tangent kernel"),
            (GREY, "x", "readout's formula"),
        ):
            axes.plot([], [], mark, color=color, label=label)
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("error of the mean, less 3.5 standard errors", max(worst), 0.08),
            at_most("error of the mean over that of the readout's formula", max(share), 0.4),
            within("smallest ratio of deviations", min(ratios), 0.7, 1.35),
            within("largest ratio of deviations", max(ratios), 0.7, 1.35),
            *(reported(f"error of the mean, s = {s}", error) for s, *_, error in rows),
        ],
        plot,
    )


CLAIMS = (
    Claim(
        "scale_mixture_nngp.C1",
        "Outputs of wide networks whose readout variance has an inverse-gamma law are jointly t, not normal",
        "Main theorem and its corollary",
        prior,
        tier="full",
        kind="behaviour",
        control="the same networks with a fixed scale: sizes of two outputs are not correlated",
        showed="behind",
    ),
    Claim(
        "scale_mixture_nngp.C3",
        "Networks of which the readout is trained are a mixture with the prior's law of the scale",
        "Theorem on readout training",
        readout,
        tier="full",
        kind="behaviour",
        control="the posterior, whose scale follows the targets",
        showed="behind",
        tuned="the targets: their Q / n has to be far from b / a, or prior and posterior are alike; with Q / n = 215 a "
        "width of 1000 is too small",
    ),
    Claim(
        "scale_mixture_nngp.C4",
        "Networks of which all layers are trained are a mixture whose mean and spread the tangent kernel gives",
        "Theorem on full training",
        full,
        tier="full",
        kind="behaviour",
        control="the formula for training the readout alone",
        showed="behind",
        tuned="the targets: with some that the prior would draw the readout's formula is hardly worse",
    ),
)
