"""pymoo and deap on genetic prompt search: their operators, each with its draws given, on one loop."""

import random
import sys
from unittest import mock

import numpy as np

if any("deap" in folder for folder in sys.path):
    from deap import base, creator, tools

    creator.create("Reward", base.Fitness, weights=(1.0,))
    creator.create("Prompt", list, fitness=creator.Reward)
else:
    from pymoo.util.misc import crossover_mask


def _number(u, n):
    return np.minimum(np.floor(u * n).astype(int), n - 1)


def _first_of_largest(population, scores, count):
    return population[np.argsort(-scores, kind="stable")[:count]]


def _another(mutants, flip, token, p_mut, v):
    other = _number(token, v - 1)
    return np.where(flip < p_mut, other + (other >= mutants), mutants)


def _search(cross, data, select=_first_of_largest, mutate=_another):
    """The loop, with one crossover, one choice of elites and one mutation."""
    U, Q, vocab, population = (data[name] for name in ("U", "Q", "vocab", "init"))

    def reward(z):
        return U[np.arange(z.shape[1]), z].sum(axis=1) + Q[z[:, :-1], z[:, 1:]].sum(axis=1)

    populations, scores = [], reward(vocab[population])
    best, prompt, calls = [scores.max()], vocab[population[np.argmax(scores)]], len(scores)
    for t, coin in enumerate(data["coin"]):
        count = max(1, int(data["elite"] * len(population)))
        elites = select(population, scores, count)
        mutants = elites[_number(data["mut_parent"][t], count)]
        mutants = mutate(mutants, data["mut_flip"][t], data["mut_token"][t], data["p_mut"], len(vocab))
        parents = [elites[_number(data["cross_parent"][t, :, j], count)] for j in (0, 1)]
        population = np.concatenate([elites, mutants, cross(*parents, coin)])
        populations.append(vocab[population])
        scores = reward(vocab[population])
        calls += len(scores)
        if scores.max() > best[-1]:
            prompt = vocab[population[np.argmax(scores)]]
        best.append(max(best[-1], scores.max()))
    return np.stack(populations), np.array(best), prompt, np.array(calls)


def pymoo(**data):
    """`crossover_mask` exchanges what a mask names."""
    return _search(lambda one, two, coin: crossover_mask(np.stack([one, two]), coin >= 0.5)[0], data)


def _deap_elites(population, scores, count):
    prompts = [creator.Prompt(row) for row in population.tolist()]
    for prompt, score in zip(prompts, scores, strict=True):
        prompt.fitness.values = (score,)
    return np.array(tools.selBest(prompts, count))


def _deap_children(first, second, coin):
    """The second of its two children: where a draw is below 0.5 it has the token of the first parent."""
    children = []
    for one, two, draws in zip(first.tolist(), second.tolist(), coin, strict=True):
        with mock.patch.object(random, "random", iter(draws).__next__):
            children.append(tools.cxUniform(one, two, 0.5)[1])
    return np.array(children, dtype=int).reshape(first.shape)


def _deap_mutants(mutants, flip, token, p_mut, v):
    rows = []
    for row, flips, tokens in zip(mutants.tolist(), flip, token, strict=True):
        changed = iter(tokens[flips < p_mut])
        with (
            mock.patch.object(random, "random", iter(flips).__next__),
            mock.patch.object(random, "randint", lambda low, up, u=changed: low + int(next(u) * (up - low + 1))),
        ):
            rows.append(tools.mutUniformInt(row, 0, v - 1, p_mut)[0])
    return np.array(rows, dtype=int).reshape(mutants.shape)


def deap(**data):
    """`selBest` and `cxUniform`."""
    return _search(_deap_children, data, select=_deap_elites)


def deap_mutation(**data):
    """The same with `mutUniformInt`."""
    return _search(_deap_children, data, select=_deap_elites, mutate=_deap_mutants)
