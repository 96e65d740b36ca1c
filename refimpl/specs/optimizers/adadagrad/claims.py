"""The experiments behind the claims of the paper on AdAdaGrad."""

from functools import cache, partial

import numpy as np

from refimpl.core import random, tree
from refimpl.models import losses, mlp
from refimpl.optimizers import adadagrad
from refimpl.optimizers._adadagrad_models import per_example_gradients
from refimpl.optimizers._baselines import momentum_init, sgd
from refimpl.problems.digits import digits
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision
SEEDS = 3

# C1: the test enforces strong growth ----------------------------------------------------------------------------


def strong_growth(seed, n=200, d=6, eta=0.5, batches=20_000):
    """The mean square of batch gradients of the size that the exact test asks for, on three populations."""
    measurements, ratios, bounds = [], [], []
    for i in range(SEEDS):
        rng = random.stream(seed, "adadagrad.C1", i)
        population = rng.standard_normal(d) + rng.standard_normal((n, d))
        mean, variance = population.mean(axis=0), population.var(axis=0)
        ratio = adadagrad.norm_ratio(mean, variance, eta=eta)
        b = adadagrad.grow(1, ratio, largest=10**6)
        draws = population[rng.integers(0, n, (batches, b))].mean(axis=1)
        square = mean @ mean
        found = np.mean(np.sum(draws**2, axis=1)) / square
        formula = 1 + variance.sum() / (b * square)
        ratios.append(np.sum(draws**2, axis=1) / square)
        bounds.append(formula)
        measurements += [
            within(f"mean of |G|^2 / |grad F|^2 over the formula, population {i}", found / formula, 0.98, 1.02),
            at_most(f"the formula, population {i}", formula, 1 + eta**2),
        ]

    def plot(figure):
        axes = figure.subplots()
        axes.boxplot(ratios, whis=(5, 95), showfliers=False, medianprops={"color": BLUE})
        places = np.arange(1, SEEDS + 1)
        axes.plot(places, [r.mean() for r in ratios], "o", color=ORANGE, markersize=9, label="mean over 20,000 batches")
        axes.plot(places, bounds, "k_", markersize=24, label="1 + tr V / (b |grad F|²)")
        axes.axhline(1 + eta**2, color=GRAY, linestyle="--", label="1 + η²")
        axes.plot([], [], " ", label="boxes: middle half; whiskers: 5% to 95%")
        axes.set(xlabel="population", ylabel="|G|² / |grad F|² of a batch", ylim=(0, None))
        axes.set_title("Batches of the size that the exact test asks for: strong growth")
        axes.legend()

    return Outcome(measurements, plot)


# C2 to C4: rates on a nonconvex function ------------------------------------------------------------------------

H = np.geomspace(1, 0.1, 10)
LARGEST = 10**15
RULES = {
    "AdaGrad-Norm": (
        partial(adadagrad.norm_init, v0=0.1),
        partial(adadagrad.norm_update, alpha=1.0),
        adadagrad.norm_ratio,
    ),
    "AdaGrad": (
        partial(adadagrad.init, v0=0.01),
        partial(adadagrad.update, alpha=1.0, eps=0.0),
        adadagrad.coordinate_ratio,
    ),
}


def gradient(x):
    """Of the sum of h x^2 / (1 + x^2)."""
    return 2 * H * x / (1 + x * x) ** 2


BATCHES = {  # name -> color; the last one doubles the batch blindly
    "growing batches": ORANGE,
    "constant batches of 4": BLUE,
    "doubled every 50 steps": GREEN,
}
GROWING, CONSTANT, DOUBLED = BATCHES


def descend(rule, rng, steps, *, batches=GROWING, first=4, eta=0.5):
    """Squared gradient norms at the points of a run whose batch gradients have noise N(0, I / b); the batch sizes."""
    init, update, ratio = RULES[rule]
    x, b, variance = 2 * rng.standard_normal(H.size), first, np.ones(H.size)
    noise = rng.standard_normal((steps, H.size))
    state, squares, sizes = init(x), [], []
    for k in range(steps):
        exact = gradient(x)
        squares.append(exact @ exact)
        sizes.append(b)
        x, state = update(x, state, exact + noise[k] / b**0.5)
        if batches == GROWING and b < LARGEST:
            b = adadagrad.grow(b, ratio(exact, variance, eta=eta), largest=LARGEST)
        elif batches == DOUBLED and (k + 1) % 50 == 0:
            b = min(2 * b, LARGEST)
    return np.array(squares), np.array(sizes, dtype=float)


def averages(squares):
    """Running average of each run."""
    return np.cumsum(squares, axis=-1) / np.arange(1, squares.shape[-1] + 1)


