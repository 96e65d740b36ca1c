"""The experiments behind the claims of the paper on clustering and pruning."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from refimpl.core.random import stream
from refimpl.search import _claps_models as models
from refimpl.search import claps
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"  # Okabe and Ito
LIKE = np.zeros(1, dtype=np.float32)
V, K, Q, L = 800, 160, 90.0, 5
POPULATION = {"mutants": 12, "children": 12, "like": LIKE}
EPOCHS, LONGER = 10, 17  # of the pruned searches, and of those that spend on epochs what pruning costs
STEPS = 2000
SETUP = (
    f"a masked language model of two layers of width 32, {STEPS} steps on three quarters of the docstrings of Python's "
    "library; five tasks, 16 examples a class; K = 160 of 800 words, q = 90, L = 5."
)


class Trial(NamedTuple):
    """What the searches of one task come to."""

    empty: float  # reward of the empty prompt
    rewards: dict  # search -> reward of the prompt that it has found
    calls: dict  # search -> calls of the black box, pruning included
    curves: dict  # search -> calls and best rewards on the way
    tested: dict  # search, and "empty" -> accuracy and log-likelihood on other examples


@lru_cache(maxsize=16)
def _trained(seed):
    """Text, trained and untrained model."""
    data = models.text(seed, like=LIKE)
    return data, *(models.train(seed, data, like=LIKE, steps=steps) for steps in (STEPS, 0))


def _box(model, task):
    """The reward of prompts on the examples of a task."""
    return lambda prompts: claps.rewards(models.answers(model, task.X, task.classes, prompts), task.y)


def _influences(model, task, words, kind):
    """Of each of some words."""
    empty = models.answers(model, task.X, task.classes, np.zeros((1, 0), dtype=np.int64))[0]
    return claps.influence(empty, models.answers(model, task.X, task.classes, words[:, None]), task.y, kind=kind)


def _pruned(model, task, words):
    return words[claps.prune(_influences(model, task, words, "reward"), q=Q).kept]


def _tested(model, task, prompt):
    """Accuracy and mean log-likelihood on the examples that no search has seen."""
    logits = models.answers(model, task.X_test, task.classes, prompt[None, :])
    likelihood = claps.rewards(logits, task.y_test)[0]
    return float(np.mean(np.argmax(logits[0], axis=1) == task.y_test)), float(likelihood)


def _genetic(reward, vocab, epochs, rng):
    """Prompt, reward, and the way there."""
    init, draws = claps.draw_genetic(rng, len(vocab), L, 24, epochs=epochs, **POPULATION)
    run = claps.genetic(reward, vocab, init, draws)
    return vocab[run.state.best], float(run.state.score), (run.history["calls"], run.history["score"])


def _trial(seed, data, model, names, clustered):
    """All searches of one task."""
    task = models.task(seed, data, names)
    reward, rng = _box(model, task), stream(seed, "claps", "search", *names)
    every, ask = np.arange(V), len(clustered) + 1
    pruned, of_all = _pruned(model, task, clustered), _pruned(model, task, every)
    other = claps.random_pruning(rng, clustered, q=100 * (1 - len(pruned) / len(clustered)) - 1e-9)
    found, spent = {}, {}
    for name, vocab, epochs, before in (
        ("pruned", pruned, EPOCHS, ask),
        ("full", every, LONGER, 0),
        ("random", other, LONGER, 0),
        ("all asked", of_all, EPOCHS, V + 1),
    ):
        found[name], spent[name] = _genetic(reward, vocab, epochs, rng), before
    init, nu, draws = claps.draw_swarm(rng, len(pruned), L, 24, epochs=EPOCHS, like=LIKE)
    run = claps.swarm(reward, pruned, init, nu, draws)
    found["swarm"] = pruned[run.state.g], float(run.state.score), (run.history["calls"], run.history["score"])
    best = claps.greedy(reward, pruned, L)
    steps = [len(pruned) * (l + 1) for l in range(L)]
    found["greedy"] = best.prompt, float(best.rewards[-1]), (steps, list(best.rewards))
    any_ones = claps.random_search(reward, rng.integers(0, V, (440, L)))
    found["random prompts"] = any_ones.prompt, float(any_ones.rewards[-1]), (range(1, 441), any_ones.rewards)
    spent |= {"swarm": ask, "greedy": ask, "random prompts": 0}
    nothing = np.zeros(0, dtype=np.int64)
    return Trial(
        float(reward(nothing[None, :])[0]),
        {name: score for name, (_, score, _) in found.items()},
        {name: spent[name] + way[0][-1] for name, (_, _, way) in found.items()},
        {name: (spent[name] + np.asarray(way[0]), np.asarray(way[1])) for name, (_, _, way) in found.items()},
        {name: _tested(model, task, prompt) for name, (prompt, _, _) in found.items()}
        | {"empty": _tested(model, task, nothing)},
    )


@lru_cache(maxsize=32)
def _trials(seed):
    """The searches of five tasks on one model."""
    data, model, _ = _trained(seed)
    clusters = claps.cluster(model.words[:V], stream(seed, "claps", "k-means").random(K, dtype=np.float32))
    return [_trial(seed, data, model, names, claps.vocabulary(clusters)) for names in models.TASKS]


def _gains(trials, one, other):
    return np.array([t.rewards[one] - (t.empty if other == "empty" else t.rewards[other]) for t in trials])


def _dots(axes, trials, shown, xlabel="reward less that of the empty prompt"):
    """Gains of searches over the empty prompt, a dot a task."""
    for i, (name, _, color) in enumerate(shown):
        gain = _gains(trials, name, "empty")
        axes.plot(gain, np.full(len(gain), i), "o", color=color, alpha=0.7)
        axes.plot(gain.mean(), i, "|", color=color, markersize=28, markeredgewidth=3)
    axes.set_yticks(range(len(shown)), [label for _, label, _ in shown])
    axes.set(xlabel=xlabel, ylim=(len(shown) - 0.4, -0.6))
    axes.axvline(0, color=GREY, linewidth=1)


def _share(influences, part):
    """Carried by the largest part of them."""
    ranked = np.sort(np.asarray(influences, dtype=float))[::-1]
    return ranked[: round(part * len(ranked))].sum() / ranked.sum()


def few_tokens(seed):
    """Share of the summed influence that the top words carry, trained against untrained."""
    data, trained, untrained = _trained(seed)
    curves: dict = {"trained": [], "untrained": []}
    for names in models.TASKS:
        task = models.task(seed, data, names)
        for name, model in (("trained", trained), ("untrained", untrained)):
            curves[name].append(_influences(model, task, np.arange(V), "kl"))
    tenth, hundredth = (
        {name: np.array([_share(i, part) for i in every]) for name, every in curves.items()} for part in (0.1, 0.01)
    )
    loss, accuracy = models.held_out(seed, trained, data)

    def plot(figure):
        axes = figure.subplots()
        for name, color in (("untrained", ORANGE), ("trained", BLUE)):
            for i in curves[name]:
                ranked = np.sort(np.asarray(i, dtype=float))[::-1]
                axes.plot(np.arange(1, V + 1), np.cumsum(ranked) / ranked.sum(), color=color, alpha=0.7, linewidth=1.2)
            axes.plot([], [], color=color, label=f"{name}: top tenth has {tenth[name].mean():.2f}")
        axes.axvline(80, color=GREY, linewidth=1, linestyle=":")
        axes.set(xlabel="words, most influential first", ylabel="share of the influence", xscale="log", ylim=(0, 1))
        axes.legend(frameon=False, loc="upper left")

    return Outcome(
        [
            at_least(
                "share of the top tenth of the words, trained less untrained network",
                tenth["trained"].mean() - tenth["untrained"].mean(),
                0.1,
            ),
            *(reported(f"share of the top tenth, {name}", x.mean()) for name, x in tenth.items()),
            *(reported(f"share of the top hundredth, {name}", x.mean()) for name, x in hundredth.items()),
            reported("held-out loss of the model", loss),
            reported("held-out accuracy", accuracy),
        ],
        plot,
        SETUP,
    )


_SHOWN = (
    ("pruned", "genetic, pruned", BLUE),
    ("full", "genetic, all words", ORANGE),
    ("random", "genetic, random words", GREY),
)


def pruning_helps(seed):
    """Reward of the genetic search on the pruned words less that on all, and on as many random ones."""
    trials = _trials(seed)
    full, random = (_gains(trials, "pruned", other) for other in ("full", "random"))

    def plot(figure):
        _dots(figure.subplots(), trials, _SHOWN)

    return Outcome(
        [
            at_least("mean reward, pruned less all words", full.mean(), 1e-9),
            at_least("mean reward, pruned less random words", random.mean(), 1e-9),
            at_least("tasks of 5 in which pruned beats all words", np.sum(full > 0), 4),
            at_least("tasks of 5 in which pruned beats random words", np.sum(random > 0), 4),
            *(reported(f"gain over the empty prompt, {name}", _gains(trials, name, "empty").mean())
              for name in ("pruned", "full", "random", "random prompts")),
            *(reported(f"mean calls, {name}", np.mean([t.calls[name] for t in trials]))
              for name in ("pruned", "full", "random")),
        ],
        plot,
        SETUP + " Searches on other words get 17 epochs, for the calls that pruning costs.",
    )  # fmt: skip


def simple_is_enough(seed):
    """Reward of the greedy prompt less the better one of the genetic search and the swarm."""
    trials = _trials(seed)
    gap = np.array([t.rewards["greedy"] - max(t.rewards["pruned"], t.rewards["swarm"]) for t in trials])

    def plot(figure):
        shown = ("greedy", "greedy", BLUE), ("pruned", "genetic", ORANGE), ("swarm", "swarm", GREEN)
        _dots(figure.subplots(), trials, shown)

    return Outcome(
        [
            at_least("mean reward, greedy less the better of genetic and swarm", gap.mean(), -0.02),
            reported("the worst task", gap.min()),
            *(reported(f"mean calls, {name}", np.mean([t.calls[name] for t in trials]))
              for name in ("greedy", "pruned", "swarm")),
        ],
        plot,
        SETUP,
    )  # fmt: skip


def cheaper(seed):
    """Calls and reward of pruning and greedy search against the genetic search on all words."""
    trials = _trials(seed)
    gain = _gains(trials, "greedy", "full")
    ratio = np.mean([t.calls["greedy"] / t.calls["full"] for t in trials])

    def plot(figure):
        axes = figure.subplots()
        for name, label, color in (
            ("greedy", "pruned, greedy", GREEN),
            *_SHOWN,
            ("random prompts", "random prompts", "#CC79A7"),
        ):
            calls = trials[0].curves[name][0]
            least = min(len(t.curves[name][1]) for t in trials)
            way = np.mean([t.curves[name][1][:least] - t.empty for t in trials], axis=0)
            axes.plot(calls[:least], way, color=color, label=label)
        axes.set(xlabel="calls of the model", ylabel="best reward, less that of the empty prompt", xlim=(0, None))
        axes.legend(frameon=False, loc="lower right", fontsize=8)

    return Outcome(
        [
            at_most("calls, pruning and greedy over genetic on all words", ratio, 0.7),
            at_least("mean reward, greedy less genetic on all words", gain.mean(), 1e-9),
            reported("tasks of 5 in which greedy is better", np.sum(gain > 0)),
            reported("mean reward, greedy less 440 random prompts", _gains(trials, "greedy", "random prompts").mean()),
        ],
        plot,
        SETUP,
    )  # fmt: skip


def clusters_suffice(seed):
    """Reward after asking of all words less that after asking of one word a cluster."""
    trials = _trials(seed)
    lost = _gains(trials, "all asked", "pruned")

    def plot(figure):
        shown = ("pruned", "one word a cluster", BLUE), ("all asked", "all words asked", ORANGE)
        _dots(figure.subplots(), trials, shown)

    return Outcome(
        [
            at_most("mean reward, all words asked less one a cluster", lost.mean(), 0.02),
            reported("the worst task", lost.max()),
            reported("calls for pruning, one a cluster", np.mean([t.calls["pruned"] - 258 for t in trials])),
            reported("calls for pruning, all words", V + 1),
        ],
        plot,
        SETUP,
    )


def other_examples(seed):
    """What the prompts are worth on examples that no search has seen."""
    trials = _trials(seed)
    names = "pruned", "full", "random", "greedy"
    accuracy, likelihood = (
        {name: np.array([t.tested[name][k] - t.tested["empty"][k] for t in trials]) for name in names} for k in (0, 1)
    )

    def plot(figure):
        axes = figure.subplots()
        for name, color in zip(names, (BLUE, ORANGE, GREY, GREEN), strict=True):
            axes.plot(_gains(trials, name, "empty"), accuracy[name], "o", color=color, label=name, alpha=0.8)
        axes.axhline(0, color=GREY, linewidth=1)
        axes.set(xlabel="gain in few-shot reward", ylabel="gain in test accuracy")
        axes.legend(frameon=False, fontsize=8)

    return Outcome(
        [
            at_least("test accuracy, genetic on pruned words less empty prompt", accuracy["pruned"].mean(), 0.01),
            reported("the same, genetic on all words", accuracy["full"].mean()),
            reported("the same, random words", accuracy["random"].mean()),
            *(reported(f"test log-likelihood less that of the empty prompt, {n}", likelihood[n].mean()) for n in names),
            reported("test accuracy of the empty prompt", np.mean([t.tested["empty"][0] for t in trials])),
        ],
        plot,
        SETUP,
    )


_SMALL = "a model of 2 layers and 800 words in place of Flan-T5 and RoBERTa; the paper's figures were not at hand"
CLAIMS = (
    Claim("claps.C1", "A small number of tokens has a disproportionate influence on the model's predictions",
          "abstract; sensitivity analysis", few_tokens, tier="full", kind="behaviour", proxy=_SMALL),
    Claim("claps.C2", "Searching the clustered and pruned words beats searching all, or as many random ones",
          "abstract", pruning_helps, tier="full", kind="superiority", proxy=_SMALL,
          control="The same genetic search on all words and on random ones, with as many calls.", showed="behind"),
    Claim("claps.C3", "On the pruned words even simple search is enough", "abstract", simple_is_enough, tier="full",
          kind="behaviour", proxy=_SMALL),
    Claim("claps.C4", "Search becomes much cheaper", "abstract", cheaper, tier="full", kind="efficiency", proxy=_SMALL,
          control="The genetic search on all words spends more calls for less reward.", showed="behind"),
    Claim("claps.C5", "Clustering keeps the quality at a fifth of the calls for pruning", "method", clusters_suffice,
          tier="full", kind="efficiency", proxy=_SMALL,
          control="Asking of all 800 words, with five times the calls.", showed="as good"),
    Claim("claps.C6", "The prompts found make the model better at its task", "abstract, state of the art",
          other_examples, tier="full", kind="superiority", proxy=_SMALL,
          control="The empty prompt, on examples that no search has seen.", showed="as good"),
)  # fmt: skip
