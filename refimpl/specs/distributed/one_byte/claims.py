"""The claims of the note, on softmax regression of digits: d = 650 parameters, batches of 64, start 0."""

import math
import tracemalloc
from functools import cache, partial

import numpy as np

from refimpl.core.random import stream
from refimpl.distributed import _one_byte_baselines as baselines
from refimpl.distributed import one_byte
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within

BLUE, ORANGE, GREEN, PINK, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.45"
D, STEPS, ETA = baselines.SIZE, 600, 0.05
LIKE = np.zeros(1)
split = cache(partial(baselines.split, like=LIKE))


def directions(seed):
    """The public directions of a run."""
    return one_byte.directions(seed, like=np.zeros(D))


def private(seed, machines, shards=None):
    """Data of each machine: all training images, or a shard of its own."""
    part = split(seed)
    rows = [slice(None)] * machines if shards is None else shards
    return [baselines.Private(part.x[r], part.y[r], seed, m) for m, r in zip(range(machines), rows, strict=True)]


def batched_loss(w, x, y):
    """Loss [M] of parameters w [M, d], each on a batch x [M, n, 64] of its own."""
    scores = x @ w[:, : D - 10].reshape(-1, 64, 10) + w[:, None, D - 10 :]
    shifted = scores - scores.max(axis=2, keepdims=True)
    true = np.take_along_axis(shifted, y[:, :, None], axis=2)[:, :, 0]
    return np.mean(np.log(np.exp(shifted).sum(axis=2)) - true, axis=1)


def run(seed, machines, *, steps=STEPS, eta=ETA, norm="sqrt", send="bytes", shards=None, shared=False, every=None):
    """The training of all machines at once, on one w: they hold the same bits. `send` is bytes, floats or signs.

    Returns the last w, the log, and w after every so many iterations.
    """
    data, draw, w, log, path = private(seed, machines, shards), directions(seed), np.zeros(D), [], []
    for t in range(steps):
        x, y = (np.stack(part) for part in zip(*(d.batch() for d in data), strict=True))
        z = np.stack([draw(t, 0 if shared else m, 0) for m in range(machines)])
        g = one_byte.projected_gradient(batched_loss(w + 1e-3 * z, x, y), batched_loss(w - 1e-3 * z, x, y))
        if send == "bytes":
            codes = one_byte.encode(g)
            w = one_byte.apply_update(w, codes, z, eta=eta, norm=norm)
            log.append({m: codes[m : m + 1].tobytes() for m in range(machines)})
        else:
            w = baselines.apply_slopes(w, g if send == "floats" else np.sign(g), z, eta=eta, norm=norm)
        if every and (t + 1) % every == 0:
            path.append(w)
    return w, log, path


def train_loss(seed, w):
    """Loss on all training images."""
    return float(baselines.loss(w, split(seed).x, split(seed).y))


def test_accuracy(seed, w):
    """Share of test images that are named right."""
    part = split(seed)
    return float(np.mean(np.argmax(baselines.logits(w, part.test_x), axis=1) == part.test_y))


# C1: precision --------------------------------------------------------------------------------------------------------


