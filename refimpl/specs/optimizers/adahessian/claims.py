"""The experiments behind the claims of the paper on AdaHessian."""

from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from refimpl.core import tree
from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad, hvp, vjp
from refimpl.core.random import signs, stream
from refimpl.models import losses, mlp
from refimpl.optimizers import adahessian, adamw
from refimpl.optimizers._baselines import momentum_init, sgd
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within

BLUE, ORANGE, GREEN, PINK, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision
LOOKS = {  # and by their markers in black and white
    "AdaHessian": {"color": ORANGE, "marker": "o"},
    "Adam": {"color": BLUE, "marker": "s"},
    "SGD": {"color": GREEN, "marker": "^"},
}


def symmetric(rng, d):
    """A random symmetric matrix [d, d] with entries of order one."""
    a = rng.standard_normal((d, d))
    return (a + a.T) / 2


# C1: the estimator ------------------------------------------------------------------------------------------------


def estimator_is_unbiased(seed, d=8):
    """All 2^d vectors of signs, three matrices."""
    every = np.array(list(product((1.0, -1.0), repeat=d)))
    errors, square_errors, points = [], [], []
    for i in range(3):
        h = symmetric(stream(seed, "adahessian.C1", i), d)
        draws = adahessian.estimate(lambda z, h=h: z @ h, every)
        errors.append(abs(draws.mean(axis=0) - np.diag(h)).max())
        rms, rows = np.sqrt((draws**2).mean(axis=0)), np.linalg.norm(h, axis=1)
        square_errors.append(abs(rms - rows).max())
        points.append((abs(np.diag(h)), rms))

    def plot(figure):
        axes = figure.subplots()
        top = max(rms.max() for _, rms in points)
        axes.plot([0, top], [0, top], color=GRAY, linewidth=1)
        axes.annotate(
            "no off-diagonal entries", (0.7 * top, 0.7 * top), rotation=35, ha="center", va="bottom", color=GRAY
        )
        for marker, (diagonal, rms) in zip("os^", points, strict=True):
            axes.plot(diagonal, rms, marker, color=ORANGE, fillstyle="none")
        axes.set(xlabel="|true diagonal entry|", ylabel="root mean square of its estimates")
        axes.set_title("The root mean square of the estimates is the row's length")

    return Outcome(
        [
            at_most("largest error of the mean over all signs", max(errors), 1e-10),
            at_most("largest error of the root mean square against the row's length", max(square_errors), 1e-10),
        ],
        plot,
    )


# C2: averaging over blocks ------------------------------------------------------------------------------------------


