"""Eight domains with small or ample pools, and what else does as well there: C1, C6, C7, C8, C9."""

from functools import cache

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported
from refimpl.training import _dga_world as dga_world

BLUE, ORANGE, GREEN, PINK, GREY, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777", "#56B4E9"
COLORS = {"DGA": BLUE, "importance sampling": ORANGE, "uniform": GREY, "half and half": GREEN, "nine tenths": PINK}
COLORS |= {"a quarter": SKY}
WORLDS, STEPS, ETA = 5, 600, 100.0
SETTING = (
    "Means of 5 worlds: 8 Markov chains of 15 tokens, half common and half their own; the task is the first of them; "
    "10 specialised sequences; 600 steps of Adam, learning rate 0.05; 400 fresh sequences are the test."
)
MODEL = "a bigram model of 15 tokens on Markov chains stands in for language models of 125 to 750 million parameters"


@cache
def world(seed, n, index):
    """One of the worlds of a seed."""
    return dga_world.make(stream(seed, "dga", "pools", n, index), n=n, m=10)


@cache
def look(seed, n, index, rule):
    """One run in it."""
    w, rng = world(seed, n, index), stream(seed, "dga", "pools", n, index, rule)
    nearest, even = dga_world.importance(w), dga_world.uniform(8)
    if rule == "DGA" or rule == "DGA and a quarter":
        share = 0.25 if "quarter" in rule else 0.0
        return dga_world.learn(w, rng, even, steps=STEPS, eta=ETA, share=share)
    if rule == "specialised alone":
        return dga_world.learn(w, rng, even, steps=STEPS, share=1.0)
    if rule == "a quarter":
        return dga_world.learn(w, rng, even, steps=STEPS, share=0.25)
    if rule == "DoGE's proxy":
        return dga_world.proxy(w, rng, steps=STEPS, mu=0.005)
    if rule == "DoGE":
        average, _ = look(seed, n, index, "DoGE's proxy")
        return dga_world.learn(w, rng, average, steps=STEPS)
    part = {"importance sampling": 1.0, "nine tenths": 0.9, "half and half": 0.5, "uniform": 0.0}[rule]
    return dga_world.learn(w, rng, part * nearest + (1 - part) * even, steps=STEPS)


def looks(seed, n, rule):
    """Runs in all worlds of a seed."""
    return [look(seed, n, index, rule) for index in range(WORLDS)]


def final(seed, n, rule):
    """Losses on the task at the end, [worlds]."""
    return np.array([found.final for found in looks(seed, n, rule)])


def stopped(seed, n, rule):
    """Losses on the task where those on the specialised examples were least, [worlds]."""
    return np.array([found.stopped for found in looks(seed, n, rule)])


def curves(axes, seed, n, rules):
    """Mean losses on the task along the runs; a dot where the loss on the specialised examples is least."""
    for rule in rules:
        losses = np.mean([found.test for found in looks(seed, n, rule)], axis=0)
        few = np.mean([found.special for found in looks(seed, n, rule)], axis=0)
        steps = dga_world.EVERY * np.arange(len(losses))
        axes.plot(steps, losses, color=COLORS[rule], label=rule, linewidth=1.6)
        if rule == "importance sampling":
            axes.plot(steps[few.argmin()], losses[few.argmin()], "o", color=COLORS[rule], label="stopped early")
    axes.set(xlabel="step", ylim=(1.5, 2.75))


_SHOWN = ("importance sampling", "uniform", "half and half", "DGA")


def small_pools(seed):
    """Five sequences in each pool."""
    rules = (*_SHOWN, "a quarter")
    losses = {rule: final(seed, 5, rule) for rule in rules}
    means = {rule: found.mean() for rule, found in losses.items()}
    rivals = np.minimum(losses["importance sampling"], losses["uniform"])

    def plot(figure):
        axes = figure.subplots()
        curves(axes, seed, 5, _SHOWN)
        axes.set(ylabel="loss on the task", title="Five sequences per domain: a half-half mixture does as well")
        axes.legend(frameon=False, fontsize=9)

    return Outcome(
        [
            at_most("DGA - importance sampling", means["DGA"] - means["importance sampling"], -0.3),
            at_most("DGA - uniform", means["DGA"] - means["uniform"], -0.2),
            at_most("DGA - the better of both, worst world", np.max(losses["DGA"] - rivals), 0.0),
            *(reported(f"{rule}, loss", mean) for rule, mean in means.items()),
            reported("importance sampling stopped early, loss", stopped(seed, 5, "importance sampling").mean()),
            reported("DGA stopped early, loss", stopped(seed, 5, "DGA").mean()),
        ],
        plot,
        f"{SETTING} 5 sequences per domain, eta = 100. \"a quarter\": uniform batches and, for a quarter of the "
        "gradient, the specialised examples.",
    )  # fmt: skip