def one_byte_is_enough(seed):
    """Relative error of slopes that are log-uniform over the range, and every code there and back."""
    rng = stream(seed, "one_byte.C1")

    def error(low, high, seen):
        g = np.exp(rng.uniform(low, high, 20_000)) * rng.choice([-1.0, 1.0], 20_000)
        return np.abs(g), np.abs(seen(g) / g - 1)

    ours = error(-95 / 8, 31 / 8, lambda g: one_byte.decode(one_byte.encode(g), like=g))
    theirs = error(-127 / 16, 127 / 16, baselines.quantise_official)
    codes = np.array([c for c in range(256) if c != 128])
    back = one_byte.encode(one_byte.decode(codes, like=LIKE))

    def plot(figure):
        axes = figure.subplots()
        order = np.argsort(ours[0])[::4]
        axes.loglog(ours[0][order], ours[1][order], ".", color=BLUE, markersize=2)
        linear = np.abs(np.round(ours[0] * 127 / 5) * 5 / 127 / ours[0] - 1)[order]
        axes.loglog(ours[0][order], np.where(ours[0][order] < 5, linear, np.nan), ".", color=ORANGE, markersize=2)
        axes.axhline(math.expm1(1 / 16), color=GRAY, linestyle=":")
        axes.plot([], "o", color=BLUE, label="logarithmic byte")
        axes.plot([], "o", color=ORANGE, label="linear byte, up to 5")
        axes.set(xlabel="slope |g|", ylabel="relative error", ylim=(1e-5, 2))
        axes.set_title("On a logarithmic scale a byte is as good for every size")
        axes.legend(loc="lower left")

    return Outcome(
        [
            at_most("largest relative error", ours[1].max(), 0.0646),
            at_most("largest relative error, the authors' 510 values", theirs[1].max(), 0.0319),
            at_most("codes of 255 that do not come back", np.sum(back != codes), 0),
        ],
        plot,
        note="Nothing above the range: a slope beyond 48 is sent as 48.",
    )


# C2: traffic ----------------------------------------------------------------------------------------------------------


def sgd_path(seed, machines, lr, below, most=400):
    """Training losses of data-parallel SGD, until one is below a level."""
    data, w, losses = private(seed, machines), np.zeros(D), [math.log(10)]
    while losses[-1] > below and len(losses) <= most:
        w = baselines.sgd(w, np.stack([baselines.gradient(w, *d.batch()) for d in data]), lr=lr)
        losses.append(train_loss(seed, w))
    return losses


def sign_path(seed, machines, lr, below, most=1000):
    """The same for one bit an entry: the majority of the signs of all machines."""
    data, w, losses = private(seed, machines), np.zeros(D), [math.log(10)]
    while losses[-1] > below and len(losses) <= most:
        w = w - lr * np.sign(sum(np.sign(baselines.gradient(w, *d.batch())) for d in data))
        losses.append(train_loss(seed, w))
    return losses


def traffic(seed):
    """Bytes sent by 8 machines, against full gradients for as many iterations and for the same loss."""
    fleet, log, path = baselines.train(8, private(seed, 8), directions(seed), steps=STEPS, eta=ETA)
    newcomer = one_byte.replay(one_byte.start(99, np.zeros(D)), log, directions(seed), eta=ETA)
    fingerprints = {one_byte.digest(machine.w) for machine in (*fleet, newcomer)}
    sent = sum(len(payload) for messages in log for payload in messages.values())
    reached = train_loss(seed, path[-1])
    sgd = {lr: sgd_path(seed, 8, lr, reached) for lr in (0.5, 2.0, 8.0)}
    signs = min(len(sign_path(seed, 8, lr, reached)) - 1 for lr in (0.01, 0.03, 0.1))
    gradient = 8 * 4 * D  # bytes of an iteration in float32
    needed = {lr: len(losses) - 1 for lr, losses in sgd.items()}
    best = min(needed, key=lambda lr: needed[lr])

    def plot(figure):
        axes = figure.subplots()
        t = np.arange(10, STEPS + 1, 10)
        ours = [train_loss(seed, path[i]) for i in t]
        axes.semilogx(8 * t, ours, color=BLUE, label="one byte a sample")
        axes.semilogx(32 * t, ours, color=GREEN, label="four bytes a sample")
        for (lr, losses), line in zip(sgd.items(), (":", "-", "--"), strict=True):
            k = np.arange(1, len(losses))
            axes.semilogx(gradient * k, losses[1:], line, color=ORANGE, label=f"gradients, backprop, step {lr:g}")
        axes.set(xlabel="bytes sent by 8 machines", ylabel="training loss", ylim=(0.2, 3.1))
        axes.set_title("The same loss for about 1/75 of the bytes of gradients")
        axes.legend(loc="upper left", ncol=2)

    return Outcome(
        [
            at_most("different fingerprints, of 8 machines and a replay", len(fingerprints), 1),
            within("bytes sent", sent, 4800, 4800),
            within("full float32 gradients / bytes, equal iterations", STEPS * gradient / sent, 4 * D, 4 * D),
            within(
                "full gradients of the best step / bytes, equal training loss", needed[best] * gradient / sent, 80, 320
            ),
            reported("one bit an entry, majority vote / bytes, equal training loss", signs * D / sent),
            reported("training loss reached", reached),
            *(reported(f"iterations of SGD to that loss, step {lr:g}", count) for lr, count in needed.items()),
            reported("iterations of one-bit SGD, best step", signs),
            reported("forward passes of a batch, one byte", 2 * sent),
            reported("batches forward and backward, SGD of the best step", 8 * needed[best]),
        ],
        plot,
        note="It saves traffic, not computation: a probe is two forward passes, and many more of them are needed.",
    )


