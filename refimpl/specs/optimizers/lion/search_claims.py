"""The experiments behind the claims on the search that found Lion."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from refimpl.core import random
from refimpl.optimizers._lion_programs import ADAMW, FOUND, Program, fingerprint, parse, run, simplify
from refimpl.optimizers._lion_search import Search, Task, evolve, fitness, funnel, make_task, random_search
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported

EVOLVED, RANDOM, GRAY = "#D55E00", "#0072B2", "0.45"  # color-blind safe (Okabe and Ito)

LION = parse("""
    c = interp(g, m, 0.9)
    m = interp(g, m, 0.99)
    s = sign(c)
    wd = w * 0.01
    update = s + wd
    update = update * lr
""")

# C3: what the fingerprint sees ----------------------------------------------------------------------------------


def _renamed(program):
    """Other names for everything but inputs and outputs."""
    own = {"w", "g", "m", "v", "lr", "update"}

    def name(x):
        return f"other_{x}" if isinstance(x, str) and x not in own else x

    return tuple(call._replace(target=name(call.target), args=tuple(map(name, call.args))) for call in program)


def _mutants(seed, count):
    """Programs a few mutations away from AdamW, and a run of each on Gaussian numbers."""
    rng = random.stream(seed, "lion.C3")
    members = random_search(lambda program: 0.0, evaluations=count, rng=rng, most=3).members
    w, g, m, v = random.stream(seed, "lion.C3", "numbers").standard_normal((4, 7))
    with np.errstate(all="ignore"):
        outputs = [np.concatenate(run(member.program, w, g, m, v, 0.1)) for member in members]
    return [member.program for member in members], outputs


def hash_finds_equal_programs(seed, count=300):
    """Pairs that must have one fingerprint, pairs that must not, and random programs whose outputs are compared."""
    dead = (*ADAMW[:3], *parse("x = exp(w); x = x * x"), *ADAMW[3:])
    same = [(ADAMW, _renamed(ADAMW)), (ADAMW, dead), (FOUND, simplify(FOUND)), (dead, simplify(dead))]
    swapped = parse("update = w - g"), parse("update = g - w")
    other = [(ADAMW, LION), swapped, (ADAMW, (ADAMW[0], ADAMW[1]._replace(args=("g", "m", 0.8)), *ADAMW[2:]))]
    programs, outputs = _mutants(seed, count)
    first: dict[str, int] = {}
    pairs = wrong = 0
    for k, program in enumerate(programs):
        twin = first.setdefault(fingerprint(program), k)
        pairs += twin != k
        wrong += twin != k and not np.array_equal(outputs[twin], outputs[k], equal_nan=True)
    return Outcome(
        [
            at_least(
                "equal pairs with one fingerprint, of 4", sum(fingerprint(a) == fingerprint(b) for a, b in same), 4
            ),
            at_least("others with two, of 3", sum(fingerprint(a) != fingerprint(b) for a, b in other), 3),
            at_least("simplify removes exactly the dead lines", simplify(dead) == ADAMW, 1),
            at_least("random pairs with one fingerprint", pairs, 50),
            at_most("of these, pairs with different outputs", wrong, 0),
        ],
        note="The converse does not hold: a + b and b + a are told apart.",
    )


# C4 and C5: evolution against random search ---------------------------------------------------------------------

SEARCHES: dict[str, Callable[..., Search]] = {"evolution": evolve, "random search": random_search}


def _search(name, seed, task_seed, evaluations, task=None):
    task = task or make_task(task_seed, like=np.zeros(1))
    rng = random.stream(seed, "lion.search", name, task_seed)
    return SEARCHES[name](partial(fitness, task=task), evaluations=evaluations, rng=rng)


def evolution_beats_random_search(seed, tasks=6, evaluations=1600):
    """The best loss that each finds with as many evaluated programs, on tasks of their own."""
    found = {name: [_search(name, seed, 10 * seed + k, evaluations) for k in range(tasks)] for name in SEARCHES}
    start = np.array([search.history[0] for search in found["evolution"]])
    best = {name: np.array([search.best.fitness for search in searches]) for name, searches in found.items()}

    def plot(figure):
        axes = figure.subplots()
        for (name, searches), color in zip(found.items(), (EVOLVED, RANDOM), strict=True):
            curves = np.array([search.history[:evaluations] for search in searches])
            axes.plot(np.arange(1, evaluations + 1), curves.T, color=color, alpha=0.25, linewidth=1)
            axes.plot(np.arange(1, evaluations + 1), curves.mean(axis=0), color=color, linewidth=2.5, label=name)
        axes.set(xscale="log", xlabel="evaluated programs", ylabel="best held-out loss so far (nats)")
        axes.set_title(f"Search from AdamW on {tasks} small tasks: each, and their mean")
        axes.legend()

    wins = int(np.sum(best["evolution"] < best["random search"]))
    return Outcome(
        [
            at_most("largest best loss of evolution - AdamW's", np.max(best["evolution"] - start), -1e-12),
            at_most("mean best loss, evolution - random", np.mean(best["evolution"] - best["random search"]), -0.01),
            reported("mean loss of AdamW", start.mean()),
            reported("mean best loss of evolution", best["evolution"].mean()),
            reported("mean best loss of random search", best["random search"].mean()),
            reported(f"tasks of {tasks} on which evolution is ahead", wins),
        ],
        plot,
        note="Populations of 50 and tournaments of 10, where the paper has 1000 and 2, for want of its budget.",
    )


def most_programs_need_no_run(seed, tasks=2, evaluations=1600):
    """The share of children that were refused or known before they ran, and of lines that do nothing."""
    searches = [_search("evolution", seed, 10 * seed + k, evaluations) for k in range(tasks)]
    saved = [(s.invalid + s.cached) / s.generated for s in searches]

    def dead_lines(search):
        programs = [member.program for member in search.members]
        return 1 - sum(len(simplify(p, across_steps=True)) for p in programs) / sum(map(len, programs))

    return Outcome(
        [
            at_least("smallest share of children that did not run", min(saved), 0.5),
            reported("mean share of cache hits", np.mean([s.cached / s.generated for s in searches])),
            reported("mean share of invalid programs", np.mean([s.invalid / s.generated for s in searches])),
            reported("mean share of dead lines in the last population", np.mean([dead_lines(s) for s in searches])),
        ]
    )


# C6: from the proxy to other tasks ------------------------------------------------------------------------------

NOTHING_LEARNED = math.log(2)  # loss at w = 0, in place of a loss that is not finite


def _loss(program: Program, tasks: list[Task], rates=(0.01, 0.03, 0.1)):
    """Mean over tasks of the best held-out loss."""
    losses = [fitness(program, task, rates=rates) for task in tasks]
    return float(np.mean([loss if math.isfinite(loss) else NOTHING_LEARNED for loss in losses]))


def gain_shrinks_on_other_tasks(seed, runs=6, evaluations=400):
    """The gain over AdamW on the proxy, and on larger tasks that the search never saw, with and without the funnel."""
    gains: dict[str, list[float]] = {"proxy": [], "targets": [], "targets, after the funnel": []}
    for k in range(runs):
        number = 1000 * seed + 10 * k
        proxy = make_task(number, like=np.zeros(1))
        middle = [make_task(number + i, like=proxy.held_out[0], n=128, d=12, steps=60) for i in (1, 2)]
        targets = [make_task(number + i, like=proxy.held_out[0], n=200, d=15, steps=100) for i in (3, 4)]
        found = _search("evolution", seed, number, evaluations, proxy)
        picked = funnel(found.members, [partial(_loss, tasks=middle[:1]), partial(_loss, tasks=middle)])
        base = _loss(ADAMW, targets)
        gains["proxy"].append(found.history[0] - found.best.fitness)
        gains["targets"].append(base - _loss(found.best.program, targets))
        gains["targets, after the funnel"].append(base - _loss(picked, targets))

    def plot(figure):
        axes = figure.subplots()
        for place, gain in enumerate(gains.values()):
            axes.plot([place] * runs, gain, "o", color=(GRAY, EVOLVED, RANDOM)[place], alpha=0.7)
            axes.plot([place - 0.2, place + 0.2], [np.mean(gain)] * 2, color="black", linewidth=2)
        for row in zip(*gains.values(), strict=True):
            axes.plot(range(3), row, color="0.8", linewidth=1, zorder=0)
        axes.axhline(0, color=GRAY, linestyle=":")
        axes.set_xticks(range(3), gains)
        axes.set_ylabel("held-out loss of AdamW - of the program (nats)")
        axes.set_title(f"What {evaluations} evaluations on a proxy gain elsewhere, {runs} searches")

    on_proxy, on_targets, funneled = (np.array(gain) for gain in gains.values())
    return Outcome(
        [
            at_most("mean gain on the targets - on the proxy", np.mean(on_targets - on_proxy), -1e-12),
            reported("mean gain on the proxy", on_proxy.mean()),
            reported("mean gain on the targets", on_targets.mean()),
            reported("mean gain on the targets after the funnel", funneled.mean()),
            reported(f"searches of {runs} whose program is worse than AdamW on the targets", np.sum(on_targets < 0)),
            reported(f"searches of {runs} whose pick by the funnel is no worse", np.sum(funneled >= on_targets)),
        ],
        plot,
    )


_LOGISTIC = (
    "noisy logistic regression in 10 dimensions in place of the paper's proxies; thousands of programs in place of 10^5"
)

SEARCH_CLAIMS = (
    Claim(
        "lion.C3",
        "A hash found without running the program identifies functionally equal programs",
        "Section 2, abstract execution",
        hash_finds_equal_programs,
    ),
    Claim(
        "lion.C4",
        "Evolution that starts from AdamW beats AdamW and random search",
        "Section 2, figure of the search",
        evolution_beats_random_search,
        tier="full",
        proxy=_LOGISTIC,
    ),
    Claim(
        "lion.C5",
        "Abstract execution and the cache save most evaluations",
        "Section 2",
        most_programs_need_no_run,
        tier="full",
        proxy=_LOGISTIC,
    ),
    Claim(
        "lion.C6",
        "What is gained on the proxy shrinks on other tasks, which is why programs are selected on larger ones",
        "abstract; Section 3",
        gain_shrinks_on_other_tasks,
        tier="full",
        proxy=_LOGISTIC,
    ),
)