def slope(average, start=100):
    """Exponent of a power law fitted from step `start` on, at points evenly spaced on the logarithmic axis."""
    k = np.unique(np.geomspace(start, average.size, 50).round().astype(int))
    return np.polyfit(np.log(k), np.log(average[k - 1]), 1)[0]


def at_samples(run, samples):
    """Mean of |grad F|^2 over the steps that so many samples pay for."""
    squares, sizes = run
    return squares[: np.searchsorted(np.cumsum(sizes), samples, side="right")].mean()


def rates(seed, rule, name, low, steps=10_000):
    """Slopes with batches that grow by the test, are constant, or double blindly."""
    runs = {
        kind: [descend(rule, random.stream(seed, name, i), steps, batches=kind) for i in range(SEEDS)]
        for kind in BATCHES
    }
    slopes = {kind: [slope(averages(squares)) for squares, _ in found] for kind, found in runs.items()}
    grown, constant = runs[GROWING], runs[CONSTANT]
    budget = constant[0][1].sum()
    dearer = [at_samples(ours, budget) / at_samples(plain, budget) for ours, plain in zip(grown, constant, strict=True)]
    full = [np.argmax(sizes == LARGEST) for _, sizes in grown]
    measurements = [at_most(f"slope, growing batches, run {i}", s, low) for i, s in enumerate(slopes[GROWING])]
    measurements += [
        at_least(f"slope, constant batches of 4, run {i}", s, -0.75) for i, s in enumerate(slopes[CONSTANT])
    ]
    measurements += [
        reported("steepest slope, doubled every 50 steps", min(slopes[DOUBLED])),
        reported("flattest slope, doubled every 50 steps", max(slopes[DOUBLED])),
        reported("steps until the growing batch is at its limit of 1e15 (median)", np.median(full)),
        reported(f"mean of |grad F|^2 at {budget:,.0f} samples, growing / constant (median)", np.median(dearer)),
    ]

    def plot(figure):
        left, right = figure.subplots(1, 2, sharey=True)
        k = np.arange(1, steps + 1)
        seen = np.unique(np.geomspace(1, steps, 100).round().astype(int)) - 1
        for kind, color in BATCHES.items():
            for i, (squares, sizes) in enumerate(runs[kind]):
                mean = averages(squares)[seen]
                left.plot(k[seen], mean, color=color, linewidth=1, label=kind if i == 0 else None)
                right.plot(np.cumsum(sizes)[seen], mean, color=color, linewidth=1)
        for power, style in ((-1.0, "--"), (-0.5, ":")):
            left.plot(k[[0, -1]], 2.0 * k[[0, -1]] ** power, style, color=GRAY, label=f"slope {power:g}")
        left.set(xscale="log", yscale="log", xlabel="step K", ylabel="mean of |grad F|² over K steps")
        right.set(xscale="log", xlabel=f"samples (axis cut at {100 * budget:,.0f})", xlim=(3, 100 * budget))
        left.legend(loc="lower left", fontsize=8)
        figure.suptitle(f"{rule}: by the step growing batches win, by the sample constant ones")

    return Outcome(measurements, plot, "The noise is simulated; sizes are clipped at 1e15.")


def high_probability(seed, runs=40, steps=(1000, 4000)):
    """The 95% quantile of the sum of |grad F|^2 over 4000 steps against that over 1000."""
    sums = {
        kind: np.cumsum(
            [
                descend("AdaGrad-Norm", random.stream(seed, "adadagrad.C4", i), steps[-1], batches=kind)[0]
                for i in range(runs)
            ],
            axis=1,
        )
        for kind in BATCHES
    }
    early, late = ({kind: np.quantile(found[:, k - 1], 0.95) for kind, found in sums.items()} for k in steps)
    growth = {kind: late[kind] / early[kind] for kind in BATCHES}

    def plot(figure):
        axes = figure.subplots()
        k = np.unique(np.geomspace(1, steps[-1], 100).round().astype(int))
        for kind, color in BATCHES.items():
            low, middle, high = np.quantile(sums[kind][:, k - 1], (0.05, 0.5, 0.95), axis=0)
            axes.fill_between(k, low, high, color=color, alpha=0.2, linewidth=0)
            axes.plot(k, middle, color=color, label=f"{kind}: median, 5% to 95%")
        axes.set(xscale="log", yscale="log", xlabel="step K", ylabel="sum of |grad F|² over K steps")
        axes.set_title(f"{runs} runs: with growing batches the sum stops growing in the bad runs too")
        axes.legend()

    return Outcome(
        [
            at_most("95% quantile of the sum over 4000 steps / over 1000, growing batches", growth[GROWING], 1.3),
            reported("the same, constant batches of 4 (2 if it grows like the root)", growth[CONSTANT]),
            reported("the same, doubled every 50 steps", growth[DOUBLED]),
        ],
        plot,
    )


