"""What the rule is and costs: C3, C4, C5."""

import numpy as np

from refimpl.core.random import stream
from refimpl.models import bigram
from refimpl.specs.base import Claim, Outcome, at_least, reported, slope, within
from refimpl.specs.training.dga.claims.pools import BLUE, GREY, MODEL
from refimpl.training import _dga_world as dga_world
from refimpl.training import dga

N = 10


def overhead(seed):
    """Gradients of mini-batches per training step."""
    steps = 100
    w = dga_world.make(stream(seed, "dga.C3"), n=5, m=10, each=N)
    even, found = dga_world.uniform(N), {}

    def counted(name, **rates):
        asked = []

        def gradient(theta, counts):
            asked.append(counts)
            return bigram.gradient(theta, counts)

        dga_world.learn(w, stream(seed, "dga.C3", name), even, steps=steps, gradient=gradient, **rates)
        found[name] = len(asked) / steps

    counted("a fixed mixture")
    counted("DGA, every 100 steps", eta=1.0, period=100)
    counted("DGA, every 10 steps", eta=1.0)
    counted("DGA, every step", eta=1.0, period=1)

    def plot(figure):
        axes = figure.subplots()
        bars = axes.barh(list(found), list(found.values()), color=(GREY, BLUE, BLUE, BLUE))
        axes.bar_label(bars, fmt="%.3g", padding=3)
        axes.set(xlabel="gradients of mini-batches per training step", xlim=(0, 14))
        axes.set_title(f"{N} domains: an update costs eleven gradients")

    return Outcome(
        [
            within("every 10 steps", found["DGA, every 10 steps"], 2.1, 2.1),
            within("every 100 steps", found["DGA, every 100 steps"], 1.11, 1.11),
            reported(
                "every step (DoGE's proxy: 11, with the scores' gradients used to train)", found["DGA, every step"]
            ),
            reported("a fixed mixture", found["a fixed mixture"]),
        ],
        plot,
        f"{N} domains, 100 steps; each score needs a gradient for each domain and one for the task.",
    )


def first_order(seed):
    """The loss on the task after one step, as the weights see it."""
    rng = stream(seed, "dga.C4")
    w = dga_world.make(rng, n=200, m=200)
    pools, special = w.pools.sum(axis=1), w.special.sum(axis=0)
    rates, errors, gains = 0.1 / 2 ** np.arange(3), [], []
    for _ in range(10):
        theta, alpha = rng.standard_normal(special.shape), rng.dirichlet(np.ones(8))
        G, g = bigram.gradient(theta, pools), bigram.gradient(theta, special)
        a = dga.alignments(G.reshape(8, -1), g.ravel())

        def after(alpha, rate):
            return float(bigram.loss(theta - rate * np.tensordot(alpha, G, axes=1), special))

        now = float(bigram.loss(theta, special))
        errors.append([abs(after(alpha, rate) - (now - rate * alpha @ a)) for rate in rates])
        even = dga_world.uniform(8)
        gains.append(after(even, 0.1) - after(dga.mirror_step(even, a, eta=50.0), 0.1))
    power = slope(rates, np.mean(errors, axis=0))

    def plot(figure):
        axes = figure.subplots()
        axes.loglog(rates, np.transpose(errors), color=GREY, linewidth=0.7)
        axes.loglog(rates, np.mean(errors, axis=0), "o-", color=BLUE, label=f"mean, slope {power:.3f}")
        axes.set(xlabel=r"learning rate $\rho$", ylabel="error of the first order")
        axes.set_title(
            r"$-\rho \langle \alpha, a \rangle$ is the change of the task's loss to first order", fontsize=10
        )
        axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
        axes.minorticks_off()
        axes.legend(frameon=False)

    return Outcome(
        [
            within("slope of the error over the learning rate", power, 1.9, 2.1),
            at_least("loss after a uniform step less that after a mirror step, least of 10", np.min(gains), 0.0),
            reported("the same, mean", np.mean(gains)),
        ],
        plot,
        "Ten random logits and mixtures; full gradients; learning rates 0.1, 0.05 and 0.025; a mirror step of eta = 50 "
        "from uniform weights, then a training step of 0.1.",
    )


def average(seed):
    """The moving average of the weights."""
    rules = {"without average": (500.0, 1.0), "average": (500.0, 0.1), "smaller step": (50.0, 1.0)}
    calm: dict[str, list[float]] = {name: [] for name in rules}
    losses: dict[str, list[float]] = {name: [] for name in rules}
    shown: dict[str, np.ndarray] = {}
    for index in range(2):
        w = dga_world.make(stream(seed, "dga.C5", index), n=5, m=10)
        for name, (eta, beta) in rules.items():
            rng = stream(seed, "dga.C5", index, name)
            look = dga_world.learn(w, rng, dga_world.uniform(8), steps=600, eta=eta, beta=beta)
            weights = look.mixtures[1::10]
            calm[name].append(np.abs(np.diff(weights, axis=0)).sum(axis=1).mean())
            losses[name].append(look.final)
            shown.setdefault(name, weights)
    moves = {name: np.mean(found) for name, found in calm.items()}

    def plot(figure):
        for axes, (name, weights) in zip(figure.subplots(1, 3, sharey=True), shown.items(), strict=True):
            axes.stackplot(10 * np.arange(len(weights)), weights.T)
            axes.set(xlabel="step", xlim=(0, 590), ylim=(0, 1))
            axes.set_title(f"{name}: {moves[name]:.2f}", fontsize=10)
        figure.axes[0].set_ylabel("weights of the domains")

    return Outcome(
        [
            at_least("change of the weights, without average / with", moves["without average"] / moves["average"], 2.0),
            *(reported(f"{name}, mean change per update", move) for name, move in moves.items()),
            *(reported(f"{name}, loss", np.mean(found)) for name, found in losses.items()),
        ],
        plot,
        "Means of 2 worlds as in C1; eta = 500, beta = 1 or 0.1; the smaller step is eta = 50 without an average. The "
        "change is that of the weights that are drawn from, in the l1 norm, from one update to the next.",
    )


CLAIMS = (
    Claim(
        "dga.C3",
        "DGA costs little: 2.1 gradients per step for ten domains and an update every ten steps, 1.11 every hundred",
        "abstract",
        overhead,
        kind="efficiency",
        control="A fixed mixture costs one gradient per step, and does as well (C1, C2).",
        showed="as good",
    ),
    Claim(
        "dga.C4",
        "The alignment scores are the first-order effect of the weights on the task's loss",
        "abstract; derivation of the rule",
        first_order,
        kind="rate",
    ),
    Claim(
        "dga.C5",
        "The moving average makes the weights steadier",
        "section on the moving average",
        average,
        kind="superiority",
        control="A tenth of the step size without an average is steadier still, at about the same loss.",
        showed="as good",
        proxy=MODEL,
        tuned="eta = 500 is five times that of C1, so that there is something to calm",
    ),
)
