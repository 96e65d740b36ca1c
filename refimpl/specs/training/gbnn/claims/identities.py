"""What holds on every data set: C1, C2, C5, C6."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_most, reported, slope, within
from refimpl.specs.training.gbnn.claims.tasks import COLORS, SETTINGS, load
from refimpl.training import gbnn

EACH = ("regression", "binary", "multiclass")


def _drawn(rng, task, N):
    if task == "regression":
        return rng.standard_normal((N, 2)) + 1.0
    if task == "binary":
        return np.where(rng.uniform(size=(N, 1)) < 0.3, 1.0, -1.0)
    return np.eye(4)[np.tile(np.arange(4), N // 4)]


def derivatives(seed):
    """Start, residuals and steps against differences of the mean loss."""
    N, found, ratio = 200, {}, 0.0
    for task in EACH:
        rng = stream(seed, "gbnn.C1", task)
        Y = _drawn(rng, task, N)
        F, h = rng.standard_normal(Y.shape), rng.standard_normal(Y.shape)
        loss = lambda F, Y=Y, task=task: float(gbnn.mean_loss(Y, F, task=task))
        F_0, e = gbnn.initial_score(Y, task=task) + 0.0 * Y, 1e-5
        flat = [(loss(F_0 + e * column) - loss(F_0 - e * column)) / (2 * e) for column in np.eye(Y.shape[1])]
        found["start", task] = np.max(np.abs(flat))
        r, off = gbnn.residuals(Y, F, task=task), []
        for i in range(0, N, 10):
            for k in range(Y.shape[1]):
                move = np.zeros_like(F)
                move[i, k] = 1e-4
                off.append(N * (loss(F - move) - loss(F + move)) / 2e-4 - r[i, k])
        found["residuals", task] = np.max(np.abs(off))
        first, second = (loss(F + e * h) - loss(F - e * h)) / (2 * e), 0.0
        e = 1e-3
        second = (16 * (loss(F + e * h) + loss(F - e * h)) - loss(F + 2 * e * h) - loss(F - 2 * e * h)
                  - 30 * loss(F)) / (12 * e * e)  # fmt: skip
        rho = float(gbnn.step_size(Y, F, h, task=task, search="newton"))
        found["step", task] = abs(rho + first / second) / abs(rho)
        if task == "multiclass":
            ratio = float(gbnn.step_size(Y, F, h, task=task)) / rho

    def plot(figure):
        axes = figure.subplots()
        places = np.arange(len(found))
        axes.bar(
            places, [max(x, 1e-17) for x in found.values()], color=[COLORS[c] for c in ("lbfgs", "adam", "gbnn")] * 3
        )
        axes.axhline(1e-5, color="k", linestyle=":")
        axes.set_xticks(places, [f"{what}\n{task}" for what, task in found], fontsize=7)
        axes.set(yscale="log", ylim=(1e-16, 1e-3), ylabel="difference", title="Against differences of the loss")

    return Outcome(
        [
            *(at_most(f"{what}, {task}", value, 1e-5) for (what, task), value in found.items()),
            reported("step of the table over Newton's, multiclass", ratio),
        ],
        plot,
        "200 rows. Classes come equally often, as the start of 0 is the best constant only then. The step of the table "
        "keeps the diagonal of the Hessian alone: another number.",
    )


def one_network(seed):
    """The folded network and the sum of its blocks, on new rows."""
    gaps = {}
    for name, (_, eta, J) in SETTINGS.items():
        data = load(name, seed)
        grown = gbnn.fit(stream(seed, "gbnn.C2", name), data.X, data.Y, task=data.task, T=12, J=J, eta=eta, share=0.75,
                         iterations=20)  # fmt: skip
        net = gbnn.fold(grown.model, task=data.task)
        F = gbnn.staged(data.X_test, grown.model)[-1] * (2.0 if data.task == "binary" else 1.0)
        gaps[name] = np.max(np.abs(gbnn.outputs(data.X_test, net) - F)) / np.max(np.abs(F))

    def plot(figure):
        axes = figure.subplots()
        axes.bar(list(gaps), [max(gap, 1e-17) for gap in gaps.values()], color=COLORS["gbnn"])
        axes.axhline(1e-10, color="k", linestyle=":")
        axes.set(
            yscale="log", ylim=(1e-17, 1e-8), ylabel="relative difference", title="One network, or the sum of blocks"
        )

    return Outcome([at_most(name, gap, 1e-10) for name, gap in gaps.items()], plot, "Test rows; 12 blocks.")


def falling(seed):
    """The training loss after each block, on all rows."""
    curves = {}
    for name in ("cancer", "friedman"):
        data = load(name, seed)
        grown = gbnn.fit(stream(seed, "gbnn.C5", name), data.X, data.Y, task=data.task, T=40, eta=0.5, share=1.0,
                         iterations=100)  # fmt: skip
        curves[name] = grown.losses

    def plot(figure):
        axes = figure.subplots()
        for (name, losses), color in zip(curves.items(), (COLORS["adam"], COLORS["gbnn"]), strict=True):
            axes.semilogy(losses, color=color, label=name)
        axes.set(xlabel="blocks", ylabel="training loss", title="Every block lowers the training loss")
        axes.legend(frameon=False)

    return Outcome(
        [
            *(at_most(f"blocks that raise the loss, {name}", np.sum(np.diff(losses) > 0), 0)
              for name, losses in curves.items()),
            *(reported(f"last loss / first, {name}", losses[-1] / losses[0]) for name, losses in curves.items()),
        ],
        plot,
        "All rows, eta = 0.5: with shares of the rows, or whole steps, single blocks may raise it.",
    )  # fmt: skip


def linear_cost(seed):
    """Evaluations of a block's loss, counted."""
    data, sizes = load("friedman", seed), (25, 50, 100)
    rng = stream(seed, "gbnn.C6")
    grown = gbnn.fit(rng, data.X, data.Y, task=data.task, T=100, eta=0.1, share=0.5, iterations=50)
    counts = [sum(grown.calls[:T]) for T in sizes]

    def plot(figure):
        axes = figure.subplots()
        axes.plot(np.arange(1, 101), np.cumsum(grown.calls), color=COLORS["gbnn"])
        axes.plot(sizes, counts, "o", color=COLORS["gbnn"])
        axes.plot([0, 100], [0, counts[-1]], "k:")
        axes.set(
            xlabel="hidden units", ylabel="evaluations of a block's loss", title="Each unit costs as much as the last"
        )

    return Outcome(
        [within("growth exponent", slope(sizes, counts), 0.9, 1.1),
         *(reported(f"evaluations, {T} units", count) for T, count in zip(sizes, counts, strict=True))],
        plot,
        "A run cut at T blocks is the run of T blocks. Arithmetic, as long as each block uses its 50 iterations; no "
        "time is measured.",
    )  # fmt: skip


CLAIMS = (
    Claim(
        "gbnn.C1",
        "The start is the best constant, blocks are fitted to negative gradients, and the step along a block is a "
        "Newton step",
        "abstract; Section 3",
        derivatives,
        kind="identity",
        tuned="Classes come equally often: by convention the softmax starts from 0, its best constant only then. The "
        "authors' step for the softmax is no Newton step, as it keeps the diagonal of the Hessian; here the whole.",
    ),
    Claim(
        "gbnn.C2",
        "The bias and the models of all steps are one network with a hidden layer",
        "abstract",
        one_network,
        kind="identity",
    ),
    Claim(
        "gbnn.C5",
        "Step by step the loss of the training data falls",
        "Section 3",
        falling,
        kind="behaviour",
        tuned="All rows and eta = 0.5, as the statement is one about descent.",
    ),
    Claim(
        "gbnn.C6",
        "The cost of training grows linearly with the number of units",
        "figure of training times",
        linear_cost,
        kind="rate",
        proxy="Evaluations of the loss are counted in place of seconds.",
    ),
)
