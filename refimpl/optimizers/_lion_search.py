"""The search that found Lion (Chen et al., 2023, Section 2): programs evolve on small tasks; and its baselines."""

import math
from typing import NamedTuple

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.loop import iterate
from refimpl.core.random import indices, normal, stream, uniform
from refimpl.core.special import softplus
from refimpl.optimizers._lion_programs import ADAMW, Program, check_program, fingerprint, mutate, run, simplify


class Task(NamedTuple):
    """Noisy logistic regression: labels are the sign of a plane's height, some of them flipped."""

    batches: tuple[tuple[Array, Array], ...]  # inputs [b, d] and labels -1 or 1 [b] of each step, for every program
    held_out: tuple[Array, Array]  # inputs [k, d] and labels [k], by which programs are chosen
    fresh: tuple[Array, Array]  # the same, for a last look that chooses nothing


def make_task(seed, *, like, n=64, held_out=256, fresh=4096, d=10, flips=0.1, steps=40, batch=16):
    """A task of its own for each seed: Gaussian inputs, the share `flips` of labels wrong, the batches drawn ahead."""
    check.integer(steps=steps)
    rng, xp = stream(seed, "lion.task"), array_namespace(like)
    plane = normal(rng, (d,), like=like)

    def data(size):
        x = normal(rng, (size, d), like=like)
        one = xp.ones_like(x[:, 0])
        flip = xp.where(uniform(rng, (size,), like=like) < flips, -one, one)
        return x, xp.where(x @ plane > 0, flip, -flip)

    x, y = data(n)
    rows = [indices(rng, n, (batch,), like=like) for _ in range(steps)]
    return Task(tuple((xp.take(x, r, axis=0), xp.take(y, r)) for r in rows), data(held_out), data(fresh))


def train(program, task, rates):
    """Parameters [rates, d] that the program reaches from w = 0 with each learning rate, side by side."""
    check.instance(Task, task=task)
    check.instance((tuple, list), program=program), check.sequence(rates=rates)
    x, _ = task.held_out
    xp = array_namespace(x)
    lr = xp.reshape(xp.asarray(rates, dtype=x.dtype, device=device(x)), (-1, 1))
    w = m = v = xp.zeros_like(lr * x[0, :])
    constant = lambda a: xp.asarray(a, dtype=x.dtype, device=device(x)) if isinstance(a, float) else a
    program = [call._replace(args=tuple(map(constant, call.args))) for call in program]  # once, not in each step
    with np.errstate(all="ignore"):  # programs may overflow: they lose
        for a, b in task.batches:
            g = (b * (xp.tanh(b * (w @ a.T) / 2) - 1)) @ a / (2 * b.shape[0])  # 1 - tanh(z / 2) = 2 sigmoid(-z)
            update, m, v = run(program, w, g, m, v, lr)
            w = w - update
    return w


def losses(w, data):
    """Mean logistic loss of each row of parameters [rates, d]; infinite if the program broke on the way."""
    check.floating(w=w), check.sequence(data=data)
    x, y = data
    xp = array_namespace(x)
    with np.errstate(all="ignore"):
        loss = xp.mean(softplus(-y * (w @ x.T)), axis=1) + xp.sum(0 * w, axis=1)  # NaN unless all w are finite
    return [float(a) for a in xp.where(xp.isfinite(loss), loss, math.inf)]


def fitness(program, task, *, rates=(0.01, 0.1)):
    """Held-out loss at the best of a few learning rates: smaller is fitter."""
    check.instance(Task, task=task)
    check.instance((tuple, list), program=program)
    return min(losses(train(program, task, rates), task.held_out))  # (lion-9)


class Member(NamedTuple):
    """A program of the population."""

    program: Program
    fitness: float
    born: int  # number of the program, in order of evaluation or look-up; 0 for the start


def tournament(members, draws):
    """The fittest of the members at the drawn places, of equals the first drawn.

    Parameters
    ----------
    members : sequence of Member
        Oldest first.
    draws : sequence of float in [0, 1)
        One per place, with replacement.
    """
    check.sequence(members=members, draws=draws)
    if hasattr(draws, "dtype"):
        check.finite(draws=draws)
    draws = [check.fraction(draws=u) for u in draws]
    check.instance(Member, **{f"members[{i}]": member for i, member in enumerate(members)})
    if not all(
        type(m.fitness) is not bool and isinstance(m.fitness, float | int) and m.fitness == m.fitness for m in members
    ):
        raise ValueError("fitness must be a number, infinite at worst, and not NaN")
    return min((members[int(u * len(members))] for u in draws), key=lambda member: member.fitness)  # (lion-10)


def age(members, child):
    """The population a cycle later: the oldest member makes room, however fit it is."""
    check.instance(Member, child=child), check.sequence(members=members)
    return (*members[1:], child)  # (lion-11)


class Search(NamedTuple):
    """What a search leaves."""

    best: Member
    members: tuple[Member, ...]  # the last population, or all evaluated programs of a random search
    generated: int  # children, valid or not
    invalid: int  # refused before they ran
    cached: int  # of a known fingerprint, so not run
    history: list[float]  # best fitness after each evaluation