# C3: quantisation -----------------------------------------------------------------------------------------------------


def quantisation(seed):
    """Bytes against floats with the same draws; and against signs, each at its best step."""
    w = {send: run(seed, 8, send=send)[0] for send in ("bytes", "floats")}
    loss, accuracy = ({k: f(seed, x) for k, x in w.items()} for f in (train_loss, test_accuracy))
    steps = (0.025, 0.05, 0.1, 0.2)
    tuned = {s: [run(seed, 8, send=s, eta=eta)[0] for eta in steps] for s in ("bytes", "signs")}
    losses = {s: [train_loss(seed, x) for x in found] for s, found in tuned.items()}
    best = {s: int(np.argmin(found)) for s, found in losses.items()}

    def plot(figure):
        axes = figure.subplots()
        axes.semilogx(steps, losses["bytes"], "o-", color=BLUE, label="one byte")
        axes.semilogx(steps, losses["signs"], "s-", color=ORANGE, label="one bit: the sign")
        axes.plot(ETA, loss["floats"], "x", color="black", markersize=11, label="64 bits, step 0.05")
        axes.set_xticks(steps, [f"{s:g}" for s in steps])
        axes.minorticks_off()
        axes.set(xlabel=r"step size $\eta$", ylabel="training loss after 600 iterations")
        axes.set_title("A byte is as good as a float; a bit is a little worse")
        axes.legend()

    return Outcome(
        [
            at_most("|loss with bytes / loss with floats - 1|", abs(loss["bytes"] / loss["floats"] - 1), 0.05),
            at_most("|accuracy with bytes - with floats|", abs(accuracy["bytes"] - accuracy["floats"]), 0.03),
            reported("training loss, bytes, step 0.05", loss["bytes"]),
            *(reported(f"training loss, {s}, best step", losses[s][best[s]]) for s in losses),
            *(reported(f"test accuracy, {s}, best step", test_accuracy(seed, tuned[s][best[s]])) for s in losses),
        ],
        plot,
    )


# C4: machines come and go ---------------------------------------------------------------------------------------------


def come_and_go(seed):
    """Four machines; one joins by replay or by copy, or leaves, at iteration 250."""
    train = partial(baselines.train, 4, draw=directions(seed), steps=STEPS, eta=ETA)
    runs = {
        "static": train(private(seed, 4)),
        "join": train(private(seed, 5), join={250: "replay"}),
        "copy": train(private(seed, 5), join={250: "copy"}),
        "leave": train(private(seed, 4), leave={250: 3}),
    }
    fingerprints = {name: {one_byte.digest(m.w) for m in fleet} for name, (fleet, _, _) in runs.items()}
    loss = {name: train_loss(seed, path[-1]) for name, (_, _, path) in runs.items()}
    log = runs["join"][1][:250]

    def plot(figure):
        axes = figure.subplots()
        t = np.arange(200, STEPS + 1, 10)
        looks = zip(
            ("static", "join", "leave"), (GRAY, BLUE, ORANGE), ("four", "a fifth joins", "one leaves"), strict=True
        )
        for name, color, label in looks:
            axes.plot(t, [train_loss(seed, runs[name][2][i]) for i in t], color=color, label=label)
        axes.axvline(250, color=GRAY, linestyle=":")
        axes.set(xlabel="iteration", ylabel="training loss", yscale="log")
        axes.set_title("Nobody waits, and nothing is lost")
        axes.legend()

    return Outcome(
        [
            *(at_most(f"different fingerprints, {name}", len(found), 1) for name, found in fingerprints.items()),
            at_most(
                "weights by replay and by copy that differ", len(fingerprints["join"] | fingerprints["copy"]) - 1, 0
            ),
            within("loss, one joins / static", loss["join"] / loss["static"], 0.75, 1.25),
            within("loss, one leaves / static", loss["leave"] / loss["static"], 0.75, 1.25),
            reported("bytes to join by replay", sum(len(p) for messages in log for p in messages.values())),
            reported("bytes to join by copy, float64", 8 * D),
        ],
        plot,
    )


