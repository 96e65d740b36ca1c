"""What the oracle knows of the search that found Lion: the program as it was found, and the bookkeeping of ages."""

from functools import partial

import numpy as np

from refimpl.core.arrays import array_namespace, device
from refimpl.core.random import stream
from refimpl.optimizers._lion_programs import FOUND, follow
from refimpl.optimizers._lion_search import Member, age, tournament
from refimpl.specs.base import Case, ErrorCase, Law, Mistakes, Operation, array, integer, number
from refimpl.specs.exact import asin, reals, sqrt

# The program that was found -------------------------------------------------------------------------------------

MIX, STRETCH, DECAY, SCALE = 0.899, 1.109, 0.4602, 0.0002


def exact_found(theta0, grads, lr):
    """The program in one formula per array, 50 digits: the sign in place of m / sqrt(m^2)."""
    w, v, lr = reals(theta0), reals(np.zeros(theta0.shape)), reals(lr)
    mix, stretch, decay, scale = map(reals, (MIX, STRETCH, DECAY, SCALE))
    path = []
    for g in reals(grads):
        length = sqrt(sum(g * g))
        g = asin(g * lr / length if length > lr else g)
        m = g + mix * (v - g)
        v = g + stretch * (m - g)
        w = w - scale * lr * (np.where(m > 0, 1, -1) + decay * w)
        path.append(w)
    return np.stack(path)


mistake = Mistakes()


def _clip(g, lr):
    xp = array_namespace(g)
    length = xp.sqrt(xp.sum(g * g))
    return g * xp.where(length > lr, lr / length, 1.0)


def _asin(g):
    return array_namespace(g).asin(g)


def _interp(x, y, a):
    return (1 - a) * x + a * y


def _step(w, m, lr):
    return SCALE * lr * (array_namespace(w).sign(m) + DECAY * w)


@mistake("wrong_axis", "clip(g, lr) shortens the whole gradient to length lr; here each coordinate is cut to [-lr, lr]")
def clip_by_value(w, g, v, lr):
    xp = array_namespace(g)
    g = _asin(xp.minimum(xp.maximum(g, -lr * xp.ones_like(g)), lr * xp.ones_like(g)))
    m = _interp(g, v, MIX)
    return w - _step(w, m, lr), _interp(g, m, STRETCH)


@mistake("wrong_order", "clip with the learning rate as it is given; here its factor 0.0002 comes first")
def early_scale(w, g, v, lr):
    g = _asin(_clip(g, SCALE * lr))
    m = _interp(g, v, MIX)
    return w - _step(w, m, lr), _interp(g, m, STRETCH)


@mistake("missing_step", "take the arcsine of the clipped gradient before it enters the means")
def no_arcsine(w, g, v, lr):
    g = _clip(g, lr)
    m = _interp(g, v, MIX)
    return w - _step(w, m, lr), _interp(g, m, STRETCH)


@mistake("missing_step", "multiply the learning rate by 0.0002 before the update is scaled with it")
def no_scale(w, g, v, lr):
    g = _asin(_clip(g, lr))
    m = _interp(g, v, MIX)
    return w - _step(w, m, lr) / SCALE, _interp(g, m, STRETCH)


@mistake("wrong_constant", "interp(x, y, a) is (1 - a) x + a y; here a is the weight of x")
def interp_reversed(w, g, v, lr):
    g = _asin(_clip(g, lr))
    m = _interp(v, g, MIX)
    return w - _step(w, m, lr), _interp(m, g, STRETCH)


@mistake("wrong_order", "the new v mixes the gradient with the new m; here with the old v")
def old_memory(w, g, v, lr):
    g = _asin(_clip(g, lr))
    return w - _step(w, _interp(g, v, MIX), lr), _interp(g, v, STRETCH)


@mistake("wrong_order", "m reads the old v; here v is updated first, and m reads the new one")
def fresh_memory(w, g, v, lr):
    g = _asin(_clip(g, lr))
    v = _interp(g, _interp(g, v, MIX), STRETCH)
    return w - _step(w, _interp(g, v, MIX), lr), v