# C5: the estimators ---------------------------------------------------------------------------------------------


def estimators(seed, d=5, b=20, batches=20_000):
    """Means over many batches of the squared batch gradient and of the sample variance."""
    rng = random.stream(seed, "adadagrad.C5")
    mean, scale = rng.standard_normal(d), rng.uniform(0.5, 2, d)
    found, variances = adadagrad.moments(mean + scale * rng.standard_normal((b, batches, d)))
    squares, trace = np.sum(found**2, axis=1), np.sum(scale**2)
    traces = np.sum(variances, axis=1)
    plain, biased = mean @ mean, mean @ mean + trace / b

    def plot(figure):
        left, right = figure.subplots(1, 2)
        left.hist(squares, bins=80, color=BLUE, alpha=0.6, density=True)
        left.axvline(plain, color="k", linestyle=":", label="|grad F|²")
        left.axvline(biased, color=ORANGE, label="|grad F|² + tr V / b")
        left.axvline(squares.mean(), color="k", linestyle="--", label="mean over batches")
        right.hist(traces, bins=80, color=BLUE, alpha=0.6, density=True)
        right.axvline(trace, color=ORANGE, label="tr V")
        right.axvline(traces.mean(), color="k", linestyle="--", label="mean over batches")
        left.set(xlabel="squared norm of a batch gradient", ylabel="density")
        right.set(xlabel="trace of a batch's sample variance", ylabel="density")
        for axes in (left, right):  # room for the legend
            axes.set_ylim(top=1.45 * axes.get_ylim()[1])
        left.legend(), right.legend()
        figure.suptitle(f"Batches of {b}: the variance is unbiased, the squared norm is not")

    return Outcome(
        [
            within("mean of |G|^2 / (|grad F|^2 + tr V / b)", squares.mean() / biased, 0.98, 1.02),
            within("mean trace of the sample variance / tr V", traces.mean() / trace, 0.98, 1.02),
            reported("mean of |G|^2 / |grad F|^2", squares.mean() / plain),
        ],
        plot,
    )


# C6 and C7: training on digits ----------------------------------------------------------------------------------

TRAINED, SAMPLES, FIRST = 1400, 60_000, 8
EQUAL = "constant, same steps"
ADAGRAD = (partial(adadagrad.init, v0=0.01), partial(adadagrad.update, alpha=0.3, eps=0.0))
MOMENTUM = (momentum_init, partial(sgd, lr=0.05, momentum=0.9))


def linear(first, last, steps):
    """Sizes from `first` to `last` in a straight line."""
    return iter(np.linspace(first, last, steps)[1:].round())


def stages(sizes, samples):
    """Sizes of which each is kept for its share of the samples."""
    return (size for size in sizes for _ in range(int(samples / len(sizes) / size)))


def methods():
    """name -> (init, update), the function that decides on the next size, first size."""
    norm, coordinate = partial(adadagrad.norm_test, eta=0.7), partial(adadagrad.coordinate_test, eta=0.7)
    at_one = partial(adadagrad.norm_ratio, eta=1.0)  # without the warning of `norm_test`
    constant = lambda grads: 0
    following = lambda sizes: lambda grads: next(sizes, 0)
    mean_size = (FIRST + TRAINED) / 2
    return {  # the first size of EQUAL: that of the norm test on average
        "norm test": (ADAGRAD, norm, FIRST),
        "constant 8": (ADAGRAD, constant, 8),
        "constant 512": (ADAGRAD, constant, 512),
        EQUAL: (ADAGRAD, constant, None),
        "linear ramp": (ADAGRAD, following(linear(FIRST, TRAINED, int(SAMPLES / mean_size))), FIRST),
        "stages": (ADAGRAD, following(stages((8, 45, 250, TRAINED), SAMPLES)), FIRST),
        "coordinate test": (ADAGRAD, coordinate, FIRST),
        "norm test, eta 1": (ADAGRAD, lambda grads: at_one(*adadagrad.moments(grads)), FIRST),
        "norm test, momentum": (MOMENTUM, norm, FIRST),
    }


