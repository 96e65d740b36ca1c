"""Right answers of prompt search, apart from the source: prompt by prompt, in rational numbers or 50 digits."""

from fractions import Fraction

import numpy as np

from refimpl.specs.exact import exp, log, reals


def _chances(logits):
    """Probabilities of the classes of one example, each as a ratio of sums of differences."""
    return [1 / sum(exp(other - z) for other in logits) for z in logits]


def _reward(logits, y, kind):
    """Of one prompt, example by example."""
    found = []
    for row, label in zip(reals(logits), y, strict=True):
        p = _chances(row)
        if kind == "cross_entropy":
            found.append(log(p[label]))
        elif kind == "gap":
            gap = p[label] - max(x for c, x in enumerate(p) if c != label)
            found.append((200 if gap > 0 else 180) * gap)
        else:
            found.append(sum(x * log(x) for x in p))
    return sum(found) / (1 if kind == "entropy" else len(found))


def rewards(logits, y, kind):
    """Prompt by prompt."""
    return np.array([_reward(one, y, kind) for one in logits])


def _divergence(logits, empty):
    """Of one prompt from the empty one."""
    total = 0
    for row, before in zip(reals(logits), reals(empty), strict=True):
        total += sum(p * log(p / p0) for p, p0 in zip(_chances(row), _chances(before), strict=True))
    return total


def influence(logits_empty, logits, y, kind, q):
    """The percentile between the two values whose ranks are next to it."""
    if kind == "reward":
        empty = _reward(logits_empty, y, "cross_entropy")
        found = [_reward(one, y, "cross_entropy") - empty for one in logits]
    else:
        found = [_divergence(one, logits_empty) for one in logits]
    place, ranked = Fraction(q) * (len(found) - 1) / 100, sorted(found)
    low = place.numerator // place.denominator
    part = reals(float(place - low))
    threshold = (1 - part) * ranked[low] + part * ranked[min(low + 1, len(ranked) - 1)]
    return np.array(found), np.array(threshold), np.array([int(x > threshold) for x in found])


def _distance(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))


def _first_least(values):
    return min((x, i) for i, x in enumerate(values))[1]


def cluster(E, u, max_iter):
    """Rows as lists of fractions, members of each cluster as lists."""
    rows, u = (
        [tuple(map(Fraction, row)) for row in np.asarray(E, dtype=float).tolist()],
        list(map(Fraction, map(float, u))),
    )
    seeds = [int(u[0] * len(rows))]
    for draw in u[1:]:
        squares = [min(_distance(row, rows[s]) for s in seeds) for row in rows]
        target, passed = draw * sum(squares), 0
        for i, square in enumerate(squares):
            passed += square
            if passed > target:
                seeds.append(i)
                break
    centres = [rows[s] for s in seeds]
    labels = [_first_least([_distance(row, c) for c in centres]) for row in rows]
    for _ in range(max_iter):
        for k in range(len(centres)):
            members = [row for row, label in zip(rows, labels, strict=True) if label == k]
            if members:
                centres[k] = tuple(sum(x) / len(members) for x in zip(*members, strict=True))
        old, labels = labels, [_first_least([_distance(row, c) for c in centres]) for row in rows]
        if labels == old:
            break
    nearest = [_first_least([_distance(row, c) for row in rows]) for c in centres]
    return np.array(seeds), np.array(labels), np.array(centres, dtype=object), np.array(nearest)


class _Table:
    """Rewards in rational numbers, each entry converted when it is asked for."""

    def __init__(self, U, Q):
        self.U, self.Q, self.known = U, Q, {}

    def __call__(self, z):
        if z not in self.known:
            self.known[z] = sum((self.worth(z[:l], z[l]) for l in range(len(z))), Fraction(0))
        return self.known[z]

    def worth(self, before, token):
        """What a token adds after others."""
        pair = Fraction(float(self.Q[before[-1], token])) if before else 0
        return Fraction(float(self.U[len(before), token])) + pair


