"""Known relevance: C1, C2, C5."""

import numpy as np

from refimpl.convex import lasso_mtrl
from refimpl.specs.base import Outcome, at_least, at_most, reported, within
from refimpl.specs.convex.lasso_mtrl.claims.common import BLUE, GREEN, GREY, KINDS, ORANGE, Instance, K, T

COLORS = {"L1": ORANGE, "L2": BLUE, "uniform": GREY}
FEW = (60, 200, 1000)

# C1: the same budget, divided in three ways --------------------------------------------------------------------------


def _values(instance, N, floor):
    """What the exact design is worth, for each strategy."""
    W, w = instance.tasks.W, instance.tasks.w
    found = {}
    for name in COLORS:
        nu, p = instance.relevance(name)
        n = lasso_mtrl.allocate(nu, N=N, floor=floor, p=p)
        found[name] = float(lasso_mtrl.design_value(W, w, n.astype(float)))
    return found


def equal_budget(seed, instances=72, N=12_000, floor=30):
    """Excess risk of the three allocations, and of the target's samples alone."""
    measured, risks = [], {}
    for kind, words in KINDS.items():
        rows, values, few = [], [], []
        for i in range(instances):
            one = Instance(kind, seed, "lasso_mtrl.C1", i)
            bases = {name: one.representation(*one.relevance(name), N=N, floor=floor) for name in COLORS}
            rows.append([*(one.risk(B) for B in bases.values()), one.alone()])
            values.append(list(_values(one, N, floor).values()))
            few.append([[*(one.risk(B, m) for B in bases.values()), one.alone(m)] for m in FEW])
        l1, l2, uniform, alone = np.mean(rows, axis=0)
        value, few = np.mean(values, axis=0), np.mean(few, axis=0)
        measured += [
            at_least(f"mean excess risk, {words}: L2 / L1", l2 / l1, 1.4),
            at_least(f"mean excess risk, {words}: uniform / L1", uniform / l1, 2.0),
            reported(f"value of the design, {words}: L2 / L1", value[1] / value[0]),
            reported(f"value of the design, {words}: uniform / L1", value[2] / value[0]),
            reported(f"target alone / L1 with 20,000 target samples, {words}", alone / l1),
        ]
        for m, row in zip(FEW, few, strict=True):
            measured.append(at_least(f"target alone / L1 with {m} target samples, {words}", row[3] / row[0], 1.5))
            measured.append(reported(f"L2 / L1 with {m} target samples, {words}", row[1] / row[0]))
        risks[kind] = np.array(rows), few

    def plot(figure):
        left, right = figure.subplots(1, 2)
        for j, kind in enumerate(KINDS):
            for i, (name, color) in enumerate(COLORS.items()):
                x = 4 * j + i
                left.plot(np.full(instances, x), risks[kind][0][:, i], ".", color=color, alpha=0.6)
                left.plot([x - 0.3, x + 0.3], [risks[kind][0][:, i].mean()] * 2, color=color, linewidth=2)
                if i:  # at least so many times the mean of L1
                    bound = (1.4, 2.0)[i - 1] * risks[kind][0][:, 0].mean()
                    left.plot([x - 0.45, x + 0.45], [bound] * 2, ":", color="black")
                left.text(x, 0.02, name, transform=left.get_xaxis_transform(), ha="center", color=color, fontsize=8)
        left.set_xticks([1, 5], KINDS.values())
        left.set(ylabel="excess risk (dotted: bound)", title="20,000 target samples", yscale="log")
        left.set_ylim(bottom=left.get_ylim()[0] / 1.6)
        curves = risks["generic"][1]
        for i, (name, color) in enumerate({**COLORS, "target alone": GREEN}.items()):
            right.loglog(FEW, curves[:, i], "o-", color=color, label=name)
        right.set(xlabel="target samples", title="Few target samples, generic target")
        right.legend(frameon=False, fontsize=8)

    return Outcome(
        measured,
        plot,
        "72 instances, 12,000 source samples, floor 30. With 20,000 target samples the target alone does better "
        "than any strategy on sources: that set-up isolates how sources are sampled, and does not show that they help. "
        "With few target samples they do, and then the allocation hardly matters.",
    )


