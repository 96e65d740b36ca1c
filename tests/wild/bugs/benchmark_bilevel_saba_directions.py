"""The variables step along the newest gradients: the variance-reduced ones are kept up and never used."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="benchmark_bilevel",
    link="https://github.com/benchopt/benchmark_bilevel/commit/24a2f087de465293f2045ef87a5eed8e782abe52",
    date="2024-05-01",
    operation="bsvrb.steps_v2",
    kind="wrong_output",
)


def variance_reduction(memory, new, old, alpha, gamma):
    return memory + alpha * (new - memory) + gamma * (new - old)


def answer(
    A, B, b, c, r, x0, y0, s0, v0, u0, z0, blocks, batches_g, batches_f, eta, tau, tau_v, alpha, beta, radius, mode
):
    m, sampled = len(A), blocks.shape[1]
    gamma = 1 - alpha + ((m - sampled) / (sampled * (1 - alpha)) if sampled < m else 0.0)
    x, y, v = x0.copy(), y0.copy(), v0.copy()
    memory = {"inner_grad": s0.copy(), "v_dir": u0.copy(), "outer_grad": z0.copy()}
    past, missed, trace = (x.copy(), y.copy(), v.copy()), np.zeros(m), []

    def oracle(point, i, batch_g, batch_f):
        px, py, pv = point[0], point[1][i], point[2][i]
        hessian, cross = A[i][batch_g].mean(axis=0), B[i][batch_g].mean(axis=0)
        grad_inner_var = hessian @ py - cross @ px - b[i][batch_g].mean(axis=0)
        hvp = hessian @ pv
        grad_in_outer = c[i][batch_f].mean(axis=0) - py
        grad_out_outer = 2 * r * px / (1 + px**2) ** 2
        return grad_inner_var, hvp + grad_in_outer, grad_out_outer + cross.T @ pv

    for chosen, draws_g, draws_f in zip(blocks, batches_g, batches_f, strict=True):
        now = (x.copy(), y.copy(), v.copy())
        directions = {"inner_grad": np.zeros_like(y), "v_dir": np.zeros_like(v), "outer_grad": np.zeros_like(x)}
        before = np.zeros_like(x)
        for i, batch_g, batch_f in zip(chosen, draws_g, draws_f, strict=True):
            new, old = oracle(now, i, batch_g, batch_f), oracle(past, i, batch_g, batch_f)
            for key, n, o in zip(("inner_grad", "v_dir"), new[:2], old[:2], strict=True):
                memory[key][i] = variance_reduction(memory[key][i], n, o, alpha, gamma)
                directions[key][i] = n
            directions["outer_grad"] += new[2] / sampled
            before += old[2] / sampled
        memory["outer_grad"] = variance_reduction(
            memory["outer_grad"], directions["outer_grad"], before, beta, 1 - beta
        )
        directions = memory  # was:

        missed += 1
        moves = np.ones(m) if mode == "full" else np.where(np.isin(np.arange(m), chosen), missed, 0.0)
        if mode == "sampled":
            moves = np.minimum(moves, 1.0)
        missed[chosen] = 0
        past = now
        y = y - tau * moves[:, None] * directions["inner_grad"]
        v = v - tau_v * moves[:, None] * directions["v_dir"]
        lengths = np.linalg.norm(v, axis=1, keepdims=True)
        v = np.where(lengths > radius, v * (radius / np.where(lengths > 0, lengths, 1)), v)
        x = x - eta * directions["outer_grad"]
        trace.append(x)
    return np.stack(trace), y, memory["inner_grad"], memory["outer_grad"], v, memory["v_dir"]