def greedy(U, Q, vocab):
    """By what each token adds."""
    table, total = _Table(U, Q), Fraction(0)
    prompt: list = []
    totals: list = []
    for _ in range(len(U)):
        gains = [table.worth(prompt, token) for token in vocab.tolist()]
        total += max(gains)
        prompt, totals = [*prompt, int(vocab[gains.index(max(gains))])], [*totals, total]
    return np.array(prompt), np.array(totals), np.array(len(U) * len(vocab))


def _number(draw, count):
    """floor(draw count)."""
    return int(Fraction(float(draw)) * count)


def genetic(U, Q, vocab, init, mut_parent, mut_flip, mut_token, cross_parent, coin, elite, p_mut):
    """Prompts as tuples of token ids."""
    reward, vocab = _Table(U, Q), vocab.tolist()
    prompts = [tuple(vocab[i] for i in row) for row in init.tolist()]
    seen, best, populations = list(prompts), [max(map(reward, prompts))], []
    for t in range(len(mut_parent)):
        elites = sorted(prompts, key=reward, reverse=True)[: max(1, int(Fraction(float(elite)) * len(prompts)))]
        mutants = []
        for j, parent in enumerate(mut_parent[t]):
            z = list(elites[_number(parent, len(elites))])
            for l, flip in enumerate(mut_flip[t, j]):
                if flip < p_mut:
                    z[l] = [a for a in vocab if a != z[l]][_number(mut_token[t, j, l], len(vocab) - 1)]
            mutants.append(tuple(z))
        children = []
        for pair, sides in zip(cross_parent[t], coin[t], strict=True):
            one, two = (elites[_number(p, len(elites))] for p in pair)
            children.append(tuple(one[l] if side < 0.5 else two[l] for l, side in enumerate(sides)))
        prompts = elites + mutants + children
        seen += prompts
        populations.append(prompts)
        best.append(max(best[-1], *map(reward, prompts)))
    top = max(range(len(seen)), key=lambda i: (reward(seen[i]), -i))
    return np.array(populations), np.array(best), np.array(seen[top]), np.array(len(seen))


def pso(U, Q, vocab, init, nu, gate1, gate2, mut_gate, mut_pos, mut_token, move1, move2):
    """Particle by particle; a position moves if its draw's odds are below those of the velocity."""
    reward, tokens, (N, L) = _Table(U, Q), vocab.tolist(), init.shape
    T = len(gate1)
    x = [tuple(tokens[i] for i in row) for row in init.tolist()]
    own, g = list(x), max(x, key=reward)
    v = [[Fraction(float(n))] * L for n in nu]
    positions, velocities = [], []
    for i in range(T):
        late = Fraction(3 * i, 5 * T)
        keep, first, second = Fraction(4, 5) - late, Fraction(4, 5) - late, Fraction(1, 5) + late
        for k in range(N):
            z, before = list(x[k]), x[k]
            for l in range(L):
                pull = sum(3 - 6 * (before[l] == goal[l]) for goal in (own[k], g))
                v[k][l] = _few_digits(keep * v[k][l] + (1 - keep) * pull)
                chance = 1 / (1 + exp(-reals(1) * v[k][l].numerator / v[k][l].denominator))
                if gate1[i, k] < first and move1[i, k, l] < chance:
                    z[l] = own[k][l]
                if gate2[i, k] < second and move2[i, k, l] < chance:
                    z[l] = g[l]
            if mut_gate[i, k] < Fraction(1, 10):
                z[_number(mut_pos[i, k], L)] = tokens[_number(mut_token[i, k], len(tokens))]
            x[k] = tuple(z)
        own = [now if reward(now) > reward(b) else b for now, b in zip(x, own, strict=True)]
        g = max((g, *x), key=reward)
        positions.append(list(x))
        velocities.append([list(row) for row in v])
    scores = np.array([reward(b) for b in own])
    return np.array(positions), np.array(velocities), scores, np.array(g), np.array(reward(g))


def _few_digits(x, bits=160):
    """A fraction to 160 binary digits: exact ones would grow without end."""
    return x if x.denominator.bit_length() <= bits else Fraction(round(x * 2**bits), 2**bits)