# C5: more machines ----------------------------------------------------------------------------------------------------


def more_machines(seed):
    """The loss of 1 to 8 machines for equal iterations, and what one machine does with the bytes of 8."""
    fleets = (1, 2, 4, 8)
    runs = {m: run(seed, m, every=20) for m in fleets}
    loss = {m: train_loss(seed, found[0]) for m, found in runs.items()}
    mean = {m: train_loss(seed, run(seed, m, norm="mean")[0]) for m in (1, 8)}
    same = train_loss(seed, run(seed, 8, shared=True)[0])
    alone = {eta: run(seed, 1, steps=8 * STEPS, eta=eta, every=80) for eta in (0.0125, 0.025, 0.05)}
    one = {eta: train_loss(seed, found[0]) for eta, found in alone.items()}
    eight = min(loss[8], *(train_loss(seed, run(seed, 8, eta=eta)[0]) for eta in (0.1, 0.2)))

    def plot(figure):
        left, right = figure.subplots(1, 2, sharey=True)
        t = np.arange(20, STEPS + 1, 20)
        for m, color in zip(fleets, (ORANGE, PINK, GREEN, BLUE), strict=True):
            curve = [train_loss(seed, w) for w in runs[m][2]]
            left.plot(t, curve, color=color, label=f"{m} machine{'s' * (m > 1)}")
            if m == 8:
                right.plot(8 * t, curve, color=color, label="8 machines, 600 iterations")
        best = min(one, key=lambda eta: one[eta])
        k = np.arange(80, 8 * STEPS + 1, 80)
        right.plot(k, [train_loss(seed, w) for w in alone[best][2]], color=ORANGE, label="1 machine, 4800 iterations")
        left.set(xlabel="iteration", ylabel="training loss", yscale="log", title="equal iterations")
        right.set(xlabel="bytes", title="equal bytes")
        left.legend()
        right.legend()
        figure.suptitle("More machines shorten the run; they do not save bytes")

    return Outcome(
        [
            at_most(
                "largest loss / loss of half as many machines", max(loss[2 * m] / loss[m] for m in (1, 2, 4)), 1 - 1e-9
            ),
            at_most("loss of 8 machines / of 1, equal iterations", loss[8] / loss[1], 0.6),
            *(reported(f"training loss, {m} machines", value) for m, value in loss.items()),
            *(reported(f"training loss, {m} machines, mean form", value) for m, value in mean.items()),
            reported("loss of 8 machines with the same z everywhere / of 1", same / loss[1]),
            reported("training loss at 4800 bytes, 1 machine, best of 3 steps", min(one.values())),
            reported("training loss at 4800 bytes, 8 machines, best of 3 steps", eight),
        ],
        plot,
        note="At equal bytes more machines do not help. With the root of N the total step grows with the fleet too.",
    )


# C6: SPSA -------------------------------------------------------------------------------------------------------------


