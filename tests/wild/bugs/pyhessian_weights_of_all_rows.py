"""The weights are the squares of all components of the eigenvectors, not of the first ones alone."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="PyHessian",
    link="https://github.com/amirgholami/PyHessian/pull/23",
    date="2024-01-16",
    operation="rmt_learning_rates.ritz",
    kind="wrong_output",
)


def group_product(xs, ys):
    return float(np.sum(xs * ys))


def normalization(v):
    return v / np.sqrt(group_product(v, v))


def orthnormal(w, v_list):
    """Make vector w orthogonal to each vector in v_list, twice."""
    for _ in range(2):
        for v in v_list:
            w = w - group_product(w, v) * v
    return w


class hessian:
    def __init__(self, matrix):
        self.matrix = matrix

    def density(self, v, iters, tolerance):
        v_list, alpha_list, beta_list = [normalization(v / np.max(np.abs(v)))], [], []
        longest = 0.0
        for i in range(iters):
            w_prime = self.matrix @ v_list[-1]
            longest = max(longest, np.sqrt(group_product(w_prime, w_prime)))
            alpha_list.append(group_product(w_prime, v_list[-1]))
            w = orthnormal(w_prime, v_list)
            beta = np.sqrt(group_product(w, w))
            if beta <= tolerance * longest or i + 1 == iters:
                break
            beta_list.append(beta)
            v_list.append(w / beta)

        T = np.diag(alpha_list)
        for i in range(len(beta_list)):
            T[i + 1, i] = beta_list[i]
            T[i, i + 1] = beta_list[i]
        a_, b_ = np.linalg.eigh(T)

        eigen_list = a_
        weight_list = b_[0, :] ** 2  # was: weight_list = b_**2
        return eigen_list, weight_list


def answer(matrix, start, steps, tolerance):
    return hessian(matrix).density(start, min(int(steps), len(start)), tolerance)