class _Evaluator:
    """Runs what is valid and new, on its simplified form; knows the rest by its fingerprint."""

    def __init__(self, score, start):
        self._score, self._known = score, {}
        self.generated = self.invalid = self.cached = 0
        self.history: list[float] = []
        self.best = Member(start, self(start), 0)

    def __call__(self, program):
        """Fitness; None if the program is invalid."""
        try:
            check_program(program)
        except ValueError:
            self.invalid += 1
            return None
        key = fingerprint(program)
        if key in self._known:
            self.cached += 1
            return self._known[key]
        value = self._score(simplify(program, across_steps=True))
        if not isinstance(value, float | int) or math.isnan(value):
            raise ValueError(f"score must return a number, infinite at worst, got {value!r}")
        self._known[key] = value = float(value)
        self.history.append(min(value, self.history[-1] if self.history else math.inf))
        return value

    def child(self, program):
        """The program as a member, or None; keeps the best."""
        self.generated += 1
        value = self(program)
        member = None if value is None else Member(program, value, self.generated)
        if member and member.fitness < self.best.fitness:
            self.best = member
        return member

    def result(self, members):
        return Search(self.best, tuple(members), self.generated, self.invalid, self.cached, self.history)


def evolve(score, *, evaluations, rng, start=ADAMW, population=50, size=10, progress=None):
    """Ageing evolution: mutate the winner of a tournament, add the child, drop the oldest.

    Parameters
    ----------
    score : callable
        ``score(program) -> float``, smaller is fitter, such as ``lambda p: fitness(p, task)``.
    evaluations : int
        >= 1. Programs to run; what is invalid or known by its fingerprint is not counted.
    rng : numpy.random.Generator
        Where tournaments and mutations come from.
    start : tuple of Call, default: AdamW
        Of which the first population is made.
    population, size : int, default: 50 and 10
        Members, and draws of a tournament. The paper takes 1000 and 2.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    Search

    Raises
    ------
    TypeError, ValueError
        If a number is out of range or `start` is no valid program.

    Notes
    -----
    Equations (lion-10) and (lion-11) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> task = make_task(0, like=np.zeros(1), steps=10)
    >>> found = evolve(lambda p: fitness(p, task), evaluations=20, rng=np.random.default_rng(0), population=5, size=2)
    >>> found.best.fitness <= found.history[0], len(found.members), len(found.history)
    (True, 5, 20)
    """
    check.function(score=score)
    check.rng(rng=rng)
    evaluations, population, size = check.integer(minimum=1, evaluations=evaluations, population=population, size=size)
    check_program(start)
    evaluator = _Evaluator(score, start)

    def breed(members, evaluated):
        while len(evaluator.history) <= evaluated:
            child = evaluator.child(mutate(tournament(members, rng.random(size)).program, rng))
            members = age(members, child) if child else members
        return members

    members = (evaluator.best,) * population
    return evaluator.result(iterate(breed, members, steps=evaluations - 1, progress=progress).state)


def random_search(score, *, evaluations, rng, start=ADAMW, most=7, progress=None):
    """As many programs, each 1 to `most` mutations away from the start.

    Parameters
    ----------
    score, evaluations, rng, start, progress
        As for `evolve`.
    most : int, default: 7
        The number of mutations is uniform on 1, ..., `most`.

    Returns
    -------
    Search
        Its `members` are the valid programs.

    Examples
    --------
    >>> import numpy as np
    >>> task = make_task(0, like=np.zeros(1), steps=10)
    >>> len(random_search(lambda p: fitness(p, task), evaluations=20, rng=np.random.default_rng(0)).history)
    20
    """
    check.function(score=score)
    check.rng(rng=rng)
    evaluations, most = check.integer(minimum=1, evaluations=evaluations, most=most)
    check_program(start)
    evaluator = _Evaluator(score, start)

    def draw(members, evaluated):
        while len(evaluator.history) <= evaluated:
            program = start
            for _ in range(rng.integers(1, most + 1)):
                program = mutate(program, rng)
            if child := evaluator.child(program):
                members.append(child)
        return members

    return evaluator.result(iterate(draw, [evaluator.best], steps=evaluations - 1, progress=progress).state)


def funnel(members, scores, *, keep=10):
    """The best distinct programs, judged anew on larger tasks: each stage keeps those that beat the start there.

    Parameters
    ----------
    members : sequence of Member
        Candidates with their fitness on the proxy.
    scores : sequence of callable
        ``score(program) -> float`` of each stage, smaller is better, the smallest task first.
    keep : int, default: 10
        Programs that enter.

    Returns
    -------
    program : tuple of Call
        The best at the last stage; AdamW if none beats it at some stage.

    Examples
    --------
    >>> funnel([Member(ADAMW, 0.5, 0)], [lambda program: 1.0]) == ADAMW
    True
    """
    check.sequence(members=members, scores=scores)
    distinct: dict[str, Program] = {}
    for member in sorted(members, key=lambda member: member.fitness):
        distinct.setdefault(fingerprint(member.program), member.program)
    entered = list(distinct.values())[: check.integer(minimum=1, keep=keep)]
    for score in scores:
        bar = score(ADAMW)
        grades = sorted((score(program), place) for place, program in enumerate(entered))
        entered = [entered[place] for grade, place in grades if grade < bar]  # (lion-12)
    return entered[0] if entered else ADAMW