def unbiased(seed):
    """Mean and second moment of g z on a quadratic of 20 parameters, over 20,000 directions."""
    d, n, eps = 20, 20_000, 1e-3
    rng = stream(seed, "one_byte.C6")
    half, w, b = rng.standard_normal((d, d)), rng.standard_normal(d), rng.standard_normal(d)
    A = half @ half.T / d + np.eye(d)
    draw = one_byte.directions(seed, like=w)
    z = np.stack([draw(0, 0, k) for k in range(n)])
    losses = [0.5 * np.sum(p * (p @ A), axis=1) - p @ b for p in (w + eps * z, w - eps * z)]
    gz = one_byte.projected_gradient(*losses, eps=eps)[:, None] * z
    slope = A @ w - b
    square = slope @ slope
    ns = np.unique(np.logspace(1, np.log10(n), 60).astype(int))
    means = np.cumsum(gz, axis=0)[ns - 1] / ns[:, None]
    away = np.linalg.norm(means - slope, axis=1) / np.sqrt(square)

    def plot(figure):
        axes = figure.subplots()
        axes.loglog(ns, away, "o", color=BLUE, markersize=3, label="measured")
        axes.loglog(ns, np.sqrt((d + 1) / ns), color=GRAY, label=r"$\sqrt{(d + 1) / N}$")
        axes.set(xlabel="directions N", ylabel="|mean of g z - gradient| / |gradient|")
        axes.set_title("Unbiased, but d + 1 directions are as noisy as one gradient is long")
        axes.legend()

    return Outcome(
        [
            at_most("|mean of g z - gradient| / |gradient|", away[-1], 0.08),
            within("E|g z|^2 / |gradient|^2 / (d + 2)", np.mean(np.sum(gz**2, axis=1)) / square / (d + 2), 0.9, 1.1),
        ],
        plot,
    )


# C7: private data -----------------------------------------------------------------------------------------------------


def private_data(seed, splits=3):
    """Eight machines that hold a digit or two each; shuffled shards; and one machine alone with its shard."""
    found: dict[str, list[float]] = {"sorted": [], "shuffled": [], "alone": []}
    same: list[bool] = []
    for s in range(seed * splits, (seed + 1) * splits):
        order = {
            "sorted": np.argsort(split(s).y, kind="stable"),
            "shuffled": stream(s, "one_byte.C7").permutation(len(split(s).y)),
        }
        for name, rows in order.items():
            w, log, _ = run(s, 8, steps=3000, shards=np.split(rows, 8))
            found[name].append(test_accuracy(s, w))
            if name == "sorted" and not same:
                newcomer = one_byte.replay(one_byte.start(8, np.zeros(D)), log, directions(s), eta=ETA)
                same.append(one_byte.digest(newcomer.w) == one_byte.digest(w))
        w = run(s, 1, steps=3000, shards=[np.split(order["sorted"], 8)[0]])[0]
        found["alone"].append(test_accuracy(s, w))
    mean = {name: float(np.mean(values)) for name, values in found.items()}

    def plot(figure):
        axes = figure.subplots()
        looks = zip(found.items(), (BLUE, GREEN, ORANGE), strict=True)
        for place, ((_, values), color) in enumerate(looks):
            axes.bar(place, np.mean(values), color=color, alpha=0.35)
            axes.plot(np.full(len(values), place), values, "o", color=color)
        axes.set_xticks(
            range(3), ["8 machines,\na digit or two each", "8 machines,\nshuffled", "1 machine,\none shard"]
        )
        axes.set(ylabel="test accuracy", ylim=(0, 1))
        axes.set_title("Bytes carry what each machine's images know")

    return Outcome(
        [
            at_least("test accuracy, sorted shards, mean of 3 splits", mean["sorted"], 0.85),
            at_least("the same - one machine alone with its shard", mean["sorted"] - mean["alone"], 0.5),
            at_least("replays of the first split's 24,000 bytes that have its bits", sum(same), 1),
            reported("test accuracy, shuffled shards", mean["shuffled"]),
            reported("test accuracy, one machine alone", mean["alone"]),
        ],
        plot,
        note="The images never leave a machine; how much a byte gives away of them is not measured.",
    )


# C8: memory -----------------------------------------------------------------------------------------------------------


