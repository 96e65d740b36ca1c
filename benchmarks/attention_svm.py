"""Gradient steps on one attention layer, and its two support vector machines against a cone solver."""

import numpy as np

from benchmarks import _measure
from refimpl.convex import _attention_svm_models as models
from refimpl.convex import attention_svm
from refimpl.core.random import stream

INPUTS, TOKENS, WIDTH = 64, 64, 64
MACHINE = 6, 8, 10


def problem(n, T, d):
    """Tokens, queries, scores, the best tokens and weights to start from."""
    data = models.gaussian(stream(0, "attention_svm-benchmark"), n, T, d, like=np.zeros(1))
    W = models.start(stream(0, "attention_svm-benchmark", "W"), (d, d), like=np.zeros(1))
    return *(x[0] for x in data[:3]), data.gamma[0].argmax(axis=-1), W


def ours(n, T, d):
    """Loss and gradient, checks included."""
    X, Z, gamma, _, W = problem(n, T, d)
    return lambda: attention_svm.loss_grad(W, X, Z, gamma)


def naive(n, T, d):
    """The same without checks, and with the Jacobian of softmax that cancels."""
    X, Z, gamma, _, W = problem(n, T, d)

    def step():
        scores = np.einsum("ntd,nd->nt", X, Z @ W.T)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        a = powers / powers.sum(axis=1, keepdims=True)
        u = (gamma * a).sum(axis=1, keepdims=True)
        q = a * (gamma - u) / -(1 + np.exp(u))
        return np.einsum("nt,ntd->nd", q, X).T @ Z / n

    return step


def torch_step(n, T, d):
    """The same by PyTorch's attention and its autograd, where it is installed."""
    try:
        import torch
    except ModuleNotFoundError:
        return {}
    X, Z, gamma, _, W = (torch.from_numpy(x) for x in problem(n, T, d))
    W.requires_grad_()

    def step():
        attend = torch.nn.functional.scaled_dot_product_attention
        out = attend(Z[:, None, :], X @ W, gamma[:, :, None], scale=1.0)[:, 0, 0]
        return torch.autograd.grad(torch.nn.functional.softplus(-out).mean(), W)

    return {"PyTorch, scaled_dot_product_attention": step}


def machines(n, T, d):
    """Both machines of the best tokens, and those of cvxpy where it is installed."""
    X, Z, _, alpha, _ = problem(n, T, d)
    found = {
        "Frobenius norm, nonnegative least squares": lambda: attention_svm.svm_frobenius(X, Z, alpha),
        "nuclear norm, ADMM to a gap of 1e-5": lambda: attention_svm.svm_nuclear(X, Z, alpha),
    }
    try:
        import cvxpy as cp
    except ModuleNotFoundError:
        return found
    W = cp.Variable((d, d))
    rivals = [(i, t) for i in range(n) for t in range(T) if t != alpha[i]]
    constraints = [(X[i, alpha[i]] - X[i, t]) @ W @ Z[i] >= 1 for i, t in rivals]
    for name, norm in (("sum_squares", cp.sum_squares), ("normNuc", cp.normNuc)):
        problem_of = cp.Problem(cp.Minimize(norm(W)), constraints)
        found[f"cvxpy, {name}, Clarabel"] = lambda problem_of=problem_of: problem_of.solve(solver=cp.CLARABEL)
    return found


def run():
    size = INPUTS, TOKENS, WIDTH
    steps = {"loss and gradient": ours(*size), "the same, with cancellation": naive(*size), **torch_step(*size)}
    moved = 8 * INPUTS * TOKENS * WIDTH * 2  # the tokens, read once for the scores and once for the gradient
    return [
        _measure.Workload(
            f"one attention layer, {INPUTS} inputs of {TOKENS} tokens, {WIDTH} features, float64",
            [*_measure.rows(steps, 15), _measure.limit(moved, "the tokens read twice")],
            [
                _measure.growth("n", [32, 64, 128, 256], lambda n: ours(n, TOKENS, WIDTH), 1.0),
                _measure.growth("d", [32, 64, 128, 256], lambda d: ours(INPUTS, TOKENS, d), 1.0),
            ],
            "Differences of all pairs of scores make the gradient right at any margin; they are T^2 numbers for each "
            "input.",
        ),
        _measure.Workload(
            "support vector machines of 6 inputs of 8 tokens, 10 features",
            _measure.rows(machines(*MACHINE), 5),
            note="The cone solver writes the nuclear norm as a semidefinite program.",
        ),
    ]
