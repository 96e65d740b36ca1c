"""What the theorems say of random feature attention: C1, C3, C6."""

import numpy as np

from refimpl.attention import _random_feature_attention_data as data
from refimpl.attention import random_feature_attention as rfa
from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, slope, within

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"  # Okabe and Ito
LIKE = np.zeros(1)


def sets_and_kernel(seed):
    """Permuted keys, and features of more and more heads against the kernel."""
    n, d, N, sizes = 40, 4, 6, (100, 400, 1600)
    rng = stream(seed, "rfa.C1")
    x_0, keys = data.sphere(rng, (n, d), like=LIKE), data.sphere(rng, (n, N, d), like=LIKE)
    mixed = rng.permuted(np.tile(np.arange(N), (n, 1)), axis=1)
    permuted = np.take_along_axis(keys, mixed[:, :, None], axis=1)
    moved = {}
    for name in ("RFA", "BRFA", "pooled", "RFMLP"):
        features = data.model(name, rng, 200, d, N, like=LIKE)
        moved[name] = np.max(np.abs(features(x_0, keys) - features(x_0, permuted)))
    errors: dict[str, list[float]] = {}
    for bias in rfa.BIASES:
        K = rfa.kernel(x_0, keys, x_0, keys, bias=bias)
        for M in sizes:
            off = []
            for _ in range(8):
                Phi = rfa.features(x_0, keys, rfa.heads(rng.standard_normal((M, d + 1, d + 1)), bias=bias))
                Phi = Phi.reshape(n, M * (d + 1))
                off.append(np.linalg.norm(Phi @ Phi.T - K) / np.linalg.norm(K))
            errors.setdefault(bias, []).append(float(np.mean(off)))
    slopes = {bias: slope(sizes, found) for bias, found in errors.items()}

    def plot(figure):
        axes = figure.subplots()
        for bias, color, name in zip(rfa.BIASES, (BLUE, ORANGE), ("RFA", "BRFA"), strict=True):
            axes.loglog(sizes, errors[bias], "o-", color=color, label=f"{name}, 8 draws of heads")
        axes.loglog(
            sizes, errors["zero"][0] * (np.array(sizes) / sizes[0]) ** -0.5, "--", color=GREY, label="slope -1/2"
        )
        axes.set(xlabel="heads $M$", ylabel=r"$\|\Phi\Phi^T - K\| / \|K\|$", title="Heads come to their kernel")
        axes.set_xticks(sizes, [str(M) for M in sizes])
        axes.minorticks_off()
        axes.legend(frameon=False)

    return Outcome(
        [
            *(at_most(f"largest change of a feature if keys are permuted, {name}", moved[name], 1e-12)
              for name in ("RFA", "BRFA", "pooled")),
            at_least("largest change of a feature if keys are permuted, RFMLP", moved["RFMLP"], 0.01),
            *(within(f"slope of the error in M, bias {bias}", slopes[bias], -0.65, -0.35) for bias in rfa.BIASES),
        ],
        plot,
    )  # fmt: skip