def ample_pools(seed):
    """Two hundred sequences in each pool."""
    means = {rule: final(seed, 200, rule).mean() for rule in _SHOWN}

    def plot(figure):
        axes = figure.subplots()
        curves(axes, seed, 200, _SHOWN)
        axes.set(ylabel="loss on the task", title="200 sequences per domain: DGA is importance sampling")
        axes.legend(frameon=False, fontsize=9)

    return Outcome(
        [
            at_most("DGA - importance sampling", means["DGA"] - means["importance sampling"], 0.05),
            at_least("DGA - importance sampling, from below", means["DGA"] - means["importance sampling"], -0.05),
            at_most("DGA - uniform", means["DGA"] - means["uniform"], -0.3),
            at_most("importance sampling - uniform", means["importance sampling"] - means["uniform"], -0.3),
            at_most("DGA - half and half", means["DGA"] - means["half and half"], -0.05),
            *(reported(f"{rule}, loss", mean) for rule, mean in means.items()),
        ],
        plot,
        f"{SETTING} 200 sequences per domain, eta = 100.",
    )


def one_rule(seed):
    """The same rule in both regimes."""
    rules = ("DGA", "importance sampling", "half and half", "nine tenths")
    losses = {rule: (final(seed, 5, rule).mean(), final(seed, 200, rule).mean()) for rule in rules}
    for rule in ("DGA", "importance sampling"):
        losses[f"{rule}, stopped"] = (stopped(seed, 5, rule).mean(), stopped(seed, 200, rule).mean())
    means = {rule: np.mean(found) for rule, found in losses.items()}

    def plot(figure):
        axes = figure.subplots()
        places = np.arange(len(losses))
        for i, (n, colour) in enumerate(((5, ORANGE), (200, BLUE))):
            heights = [found[i] for found in losses.values()]
            axes.barh(places + 0.38 * i, heights, height=0.36, color=colour, label=f"{n} sequences per domain")
        axes.plot(list(means.values()), places + 0.19, "k|", markersize=18, label="mean of both")
        axes.set_yticks(places + 0.19, list(means))
        axes.invert_yaxis()
        axes.set(xlim=(1.4, 2.8), xlabel="loss on the task", title="One rule for both: a tenth of uniform will do")
        axes.legend(frameon=False, fontsize=8)

    return Outcome(
        [
            at_most("DGA - half and half, mean of both", means["DGA"] - means["half and half"], -0.03),
            at_most("DGA - nine tenths, mean of both", means["DGA"] - means["nine tenths"], 0.01),
            *(reported(f"{rule}, mean of both", mean) for rule, mean in means.items()),
        ],
        plot,
        f"{SETTING} 5 and 200 sequences per domain. Nine tenths: importance sampling with a tenth of uniform.",
    )


def without_retraining(seed):
    """DGA beside DoGE."""
    ours, theirs = final(seed, 5, "DGA"), final(seed, 5, "DoGE")
    own = np.array([found.final for _, found in looks(seed, 5, "DoGE's proxy")])

    def plot(figure):
        axes = figure.subplots()
        shown = {"DGA": (1.9, ours), "DoGE,\nretrained": (10.0, theirs), "DoGE's\nproxy": (9.0, own)}
        for (name, (cost, losses)), colour in zip(shown.items(), (BLUE, ORANGE, GREY), strict=True):
            axes.plot([cost] * len(losses), losses, "o", color=colour, alpha=0.5)
            axes.plot([cost], [losses.mean()], "_", color=colour, markersize=26, markeredgewidth=3)
            side = {9.0: "right", 10.0: "left"}.get(cost, "center")
            axes.annotate(name, (cost, losses.max()), (0, 6), textcoords="offset points", ha=side, fontsize=9)
        axes.set(xlim=(0, 12), xlabel="gradients per step", ylabel="loss on the task", ylim=(1.75, 2.4))
        axes.set_title("DoGE's loss at a fifth of its gradients")

    return Outcome(
        [
            at_most("DGA - DoGE retrained", ours.mean() - theirs.mean(), 0.05),
            *(reported(f"{name}, loss", losses.mean())
              for name, losses in (("DGA", ours), ("DoGE retrained", theirs), ("DoGE's proxy", own))),
        ],
        plot,
        f"{SETTING} 5 sequences per domain; DGA 1.9 gradients per step, DoGE 9 for the proxy and 1 for the final model "
        "(mu = 0.005, learning rate 0.05).",
    )  # fmt: skip