# C2: the rate --------------------------------------------------------------------------------------------------------

BUDGETS = (4_000, 8_000, 16_000, 32_000)


def rate(seed, instances=20, samples=40_000):
    """Slope of the excess risk in the budget, less the target's own part, for L1 and for uniform sampling."""
    risks = np.zeros((2, len(BUDGETS), instances))
    for i in range(instances):
        one = Instance("one", seed, "lasso_mtrl.C2", i, samples=samples)
        for j, N in enumerate(BUDGETS):
            for s, name in enumerate(("L1", "uniform")):
                risks[s, j, i] = one.risk(one.representation(*one.relevance(name), N=N, floor=max(12, N // 400)))
    source = risks.mean(axis=2) - K / samples
    slopes = [float(np.polyfit(np.log(BUDGETS), np.log(row), 1)[0]) for row in source]

    def plot(figure):
        axes = figure.subplots()
        for row, color, name in zip(source, (ORANGE, GREY), ("L1", "uniform"), strict=True):
            axes.loglog(BUDGETS, row, "o-", color=color, label=name)
        axes.loglog(BUDGETS, source[0, 0] * BUDGETS[0] / np.array(BUDGETS), ":", color="black", label="slope -1")
        axes.set_xticks(BUDGETS, [f"{N:,}" for N in BUDGETS])
        axes.minorticks_off()
        axes.set(xlabel="source samples", ylabel="excess risk less the target's own")
        axes.set_title("Both fall as 1 / N: what L1 gains is the constant")
        low, high = (source[0, 0] * (np.array(BUDGETS) / BUDGETS[0]) ** slope for slope in (-1.25, -0.8))
        axes.fill_between(BUDGETS, low, high, color=ORANGE, alpha=0.15, label="slopes within the bounds")
        axes.legend(frameon=False)

    return Outcome(
        [
            within("slope of the excess risk, L1", slopes[0], -1.25, -0.8),
            reported("the same, uniform", slopes[1]),
            reported("uniform / L1, largest budget", source[1, -1] / source[0, -1]),
        ],
        plot,
        f"Twenty instances, the same at each budget, {samples:,} target samples; sigma^2 k / n of them is subtracted.",
    )


# C5: which tasks -----------------------------------------------------------------------------------------------------


def support(seed, instances=12):
    """How many tasks have a relevance that is not 0."""
    counts, shown = {}, []
    for kind in KINDS:
        rows = []
        for i in range(instances):
            one = Instance(kind, seed, "lasso_mtrl.C1", i, samples=1)
            nus = [one.relevance(name)[0] for name in ("L1", "L2")]
            rows.append([int(np.sum(np.abs(nu) > 1e-9)) for nu in nus])
            shown = nus  # in the end those of a generic target
        counts[kind] = np.array(rows)

    def plot(figure):
        top, bottom = figure.subplots(2, 1, sharex=True)
        order = np.argsort(-np.abs(shown[0]))
        for axes, nu, p, color in ((top, shown[0], 1, ORANGE), (bottom, shown[1], 2, BLUE)):
            share = np.abs(nu) ** p / np.sum(np.abs(nu) ** p)
            axes.bar(np.arange(T), share[order], color=color)
            axes.set(ylabel="share of samples")
        top.set_title(r"$|\nu^1|$: few tasks;  $(\nu^2)^2$: all of them (generic target)")
        bottom.set(xlabel="source task")

    return Outcome(
        [
            at_most("tasks that L1 takes, generic target, most", counts["generic"][:, 0].max(), K),
            at_least("tasks that L2 takes, generic target, least", counts["generic"][:, 1].min(), T - 3),
            at_most("tasks that L1 takes, one source head, most", counts["one"][:, 0].max(), K),
            at_least("tasks that L2 takes, one source head, least", counts["one"][:, 1].min(), T - 3),
            reported("tasks that L1 takes, one source head, mean", counts["one"][:, 0].mean()),
        ],
        plot,
        "The targets of C1. For a target that is one source head the one task is planted; for a generic one nothing in "
        "the data makes the relevance sparse: a vertex of the linear program has at most k entries.",
    )