def more_data(seed):
    """Error against the number of data, and against the power of the target."""
    d = N = 6
    sizes, powers, draws = (125, 250, 500, 1000), (1, 2, 4), 3
    errors, by_power = np.zeros((draws, len(sizes))), np.zeros((draws, len(powers)))
    for draw in range(draws):
        rng = stream(seed, "rfa.C3", draw)
        targets = [data.make_target(rng, "mean", d, N, p=p, like=LIKE) for p in powers]
        features = data.model("RFA", rng, 150, d, N, like=LIKE)
        test = data.draw_sets(rng, 1000, N, targets, noise=0.0)
        for i, n in enumerate(sizes):
            train, validation = (data.draw_sets(rng, k, N, targets) for k in (n, max(200, n // 4)))
            chosen = slice(None) if n == 500 else slice(1, 2)
            found = data.learn(features, train[chosen], validation[chosen], test[chosen])
            errors[draw, i] = found[1] if n == 500 else found[0]
            if n == 500:
                by_power[draw] = found
    mean, powers_mean = errors.mean(axis=0), by_power.mean(axis=0)

    def plot(figure):
        left, right = figure.subplots(1, 2, sharey=True)
        left.loglog(sizes, errors.T, "-", color=BLUE, alpha=0.3)
        left.loglog(sizes, mean, "o-", color=BLUE, label="$p = 2$")
        left.loglog(sizes, mean[0] * (np.array(sizes) / sizes[0]) ** -0.5, "--", color=GREY, label="slope -1/2")
        left.set_xticks(sizes, [str(n) for n in sizes])
        left.minorticks_off()
        left.set(xlabel="training inputs $n$", ylabel="relative test error")
        left.legend(frameon=False)
        right.plot(powers, by_power.T, "-", color=ORANGE, alpha=0.3)
        right.plot(powers, powers_mean, "o-", color=ORANGE)
        right.set(xlabel="power $p$ of the target", xticks=powers, title="$n = 500$")

    return Outcome(
        [
            at_most("slope of the error in n, p = 2", slope(sizes, mean), -0.6),
            *(reported(f"error at n = {n}, p = 2", found) for n, found in zip(sizes, mean, strict=True)),
            at_least("error of p = 2 over that of p = 1, n = 500", powers_mean[1] / powers_mean[0], 1.0),
            at_least("error of p = 4 over that of p = 2, n = 500", powers_mean[2] / powers_mean[1], 1.0),
        ],
        plot,
        "Means of three draws of everything; thin lines are single ones. d = N = 6, 150 heads.",
    )


def more_heads(seed):
    """Error against the number of heads, with plenty of data and no noise."""
    d, N, sizes, draws = 3, 4, (8, 32, 128), 2
    errors = np.zeros((draws, len(sizes)))
    for draw in range(draws):
        rng = stream(seed, "rfa.C6", draw)
        targets = [data.make_target(rng, "corr", d, N, p=2, like=LIKE)]
        train, validation, test = (data.draw_sets(rng, n, N, targets, noise=0.0) for n in (1500, 375, 1000))
        for i, M in enumerate(sizes):
            [errors[draw, i]] = data.learn(data.model("RFA", rng, M, d, N, like=LIKE), train, validation, test)
    mean = errors.mean(axis=0)

    def plot(figure):
        axes = figure.subplots()
        axes.loglog(sizes, errors.T, "-", color=BLUE, alpha=0.3)
        axes.loglog(sizes, mean, "o-", color=BLUE, label="measured")
        axes.loglog(sizes, mean[-1] * (np.array(sizes) / sizes[-1]) ** -1.0, "--", color=GREY, label="slope -1")
        axes.set_xticks(sizes, [str(M) for M in sizes])
        axes.minorticks_off()
        axes.set(xlabel="heads $M$", ylabel="relative test error", title="1500 inputs without noise")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("slope of the error in M", slope(sizes, mean), -0.5),
            at_most("error of 32 heads over that of 8", mean[1] / mean[0], 1.0),
            at_most("error of 128 heads over that of 32", mean[2] / mean[1], 1.0),
            *(reported(f"error of {M} heads", found) for M, found in zip(sizes, mean, strict=True)),
        ],
        plot,
        "Means of two draws of everything; thin lines are single ones.",
    )


CLAIMS = (
    Claim(
        "random_feature_attention.C1",
        "Features do not depend on the order of the keys, and many heads go to a kernel",
        "Sections 2 and 3",
        sets_and_kernel,
        kind="identity",
    ),
    Claim(
        "random_feature_attention.C3",
        "The excess risk falls as data are added, at least as fast as their root grows, and grows with the degree of "
        "the target",
        "theorem, experiments",
        more_data,
        kind="rate",
        proxy="slopes and orders at d = N = 6 stand in for rates of sample complexity in d and p",
    ),
    Claim(
        "random_feature_attention.C6",
        "The error of approximation falls with the number of heads, like 1/M up to logarithms",
        "theorem",
        more_heads,
        tier="full",
        kind="rate",
        proxy="a slope over 8 to 128 heads, of a trained error, stands in for the rate of approximation",
    ),
)
