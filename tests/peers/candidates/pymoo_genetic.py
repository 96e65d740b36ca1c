"""pymoo on genetic prompt search: its uniform crossover, on a loop of ours."""

import numpy as np
from pymoo.util.misc import crossover_mask


def genetic(U, Q, vocab, init, mut_parent, mut_flip, mut_token, cross_parent, coin, elite, p_mut):
    """`crossover_mask` exchanges what a mask names; elites, mutants and rewards are written here."""

    def reward(z):
        return U[np.arange(z.shape[1]), z].sum(axis=1) + Q[z[:, :-1], z[:, 1:]].sum(axis=1)

    def number(u, n):
        return np.minimum(np.floor(u * n).astype(int), n - 1)

    population, populations = init, []
    scores = reward(vocab[population])
    top = int(np.argmax(scores))
    best, prompt, calls = [scores[top]], vocab[population[top]], len(scores)
    for t in range(len(coin)):
        count = max(1, int(elite * len(population)))
        elites = population[np.argsort(-scores, kind="stable")[:count]]
        mutants = elites[number(mut_parent[t], count)]
        other = number(mut_token[t], len(vocab) - 1)
        mutants = np.where(mut_flip[t] < p_mut, other + (other >= mutants), mutants)
        parents = np.stack([elites[number(cross_parent[t, :, j], count)] for j in (0, 1)])
        children = crossover_mask(parents, coin[t] >= 0.5)[0]
        population = np.concatenate([elites, mutants, children])
        populations.append(vocab[population])
        scores = reward(vocab[population])
        calls += len(scores)
        if scores.max() > best[-1]:
            prompt = vocab[population[np.argmax(scores)]]
        best.append(max(best[-1], scores.max()))
    return np.stack(populations), np.array(best), prompt, np.array(calls)