def used_directly(seed):
    """The specialised examples as training data."""
    alone, plain = looks(seed, 5, "specialised alone"), final(seed, 5, "DGA")
    both = final(seed, 5, "DGA and a quarter")

    def plot(figure):
        axes = figure.subplots()
        shown = {
            "specialised alone": [found.final for found in alone],
            "alone, stopped early": [found.stopped for found in alone],
            "DGA": plain,
            "uniform and a quarter": final(seed, 5, "a quarter"),
            "DGA and a quarter": both,
        }
        for i, losses in enumerate(shown.values()):
            axes.barh(i, np.mean(losses), color=(GREY, GREY, BLUE, SKY, GREEN)[i])
            axes.plot(losses, [i] * len(losses), ".", color="black")
        axes.set_yticks(range(len(shown)), list(shown))
        axes.invert_yaxis()
        axes.set(xlim=(1.5, 2.5), xlabel="loss on the task", title="The examples that DGA does not train on help")

    return Outcome(
        [
            at_most("DGA and a quarter - DGA", both.mean() - plain.mean(), 0.0),
            reported("DGA and a quarter, loss", both.mean()),
            reported("specialised alone, loss", np.mean([found.final for found in alone])),
            reported("specialised alone, stopped early, loss", np.mean([found.stopped for found in alone])),
            reported("uniform and a quarter, loss", final(seed, 5, "a quarter").mean()),
        ],
        plot,
        f"{SETTING} 5 sequences per domain. A quarter of the gradient comes from the 10 specialised sequences.",
    )


CLAIMS = (
    Claim(
        "dga.C1",
        "Where the domains hold few data importance sampling overfits them, and DGA does not",
        "abstract",
        small_pools,
        tier="full",
        kind="superiority",
        control="Importance sampling mixed half with uniform does as well as DGA or better; stopped early, on the loss "
        "of the ten examples, it does as well too; so do uniform batches with a quarter of the gradient from them.",
        showed="as good",
        proxy=MODEL,
        tuned="eta = 100 and the size of the worlds were chosen on other seeds",
    ),
    Claim(
        "dga.C6",
        "DGA needs no proxy model and no retraining, and does about as well as DoGE",
        "abstract; related work",
        without_retraining,
        tier="full",
        kind="efficiency",
        control="DoGE's proxy, not retrained, does as well as the retrained model: here it needs no retraining. A "
        "fixed half-half mixture costs one gradient per step and does as well (C1).",
        showed="as good",
        proxy=MODEL,
    ),
    Claim(
        "dga.C7",
        "The specialised examples help more if they are trained on as well",
        "ours",
        used_directly,
        tier="full",
        kind="superiority",
        control="The quarter without DGA, on uniform batches, does better in the mean than DGA without the quarter.",
        showed="behind",
        proxy=MODEL,
    ),
    Claim(
        "dga.C8",
        "Where the domains hold ample data DGA does as well as importance sampling",
        "abstract, context",
        ample_pools,
        tier="full",
        kind="behaviour",
        proxy=MODEL,
    ),
    Claim(
        "dga.C9",
        "One rule for both: DGA does better than a fixed mixture over small and ample pools together",
        "ours: what the controls leave",
        one_rule,
        tier="full",
        kind="superiority",
        control="Nine tenths of importance sampling and a tenth of uniform are within some hundredths of it, at one "
        "gradient per step; importance sampling stopped early is as good or better.",
        showed="as good",
        proxy=MODEL,
    ),
)