@mistake("wrong_scale", "the decay w * 0.4602 is part of the update, so multiply it by the learning rate too")
def decay_without_lr(w, g, v, lr):
    g = _asin(_clip(g, lr))
    m = _interp(g, v, MIX)
    return w - SCALE * lr * array_namespace(w).sign(m) - DECAY * w, _interp(g, m, STRETCH)


@mistake("missing_step", "the update ends with the decay w * 0.4602")
def no_decay(w, g, v, lr):
    g = _asin(_clip(g, lr))
    m = _interp(g, v, MIX)
    return w - SCALE * lr * array_namespace(w).sign(m), _interp(g, m, STRETCH)


def _follow(rule, theta0, grads, lr):
    w, v, path = theta0, array_namespace(theta0).zeros_like(theta0), []
    for t in range(grads.shape[0]):
        w, v = rule(w, grads[t, :], v, lr)
        path.append(w)
    return array_namespace(theta0).stack(path)


def _margin(grads, lr):
    """How far, relative to its terms, m stays from a tie, and a gradient's length from the clip."""
    v, margin = np.zeros(grads.shape[1]), np.inf
    for g in grads:
        margin = min(margin, abs(np.linalg.norm(g) / lr - 1))
        g = _asin(_clip(g, lr))
        m = _interp(g, v, MIX)
        size = _interp(abs(g), abs(v), MIX)
        margin = min(margin, np.min(abs(m) / size))
        v = _interp(g, m, STRETCH)
    return margin


def _draw(rng, *, steps, d, lr):
    """Gradients of very different lengths, about as long as the clip, clear of ties."""
    while True:
        grads = rng.standard_normal((steps, d)) * lr * 10.0 ** rng.uniform(-1.5, 1.5, (steps, 1))
        if _margin(grads, lr) > 3e-3:
            return {"theta0": rng.standard_normal(d), "grads": grads, "lr": float(lr)}


def _sample_found(rng):
    return _draw(rng, steps=int(rng.integers(1, 8)), d=int(rng.integers(1, 5)), lr=rng.uniform(0.01, 0.9))


def _found_case(slug, flags, why, *, seed=0, **sizes):
    return Case(slug, flags, why, _draw(stream(seed, "lion-found", slug), **sizes), equations=())


def _two_steps(slug, flags, why, lr, first, second, **more):
    """From 0, a long gradient and a short one against it, whose sign hangs on what became of the first."""
    inputs = {"theta0": np.zeros(len(first)), "grads": np.array([first, second]), "lr": lr}
    return Case(slug, flags, why, inputs, **more)


