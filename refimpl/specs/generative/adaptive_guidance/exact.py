"""Right answers of Adaptive Guidance, in 50 digits: densities in place of logarithms, gradients by differences."""

import numpy as np

from refimpl.specs.exact import exp, reals, solve, sqrt

_STEP = reals(2.0**-60)  # of a central difference
_ONE, _ZERO = reals(1.0), reals(0.0)


def _dot(a, b):
    return (a * b).sum()


def _toward(x, eps, ab, ab_next):
    """DDIM by way of the clean sample that the prediction stands for."""
    clean = (x - sqrt(_ONE - ab) * eps) / sqrt(ab)
    return sqrt(ab_next) * clean + sqrt(_ONE - ab_next) * eps


def _tilted(eps_c, eps_u, s):
    """The score of p(x)^(1 - s) p(x | c)^s."""
    return s * eps_c + (_ONE - s) * eps_u


def _cosine(a, b):
    lengths = _dot(a, a) * _dot(b, b)
    return _dot(a, b) / sqrt(lengths) if lengths > 0 else _ZERO


def guide(eps_c, eps_u, s):
    """Sample by sample."""
    eps_c, eps_u, s = reals(eps_c), reals(eps_u), reals(s)
    return _tilted(eps_c, eps_u, s), np.array([_cosine(a, b) for a, b in zip(eps_c, eps_u, strict=True)])


def ag_step(x, eps_c, eps_u, done, s, gamma_bar, ab, ab_next):
    """Sample by sample."""
    x, eps_c, eps_u, s, ab, ab_next = (reals(v) for v in (x, eps_c, eps_u, s, ab, ab_next))
    eps, after, nfe = [], [], []
    for a, b, stopped in zip(eps_c, eps_u, done > 0.5, strict=True):
        eps.append(a if stopped else _tilted(a, b, s))
        after.append(_ONE if stopped or _cosine(a, b) > reals(gamma_bar) else _ZERO)
        nfe.append(reals(1.0 if stopped else 2.0))
    said = np.stack(eps)
    return said, np.array(after), np.array(nfe), _toward(x, said, ab, ab_next)


# Mixtures ------------------------------------------------------------------------------------------------------------


def _noise(x, ab, means, var):
    """Minus the standard deviation of the noise times the gradient of the density, over the density."""
    density, slope = _ZERO, 0 * x
    for m, v in zip(means, var, strict=True):
        S, gap = ab * v + 1 - ab, sqrt(ab) * m - x
        here = exp(-_dot(gap, gap) / (2 * S)) / sqrt(S ** len(x))
        density, slope = density + here, slope + here * gap / S
    return -sqrt(1 - ab) * slope / density


class _Bed:
    """Both predictions of one sample."""

    def __init__(self, means, var, class_of_component, label):
        self.all = reals(means), reals(var)
        mine = np.round(class_of_component) == np.round(label)
        self.own = reals(means[mine]), reals(var[mine])

    def cond(self, x, ab):
        return _noise(x, ab, *self.own)

    def uncond(self, x, ab):
        return _noise(x, ab, *self.all)


def _each(x0, label, means, var, class_of_component):
    for x, own in zip(reals(x0), label, strict=True):
        yield x, _Bed(means, var, class_of_component, own)


def ag_sample(x0, ab, means, var, class_of_component, label, s, gamma_bar):
    """Sample by sample, with a loop that is left when it stops."""
    ab, s, xs, nfes = reals(ab), reals(s), [], []
    for x, bed in _each(x0, label, means, var, class_of_component):
        k, cost, going = 0, 0, True
        while going and k < len(ab) - 1:
            a, b = bed.cond(x, ab[k]), bed.uncond(x, ab[k])
            going = not _cosine(a, b) > reals(gamma_bar)
            x, k, cost = _toward(x, _tilted(a, b, s), ab[k], ab[k + 1]), k + 1, cost + 2
        while k < len(ab) - 1:
            x, k, cost = _toward(x, bed.cond(x, ab[k]), ab[k], ab[k + 1]), k + 1, cost + 1
        xs.append(x)
        nfes.append(reals(float(cost)))
    return np.stack(xs), np.array(nfes)


# LinearAG ------------------------------------------------------------------------------------------------------------


def fit_linear(E_c, E_u, k):
    """By the normal equations."""
    known = [*reals(E_c[: k + 1]), *reals(E_u[:k])]
    target = reals(E_u[k])
    gram = np.array([[_dot(a, b) for b in known] for a in known])
    beta = solve(gram, np.array([[_dot(a, target)] for a in known]))[:, 0]
    fitted = sum(b * e for b, e in zip(beta, known, strict=True))
    left, length = _dot(target - fitted, target - fitted), _dot(target, target)
    return fitted, sqrt(left / length) if length > 0 else _ZERO


def linear_step(x, E_c, E_u, beta, s, ab, ab_next):
    """Coefficient by coefficient."""
    x, E_c, E_u, beta, s, ab, ab_next = (reals(v) for v in (x, E_c, E_u, beta, s, ab, ab_next))
    k = len(E_u)
    guess = np.tensordot(beta[: k + 1], E_c, axes=(0, 0)) + np.tensordot(beta[k + 1 :], E_u, axes=(0, 0))
    return guess, _toward(x, _tilted(E_c[k], guess, s), ab, ab_next)


def linear_sample(x0, ab, means, var, class_of_component, label, s, betas):
    """Sample by sample."""
    ab, s, betas, xs = reals(ab), reals(s), reals(betas), []
    T = len(ab) - 1
    for x, bed in _each(x0, label, means, var, class_of_component):
        a, b = [], []
        for k in range(T):
            a.append(bed.cond(x, ab[k]))
            if k < T // 2 and k % 2 == 0:
                b.append(bed.uncond(x, ab[k]))
            elif k < T // 2:
                b.append(sum(c * e for c, e in zip(betas[k], [*a, *b], strict=False)))
            x = _toward(x, _tilted(a[k], b[k], s) if k < T // 2 else a[k], ab[k], ab[k + 1])
        xs.append(x)
    return np.stack(xs)


# Policy search -------------------------------------------------------------------------------------------------------


def policy_loss(logits, x0, ab, means, var, class_of_component, label, s, price):
    """The definition, and central differences of it."""
    logits, ab, s, price = reals(logits), reals(ab), reals(s), reals(price)
    samples = list(_each(x0, label, means, var, class_of_component))

    def ends(weights):
        found = []
        for x, bed in samples:
            for k, w in enumerate(weights):
                a, b = bed.cond(x, ab[k]), bed.uncond(x, ab[k])
                x = _toward(x, w[0] * b + w[1] * a + w[2] * _tilted(a, b, s), ab[k], ab[k + 1])
            found.append(x)
        return np.stack(found)

    corner = lambda j: reals(np.eye(3)[[j] * len(logits)])
    target, plain = ends(corner(2)), ends(corner(1))
    unit = ((plain - target) ** 2).sum()

    def loss(a):
        w = exp(a) / exp(a).sum(axis=1, keepdims=True)
        calls = sum(w[k, j] * (1, 1, 2)[j] for k in range(len(w)) for j in range(3))
        return ((ends(w) - target) ** 2).sum() / unit + price * calls / len(w)

    gradient = np.empty_like(logits)
    for place in np.ndindex(logits.shape):
        ahead, behind = logits.copy(), logits.copy()
        ahead[place], behind[place] = ahead[place] + _STEP, behind[place] - _STEP
        gradient[place] = (loss(ahead) - loss(behind)) / (2 * _STEP)
    return loss(logits), gradient
