"""Do tasks conflict, and does the larger set lead? C1, C2, C6."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, slope
from refimpl.specs.training.self_positioning.claims.trained import BLUE, GREEN, GREY, LIKE, ORANGE, trained
from refimpl.training import _self_positioning_worlds as worlds
from refimpl.training import self_positioning as sp


def conflict(seed):
    """Cosines of task gradients, and what joint training loses."""
    made = trained("made up", seed)
    (at_start, _), (at_joint, alike) = made.cosine(made.start), made.cosine(made.joint)
    even = made.resampled(0.5)
    models = {"retrieval alone": made.single[0], "similarity alone": made.single[1], "joint, 10:1": made.joint,
              "joint, 1:1": even}  # fmt: skip
    scores = {name: worlds.score(model, made.world.test) for name, model in models.items()}

    def plot(figure):
        left, right = figure.subplots(1, 2, width_ratios=(2, 3))
        values = [at_start, at_joint, made.cosine(even)[0], *alike]
        names = ["start", "joint\n10:1", "joint\n1:1", "retrieval\ntwice", "similarity\ntwice"]
        bars = left.bar(names, values, color=[BLUE, ORANGE, ORANGE, GREY, GREY])
        left.bar_label(bars, fmt="%.2f", padding=2, fontsize=8)
        left.axhline(0, color="black", linewidth=0.8)
        left.tick_params(axis="x", labelsize=7)
        left.set(title="cosine of gradients", ylim=(-1, 1.15))
        place = np.arange(len(scores))
        for i, (name, color) in enumerate((("MRR", BLUE), ("Spearman", ORANGE))):
            bars = right.bar(place + 0.4 * i, [found[i] for found in scores.values()], 0.38, color=color, label=name)
            right.bar_label(bars, fmt="%.2f", padding=2, fontsize=8)
        right.set_xticks(place + 0.2, [name.replace(" ", "\n", 1) for name in scores], fontsize=8)
        right.set(ylim=(0, 1.15), title="who pays")
        right.legend(frameon=False, ncols=2, fontsize=8, loc="upper right")

    return Outcome(
        [
            at_most("cosine of the tasks' gradients at the joint model", at_joint, 0.0),
            at_least("cosine at the start", at_start, 0.0),
            at_least("Spearman, similarity alone minus joint 10:1",
            scores["similarity alone"][1] - scores["joint, 10:1"][1],
                     0.2),
            reported("cosine at the joint model, 1:1", made.cosine(even)[0]),
            *(reported(f"cosine of two halves of one task, {name}", found)
              for name, found in zip(("retrieval", "similarity"), alike, strict=True)),
            *(reported(f"{kind}, {name}", value) for name, pair in scores.items()
              for kind, value in zip(("MRR", "Spearman"), pair, strict=True)),
        ],
        plot,
    )  # fmt: skip


def _norms(made, lr, counts):
    """Length of the task vector after so many minibatches of the similarity task."""
    theta, found = made.theta_0, []
    for k in range(max(counts)):
        part = worlds.Pairs(made.similarity.X[k : k + 1], made.similarity.Y[k : k + 1])
        theta = worlds.train(theta, part, lr=lr)
        if k + 1 in counts:
            found.append(float(np.linalg.norm(theta - made.theta_0)))
    return found


def imbalance(seed):
    """Length against data, and the direction of joint training."""
    counts = (5, 10, 20, 40, 80)
    long = worlds.made_up(stream(seed, "self_positioning.C2"), like=LIKE, batches=160, share=0.5)
    norms = {lr: _norms(long, lr, counts) for lr in (0.01, 0.05)}
    r2 = {lr: float(np.corrcoef(counts, found)[0, 1] ** 2) for lr, found in norms.items()}
    angles = {}
    for name, share in (("10:1", 1 / 11), ("1:1", 1 / 2), ("1:10", 10 / 11)):
        rng = stream(seed, "self_positioning.C2", name)
        world = worlds.made_up(rng, like=LIKE, batches=220, share=share)
        single = [worlds.train(world.theta_0, part) for part in (world.retrieval, world.similarity)]
        joint = worlds.train(
            world.theta_0, worlds.merged([world.retrieval, world.similarity]), order=rng.permutation(220)
        )
        moved = (joint - world.theta_0).ravel()
        angles[name] = [float(sp.angle((model - world.theta_0).ravel(), moved)) for model in single]

    def plot(figure):
        left, right = figure.subplots(1, 2)
        for (lr, found), color in zip(norms.items(), (BLUE, ORANGE), strict=True):
            left.plot(64 * np.array(counts), found, "o-", color=color, label=f"step size {lr}, $R^2$ = {r2[lr]:.3f}")
        left.set(xlabel="similarity pairs", ylabel="length of the task vector", xlim=(0, None), ylim=(0, None))
        left.legend(frameon=False, fontsize=9)
        place = np.arange(3)
        for i, (task, color) in enumerate((("retrieval", GREEN), ("similarity", GREY))):
            bars = right.bar(
                place + 0.4 * i, [pair[i] for pair in angles.values()], 0.38, color=color, label=f"to {task}"
            )
            right.bar_label(bars, fmt="%.2f", padding=2, fontsize=8)
        right.set_xticks(place + 0.2, [f"{name}" for name in angles])
        right.set(xlabel="retrieval : similarity", ylabel="angle of the joint vector", ylim=(0, 1.9))
        right.legend(frameon=False, fontsize=9)

    return Outcome(
        [
            at_least("R^2 of a line, step size 0.01", r2[0.01], 0.9),
            at_least("angle to similarity minus angle to retrieval, 10:1", angles["10:1"][1] - angles["10:1"][0], 0.0),
            at_least("angle to retrieval minus angle to similarity, 1:10", angles["1:10"][0] - angles["1:10"][1], 0.0),
            reported("angle to similarity minus angle to retrieval, equal sets", angles["1:1"][1] - angles["1:1"][0]),
            reported("R^2 of a line, step size 0.05", r2[0.05]),
            *(reported(f"exponent, step size {lr}", slope(counts, found)) for lr, found in norms.items()),
        ],
        plot,
    )


def formulas(seed):
    """Lengths and angles of arcs, and gradients against differences."""
    rng = stream(seed, "self_positioning.C6")
    worst = {"length of an arc between unit vectors": 0.0, "angle along it": 0.0, "SLERP 1:1 against the mean": 0.0}
    for _ in range(50):
        U, W, t = rng.standard_normal(6), rng.standard_normal(6), rng.uniform(0.05, 0.95)
        u, w = U / np.linalg.norm(U), W / np.linalg.norm(W)
        f, alpha = sp.slerp(u, w, a_i=1 - t, a_j=t), sp.angle(u, w)
        half = sp.slerp(U, W) - (U + W) / (2 * np.cos(alpha / 2))
        found = abs(np.linalg.norm(f) - 1), abs(sp.angle(u, f) - t * alpha), np.max(np.abs(half))
        worst = {name: max(old, float(new)) for (name, old), new in zip(worst.items(), found, strict=True)}
    errors: dict[str, list[float]] = {}
    for h in 10.0 ** np.arange(-8, -1):
        for N in (2, 3, 4):
            draws = stream(seed, "self_positioning.C6", N)
            V, a, g = draws.standard_normal((N, 8)), draws.uniform(0.5, 2.0, N), draws.standard_normal(8)
            grad, _ = sp.chain_gradient(V, a, g, lam=0.7)
            moved = [g @ (sp.chain(V, a + e, lam=0.7) - sp.chain(V, a - e, lam=0.7)) / (2 * h) for e in h * np.eye(N)]
            errors.setdefault(f"chain, N = {N}", []).append(float(np.max(np.abs(grad - moved)) / np.max(np.abs(grad))))
        draws = stream(seed, "self_positioning.C6", "loss")
        Q, D, along = (draws.standard_normal((5, 4)) for _ in range(3))
        grad = np.sum(sp.info_nce(Q, D, tau=0.2)[1] * along)
        there, back = (sp.info_nce(Q + sign * h * along, D, tau=0.2)[0] for sign in (1, -1))
        errors.setdefault("InfoNCE", []).append(float(abs(grad - (there - back) / (2 * h)) / abs(grad)))

    def plot(figure):
        axes = figure.subplots()
        for name, found in errors.items():
            axes.loglog(10.0 ** np.arange(-8, -1), found, "o-", label=name)
        axes.set(xlabel="step of the central difference", ylabel="relative difference to the formula")
        axes.set(title="Rounding to the left, the step to the right: the formulas are right")
        axes.legend(frameon=False)

    return Outcome(
        [
            *(at_most(name, value, 1e-10) for name, value in worst.items()),
            *(at_most(f"gradient against differences, {name}", min(found), 1e-6) for name, found in errors.items()),
        ],
        plot,
    )


_BUILT_IN = "two tasks of a made-up world, which wants opposite weights of the same features: the conflict is built in"
CLAIMS = (
    Claim(
        "self_positioning.C1",
        "Tasks conflict: their gradients interfere, and joint training transfers negatively",
        "abstract",
        conflict,
        kind="behaviour",
        proxy=_BUILT_IN + ". On real text there is none (C8). A stationary joint model forces a cosine of -1",
    ),
    Claim(
        "self_positioning.C2",
        "The length of a task vector grows in proportion to the data, and joint training follows the larger set",
        "analysis section (from a reading note)",
        imbalance,
        kind="behaviour",
        proxy=_BUILT_IN + "; a straight line holds for small steps only. With equal sets the task with the larger "
        "gradient leads",
    ),
    Claim("self_positioning.C6", "The formulas of arc, chain and loss, and their gradients", "ours", formulas,
          kind="identity"),
)  # fmt: skip
