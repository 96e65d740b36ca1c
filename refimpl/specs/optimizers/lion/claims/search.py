"""The experiments behind the claims on the search that found Lion."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from refimpl.core import random
from refimpl.optimizers._lion_programs import (
    ADAMW,
    FOUND,
    check_program,
    fingerprint,
    mutate,
    parse,
    run,
    show,
    simplify,
)
from refimpl.optimizers._lion_search import (
    Member,
    Search,
    age,
    evolve,
    fitness,
    funnel,
    losses,
    make_task,
    random_search,
    tournament,
    train,
)
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
    kinds = {
        "drawn": len(programs),
        "texts": len(set(programs)),
        "fingerprints": len(first),
        "outputs": len({output.tobytes() for output in outputs}),
    }

    def plot(figure):
        axes = figure.subplots()
        bars = axes.barh(list(kinds), list(kinds.values()), color=[GRAY, RANDOM, EVOLVED, GRAY])
        axes.bar_label(bars, padding=3)
        axes.invert_yaxis()
        axes.set(xlabel="different ones among the programs drawn", xlim=(0, 1.1 * len(programs)))
        axes.set_title(f"Of {len(programs)} programs near AdamW {len(first)} need to run to know what all do")

    return Outcome(
        [
            at_least(
                "equal pairs with one fingerprint, of 4", sum(fingerprint(a) == fingerprint(b) for a, b in same), 4
            ),
            at_least("others with two, of 3", sum(fingerprint(a) != fingerprint(b) for a, b in other), 3),
            at_least("simplify removes exactly the dead lines", simplify(dead) == ADAMW, 1),
            at_least("random pairs with one fingerprint", pairs, 50),
            at_most("of these, pairs with different outputs", wrong, 0),
            *(reported(f"random programs: {kind}", number) for kind, number in kinds.items()),
        ],
        plot,
        note="The converse does not hold: a + b and b + a are told apart, so outputs are fewer than fingerprints.",
    )


# C4: evolution against random search ------------------------------------------------------------------------------

SEARCHES: dict[str, Callable[..., Search]] = {"evolution": evolve, "random search": random_search}
# Learning rates among which every program has its best, once it is chosen; those of the search to the last bit.
RATES = np.round(10.0 ** np.linspace(-3, 0.5, 36), 6)


def _search(name, seed, task_seed, evaluations, task):
    rng = random.stream(seed, "lion.search", name, task_seed)
    return SEARCHES[name](partial(fitness, task=task), evaluations=evaluations, rng=rng)


def _settle(program, task, rates=RATES):
    """The least held-out loss over learning rates, and the loss on fresh points there, at most that of w = 0."""
    w = train(program, task, rates)
    chosen = losses(w, task.held_out)
    best = int(np.argmin(chosen))
    return chosen[best], min(losses(w[best : best + 1, :], task.fresh)[0], math.log(2))


def _tuned_adamw(task, rng, trainings):
    """The same for AdamW whose rates of forgetting, decay and learning rate are the best of so many random ones."""
    draw = lambda low, high: 10.0 ** rng.uniform(low, high, (trainings, 1))
    columns = {0.9: 1 - draw(-2, 0), 0.999: 1 - draw(-4, 0), 0.01: draw(-4, 0)}  # for the constants of the start
    program = tuple(call._replace(args=tuple(columns.get(a, a) for a in call.args)) for call in ADAMW)
    return _settle(program, task, draw(-3, 0.5)[:, 0])


def _mean(values):
    """Mean and its standard error."""
    return np.mean(values), np.std(values, ddof=1) / math.sqrt(len(values))


def evolution_beats_random_search(seed, tasks=20, evaluations=600):
    """Programs that are chosen on held-out points by each way of searching, on points that chose nothing."""
    found: dict[str, list[tuple[float, float]]] = {
        "AdamW": [],
        "AdamW, tuned": [],
        "random search": [],
        "evolution": [],
    }
    for k in range(tasks):
        number = 100 * seed + k
        task = make_task(number, like=np.zeros(1))
        found["AdamW"].append(_settle(ADAMW, task))
        found["AdamW, tuned"].append(_tuned_adamw(task, random.stream(seed, "lion.C4", number), 2 * evaluations))
        for name in SEARCHES:
            found[name].append(_settle(_search(name, seed, number, evaluations, task).best.program, task))
    chosen, fresh = ({name: np.array(pairs)[:, i] for name, pairs in found.items()} for i in (0, 1))
    ahead = {name: _mean(fresh["evolution"] - fresh[name]) for name in fresh if name != "evolution"}

    def plot(figure):
        axes = figure.subplots()
        for place, name in enumerate(found):
            gain = fresh["AdamW"] - fresh[name]
            mean, error = _mean(gain)
            axes.plot(place + np.linspace(-0.2, 0.2, tasks), gain, "o", color=GRAY, alpha=0.5, markersize=4)
            axes.errorbar(place, mean, 2 * error, fmt="D", color=EVOLVED, capsize=4, zorder=3)
            axes.plot(place, np.mean(chosen["AdamW"] - chosen[name]), "D", color=RANDOM, markerfacecolor="none")
        axes.plot([], [], "o", color=GRAY, label="fresh points, a task each")
        axes.plot([], [], "D", color=EVOLVED, label="fresh points, mean $\\pm$ 2 standard errors")
        axes.plot([], [], "D", color=RANDOM, markerfacecolor="none", label="points that chose the program, mean")
        axes.axhline(0, color=GRAY, linestyle=":")
        axes.set_xticks(range(len(found)), found)
        axes.set_ylabel("loss of AdamW at its best rate\nminus loss of the program (nats)")
        axes.set_title(f"{evaluations} programs, or {2 * evaluations} trainings, on each of {tasks} tasks")
        axes.legend(fontsize=9, loc="upper left")

    return Outcome(
        [
            at_most("fresh points, mean loss of evolution - random search", ahead["random search"][0], -0.01),
            at_most(
                "the same - AdamW at its best rate, + 2 standard errors", sum(ahead["AdamW"]) + ahead["AdamW"][1], 0
            ),
            reported("the same - AdamW, tuned", ahead["AdamW, tuned"][0]),
            *(reported(f"standard error of the difference to {name}", error) for name, (_, error) in ahead.items()),
            *(
                reported(f"tasks of {tasks} on which evolution is ahead of {name}", np.sum(fresh["evolution"] < loss))
                for name, loss in list(fresh.items())[:-1]
            ),
            reported(
                "points that chose the programs, mean loss of evolution - random search",
                np.mean(chosen["evolution"] - chosen["random search"]),
            ),
        ],
        plot,
        note="On the points that chose the programs, where it was measured before, the bound holds at seed 0: about "
        "half of the lead is luck of the choice. At seed 11 one program of 20 hangs on the last bit of its arithmetic, "
        "and evolution is behind. With 1600 programs, in more time than this tier has, the difference on the fresh "
        "points of seed 0 is -0.013 with a standard error of 0.007. Populations of 50 and tournaments of 10, where the "
        "paper has 1000 and 2, for want of its budget.",
    )


# C5: what need not run ----------------------------------------------------------------------------------------------


def _children(score, rng, population=50, size=10):
    """The children of `evolve`, in its order, those that are no valid programs as None."""
    members = (Member(ADAMW, score(ADAMW), 0),) * population
    while True:
        child = mutate(tournament(members, rng.random(size)).program, rng)
        try:
            check_program(child)
        except ValueError:
            yield None
        else:
            members = age(members, Member(child, score(child), 0))
            yield child


def most_programs_need_no_run(seed, tasks=2, evaluations=1600):
    """The share of children that were refused or known before they ran, and what less thrifty searches would reach."""
    caches = {"by fingerprint": fingerprint, "by text": show, "none": None}
    searches, curves = [], {name: [] for name in caches}  # type: ignore[var-annotated]
    for k in range(tasks):
        task = make_task(10 * seed + k, like=np.zeros(1))
        known: dict[str, float] = {}

        def score(program, known=known, task=task):
            key = fingerprint(program)
            if key not in known:
                known[key] = fitness(simplify(program, across_steps=True), task)
            return known[key]

        searches.append(SEARCHES["evolution"](score, evaluations=evaluations, rng=random.stream(seed, "lion.C5", k)))
        children = _children(score, random.stream(seed, "lion.C5", k))
        valid = [ADAMW, *filter(None, (next(children) for _ in range(searches[-1].generated)))]
        for name, key in caches.items():
            runs: dict = {}
            for place, program in enumerate(valid):
                runs.setdefault(key(program) if key else place, score(program))
            curves[name].append(np.minimum.accumulate(list(runs.values())[:evaluations]))
    saved = [(s.invalid + s.cached) / s.generated for s in searches]
    last = {name: np.mean([curve[-1] for curve in found]) for name, found in curves.items()}

    def plot(figure):
        for axes, *found in zip(figure.subplots(1, tasks, squeeze=False)[0], *curves.values(), strict=True):
            for curve, name, style, color in zip(found, caches, ("-", "--", ":"), (EVOLVED, RANDOM, GRAY), strict=True):
                axes.plot(np.arange(1, len(curve) + 1), curve, style, color=color, linewidth=2, label=name)
            axes.set(xscale="log", xlabel="programs run")
        figure.axes[0].set(ylabel="best held-out loss so far (nats)")
        figure.axes[0].legend(title="cache")
        figure.suptitle("The same evolution on two tasks, with three ways to know a program again")

    def dead_lines(search):
        programs = [member.program for member in search.members]
        return 1 - sum(len(simplify(p, across_steps=True)) for p in programs) / sum(map(len, programs))

    return Outcome(
        [
            at_least("smallest share of children that did not run", min(saved), 0.5),
            reported("mean share of cache hits", np.mean([s.cached / s.generated for s in searches])),
            reported("mean share of invalid programs", np.mean([s.invalid / s.generated for s in searches])),
            reported("mean share of dead lines in the last population", np.mean([dead_lines(s) for s in searches])),
            *(reported(f"mean best loss after {evaluations} runs, cache {name}", loss) for name, loss in last.items()),
        ],
        plot,
    )


# C6: from the proxy to other tasks ------------------------------------------------------------------------------


def gain_shrinks_on_other_tasks(seed, runs=20, evaluations=400):
    """The gain over AdamW on the proxy, and on larger tasks that the search never saw, with and without the funnel."""
    gains = []
    for k in range(runs):
        number = 1000 * seed + 10 * k
        proxy = make_task(number, like=np.zeros(1))
        middle = [make_task(number + i, like=np.zeros(1), n=128, d=12, steps=60) for i in (1, 2)]
        targets = [make_task(number + i, like=np.zeros(1), n=200, d=15, steps=100) for i in (3, 4)]
        found = _search("evolution", seed, number, evaluations, proxy)
        stages = [lambda p, tasks=middle[:n]: np.mean([_settle(p, task)[0] for task in tasks]) for n in (1, 2)]
        picked = funnel(found.members, stages)
        gain = lambda program, tasks: np.mean([_settle(ADAMW, t)[1] - _settle(program, t)[1] for t in tasks])
        gains.append(
            (
                _settle(ADAMW, proxy)[0] - _settle(found.best.program, proxy)[0],
                gain(found.best.program, [proxy]),
                gain(found.best.program, targets),
                gain(picked, targets),
            )
        )
    chosen, on_proxy, on_targets, funneled = np.array(gains).T

    def plot(figure):
        axes = figure.subplots()
        for place, gain in enumerate(np.array(gains).T):
            color = (GRAY, GRAY, EVOLVED, RANDOM)[place]
            mean, error = _mean(gain)
            axes.plot([place] * runs, gain, "o", color=color, alpha=0.5, markersize=4)
            axes.errorbar(place + 0.15, mean, 2 * error, fmt="D", color=color, capsize=4)
        axes.axhline(0, color=GRAY, linestyle=":")
        labels = (
            "proxy, points that\nchose the program",
            "proxy,\nfresh points",
            "larger tasks",
            "larger tasks,\nfunnel",
        )
        axes.set_xticks(range(4), labels)
        axes.set_ylabel("loss of AdamW at its best rate\nminus loss of the program (nats)")
        axes.set_title(f"{runs} searches of {evaluations} programs (diamonds: mean $\\pm$ 2 standard errors)")

    return Outcome(
        [
            at_most("mean gain on the targets - on the proxy, fresh points", np.mean(on_targets - on_proxy), -1e-12),
            reported("its standard error", _mean(on_targets - on_proxy)[1]),
            reported("mean gain on the proxy, on the points that chose the program", chosen.mean()),
            reported("mean gain on the proxy, fresh points", on_proxy.mean()),
            reported("mean gain on the targets", on_targets.mean()),
            reported("mean gain on the targets after the funnel", funneled.mean()),
            reported("mean gain by the funnel", np.mean(funneled - on_targets)),
            reported("its standard error", _mean(funneled - on_targets)[1]),
            reported(f"searches of {runs} whose program is worse than AdamW on the targets", np.sum(on_targets < 0)),
        ],
        plot,
        note="Before, the proxy's gain was read off the points that had chosen the program, over 6 searches.",
    )


_LOGISTIC = (
    "noisy logistic regression in 10 dimensions in place of the paper's proxies; thousands of programs in place of 10^5"
)

CLAIMS = (
    Claim(
        "lion.C3",
        "A hash found without running the program identifies functionally equal programs",
        "Section 2, abstract execution",
        hash_finds_equal_programs,
        kind="identity",
        control="The text of a program in place of its hash: it knows a third of the programs that the hash knows.",
        showed="behind",
    ),
    Claim(
        "lion.C4",
        "Evolution that starts from AdamW beats AdamW at its best learning rate, and random search",
        "Section 2, figure of the search",
        evolution_beats_random_search,
        tier="full",
        kind="superiority",
        control="AdamW with the best of 36 learning rates, as all have them; AdamW whose constants are the best of as "
        "many trainings; random search with as many programs. On fresh points evolution is at seed 0 by 0.007 ahead of "
        "tuned AdamW and of random search (standard errors 0.003), a third of its lead over AdamW.",
        showed="behind",
        proxy=_LOGISTIC,
    ),
    Claim(
        "lion.C5",
        "Abstract execution and the cache save most evaluations",
        "Section 2",
        most_programs_need_no_run,
        tier="full",
        kind="efficiency",
        control="The same evolution with a cache by text, and with none, for as many runs: they get less far, and the "
        "text saves hardly any.",
        showed="behind",
        proxy=_LOGISTIC,
    ),
    Claim(
        "lion.C6",
        "What is gained on the proxy shrinks on other tasks, which is why programs are selected on larger ones",
        "abstract; Section 3",
        gain_shrinks_on_other_tasks,
        tier="full",
        kind="behaviour",
        control="AdamW has the best of the same 36 learning rates on each task, and gains are read off fresh points: "
        "on the larger tasks most programs are worse than AdamW, and the funnel mostly falls back to AdamW.",
        showed="as good",
        proxy=_LOGISTIC,
    ),
)