def averaging_reduces_variance(seed, d=180, b=9, count=4000):
    """A diagonal that is constant over each block, and independent normal entries beside it."""
    ratios, biases, absolute, curves = [], [], [], []
    for i in range(3):
        rng = stream(seed, "adahessian.C2", i)
        h = 2 * symmetric(rng, d) / np.sqrt(d)  # noise of the size of the diagonal
        diagonal = np.repeat(1 + rng.uniform(size=d // b), b)
        np.fill_diagonal(h, diagonal)
        z = signs(rng, (count, d), like=h)
        draw = partial(adahessian.estimate, lambda z, h=h: z @ h, z)
        raw = draw().var(axis=0).mean()
        averaged = draw(block=b)
        ratios.append(averaged.var(axis=0).mean() / raw)
        biases.append(abs(averaged.mean(axis=0) - diagonal).max() / np.sqrt(averaged.var(axis=0).max() / count))
        rms = lambda x: np.sqrt((x**2).mean())
        absolute.append(rms(draw(block=b, absolute=True)) / rms(averaged) - 1)
        curves.append([draw(block=size).var(axis=0).mean() / raw for size in (1, 3, 9, 18, 45, 90)])

    def plot(figure):
        axes = figure.subplots()
        sizes = np.array([1, 3, 9, 18, 45, 90])
        axes.plot(sizes, 1 / sizes, color=GRAY, linewidth=1, label="1 / b")
        for curve, marker in zip(curves, "os^", strict=True):
            axes.plot(sizes, curve, marker, color=ORANGE, fillstyle="none")
        axes.set(xscale="log", yscale="log", xlabel="block size b (parameters)", ylabel="variance, averaged / raw")
        axes.set_title("The mean of b neighbors has about 1 / b of the variance")
        axes.legend()

    return Outcome(
        [
            within("smallest variance ratio times b", min(ratios) * b, 0.5, 1.5),
            within("largest variance ratio times b", max(ratios) * b, 0.5, 1.5),
            at_most("largest z-score of the averaged mean (180 entries, 3 matrices)", max(biases), 5.0),
            reported("root mean square, absolute values first / signed, minus 1", np.mean(absolute)),
        ],
        plot,
        "Blocks over which the true diagonal is not constant trade variance for bias; here it is.",
    )


# C3: badly scaled coordinates ---------------------------------------------------------------------------------------


def needs_no_conditioning(seed, d=50):
    """One step on diagonal quadratics of condition number 1e6, and 100 steps of gradient descent beside it."""
    rng = stream(seed, "adahessian.C3")
    distances, normal_distances, paths = [], [], []
    for _ in range(3):
        h = 10.0 ** np.linspace(-3, 3, d)
        start, minimum = rng.standard_normal(d), rng.standard_normal(d)
        step = partial(adahessian.update, start, adahessian.init(start), h * (start - minimum), lr=1.0, eps=0.0)
        distance = lambda probe, h=h, step=step, minimum=minimum: np.linalg.norm(
            step(adahessian.estimate(lambda z: h * z, probe))[0] - minimum
        )
        distances.append(distance(signs(rng, (d,), like=h)))
        normal_distances.append(distance(rng.standard_normal(d)))
        path, x = [], start
        for _ in range(101):
            path.append(np.linalg.norm(x - minimum))
            x = x - h * (x - minimum) / h.max()
        paths.append(path)

    def plot(figure):
        axes = figure.subplots()
        for i, (path, end) in enumerate(zip(paths, distances, strict=True)):
            axes.plot(path, color=GREEN, label="" if i else "gradient descent, lr = 1 / largest curvature")
            axes.plot([0, 1], [path[0], end], "-o", color=ORANGE, label="" if i else "AdaHessian, lr = 1")
        axes.legend(loc="center right")
        axes.set(yscale="log", xlabel="step", ylabel="distance to the minimum")
        axes.set_title("A diagonal quadratic of condition number 1e6: one step")

    return Outcome(
        [
            at_most("largest distance to the minimum after one step", max(distances), 1e-9),
            reported("smallest such distance with a normal probe in place of signs", min(normal_distances)),
        ],
        plot,
    )


# C4: descent with a Hessian power -----------------------------------------------------------------------------------


def descends_as_the_theorem_says(seed, problems=600):
    """Random quadratics, condition numbers up to 1e4; one step with the true diagonal from a random point."""
    rng = stream(seed, "adahessian.C4")
    excess, used = {}, {}
    for k in (0.0, 0.5, 1.0):
        worst, shares = -np.inf, []
        for _ in range(problems):
            d = int(rng.integers(2, 9))
            q, _ = np.linalg.qr(rng.standard_normal((d, d)))
            spectrum = 10.0 ** rng.uniform(-2, 2, d)
            h = (q * spectrum) @ q.T
            alpha, beta = spectrum.min(), spectrum.max()
            theta = rng.standard_normal(d)
            g, f = h @ theta, lambda x, h=h: x @ h @ x / 2
            rates = {"beta1": 0.0, "beta2": 0.0, "eps": 0.0, "hessian_power": k, "lr": alpha**k / beta}
            moved, _ = adahessian.update(theta, adahessian.init(theta), g, np.diag(h).copy(), **rates)
            promised = alpha**k / (2 * beta ** (1 + k)) * (g @ g)
            worst = max(worst, (f(moved) - f(theta) + promised) / f(theta))
            shares.append((f(theta) - f(moved)) / promised)
        excess[k], used[k] = worst, np.array(shares)

    def plot(figure):
        axes = figure.subplots()
        for k, color in zip(used, (GREEN, BLUE, ORANGE), strict=True):
            axes.plot(np.sort(used[k]), np.linspace(0, 1, problems), color=color, label=f"k = {k:g}")
        axes.axvline(1, color=GRAY, linewidth=1, label="the bound")
        axes.set(xscale="log", xlabel="decrease / promised decrease", ylabel="share of problems below")
        axes.set_title("One step never decreases the loss by less than promised")
        axes.legend(loc="lower right")

    return Outcome(
        [
            *(at_most(f"largest excess over the bound / loss, k = {k:g}", excess[k], 1e-9) for k in excess),
            *(reported(f"smallest decrease / promised decrease, k = {k:g}", used[k].min()) for k in used),
        ],
        plot,
    )


# C5 to C8: training a small network ---------------------------------------------------------------------------------


class Task(NamedTuple):
    """Badly scaled features with a teacher's labels, and the network that is trained on them."""

    x: np.ndarray  # [n, 20] feature j has the scale 10^(-2.5 j / 19)
    labels: np.ndarray  # [n] classes of the teacher, which sees the features before they are scaled
    start: np.ndarray  # [d] weights of the network, raveled
    replace: bool  # whether a batch may hold an example twice
    draws: tuple  # names the stream of batches and signs, the same for every optimizer


WIDTHS = (20, 16, 4)
BATCH, STEPS = 64, 300
GRIDS = {  # half decades
    "AdaHessian": 10.0 ** np.arange(-2.5, 1.1, 0.5),
    "Adam": 10.0 ** np.arange(-4, -0.4, 0.5),
    "SGD": 10.0 ** np.arange(-3, 0.6, 0.5),
}


def _normal_layers(rng, widths, gain=1.0):
    """Normal weights of variance gain^2 / (inputs of the layer), no biases."""
    return [mlp.Layer(gain * rng.standard_normal((n, m)) / np.sqrt(n), np.zeros(m)) for n, m in pairwise(widths)]


def task(seed, number, smooth=False, n=400):
    """Labels of a teacher with 8 hidden units and large weights, or (`smooth`) with 16 and milder ones."""
    rng = stream(seed, "adahessian.task", number, "smooth" if smooth else "M")
    xi = rng.standard_normal((n, WIDTHS[0]))
    if smooth:
        first, last = _normal_layers(rng, (WIDTHS[0], 16, WIDTHS[-1]))
        teacher = [mlp.Layer(2 * first.W, first.b), mlp.Layer(rng.standard_normal(last.W.shape), last.b)]
    else:
        teacher = [mlp.Layer(rng.standard_normal(shape), np.zeros(shape[1])) for shape in ((20, 8), (8, 4))]
    labels = mlp.apply(teacher, xi).argmax(axis=1)
    scales = 10.0 ** (-2.5 * np.arange(WIDTHS[0]) / (WIDTHS[0] - 1))
    return Task(
        xi * scales, labels, tree.ravel(_normal_layers(rng, WIDTHS))[0], not smooth, (seed, "adahessian.draws", number)
    )


def many_losses(weights, x, labels):
    """Sum of the mean losses of networks with the raveled weights [R, d]: its gradient is that of each."""
    xp, position, hidden = array_namespace(weights), 0, x
    for n, m in pairwise(WIDTHS):
        hidden = hidden if position == 0 else xp.tanh(hidden)
        W = xp.reshape(weights[:, position : position + n * m], (-1, n, m))
        position += n * m
        hidden = hidden @ W + weights[:, None, position : position + m]
        position += m
    logits = xp.reshape(hidden, (-1, WIDTHS[-1]))
    networks = logits.shape[0] // labels.shape[0]
    return networks * losses.softmax_cross_entropy(logits, np.tile(labels, networks))


_gradients = grad(many_losses)


def _full_losses(one, weights):
    """Loss [R] over all examples; infinite where training has blown up."""
    found = []
    for row in weights:
        with np.errstate(all="ignore"):
            value = many_losses(row[None, :], one.x, one.labels) if np.isfinite(row).all() else np.inf
        found.append(float(value) if np.isfinite(value) else np.inf)
    return np.array(found)


def train(one, name, rates, *, steps=STEPS, period=1, stale="feed", every=None):
    """Losses [rate] at the end, or after `every` so many steps [..., rate]; all rates on the same draws."""
    rng, weights = stream(*one.draws), np.tile(one.start, (len(rates), 1))
    methods: dict[str, tuple[Callable, Callable]] = {
        "AdaHessian": (adahessian.init, adahessian.update),
        "Adam": (adamw.init, partial(adamw.update, weight_decay=0.0)),
        "SGD": (momentum_init, sgd),
    }
    init, update = methods[name]
    states, diagonals, curve = [init(row) for row in weights], weights, []
    for t in range(steps):
        if every and t % every == 0:
            curve.append(_full_losses(one, weights))
        chosen = rng.choice(len(one.x), BATCH, replace=one.replace)
        x, labels = one.x[chosen], one.labels[chosen]
        z = signs(rng, one.start.shape, like=one.start)
        fresh = name == "AdaHessian" and t % period == 0
        if fresh:
            gradients, pullback = vjp(lambda w, x=x, labels=labels: _gradients(w, x, labels), weights)
            diagonals = adahessian.estimate(lambda z, pullback=pullback: pullback(z)[0], np.tile(z, (len(rates), 1)))
        else:
            gradients = _gradients(weights, x, labels)
        for i, lr in enumerate(rates):
            if not np.isfinite(gradients[i]).all():
                weights[i] = np.nan  # blown up, and left so
                continue
            fed = () if name != "AdaHessian" else (diagonals[i],) if fresh or stale == "feed" else (None,)
            weights[i], states[i] = update(weights[i], states[i], gradients[i], *fed, lr=lr)
    return np.array([*curve, _full_losses(one, weights)]) if every else _full_losses(one, weights)


@cache
def sweep(seed, smooth=False, tasks=3):
    """For each optimizer the final loss [task, learning rate]."""
    found = [task(seed, i, smooth) for i in range(tasks)]
    return {name: np.array([train(one, name, grid) for one in found]) for name, grid in GRIDS.items()}


def draw_sweep(axes, ends):
    """Final loss against the learning rate, each task a line."""
    for name, found in ends.items():
        for i, row in enumerate(found):
            axes.plot(GRIDS[name], row, **LOOKS[name], markersize=4, linewidth=1.2, label="" if i else name)
    axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel=f"training loss after {STEPS} steps (nats)")
    axes.legend()


def better_than_sgd(seed):
    """The best of each grid."""
    ends = {name: found for name, found in sweep(seed).items() if name != "Adam"}
    ratios = ends["AdaHessian"].min(axis=1) / ends["SGD"].min(axis=1)

    def plot(figure):
        axes = figure.subplots()
        draw_sweep(axes, ends)
        axes.set_title("Badly scaled features, 3 tasks")

    return Outcome(
        [
            at_most("largest ratio of training losses, AdaHessian / SGD with momentum (3 tasks)", max(ratios), 0.6),
            reported("smallest such ratio", min(ratios)),
        ],
        plot,
    )


def better_than_adam(seed):
    """The best of each grid, on both kinds of labels."""
    ends = {name: found for name, found in sweep(seed, tasks=8).items() if name != "SGD"}
    best = lambda ends: ends["AdaHessian"].min(axis=1) / ends["Adam"].min(axis=1)
    ratios, smooth = best(ends), best(sweep(seed, smooth=True, tasks=8))
    longer = [train(task(seed, i), "Adam", GRIDS["Adam"], steps=3 * STEPS).min() for i in range(8)]

    def plot(figure):
        axes = figure.subplots()
        draw_sweep(axes, ends)
        axes.set_title("Badly scaled features, 8 tasks")

    note = (
        "A gradient and a product with the Hessian are about three gradients' work, so three times as many steps of "
        "Adam cost the same. The paper's margins are in the test accuracy on images and language, with schedules."
    )
    return Outcome(
        [
            at_most("largest ratio of training losses, AdaHessian / Adam (8 tasks)", max(ratios), 1),
            reported("median ratio", np.median(ratios)),
            reported("smallest ratio", min(ratios)),
            reported(
                "median ratio if Adam takes three times as many steps",
                np.median(ends["AdaHessian"].min(axis=1) / longer),
            ),
            reported("largest ratio on the smoother labels (8 tasks)", max(smooth)),
            reported("median ratio on the smoother labels", np.median(smooth)),
        ],
        plot,
        note,
    )


def delay_hardly_hurts(seed, tasks=5, period=5):
    """An estimate in every fifth step, on both kinds of labels."""
    rates = 10.0 ** np.arange(-1, 0.1, 0.5)

    def ratios(smooth):
        """Loss with the delay / without, [task, what happens in between]."""
        rows = []
        for i in range(tasks):
            one = task(seed, i, smooth)
            every = train(one, "AdaHessian", rates).min()
            delayed = (train(one, "AdaHessian", rates, period=period, stale=stale).min() for stale in ("feed", "keep"))
            rows.append([end / every for end in delayed])
        return np.array(rows)

    plain, smooth = ratios(False), ratios(True)

    def plot(figure):
        axes = figure.subplots()
        for column, (found, marker, color) in enumerate(((plain, "o", ORANGE), (smooth, "s", BLUE))):
            for shift, values in ((-0.1, found[:, 0]), (0.1, found[:, 1])):
                open_ = "full" if shift < 0 else "none"
                axes.plot(np.full(tasks, column + shift), values, marker, color=color, fillstyle=open_)
                axes.plot(column + shift, np.median(values), "_", color="k", markersize=26)
        axes.axhline(1, color=GRAY, linewidth=1)
        axes.set_xticks([0, 1], ["labels of a steep teacher", "smoother labels"])
        axes.set(yscale="log", xlim=(-0.5, 1.5), ylabel=f"training loss, estimate every {period} steps / every step")
        axes.set_title("The delay: last estimate fed again (full), average kept (open)")

    note = (
        f"Cost: {1 + 2 / period:g} gradients a step in place of 3. Whether the delay hurts depends on the data: with "
        "the steep teacher hardly, with the smoother one it doubles the loss or worse."
    )
    return Outcome(
        [
            at_most(
                "median ratio of training losses, every 5 steps / every step (5 tasks)", np.median(plain[:, 0]), 1.35
            ),
            reported("largest such ratio", plain[:, 0].max()),
            reported("median ratio if v is kept in between", np.median(plain[:, 1])),
            reported("median ratio on the smoother labels", np.median(smooth[:, 0])),
            reported("largest ratio on the smoother labels", smooth[:, 0].max()),
        ],
        plot,
        note,
    )


def forgives_a_wrong_rate(seed):
    """Learning rates of the grid whose loss is within three times the best one's."""
    ends = sweep(seed)
    counts = {name: (found <= 3 * found.min(axis=1, keepdims=True)).sum(axis=1) for name, found in ends.items()}

    def plot(figure):
        axes = figure.subplots()
        for name, found in ends.items():
            for i, row in enumerate(found / found.min(axis=1, keepdims=True)):
                shift = np.log10(GRIDS[name] / GRIDS[name][row.argmin()])
                axes.plot(shift, row, **LOOKS[name], markersize=4, linewidth=1.2, label="" if i else name)
        axes.axhline(3, color=GRAY, linewidth=1)
        axes.set(yscale="log", xlabel="decades from the best learning rate", ylabel="training loss / best one")
        axes.set_title("How much a wrong learning rate costs, 3 tasks")
        axes.legend()

    note = (
        "Weak evidence: an optimizer whose best loss is poor, as SGD's here, comes near it with many learning rates. "
        "Beyond its best learning rate AdaHessian's loss rises more steeply than Adam's."
    )
    return Outcome(
        [
            at_least(
                "smallest difference, AdaHessian - Adam, in the number of half decades within 3 x the best loss",
                min(counts["AdaHessian"] - counts["Adam"]),
                -1,
            ),
            *(reported(f"mean number, {name}", count.mean()) for name, count in counts.items()),
        ],
        plot,
        note,
    )


# C9: products with the Hessian --------------------------------------------------------------------------------------


def written_out_gradient(weights, x, onehot):
    """Gradient of the network's mean cross-entropy by hand, analytic, so that it takes complex weights."""
    n, m, k = WIDTHS
    W1, rest = weights[: n * m].reshape(n, m), weights[n * m :]
    b1, W2, b2 = rest[:m], rest[m : m + m * k].reshape(m, k), rest[m + m * k :]
    hidden = np.tanh(x @ W1 + b1)
    logits = hidden @ W2 + b2
    p = np.exp(logits - logits.real.max(axis=1, keepdims=True))
    p = (p / p.sum(axis=1, keepdims=True) - onehot) / len(x)
    back = (p @ W2.T) * (1 - hidden**2)
    return np.concatenate([(x.T @ back).ravel(), back.sum(axis=0), (hidden.T @ p).ravel(), p.sum(axis=0)])


def products_are_exact(seed):
    """Complex step, central differences, and the product of differentiated code, on the network of C5."""
    errors, ours, curves = [], [], []
    sizes = 10.0 ** np.arange(-12.0, 0, 1)
    for i in range(3):
        one = task(seed, i)
        onehot, z = np.eye(WIDTHS[-1])[one.labels], signs(stream(seed, "adahessian.C9", i), one.start.shape, like=one.x)
        slope = lambda w, one=one, onehot=onehot: written_out_gradient(w, one.x, onehot)
        exact = slope(one.start + 1e-30j * z).imag / 1e-30
        central = lambda h, slope=slope, one=one, z=z: (slope(one.start + h * z) - slope(one.start - h * z)) / (2 * h)
        curves.append([abs(central(h) - exact).max() for h in sizes])
        errors.append(abs(central(1e-5) - exact).max())
        loss = lambda w, one=one: many_losses(w[None, :], one.x, one.labels)
        ours.append(abs(hvp(loss, one.start, z) - exact).max())

    def plot(figure):
        axes = figure.subplots()
        for i, curve in enumerate(curves):
            axes.plot(sizes, curve, "-s", color=BLUE, label="" if i else "central differences")
        axes.axhline(max(ours), color=ORANGE, linestyle="--", label="differentiated twice")
        axes.set(
            xscale="log", yscale="log", xlabel="step of the difference", ylabel="error of H z against the complex step"
        )
        axes.set_title("A product with the Hessian needs no Hessian, and no step size")
        axes.legend()

    return Outcome(
        [
            at_most("largest difference, complex step and central differences", max(errors), 1e-7),
            at_most("largest difference, complex step and differentiated code", max(ours), 1e-12),
        ],
        plot,
    )


_NETWORK = (
    "a 20-16-4 tanh network of 404 weights on 400 examples with badly scaled features, training loss after 300 steps"
)
_GRID = "learning rates: the best of half-decade grids for each optimizer"

CLAIMS = (
    Claim(
        "adahessian.C1",
        "Hutchinson's estimator is unbiased for the diagonal of the Hessian",
        "Section 3.1; the second moment is derived here",
        estimator_is_unbiased,
    ),
    Claim("adahessian.C2", "Spatial averaging reduces the variance", "Section 3.2", averaging_reduces_variance),
    Claim(
        "adahessian.C3",
        "Steps adapt to the curvature: badly scaled coordinates need no conditioning",
        "Section 3",
        needs_no_conditioning,
    ),
    Claim(
        "adahessian.C4",
        "With a Hessian power k in [0, 1] each step decreases the loss by alpha^k |g|^2 / (2 beta^(1+k)) at least",
        "convergence theorem; the proof is on this page",
        descends_as_the_theorem_says,
    ),
    Claim(
        "adahessian.C5",
        "Ends at a lower loss than SGD",
        "abstract",
        better_than_sgd,
        proxy=f"{_NETWORK}, in place of image classification",
        tuned=_GRID,
    ),
    Claim(
        "adahessian.C6",
        "Better than Adam by a large margin",
        "abstract",
        better_than_adam,
        tier="full",
        proxy=f"{_NETWORK}, in place of image and language tasks",
        tuned=_GRID,
    ),
    Claim(
        "adahessian.C7",
        "An estimate every few steps hardly hurts, and makes the cost comparable with first-order methods",
        "abstract; ablation on the Hessian computation frequency",
        delay_hardly_hurts,
        tier="full",
        proxy=_NETWORK,
        tuned="the labels: with a smoother teacher the delay hurts; learning rates: the best of three half decades",
    ),
    Claim(
        "adahessian.C8",
        "Robust to the learning rate",
        "abstract",
        forgives_a_wrong_rate,
        tier="full",
        proxy=_NETWORK,
    ),
    Claim(
        "adahessian.C9", "Products with the Hessian are exact and need no Hessian", "Section 3.1", products_are_exact
    ),
)