FOUND_CASES = (
    _found_case("ordinary", ("basic",), "ten steps of lengths on both sides of the clip", steps=10, d=3, lr=0.5),
    _found_case(
        "long", ("basic", "wrong_order", "missing_step"),
        "forty steps: clip, arcsine and both means decide some sign", steps=40, d=2, lr=0.9,
    ),
    _found_case("one-coordinate", ("boundary", "missing_step"), "the arcsine bends most where a gradient is clipped "
                "to 0.9", steps=30, d=1, lr=0.9),
    _found_case("small-rate", ("wrong_order",), "with a small learning rate nearly every gradient is clipped",
                steps=20, d=3, lr=0.01),
    _found_case("one-step", ("boundary",), "the first step follows the sign of the gradient", steps=1, d=2, lr=0.3),
    Case(
        "between-the-forms",
        ("wrong_order", "missing_step"),
        "a small second gradient, against the first: without the arcsine, or with the new v in m, a sign turns",
        {"theta0": np.array([1.0, -2.0]), "grads": np.array([[5.0, 5.0], [-0.01775, -0.018203]]), "lr": 0.9},
    ),
    _two_steps("bends-outwards", ("wrong_constant",), "the arcsine, odd as it is, grows faster than its argument, but "
               "not as fast as the tangent: with that in its place the second step keeps the first one's sign",
               0.9, [2.0], [-0.0318]),
    _two_steps("bends-inwards", ("wrong_constant",), "with a function that bends inwards in the arcsine's place (sine, "
               "arsinh) the second gradient turns the sign, as it should, and without any function it does not",
               0.9, [2.0], [-0.0225]),
    _two_steps("largest-entry", ("wrong_constant",), "clip cuts the Euclidean length to 0.5; a gradient cut so that "
               "its largest entry is 0.5 stays longer, and holds the second coordinate's sign",
               0.5, [3.0, 4.0], [-0.0125, -0.0125]),
    _two_steps("sum-of-entries", ("wrong_constant", "missing_step"), "a gradient cut so that its entries add up to 0.5 "
               "is shorter and loses the second coordinate's sign; so it does if short gradients are stretched to 0.5",
               0.5, [3.0, 4.0], [-0.009, -0.009]),
    _two_steps("both-clipped", ("wrong_order",), "two gradients longer than 0.9: clipped to 0.9 * 0.0002 they would be "
               "too short for the arcsine to bend, and the first coordinate would turn",
               0.9, [2.0, 0.2], [-0.059, 2.0]),
    _two_steps("rounded-rate", ("wrong_constant",), "v forgets at the rate 0.899 * 1.109 = 0.996991, which is not "
               "the 0.997 of the simplified rule", 0.9, [2.0], [-0.02674 * np.arcsin(0.9)]),
    _two_steps("small-clip", ("numerics",), "no epsilon of 1e-6 beside the length of a gradient, here of 2e-4",
               1e-4, [2e-4], [-2.672e-6]),
    _two_steps("kept-in-float64", ("numerics",), "the second gradient turns the sign by 1 part in 1e8: v is kept in "
               "double precision", 0.9, [2.0], [-0.0299863802336], dtypes=("float64",)),
)  # fmt: skip


def _permuted(run, inputs):
    flip = {"theta0": inputs["theta0"][::-1], "grads": inputs["grads"][:, ::-1], "lr": inputs["lr"]}
    yield run(**flip)["thetas"], run(**inputs)["thetas"][:, ::-1]


def _from_zero(run, inputs):
    """One step from 0 has the size 0.0002 lr in every coordinate."""
    grads = inputs["grads"][:1, :]
    got = run(theta0=0 * inputs["theta0"], grads=grads, lr=inputs["lr"])["thetas"]
    yield got, -SCALE * inputs["lr"] * array_namespace(grads).sign(grads)


def _clipped(run, inputs):
    """Gradients that are clipped anyway may be any longer."""
    grads = inputs["grads"]
    long = grads * 1e3
    yield run(**{**inputs, "grads": 8.0 * long})["thetas"], run(**{**inputs, "grads": long})["thetas"]


FOUND_OPERATION = Operation(
    name="lion.found_program",
    summary="the parameters after each of T steps of the program that the search found, before it was simplified",
    inputs=(
        array("theta0", "d", "start"),
        array("grads", "T d", "gradient of each step"),
        number("lr", "learning rate in (0, 1)"),
    ),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=lambda theta0, grads, lr: follow(FOUND, theta0, grads, lr=lr),
    exact=exact_found,
    exact_source="50 digits, one formula for each array, the sign in place of m / sqrt(m^2)",
    cases=FOUND_CASES,
    sample=_sample_found,
    laws=(
        Law("permuted", "coordinates in another order give the same", _permuted, ("ordinary", "long")),
        Law("from-zero", "one step from 0 has the size 0.0002 lr", _from_zero, ("ordinary", "one-step")),
        Law("clipped", "gradients that are clipped anyway may be longer", _clipped, ("ordinary", "small-rate")),
    ),
    mutants=mistake.mutants(lambda rule: partial(_follow, rule)),
    errors=(
        ErrorCase("negative-lr", "a negative learning rate climbs", {"lr": -0.1}, ValueError, "lr"),
        ErrorCase("nan-gradient", "NaN is no gradient", {"grads": np.full((10, 3), np.nan)}, ValueError, "grads"),
        ErrorCase("wrong-shape", "gradients of another size", {"grads": np.ones((10, 4))}, ValueError, "d"),
    ),
)

# Ageing evolution ----------------------------------------------------------------------------------------------


