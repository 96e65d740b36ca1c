"""What a score costs in data: a linear encoder around kernel ridge regression, and none. C5, C5b, C5c."""

import numpy as np

from refimpl.core.random import stream
from refimpl.generative import _diffusion_models as models
from refimpl.models import mixture as mixtures
from refimpl.problems.digits import digits
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within
from refimpl.specs.generative.diffusion.claims.samplers import BLUE, GREY, ORANGE, PINK
from refimpl.specs.generative.diffusion.claims.scores import LATENT, noised_plane, plane

T = 0.25
ALPHA, H = np.exp(-T / 2), -np.expm1(-T)
WIDTHS, RIDGES = (0.1, 0.3, 1.0, 3.0), [10 ** (i / 2) for i in range(-8, 3)]


def noised(rng, X):
    """Each with one draw of noise."""
    return ALPHA * X + H**0.5 * rng.standard_normal(X.shape)


def near_a_plane(rng, n, D, off=0.0, test=2000):
    """Training pairs, n / 2 for validation, points to test at, and their scores."""
    A = plane(rng, D)
    pairs = []
    for count in (n, n // 2, test):
        off_part = off * rng.standard_normal((count, D))
        clean = mixtures.sample(rng, count, LATENT)[0] @ A.T + off_part - off_part @ A @ A.T
        pairs += [clean, noised(rng, clean)]
    X0, Xt, new0, newt, _, x = pairs
    true = models.mixture_score(x, T, noised_plane(A, off)) if off else models.subspace_score(x, T, A, LATENT)
    return (X0, Xt, new0, newt), x, true


def error(data, d, V=None):
    """Mean squared error of the estimated score."""
    pairs, x, true = data
    estimate, _ = models.encoder_score(x, T, *pairs, d=d if V is None else None, V=V, widths=WIDTHS, ridges=RIDGES)
    return float(((estimate - true) ** 2).sum(axis=1).mean())


def linear(pairs, x, true):
    """The same by linear regression."""
    X0, Xt, new0, newt = pairs
    fits = [models.ridge(Xt, X0, len(X0) * c) for c in RIDGES]
    W = min(fits, key=lambda W: ((newt @ W - new0) ** 2).sum())
    return float((((ALPHA * x @ W - x) / H - true) ** 2).sum(axis=1).mean())


# C5 ------------------------------------------------------------------------------------------------------------------

DIMENSIONS, SIZES = (4, 16, 48), (200, 800)


def planted(seed):
    """Error by dimension and size of the sample, data exactly on a plane."""
    found = {name: np.zeros((len(DIMENSIONS), len(SIZES))) for name in ("encoder", "plain")}
    for repeat in range(2):
        for i, D in enumerate(DIMENSIONS):
            for j, n in enumerate(SIZES):
                rng = stream(seed, "diffusion.C5", repeat, D, n)
                data = near_a_plane(rng, n, D)
                found["encoder"][i, j] += error(data, 2) / 2
                found["plain"][i, j] += error(data, D, V=np.eye(D)) / 2

    encoder, plain = found["encoder"], found["plain"]

    def plot(figure):
        axes = figure.subplots()
        for name, color in (("encoder", ORANGE), ("plain", GREY)):
            for j, style in ((0, "o:"), (1, "o-")):
                axes.loglog(DIMENSIONS, found[name][:, j], style, color=color, label=f"{name}, n = {SIZES[j]}")
        axes.set_xticks(DIMENSIONS, map(str, DIMENSIONS))
        axes.minorticks_off()
        axes.set(xlabel="ambient dimension", ylabel="squared error of the score", title="data on a plane")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("error of the encoder, D = 48 over D = 4, n = 800", encoder[2, 1] / encoder[0, 1], 2.5),
            at_least("error without encoder, D = 48 over D = 4, n = 800", plain[2, 1] / plain[0, 1], 3.0),
            at_most("error of the encoder, n = 800 over n = 200, D = 48", encoder[2, 1] / encoder[2, 0], 1.0),
            reported("error of the encoder, D = 48, n = 800", encoder[2, 1]),
            reported("error without encoder, D = 48, n = 800", plain[2, 1]),
        ],
        plot,
    )