def train(seed, name, size=None):
    """Loss on the training images along the way, accuracy on the others, batch sizes; `size` if the method has none."""
    rng = random.stream(seed, "adadagrad-digits", "split")
    images, labels = digits(like=np.zeros(1))
    order = rng.permutation(labels.size)
    images, labels = images[order], labels[order]
    x, y = images[:TRAINED], labels[:TRAINED]
    flat, unravel = tree.ravel([mlp.Layer(np.zeros((64, 10)), np.zeros(10))])
    (init, update), test, first = methods()[name]
    first = first or size
    seen: list[tuple[int, float]] = []

    def record(params, state, info):
        if not seen or state.steps >= 1.05 * seen[-1][0]:
            seen.append((state.steps, losses.softmax_cross_entropy(mlp.apply(unravel(params), x), y)))
        return {"size": state.size}

    run = adadagrad.minimize(
        lambda params, rows: per_example_gradients(unravel(params), x[rows], y[rows]),
        flat,
        adadagrad.AdAdaGradState(init(flat), first),
        random.stream(seed, "adadagrad-digits", "stream").integers(0, TRAINED, SAMPLES),
        update=update,
        test=test,
        largest=TRAINED,
        record=record,
    )
    final = unravel(run.state[0])
    return {
        "sizes": np.array(run.history["size"][:-1]),
        "curve": np.array(seen),
        "loss": losses.softmax_cross_entropy(mlp.apply(final, x), y),
        "accuracy": losses.accuracy(mlp.apply(final, images[TRAINED:]), labels[TRAINED:]),
        "steps": run.steps,
    }