def ageing(start_fitness, child_fitness, draws, population):
    """Birth number of each child's parent."""
    members, parents = (Member((), start_fitness, 0),) * population, []
    for k in range(draws.shape[0]):
        parents.append(float(tournament(members, [float(u) for u in draws[k, :]]).born))
        members = age(members, Member((), float(child_fitness[k]), k + 1))
    return array_namespace(draws).asarray(parents, dtype=draws.dtype, device=device(draws))


def exact_ageing(start_fitness, child_fitness, draws, population):
    """Over the numbers 1 - population, ..., 0 of the copies and 1, ..., c of the children, by arithmetic of indices."""
    fit = [start_fitness] * population + list(child_fitness)
    parents = []
    for k, row in enumerate(draws):
        places = [k + int(np.floor(u * population)) for u in row]  # the population is k, ..., k + population - 1
        lowest = min(fit[p] for p in places)
        winner = next(p for p in places if fit[p] == lowest)
        parents.append(float(max(winner - population + 1, 0)))
    return np.array(parents)


ageing_mistake = Mistakes()


def _fittest(members, draws):
    return min((members[int(u * len(members))] for u in draws), key=lambda member: member[0])


def _ageing(rule, start_fitness, child_fitness, draws, population):
    """`rule(members, draws, child) -> parent, members` over members (fitness, born), oldest first."""
    members, parents = [(start_fitness, 0)] * population, []
    for k in range(draws.shape[0]):
        parent, members = rule(members, [float(u) for u in draws[k, :]], (float(child_fitness[k]), k + 1))
        parents.append(float(parent[1]))
    return np.array(parents)


@ageing_mistake("wrong_order", "drop the oldest member; here the worst one has to go, so that the lucky live on")
def drops_the_worst(members, draws, child):
    worst = max(range(len(members)), key=lambda i: members[i][0])
    return _fittest(members, draws), [*members[:worst], *members[worst + 1 :], child]


@ageing_mistake("wrong_order", "drop the oldest member of the population; here the child takes its parent's place")
def replaces_the_parent(members, draws, child):
    parent = _fittest(members, draws)
    place = members.index(parent)
    return parent, [*members[:place], *members[place + 1 :], child]


@ageing_mistake("missing_step", "drop the oldest member; here the population grows")
def nobody_dies(members, draws, child):
    return _fittest(members, draws), [*members, child]


@ageing_mistake("wrong_sign", "fitness is a loss: the smallest wins the tournament; here the largest does")
def largest_wins(members, draws, child):
    return max((members[int(u * len(members))] for u in draws), key=lambda member: member[0]), [*members[1:], child]


@ageing_mistake("wrong_order", "of equals the first drawn wins; here the last one does")
def last_of_equals(members, draws, child):
    return _fittest(members, draws[::-1]), [*members[1:], child]


@ageing_mistake("wrong_order", "places count from the oldest member; here from the newest")
def newest_first(members, draws, child):
    return _fittest(members[::-1], draws), [*members[1:], child]


@ageing_mistake("missing_step", "the tournament is among all places drawn; here the first draw alone is the parent")
def no_tournament(members, draws, child):
    return _fittest(members, draws[:1]), [*members[1:], child]


@ageing_mistake("wrong_order", "choose the parent before the child enters; here the child competes already")
def child_competes(members, draws, child):
    members = [*members[1:], child]
    return _fittest(members, draws), members


def _cycles(rng, *, population, size, cycles, levels):
    """Fitnesses on a few levels, so that equals meet; draws in the middle of their places."""
    return {
        "start_fitness": float(rng.integers(levels)),
        "child_fitness": rng.integers(levels, size=cycles).astype(float),
        "draws": (rng.integers(population, size=(cycles, size)) + 0.5) / population,
        "population": population,
    }


def _ageing_case(slug, flags, why, **sizes):
    return Case(slug, flags, why, _cycles(stream(0, "lion-ageing", slug), **sizes), equations=("lion-10", "lion-11"))