def memory(seed):
    """Memory of a probe in place, in blocks of the parameters, and what it leaves behind."""
    size, count = 20_000, 16
    rng = stream(seed, "one_byte.C8")
    before = [rng.standard_normal(size) for _ in range(count)]
    draw = one_byte.directions(seed, like=before[0])

    def loss(blocks):
        return np.asarray(sum(block @ block for block in blocks) / 2)

    def cycle(blocks, t):
        one_byte.spsa_in_place(loss, blocks, lambda i: draw(t, 0, i))

    def peak(make, probe):
        """Most memory beside what `make` gives, while it is probed; blocks that are replaced count as freed."""
        tracemalloc.start()
        made = make()
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        probe(made)
        most = tracemalloc.get_traced_memory()[1] - held
        tracemalloc.stop()
        return made, most / before[0].nbytes

    def fresh(w):
        one_byte.spsa(lambda w: np.asarray(w @ w / 2), w, one_byte.directions(seed, like=w)(0, 0, 0))

    blocks, used = peak(lambda: [block.copy() for block in before], lambda blocks: cycle(blocks, 0))
    _, outside = peak(lambda: np.concatenate(before), fresh)
    drifts = []
    for t in range(1, 20):
        cycle(blocks, t)
        drifts.append(max(np.max(np.abs(a - b)) for a, b in zip(blocks, before, strict=True)))

    def plot(figure):
        axes = figure.subplots()
        axes.semilogy(range(2, 21), drifts, "o-", color=BLUE)
        axes.set(xlabel="probes in place", ylabel="largest change of a parameter", xticks=range(0, 21, 4))
        axes.set_title(f"In place a probe takes {used:.1f} blocks of 16, and leaves some dust")

    return Outcome(
        [
            at_most("most memory beside the parameters, in blocks of 16", used, 3),
            within("drift after 20 probes", drifts[-1], 1e-300, 1e-13),
            reported("the same memory, out of place", outside),
        ],
        plot,
    )


_ABSTRACT = "abstract"
_SMALL = "softmax regression on digits, 650 parameters, stands in for a language model of billions"
CLAIMS = (
    Claim("one_byte.C1", "one byte is enough precision for a slope", "title", one_byte_is_enough, kind="identity"),
    Claim(
        "one_byte.C2",
        "traffic is a byte a sample, whatever the number of parameters",
        _ABSTRACT,
        traffic,
        tier="full",
        kind="efficiency",
        control="full-gradient SGD, the best of three steps, stopped at the same training loss: it needs some 20 "
        "iterations instead of 600, so the ratio of bytes is about 75, not 2600; one bit an entry with majority vote "
        "sends about 4 times as much",
        showed="behind",
        proxy=_SMALL,
    ),
    Claim(
        "one_byte.C3",
        "quantisation to a byte does not hurt",
        _ABSTRACT,
        quantisation,
        tier="full",
        kind="behaviour",
        control="one bit, the sign of the slope, each with its best of four steps: 10 to 20 % more loss",
        showed="behind",
        proxy=_SMALL,
    ),
    Claim(
        "one_byte.C4",
        "machines may join and leave, and all hold the same bits",
        _ABSTRACT,
        come_and_go,
        tier="full",
        kind="behaviour",
        proxy=_SMALL,
    ),
    Claim(
        "one_byte.C5",
        "more machines reach a lower loss in the same number of iterations",
        _ABSTRACT,
        more_machines,
        tier="full",
        kind="superiority",
        control="one machine with the bytes of eight, 4800 steps: lower loss than eight machines in 600",
        showed="as good",
        proxy=_SMALL,
    ),
    Claim(
        "one_byte.C6",
        "g z is an unbiased estimate of the gradient, with second moment (d + 2) |gradient|^2",
        "after Malladi et al. (2023)",
        unbiased,
        kind="identity",
    ),
    Claim(
        "one_byte.C7",
        "machines train together on data that stay private",
        _ABSTRACT,
        private_data,
        tier="full",
        kind="behaviour",
        control="shuffled shards: the price of heterogeneity; one machine alone with its shard",
        showed="behind",
        proxy="Images that do not leave a machine stand in for privacy, which is not tested. Shards sorted by digit "
        "were made for this experiment.",
    ),
    Claim(
        "one_byte.C8",
        "training takes the memory of inference",
        _ABSTRACT,
        memory,
        kind="efficiency",
        control="the same probe out of place holds copies of all parameters",
        showed="behind",
        proxy=_SMALL,
    ),
)