@cache
def trained(seed, name, runs=5):
    """`train` on several splits."""
    sizes = [SAMPLES // run["steps"] for run in trained(seed, "norm test")] if name == EQUAL else runs * [None]
    return [train(1000 * seed + i, name, size) for i, size in enumerate(sizes)]


def _mean(runs, quantity):
    return np.mean([run[quantity] for run in runs])


def _tracks(axes, runs, name, color, style="-"):
    """Training loss of the runs against the samples and against the steps, on two axes."""
    for i, run in enumerate(runs):
        steps, loss = run["curve"].T
        samples = np.concatenate([[0], np.cumsum(run["sizes"])])[steps.astype(int)]
        for ax, x in zip(axes, (samples, steps), strict=True):
            ax.plot(x[1:], loss[1:], style, color=color, linewidth=1, label=name if i == 0 else None)


def progressive(seed):
    """Growing batches against constant ones, of 8 and of as many as give the same steps, and against schedules."""
    runs = {name: trained(seed, name) for name in methods()}
    ours, small, equal = runs["norm test"], runs["constant 8"], runs[EQUAL]
    gain = lambda other: _mean(ours, "accuracy") - _mean(other, "accuracy")
    measurements = [
        at_least("test accuracy, norm test - constant 8 (means)", gain(small), -0.04),
        at_most("steps, norm test / constant 8 (means)", _mean(ours, "steps") / _mean(small, "steps"), 1 / 50),
        at_least("last batch (median of 5 splits)", np.median([run["sizes"][-1] for run in ours]), TRAINED),
        reported("test accuracy, norm test - constant in as many steps (means)", gain(equal)),
        reported("size of that constant batch (mean)", _size(equal)),
    ]
    for name, found in runs.items():
        measurements += [
            reported(f"test accuracy, {name}", _mean(found, "accuracy")),
            reported(f"training loss, {name}", _mean(found, "loss")),
            reported(f"steps, {name}", _mean(found, "steps")),
        ]
    second = runs["coordinate test"]
    measurements.append(reported("second batch, coordinate test", np.mean([run["sizes"][1] for run in second])))
    last = runs["norm test, eta 1"]
    measurements.append(reported("last batch, norm test, eta 1", np.mean([run["sizes"][-1] for run in last])))

    def plot(figure):
        left, right = figure.subplots(1, 2)
        for name, color, style in (
            ("norm test", ORANGE, "-"),
            ("constant 8", BLUE, "-"),
            (EQUAL, "k", ":"),
            ("linear ramp", GREEN, "--"),
            ("stages", PINK, "-."),
        ):
            found = runs[name]
            label = f"{name}: {_mean(found, 'steps'):.0f} steps, accuracy {_mean(found, 'accuracy'):.3f}"
            run = found[0]
            left.plot(np.cumsum(run["sizes"]) / 1000, run["sizes"], style, color=color, label=label)
            right.plot(*run["curve"][1:].T, style, color=color)
        left.set(yscale="log", xlabel="samples (thousands)", ylabel="batch size (images)")
        right.set(xscale="log", yscale="log", xlabel="step", ylabel="training loss (nats)")
        figure.legend(loc="outside lower center", ncols=2, fontsize=8)
        figure.suptitle("Digits, softmax regression by AdaGrad, 60,000 samples each; first of five splits")

    note = (
        "The last batch was judged by the smallest of five splits at first, which was 1292 at seed 11. The test in "
        "every coordinate asks for all images after the first step."
    )
    return Outcome(measurements, plot, note)


def _size(runs):
    """Mean size of the batches."""
    return np.mean([run["sizes"].mean() for run in runs])


def against_large_batches(seed):
    """Growing batches against a constant batch of 512, and against one that takes as many steps."""
    ours, large, equal = (trained(seed, name) for name in ("norm test", "constant 512", EQUAL))
    ratio = lambda other: _mean(ours, "loss") / _mean(other, "loss")
    gain = lambda other: _mean(ours, "accuracy") - _mean(other, "accuracy")

    def plot(figure):
        axes = figure.subplots(1, 2, sharey=True)
        _tracks(axes, ours, "norm test", ORANGE)
        _tracks(axes, large, "constant 512", BLUE, "--")
        _tracks(axes, equal, f"constant {_size(equal):.0f}, same steps", "k", ":")
        for ax, unit in zip(axes, ("samples", "steps"), strict=True):
            ax.set(xscale="log", yscale="log", xlabel=unit)
        axes[0].set(ylabel="training loss (nats)")
        axes[0].legend()
        figure.suptitle("Growing batches against constant large ones, digits, five splits")

    return Outcome(
        [
            at_most("training loss, norm test / constant 512 (means)", ratio(large), 1),
            at_least("test accuracy, norm test - constant 512 (means)", gain(large), 0),
            reported("training loss, norm test / constant in as many steps (means)", ratio(equal)),
            reported("test accuracy, norm test - constant in as many steps (means)", gain(equal)),
        ],
        plot,
        "AdaGrad does not forget the large noisy gradients of the first batches: they shorten all later steps.",
    )


_DIGITS = "softmax regression on 8 x 8 digits, 60,000 samples, in place of MNIST, CIFAR-10 and ImageNet"
_UNLIMITED = (
    "Batches doubled every 50 steps without any test come to slopes of {} over four seeds. At equal samples, 40,000, "
    "the constant batch is ahead {} times: the rate counts steps, and needs a supply of samples without limit."
)

CLAIMS = (
    Claim(
        "adadagrad.C1",
        "A batch that meets the exact norm test has gradients of strong growth, E|G|^2 <= (1 + eta^2) |grad F|^2",
        "Section 3 and the theorems",
        strong_growth,
        kind="identity",
    ),
    Claim(
        "adadagrad.C2",
        "With batches of any size at hand AdAdaGrad-Norm finds stationary points of smooth nonconvex functions at the "
        "rate 1 / K in its K steps",
        "abstract",
        partial(rates, rule="AdaGrad-Norm", name="adadagrad.C2", low=-0.8),
        tier="full",
        kind="rate",
        control=_UNLIMITED.format("-0.56 to -0.96", "5 to 9"),
    ),
    Claim(
        "adadagrad.C3",
        "With batches of any size at hand AdAdaGrad with the test in every coordinate has the same rate",
        "abstract",
        partial(rates, rule="AdaGrad", name="adadagrad.C3", low=-0.85),
        tier="full",
        kind="rate",
        control=_UNLIMITED.format("-0.89 to -0.97", "12 to 18"),
    ),
    Claim(
        "adadagrad.C4",
        "With batches of any size at hand the rate of AdAdaGrad-Norm holds with high probability",
        "abstract",
        high_probability,
        tier="full",
        kind="rate",
        control="Batches doubled every 50 steps without any test bound the bad runs as well; constant ones do not.",
    ),
    Claim(
        "adadagrad.C5",
        "The sample variance is an unbiased estimate; the squared norm of the batch gradient is not, by tr V / b",
        "Section 3",
        estimators,
        kind="identity",
    ),
    Claim(
        "adadagrad.C6",
        "Batches grow by themselves from 8 to all data; there are far fewer steps than with batches of 8, at a small "
        "loss of accuracy",
        "abstract and experiments",
        progressive,
        tier="full",
        kind="efficiency",
        control="A constant batch that takes as many steps on as many samples (of about 700) is more accurate, by "
        "0.003 to 0.011 at four seeds: what saves the steps is that batches are large, not that they grow.",
        proxy=_DIGITS,
        tuned="eta = 0.7: at 1 the batches stop growing early",
    ),
    Claim(
        "adadagrad.C7",
        "At equal samples growing batches do better than constant large ones",
        "abstract and experiments",
        against_large_batches,
        tier="full",
        kind="superiority",
        control="The constant batch itself, of 512 images and of as many as give the same number of steps: either ends "
        "lower and is more accurate.",
        proxy=_DIGITS,
    ),
)