AGEING_CASES = (
    _ageing_case("few", ("basic", "wrong_order"), "a population of four, two draws", population=4, size=2, cycles=12,
                 levels=9),
    _ageing_case("equals", ("edge_case", "wrong_order"), "most fitnesses are equal: the first drawn wins",
                 population=5, size=3, cycles=15, levels=2),
    _ageing_case("many", ("basic", "missing_step"), "a population as in the tutorial's search, at work for longer "
                 "than it lives", population=10, size=4, cycles=40, levels=50),
    _ageing_case("alone", ("boundary",), "a population of one: each child is the parent of the next", population=1,
                 size=1, cycles=5, levels=5),
    Case(
        "the-fittest-dies",
        ("basic", "wrong_order"),
        "the best child of all is forgotten three cycles later",
        {
            "start_fitness": 5.0,
            "child_fitness": np.array([1.0, 7.0, 8.0, 9.0, 6.0]),
            "draws": np.array([[1, 3, 5]] * 5) / 6,
            "population": 3,
        },
        equations=("lion-10", "lion-11"),
        answer={"parents": np.array([0.0, 1.0, 1.0, 1.0, 2.0])},
        source="worked by hand",
    ),
    Case(
        "the-start-is-good",
        ("basic", "wrong_constant"),
        "the copies of the start beat the first child and lose to the second: their loss is the argument",
        {
            "start_fitness": 2.0,
            "child_fitness": np.array([3.0, 1.0, 4.0, 5.0, 6.0]),
            "draws": np.array([[1, 3, 5, 7]] * 5) / 8,
            "population": 4,
        },
        equations=("lion-10", "lion-11"),
        answer={"parents": np.array([0.0, 0.0, 2.0, 2.0, 2.0])},
        source="worked by hand",
    ),
    Case(
        "edges-of-places",
        ("edge_case", "wrong_constant"),
        "draws just beside the edges of the places: floor(u n), neither round(u (n - 1)) nor the nearest edge",
        {
            "start_fitness": 0.5,
            "child_fitness": np.array([0.4, 0.3, 0.6, 0.2, 0.1, 0.7]),
            "draws": np.array([[0.26], [0.99], [0.74], [0.51], [0.24], [0.76]]),
            "population": 4,
        },
        equations=("lion-10", "lion-11"),
        answer={"parents": np.array([0.0, 1.0, 1.0, 2.0, 1.0, 5.0])},
        source="worked by hand",
    ),
)  # fmt: skip


def _scaled(run, inputs):
    grown = {name: inputs[name] * 4.0 for name in ("start_fitness", "child_fitness")}
    yield run(**{**inputs, **grown})["parents"], run(**inputs)["parents"]


def _alone(run, inputs):
    parents = run(**{**inputs, "population": 1})["parents"]
    xp = array_namespace(parents)
    yield parents, xp.asarray(range(parents.shape[0]), dtype=parents.dtype, device=device(parents))


AGEING = Operation(
    name="lion.ageing",
    summary="who is the parent of each child in ageing evolution, by number of birth; 0 for the copies of the start",
    inputs=(
        number("start_fitness", "loss of the program of which the first population is made"),
        array("child_fitness", "c", "loss of each child"),
        array(
            "draws",
            "c k",
            "draws of each tournament in [0, 1): floor(u population) is a place, counted from the oldest",
        ),
        integer("population", "members, >= 1"),
    ),
    outputs=(array("parents", "c", "birth number of each child's parent", steps=True),),
    reference=ageing,
    exact=exact_ageing,
    exact_source="the population of cycle k is a window of the list of all births; no member moves",
    cases=AGEING_CASES,
    sample=lambda rng: _cycles(
        rng, population=int(rng.integers(1, 8)), size=int(rng.integers(1, 4)), cycles=int(rng.integers(1, 20)), levels=6
    ),
    laws=(
        Law("scaled", "losses times 4 choose the same parents", _scaled, ("few", "equals")),
        Law("alone", "in a population of one each child is the parent of the next", _alone, ("few", "alone")),
    ),
    mutants=ageing_mistake.mutants(lambda rule: partial(_ageing, rule)),
)