# C5b -----------------------------------------------------------------------------------------------------------------


def earned(seed):
    """Growth of the error from D = 4 to 48 where the plane is not handed over, or is none."""
    settings = {"axes of noisy data": 0.0, "0.1 off the plane": 0.1, "0.3 off the plane": 0.3}
    sums: dict[str, dict] = {name: {} for name in settings}
    for repeat in range(3):
        for name, off in settings.items():
            for D in (4, 48):
                rng = stream(seed, "diffusion.C5b", repeat, D, name)
                pairs, x, true = near_a_plane(rng, 400, D, off)
                encoder = models.principal_axes(pairs[1], 2) if off == 0 else None
                errors = {
                    "encoder": error((pairs, x, true), 2, V=encoder),
                    "plain": error((pairs, x, true), D, V=np.eye(D)),
                    "random encoder": error((pairs, x, true), 2, V=plane(rng, D)),
                    "linear": linear(pairs, x, true),
                }
                for method, value in errors.items():
                    sums[name][method, D] = sums[name].get((method, D), 0.0) + value / 3
    methods = ("encoder", "plain", "random encoder", "linear")
    ratio = {name: {m: told[m, 48] / told[m, 4] for m in methods} for name, told in sums.items()}

    def plot(figure):
        for axes, values, title in zip(
            figure.subplots(1, 2),
            (ratio, {name: {m: told[m, 48] for m in methods} for name, told in sums.items()}),
            ("error at D = 48 over D = 4", "error at D = 48"),
            strict=True,
        ):
            for k, (method, color) in enumerate(zip(methods, (ORANGE, GREY, PINK, BLUE), strict=True)):
                heights = [values[name][method] for name in settings]
                axes.bar(np.arange(3) + (k - 1.5) * 0.2, heights, 0.2, color=color, label=method)
            axes.set_xticks(range(3), ["axes of\nnoisy data", "0.1 off\nthe plane", "0.3 off\nthe plane"])
            axes.set(yscale="log", title=title, ylim=(0.7, 150.0))
        axes.legend(frameon=False, fontsize=8, ncols=2, loc="upper left")

    noisy, near, far = (ratio[name] for name in settings)
    return Outcome(
        [
            at_most("growth, axes of noisy data, over that without encoder", noisy["encoder"] / noisy["plain"], 1.0),
            at_most("growth 0.1 off the plane, over that without encoder", near["encoder"] / near["plain"], 1.0),
            *(reported(f"growth from D = 4 to 48, {where}, {method}", told[method])
              for where, told in (("axes of noisy data", noisy), ("0.1 off", near), ("0.3 off", far))
              for method in ("encoder", "plain")),
            *(reported(f"error at D = 48, 0.3 off, {m}", sums["0.3 off the plane"][m, 48]) for m in methods),
            reported("error at D = 48, 0.1 off, random encoder", sums["0.1 off the plane"]["random encoder", 48]),
            reported("error at D = 48, 0.1 off, linear", sums["0.1 off the plane"]["linear", 48]),
        ],
        plot,
    )  # fmt: skip


# C5c -----------------------------------------------------------------------------------------------------------------


