"""Convex ReLU training by ADMM: beside cvxpy's default conic solver to the same gap, and one step at several sizes."""

import numpy as np

from benchmarks import _measure
from refimpl.convex import _convex_relu_tools as tools
from refimpl.convex import convex_relu
from refimpl.core.random import stream

SIZES, BETA, RHO, GAPS = (60, 150, 250), 0.2, 0.3, (1e-2, 1e-3)


def problem(n, d, P):
    """Toy data with P patterns."""
    X, y = tools.toy(stream(0, "convex_relu-benchmark", n, d), n, like=np.zeros(1), d=d)
    draws = stream(0, "convex_relu-benchmark", "draws", n, d).standard_normal((max(40 * P, 400), d))
    return X, y, convex_relu.activation_patterns(X, draws, most=P)


def network_gap(X, y, weights, optimum):
    """How far the recovered network is above the optimum."""
    network = convex_relu.recover(weights, threshold=1e-9)
    return float(convex_relu.network_objective(X, y, network, beta=BETA)) / optimum - 1


def cone_program(X, y, D, **settings):
    """The same program for Clarabel, cvxpy's default for it; returns weights."""
    import cvxpy as cp

    V, W = (cp.Variable((X.shape[1], D.shape[1])) for _ in range(2))
    outputs = cp.sum(cp.multiply(D, X @ (V - W)), axis=1)
    penalty = sum(cp.sum(cp.norm(U, 2, axis=0)) for U in (V, W))
    constraints = [cp.multiply(2 * D - 1, X @ U) >= 0 for U in (V, W)]
    program = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(outputs - y) + BETA * penalty), constraints)

    def solve():
        program.solve(solver=cp.CLARABEL, **settings)
        return np.stack([V.value, W.value])

    return solve


def to_the_gaps(X, y, D, optimum, most=3000):
    """ADMM, factorization included, for as many steps as its network takes to come within each gap for good."""
    gaps: list[float] = []

    def note(state):
        gaps.append(abs(network_gap(X, y, state.v, optimum)))
        return {}

    convex_relu.admm(X, y, D, beta=BETA, rho=RHO, steps=most, record=note)
    runs = {}
    for gap in GAPS:
        steps = 1 + int(np.nonzero(np.array(gaps) > gap)[0][-1])
        name = f"refimpl, ADMM, {steps} steps: gap {gap:g}" if steps <= most else f"refimpl, ADMM: not within {gap:g}"
        runs[name] = lambda steps=steps: convex_relu.admm(X, y, D, beta=BETA, rho=RHO, steps=min(steps, most))
    return runs


def a_step(n, d, P):
    """One step, checks included."""
    X, y, D = problem(n, d, P)
    setup, state = convex_relu.prepare(X, D), convex_relu.init(X, D)
    state = convex_relu.admm_step(setup, y, state, beta=BETA)
    return lambda: convex_relu.admm_step(setup, y, state, beta=BETA)


def factorization(n, d, P):
    X, _, D = problem(n, d, P)
    return lambda: convex_relu.prepare(X, D)


def beside_the_cone_solver(n):
    X, y, D = problem(n, 3, n)
    loose = dict.fromkeys(("tol_gap_rel", "tol_gap_abs", "tol_feas"), GAPS[0])
    theirs, missing = _measure.peers(
        {
            "cvxpy, Clarabel": lambda: cone_program(X, y, D),
            f"cvxpy, Clarabel, tolerances {GAPS[0]:g}": lambda: cone_program(X, y, D, **loose),
        }
    )
    if not theirs:
        return [_measure.Workload("Convex ReLU training beside a cone solver", missing)]
    solutions = [solve() for solve in theirs.values()]
    optimum = float(convex_relu.objective(X, D, y, solutions[0], beta=BETA))
    gaps = ", ".join(f"{network_gap(X, y, solution, optimum):.0e}" for solution in solutions)
    return [
        _measure.Workload(
            f"Convex ReLU training, n = P = {n}, d = 3: time to a relative gap",
            [*_measure.rows(to_the_gaps(X, y, D, optimum) | theirs, 3), *missing],
            note=f"Gaps of the networks recovered from cvxpy's solutions: {gaps}. Its translation of the program "
            "is not timed, our factorization is. The number of ADMM steps was found beforehand.",
        )
    ]


def run():
    n, d, P = 800, 50, 800
    step = a_step(n, d, P)
    dense = 8 * n * 2 * d * P
    rows = _measure.rows({"refimpl, one step": step, "refimpl, factorization": factorization(n, d, P)}, 9)
    rows.append(_measure.Row("F, if it were formed", temporaries=dense, note=f"F has {n} x {2 * d * P:,} entries"))
    grown = [
        _measure.growth("n (P = 400)", [200, 400, 800], lambda n: a_step(n, 20, 400), 1.0),
        _measure.growth("P", [200, 400, 800], lambda P: a_step(400, 20, P), 1.0),
        _measure.growth("d", [100, 200, 400], lambda d: a_step(300, d, 300), 1.0),
        _measure.growth("n = P", [200, 400, 800], lambda n: a_step(n, 20, n), 2.0),
    ]
    return [
        *(workload for size in SIZES for workload in beside_the_cone_solver(size)),
        _measure.Workload(
            f"Convex ReLU training, one step of ADMM, n = {n}, d = {d}, P = {P}",
            rows,
            grown,
            "Theory: O(n d P + d^2 P + n^2) operations and O(n P + d P + n^2) memory; one array of slacks takes "
            f"{16 * n * P / 1e6:.0f} MB.",
        ),
    ]