def of_digits(seed):
    """Denoising of digits in 64 dimensions, and rotated into 256."""
    images = digits(like=np.zeros(1))[0]
    images = images - images.mean(axis=0)
    images = images / np.sqrt((images**2).mean())
    codes, found, chosen = (2, 5, 10, 20, 40), {}, {}
    for D in (64, 256):
        rng = stream(seed, "diffusion.C5c")
        order = rng.permutation(len(images))
        turned = images @ np.linalg.qr(stream(seed, "diffusion.C5c", "turn").standard_normal((D, 64)))[0].T
        noisy = noised(stream(seed, "diffusion.C5c", D), turned)
        new, test = order[800:1200], order[1200:]
        for n in (200, 800):
            known = order[:n]

            def fitted(V, known=known, new=new, turned=turned, noisy=noisy):
                predict, _ = models.kernel_ridge(
                    noisy[known] @ V, turned[known] @ V, noisy[new] @ V, turned[new] @ V, widths=WIDTHS, ridges=RIDGES
                )
                return lambda at: float(((predict(noisy[at] @ V) @ V.T - turned[at]) ** 2).sum(axis=1).mean())

            fits = {d: fitted(models.principal_axes(turned[known], d)) for d in codes}
            d = min(fits, key=lambda d: fits[d](new))
            best = min((models.ridge(noisy[known], turned[known], n * c) for c in RIDGES),
                       key=lambda W: ((noisy[new] @ W - turned[new]) ** 2).sum())  # fmt: skip
            chosen[D, n] = d
            found[D, n] = {
                "encoder": fits[d](test),
                "plain": fitted(np.eye(D))(test),
                "linear": float(((noisy[test] @ best - turned[test]) ** 2).sum(axis=1).mean()),
            }

    ratio = {(n, m): found[256, n][m] / found[64, n][m] for n in (200, 800) for m in ("encoder", "plain")}

    def plot(figure):
        axes = figure.subplots()
        for k, (method, color) in enumerate((("encoder", ORANGE), ("plain", GREY), ("linear", BLUE))):
            values = [found[D, n][method] for n in (200, 800) for D in (64, 256)]
            axes.bar(np.arange(4) + (k - 1) * 0.26, values, 0.26, color=color, label=method)
        axes.set_xticks(range(4), [f"n = {n}, D = {D}" for n in (200, 800) for D in (64, 256)])
        axes.set(ylabel="squared error of the clean image", title="noisy digits, 64 pixels and rotated into 256")
        axes.legend(frameon=False)

    return Outcome(
        [
            within("error of the encoder, D = 256 over 64, n = 200", ratio[200, "encoder"], 0.9, 1.1),
            within("error of the encoder, D = 256 over 64, n = 800", ratio[800, "encoder"], 0.9, 1.1),
            at_least("error without encoder, D = 256 over 64, n = 200", ratio[200, "plain"], 1.1),
            at_least("error without encoder, D = 256 over 64, n = 800", ratio[800, "plain"], 1.1),
            reported("error of the encoder, 64 dimensions, n = 800", found[64, 800]["encoder"]),
            reported("error without encoder, 64 dimensions, n = 800", found[64, 800]["plain"]),
            reported("error of linear regression, 64 dimensions, n = 800", found[64, 800]["linear"]),
            reported("smallest dimension of the code that was chosen", min(chosen.values())),
        ],
        plot,
    )


_RATES = "Section on statistical rates, after Chen et al. (2023)"
CLAIMS = (
    Claim(
        "diffusion.C5",
        "With a linear encoder and decoder the error of the score follows the intrinsic dimension, not the ambient one",
        _RATES,
        planted,
        tier="full",
        kind="superiority",
        control="the same kernel ridge regression without encoder, on the same data",
        showed="behind",
        proxy="planted: clean data exactly on a plane give the encoder without error, and its dimension is handed "
        "over, so it solves the same two-dimensional problem in each dimension. The rates themselves are asymptotic",
        tuned="the latent law: with a wider one the error without encoder grows 3.3 to 3.4 times only",
    ),
    Claim(
        "diffusion.C5b",
        "The same where the plane has to be found: from noisy data, and with data near a plane",
        f"{_RATES}; the experiment is ours",
        earned,
        tier="full",
        kind="superiority",
        control="no encoder, a random encoder, linear regression, all on the same data: a random encoder is far worse "
        "than linear regression; 0.3 off the plane it is reversed, and the encoder is worse than none and than linear "
        "regression",
        showed="as good",
        proxy="planted: data on or near a plane of known dimension; kernel ridge regression in place of networks",
    ),
    Claim(
        "diffusion.C5c",
        "The same on data: digits in 64 dimensions and rotated into 256",
        f"{_RATES}; the experiment is ours",
        of_digits,
        tier="full",
        kind="superiority",
        control="no encoder, and linear regression, on the same data: in 64 dimensions the encoder gains nothing at n "
        "= 800",
        showed="as good",
        proxy="8 x 8 digits; independence of the ambient dimension, as the largest code, 40, is always chosen: a low "
        "intrinsic dimension is not seen",
    ),
)
