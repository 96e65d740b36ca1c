"""Inputs of the operations of consensus-based optimization under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

OBJECTIVES = ("quadratic", "rastrigin", "ackley")
SWARM = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])  # the worked example of the docs page, E = |v|^2
SWARM_ENERGIES = np.array([1.0, 4.0, 2.0])
DRAWS = np.array([[1.0, -1.0], [0.5, 0.0], [0.0, 2.0]])
WORKED = "worked out from the formulas to 18 digits, apart from the code"


def _normal(slug, *shape):
    return stream(0, "cbo-case", slug).standard_normal(shape)


def _swarm(slug, n, d, *, scale=1.0):
    """Gaussian particles and energies that are no function of them."""
    return {"positions": scale * _normal(slug, n, d), "energies": np.abs(_normal(slug + "-e", n)) + 0.1}


def _pausing(inputs):
    """Draws of 0 in the second and third step."""
    moving = np.array([1.0, 0.0, 0.0, 1.0, 1.0])
    return {**inputs, "noise": inputs["noise"] * moving[:, None, None]}


CONSENSUS = (
    Case("three-particles", ("basic", "missing_step", "wrong_constant"),
         "the weighted mean of the worked example: every particle counts, by exp(-alpha E)",
         {"positions": SWARM, "energies": SWARM_ENERGIES, "alpha": 0.5},
         equations=("cbo-1", "cbo-2"), answer={"point": np.array([0.215050426842088133, 0.575402265043549219])},
         source=WORKED),
    Case("gaussian", ("basic",),
         "an ordinary swarm of 12 particles in 3 dimensions", {**_swarm("consensus-gaussian", 12, 3), "alpha": 2.0},
         equations=("cbo-1", "cbo-2")),
    Case("one-particle", ("boundary",),
         "a single particle is its own consensus point",
         {"positions": np.array([[-3.0]]), "energies": np.array([7.0]), "alpha": 10.0},
         answer={"point": np.array([-3.0])}, source="the definition"),
    Case("one-coordinate", ("boundary",), "particles on a line", {**_swarm("consensus-line", 5, 1), "alpha": 4.0}),
    Case("alpha-zero", ("boundary",),
         "with alpha = 0 all particles count the same, whatever their energies",
         {"positions": SWARM, "energies": SWARM_ENERGIES, "alpha": 0.0},
         answer={"point": np.array([0.0, 1.0])}, source="the mean"),
    Case("alpha-huge", ("edge_case", "numerics"),
         "with alpha = 1e15, which the authors use, the best particle alone is left: no overflow, no 0 / 0",
         {"positions": SWARM, "energies": SWARM_ENERGIES, "alpha": 1e15},
         equations=("cbo-1",), answer={"point": np.array([1.0, 0.0])}, source="the best particle"),
    Case("alpha-huge-ties", ("edge_case", "numerics", "known_bug"),
         "with alpha = 1e15 the particles that share the lowest energy are averaged; their weights add up to 1",
         {"positions": np.array([[8.0, 8.0], [1.0, 0.0], [3.0, 4.0], [-9.0, 2.0], [2.0, -1.0]]),
         "energies": np.array([3e6, 1e6, 1e6, 2e6, 1e6]), "alpha": 1e15},
         equations=("cbo-1", "cbo-2"), answer={"point": np.array([2.0, 1.0])}, source="the mean of the three best"),
    Case("constant-energies", ("edge_case", "numerics", "known_bug"),
         "where all energies are the same the consensus point is the mean, also with alpha E = 1e21",
         {"positions": SWARM + 1, "energies": np.full(3, 1e6), "alpha": 1e15},
         equations=("cbo-1", "cbo-2"), answer={"point": np.array([1.0, 2.0])}, source="the mean"),
    Case("energies-offset", ("numerics", "edge_case"),
         "a constant 1e6 on all energies changes nothing: only their differences count",
         {"positions": SWARM, "energies": 1e6 + np.array([0.0, 0.25, 0.125]), "alpha": 3.0}, equations=("cbo-1",)),
    Case("energies-large", ("numerics",),
         "energies of 1e3 and alpha = 50: every exp(-alpha E) underflows, their ratios do not",
         {"positions": SWARM, "energies": np.array([1000.0, 1000.03125, 1000.015625]), "alpha": 50.0},
         equations=("cbo-1",)),
    Case("energies-negative", ("numerics",),
         "energies below 0: exp(-alpha E) overflows, the ratios of the weights do not",
         {"positions": SWARM, "energies": np.array([-500.0, -499.75, -499.875]), "alpha": 6.0}, equations=("cbo-1",)),
    Case("infinite-energy", ("edge_case",),
         "a particle outside the domain of the objective, E = +inf, has weight 0",
         {"positions": SWARM, "energies": np.array([1.0, np.inf, 2.0]), "alpha": 0.5}),
    Case("positions-tiny", ("numerics",),
         "positions of 1e-6", {**_swarm("consensus-tiny", 6, 2, scale=1e-6), "alpha": 3.0}),
    Case("positions-large", ("numerics",),
         "positions of 1e3", {**_swarm("consensus-large", 6, 2, scale=1e3), "alpha": 3.0}),
    Case("alpha-zero-infinite-energy", ("boundary", "edge_case"),
         "with alpha = 0 a particle outside the domain, E = +inf, still has weight 0: 0 times inf is not 0",
         {"positions": SWARM, "energies": np.array([1.0, np.inf, 2.0]), "alpha": 0.0},
         equations=("cbo-1",), answer={"point": np.array([0.0, 0.5])}, source="the mean of the other two"),
    Case("alpha-zero-extreme-energies", ("boundary", "numerics"),
         "with alpha = 0 energies of -1.7e308 and 1.7e308, whose gap overflows, count the same",
         {"positions": SWARM, "energies": np.array([-1.7e308, 1.7e308, 0.0]), "alpha": 0.0}, dtypes=("float64",),
         equations=("cbo-1",), answer={"point": np.array([0.0, 1.0])}, source="the mean"),
    Case("alpha-times-energy-overflows", ("boundary", "numerics"),
         "with alpha = 1e15 and energies of 1e300 the product overflows, and so may its differences: the best is left",
         {"positions": SWARM, "energies": np.array([2e300, 1e300, 3e300]), "alpha": 1e15}, dtypes=("float64",),
         equations=("cbo-1",), answer={"point": SWARM[1]}, source="the best particle"),
    large("many-particles", "gaussian", "N", balanced=True, dtypes=("float64",)),
    large("many-coordinates", "gaussian", "d"),
)  # fmt: skip


def sample_consensus(rng):
    n, d = int(rng.integers(1, 13)), int(rng.integers(1, 6))
    return {
        "positions": 10.0 ** rng.uniform(-6, 3) * rng.standard_normal((n, d)),
        "energies": rng.permutation(n) + rng.uniform(0.0, 0.9, n),
        "alpha": float(rng.choice([0.0, 10.0 ** rng.uniform(-1, 1), 1e15])),
    }


def _step_inputs(positions, energies, noise, alpha=0.5, drift=1.0, diffusion=0.7, dt=0.04, noise_type="isotropic"):
    return {
        "positions": positions,
        "energies": energies,
        "noise": noise,
        "alpha": alpha,
        "drift": drift,
        "diffusion": diffusion,
        "dt": dt,
        "noise_type": noise_type,
    }


def _gaussian_step(slug, n, d, *, scale=1.0, **settings):
    return _step_inputs(**_swarm(slug, n, d, scale=scale), noise=_normal(slug + "-noise", n, d), **settings)


def _camps(n):
    """Particles whose energies fall from the first to the last."""
    half = n // 2
    noise = _normal("camps-noise", n, 2).round(3)
    positions = np.stack([np.linspace(-2.0, 2.0, n).round(3), np.where(np.arange(n) < half, 1.0, -3.0)], axis=1)
    return _step_inputs(positions, np.linspace(3.0, 0.0, n).round(3), noise, alpha=2.0, dt=0.25)


STEP = (
    Case("three-particles", ("basic", "missing_step", "wrong_constant"),
         "the worked example with isotropic noise", _step_inputs(SWARM, SWARM_ENERGIES, DRAWS),
         equations=("cbo-3", "cbo-4", "cbo-6"), answer={"new_positions": np.array([[1.10485831432541968,
         -0.113240206649994187], [0.10945366268934648, 1.94301609060174197], [-0.951397982926316474,
         1.34340456553103857]])}, source=WORKED),
    Case("three-particles-anisotropic", ("basic", "missing_step", "wrong_constant"),
         "the worked example with anisotropic noise: each coordinate by its own signed distance",
         _step_inputs(SWARM, SWARM_ENERGIES, DRAWS, noise_type="anisotropic"),
         equations=("cbo-3", "cbo-5", "cbo-6"), answer={"new_positions": np.array([[1.07849495731579118,
         0.103572407707838856], [-0.006451512805262643, 1.94301609060174197], [-0.951397982926316474,
         1.10190345638954818]])}, source=WORKED),
    Case("gaussian-isotropic", ("basic", "variant", "wrong_order"),
         "drift dt = 0.36: noise from old and from drifted positions differ by that part of it",
         _gaussian_step("step-isotropic", 7, 3, alpha=2.0, drift=1.2, diffusion=0.9, dt=0.3),
         equations=("cbo-3", "cbo-4", "cbo-6")),
    Case("gaussian-anisotropic", ("basic", "variant", "wrong_order"),
         "the same for anisotropic noise, where also the sign of the distance matters",
         _gaussian_step("step-anisotropic", 7, 3, alpha=2.0, drift=1.2, diffusion=0.9, dt=0.3,
         noise_type="anisotropic"),
         equations=("cbo-3", "cbo-5", "cbo-6")),
    Case("as-many-particles-as-coordinates", ("edge_case", "known_bug"),
         "N = d: a norm without its own axis fits both ways, and shakes coordinate i by the distance of particle i",
         _gaussian_step("step-square", 3, 3, alpha=1.5, diffusion=1.1, dt=0.2), equations=("cbo-4",)),
    Case("one-particle", ("boundary",),
         "a single particle is the consensus point and does not move: the noise is 0 there",
         _step_inputs(np.array([[0.5, -2.0]]), np.array([3.0]), np.array([[1.0, -1.0]])),
         answer={"new_positions": np.array([[0.5, -2.0]])}, source="the rule at distance 0"),
    Case("one-coordinate", ("boundary", "variant"),
         "on a line isotropic noise has |x - x_alpha|",
         _gaussian_step("step-line", 4, 1, alpha=3.0, drift=0.8, diffusion=1.2, dt=0.5), equations=("cbo-4",)),
    Case("one-coordinate-anisotropic", ("boundary", "variant"),
         "on a line anisotropic noise has x - x_alpha, with its sign",
         _gaussian_step("step-line-a", 4, 1, alpha=3.0, drift=0.8, diffusion=1.2, dt=0.5, noise_type="anisotropic"),
         equations=("cbo-5",)),
    Case("all-in-one-place", ("edge_case",),
         "a swarm that has met stays where it is",
         _step_inputs(np.full((4, 2), 1.5), np.full(4, 2.0), _normal("met", 4, 2), diffusion=1.6),
         answer={"new_positions": np.full((4, 2), 1.5)}, source="the rule at distance 0"),
    Case("alpha-zero", ("boundary",),
         "with alpha = 0 the swarm drifts to its mean", _gaussian_step("step-mean", 5, 2, alpha=0.0)),
    Case("alpha-huge", ("edge_case", "numerics"),
         "with alpha = 1e15 the best particle stays in its place",
         _step_inputs(SWARM, SWARM_ENERGIES, DRAWS, alpha=1e15, dt=0.25)),
    Case("constant-energies", ("edge_case", "numerics", "known_bug"),
         "energies that are all 1e6, alpha = 1e15: the swarm drifts to its mean",
         _step_inputs(SWARM, np.full(3, 1e6), DRAWS, alpha=1e15), equations=("cbo-1",)),
    Case("infinite-energy", ("edge_case",),
         "a particle outside the domain of the objective, E = +inf, does not count, but moves as the others do",
         _step_inputs(SWARM, np.array([1.0, np.inf, 2.0]), DRAWS), equations=("cbo-1", "cbo-3")),
    Case("no-diffusion", ("boundary",),
         "without diffusion the swarm contracts on the consensus point, whatever the draws",
         _gaussian_step("step-still", 5, 2, alpha=2.0, diffusion=0.0, dt=0.5), equations=("cbo-3",)),
    Case("no-drift", ("boundary",),
         "without drift the particles are shaken where they are",
         _gaussian_step("step-shaken", 5, 2, alpha=2.0, drift=0.0, dt=0.25), equations=("cbo-6",)),
    Case("hopping", ("boundary", "variant", "wrong_order"),
         "drift dt = 1: every particle is thrown about the consensus point; noise from drifted positions would be 0",
         _gaussian_step("step-hopping", 6, 2, alpha=2.0, drift=25.0, diffusion=3.5), equations=("cbo-3", "cbo-6")),
    Case("overshoot", ("boundary", "variant"),
         "drift dt = 1.5: the particles change sides of the consensus point",
         _gaussian_step("step-over", 6, 2, alpha=2.0, drift=3.0, dt=0.5, noise_type="anisotropic")),
    Case("overshoot-isotropic", ("boundary", "variant"),
         "drift dt = 1.5 with isotropic noise, which a distance scales: from drifted positions it has the factor 0.5, "
         "not -0.5",
         _gaussian_step("step-over-isotropic", 6, 2, alpha=2.0, drift=3.0, dt=0.5), equations=("cbo-3", "cbo-4")),
    Case("long-time-step", ("boundary", "wrong_constant"),
         "dt = 2.25: sqrt(dt) is now smaller than dt",
         _gaussian_step("step-long", 5, 2, alpha=2.0, drift=0.2, diffusion=0.4, dt=2.25)),
    Case("positions-tiny", ("numerics",),
         "positions of 1e-6", _gaussian_step("step-tiny", 6, 2, scale=1e-6, alpha=3.0, dt=0.3)),
    Case("positions-large", ("numerics",),
         "positions of 1e3", _gaussian_step("step-large", 6, 2, scale=1e3, alpha=3.0, dt=0.3)),
    Case("two-camps", ("basic", "missing_step"),
         "200 particles, the good ones last: a consensus point for each part of them would be another one",
         _camps(200), equations=("cbo-2",)),
    large("many-particles", "gaussian-isotropic", "N", balanced=True, dtypes=("float64",)),
    large("many-coordinates", "gaussian-anisotropic", "d"),
)  # fmt: skip


def _random_rates(rng):
    dt = 10.0 ** rng.uniform(-2, -0.3)
    return {
        "alpha": 10.0 ** rng.uniform(-1, 1),
        "drift": rng.uniform(0.05, 0.9) / dt,
        "diffusion": rng.uniform(0.1, 0.6) / dt**0.5,
        "dt": dt,
        "noise_type": str(rng.choice(["isotropic", "anisotropic"])),
    }


def sample_step(rng):
    inputs = sample_consensus(rng)
    shape = inputs["positions"].shape
    return {**inputs, "noise": rng.standard_normal(shape), **_random_rates(rng)}


def _trajectory_inputs(slug, steps, n, d, objective, *, start=1.0, spread=1.0, **rates):
    return {
        "positions0": start + spread * _normal(slug, n, d),
        "noise": _normal(slug + "-noise", steps, n, d),
        "objective": objective,
    } | {"alpha": 3.0, "drift": 1.0, "diffusion": 0.7, "dt": 0.3, "noise_type": "isotropic", **rates}


TRAJECTORY = (
    Case("worked-example", ("basic", "missing_step", "wrong_constant"),
         "two steps of the worked example on |v|^2",
         {**_trajectory_inputs("worked", 1, 1, 1, "quadratic", alpha=0.5, dt=0.04), "positions0": SWARM,
         "noise": np.stack([DRAWS, -DRAWS[::-1]])},
         equations=("cbo-1", "cbo-2", "cbo-3", "cbo-4", "cbo-6")),
    Case("quadratic-isotropic", ("basic", "wrong_order", "variant"),
         "an ordinary run: consensus points before the first and after each step",
         _trajectory_inputs("t-quadratic", 5, 8, 3, "quadratic"), equations=("cbo-2", "cbo-4")),
    Case("quadratic-anisotropic", ("basic", "wrong_order", "variant"),
         "the same with anisotropic noise",
         _trajectory_inputs("t-quadratic-a", 5, 8, 3, "quadratic", drift=1.3, noise_type="anisotropic"),
         equations=("cbo-2", "cbo-5")),
    Case("rastrigin-isotropic", ("basic", "wrong_constant"),
         "a function with many minima: energies must come from the new positions",
         _trajectory_inputs("t-rastrigin", 4, 8, 2, "rastrigin", alpha=0.4)),
    Case("rastrigin-anisotropic", ("basic", "wrong_constant"),
         "the same with anisotropic noise",
         _trajectory_inputs("t-rastrigin-a", 4, 8, 2, "rastrigin", alpha=0.4, noise_type="anisotropic")),
    Case("ackley", ("basic",),
         "a function with a cone at its minimum",
         _trajectory_inputs("t-ackley", 4, 8, 2, "ackley", alpha=2.0, diffusion=1.0)),
    Case("as-many-particles-as-coordinates", ("edge_case", "known_bug"),
         "N = d: a norm without its own axis fits both ways",
         _trajectory_inputs("t-square", 3, 3, 3, "quadratic", alpha=1.5), equations=("cbo-4",)),
    Case("one-step-one-coordinate", ("boundary",),
         "K = 1, d = 1: two consensus points", _trajectory_inputs("t-line", 1, 4, 1, "rastrigin", alpha=2.0)),
    Case("one-particle", ("boundary",),
         "a single particle never moves", _trajectory_inputs("t-single", 3, 1, 2, "ackley")),
    Case("alpha-zero", ("boundary",),
         "with alpha = 0 the consensus point is the mean of the swarm",
         _trajectory_inputs("t-mean", 3, 5, 2, "quadratic", alpha=0.0)),
    Case("alpha-huge", ("edge_case", "numerics"),
         "with alpha = 1e15 the consensus point is the best particle, and a new one where that is overtaken",
         _trajectory_inputs("t-best", 5, 6, 2, "rastrigin", alpha=1e15, diffusion=1.5), equations=("cbo-1",)),
    Case("all-in-one-place", ("edge_case",),
         "a swarm that has met stays where it is, away from the minimum",
         {**_trajectory_inputs("t-met", 2, 3, 2, "quadratic", spread=0.0, diffusion=1.6), "positions0": np.full((3, 2),
         1.0)},
         answer={"points": np.full((3, 2), 1.0)}, source="the rule at distance 0"),
    Case("no-diffusion", ("boundary",),
         "without diffusion the swarm contracts, and the consensus point still moves",
         _trajectory_inputs("t-still", 3, 5, 2, "rastrigin", alpha=0.5, diffusion=0.0)),
    Case("hopping", ("boundary", "variant", "wrong_order"),
         "drift dt = 1: with noise from drifted positions the swarm would collapse in the first step",
         _trajectory_inputs("t-hopping", 4, 8, 2, "quadratic", alpha=2.0, drift=100.0, diffusion=6.0, dt=0.01)),
    Case("overshoot", ("boundary", "variant"),
         "drift dt = 1.5 with isotropic noise: the drift goes beyond the consensus point, and distances have no sign",
         _trajectory_inputs("t-over", 3, 6, 2, "quadratic", drift=5.0), equations=("cbo-3", "cbo-4")),
    Case("overshoot-anisotropic", ("boundary", "variant"),
         "the same with anisotropic noise",
         _trajectory_inputs("t-over-a", 3, 6, 2, "quadratic", drift=5.0, noise_type="anisotropic"),
         equations=("cbo-3", "cbo-5")),
    Case("large", ("numerics",),
         "positions of 1e3, energies of 1e6",
         _trajectory_inputs("t-large", 3, 6, 2, "quadratic", start=0.0, spread=1e3, alpha=2e-6)),
    Case("tiny", ("numerics",),
         "positions of 1e-6, energies of 1e-12",
         _trajectory_inputs("t-tiny", 3, 6, 2, "quadratic", start=0.0, spread=1e-6, alpha=2e12)),
    Case("met-far-away", ("edge_case", "numerics", "known_bug"),
         "a swarm that has met, alpha = 1e15, energies of 2e6: the weights add up to 1",
         {**_trajectory_inputs("t-far", 2, 3, 2, "quadratic", alpha=1e15), "positions0": np.full((3, 2), 1e3)},
         equations=("cbo-1", "cbo-2"), answer={"points": np.full((3, 2), 1e3)}, source="the rule at distance 0"),
    Case("pauses", ("edge_case",),
         "without drift, and draws of 0 in the second and third of five steps: the swarm stands still, and moves again",
         _pausing(_trajectory_inputs("t-pause", 5, 5, 2, "rastrigin", alpha=0.4, drift=0.0)), equations=("cbo-6",)),
    Case("three-hundred-steps", ("long",),
         "nothing wears off: a swarm that neither contracts nor explodes follows the same rule in the 300th step",
         _trajectory_inputs("t-long", 300, 3, 1, "quadratic", alpha=0.5, drift=0.25, diffusion=1.0, dt=0.25)),
    large("many-particles", "worked-example", "N", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_trajectory(rng):
    steps, n, d = int(rng.integers(1, 5)), int(rng.integers(2, 9)), int(rng.integers(1, 4))
    rates = _random_rates(rng)
    return {
        "positions0": 1 + rng.standard_normal((n, d)),
        "noise": rng.standard_normal((steps, n, d)),
        "objective": str(rng.choice(OBJECTIVES)),
        **rates,
        "alpha": 10.0 ** rng.uniform(-1, 0),
    }


def _hopping_inputs(slug, steps, n, start, objective, alpha, width, scale=1.0):
    start = scale * np.array(start, dtype=float)
    noise = _normal(slug, steps, n, len(start))
    return {"start": start, "noise": noise, "objective": objective, "alpha": alpha, "width": width}


HOPPING = (
    Case("worked-example", ("basic", "missing_step", "wrong_constant"),
         "one hop of the worked example on |v|^2",
         {"start": np.array([1.0, -0.5]), "noise": DRAWS[None], "objective": "quadratic", "alpha": 2.0, "width": 0.3},
         equations=("cbo-7",), answer={"points": np.array([[1.0, -0.5], [1.05021888332245698, -0.085540167812530097]])},
         source=WORKED),
    Case("quadratic", ("basic", "wrong_order", "wrong_constant"),
         "several hops: each cloud is centred at the last consensus point",
         _hopping_inputs("h-quadratic", 5, 10, [2.0, -1.0, 0.5], "quadratic", 3.0, 0.4), equations=("cbo-7",)),
    Case("rastrigin", ("basic",),
         "a function with many minima", _hopping_inputs("h-rastrigin", 4, 10, [1.5, -0.7], "rastrigin", 0.8, 0.5)),
    Case("ackley", ("basic",),
         "a function with a cone at its minimum", _hopping_inputs("h-ackley", 4, 10, [1.5, -0.7], "ackley", 2.0, 0.6)),
    Case("one-hop-one-draw", ("boundary",),
         "with one particle the hop ends on it", _hopping_inputs("h-single", 1, 1, [2.0], "ackley", 5.0, 0.25)),
    Case("alpha-zero", ("boundary",),
         "with alpha = 0 the point does a random walk of the mean draws",
         _hopping_inputs("h-mean", 3, 4, [0.0, 1.0], "quadratic", 0.0, 0.5)),
    Case("alpha-huge", ("edge_case", "numerics"),
         "with alpha = 1e15 each hop ends on the best particle",
         _hopping_inputs("h-best", 4, 6, [1.0, 1.0], "quadratic", 1e15, 0.5), equations=("cbo-1",)),
    Case("zero-draws", ("edge_case", "numerics"),
         "draws that are all 0: the cloud is one point, which stays, also with alpha = 1e15 and E = 2e6",
         {"start": np.array([1000.0, 1000.0]), "noise": np.zeros((2, 3, 2)), "objective": "quadratic", "alpha": 1e15,
         "width": 0.5},
         equations=("cbo-1",), answer={"points": np.full((3, 2), 1000.0)}, source="the start"),
    Case("tiny", ("numerics",),
         "a start of 1e-6", _hopping_inputs("h-tiny", 3, 6, [1.0, -2.0], "quadratic", 3e12, 5e-7, scale=1e-6)),
    Case("large", ("numerics",),
         "a start of 1e3, energies of 1e6",
         _hopping_inputs("h-large", 3, 6, [1.0, -2.0], "quadratic", 3e-6, 500.0, scale=1e3)),
    Case("pauses", ("edge_case",),
         "draws of 0 in the second and third of five clouds: the point stands still, and hops on",
         _pausing(_hopping_inputs("h-pause", 5, 5, [1.5, -0.7], "rastrigin", 0.8, 0.5)), equations=("cbo-7",)),
    Case("three-hundred-hops", ("long",), "nothing wears off: the 300th hop follows the same rule as the first",
         _hopping_inputs("h-long", 300, 3, [2.0], "quadratic", 1.0, 0.5)),
    large("many-draws", "worked-example", "N", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_hopping(rng):
    steps, n, d = int(rng.integers(1, 5)), int(rng.integers(1, 11)), int(rng.integers(1, 4))
    return {
        "start": 1 + rng.standard_normal(d),
        "noise": rng.standard_normal((steps, n, d)),
        "objective": str(rng.choice(OBJECTIVES)),
        "alpha": 10.0 ** rng.uniform(-1, 0.3),
        "width": 10.0 ** rng.uniform(-1, 0),
    }


def _proximal_inputs(matrix, minimizer, point, tau):
    return {
        "matrix": np.array(matrix, dtype=float),
        "minimizer": np.array(minimizer, dtype=float),
        "point": np.array(point, dtype=float),
        "tau": tau,
    }


PROXIMAL = (
    Case("two-rates", ("basic", "wrong_constant", "missing_step"),
         "curvatures 1 and 9 from (3, 3) with minimizer (1, 0) and tau = 1: (1 + 2 / 2, 3 / 10)",
         _proximal_inputs([[1, 0], [0, 9]], [1, 0], [3, 3], 1.0),
         equations=("cbo-8",), answer={"new_point": np.array([2.0, 0.3])}, source="worked by hand"),
    Case("small-tau", ("basic", "wrong_constant"),
         "tau = 0.25: neither tau / 2 nor 2 tau nor 1 / tau will do",
         _proximal_inputs([[4, 1], [1, 2]], [1, -1], [2, 3], 0.25), equations=("cbo-8",)),
    Case("coupled", ("basic", "missing_step"),
         "a matrix that is not diagonal: all coordinates are solved for together",
         _proximal_inputs([[2, -1, 0.5], [-1, 3, 1], [0.5, 1, 4]], [1, -2, 0.5], [0, 1, -1], 0.7),
         equations=("cbo-8",)),
    Case("one-coordinate", ("boundary",), "d = 1", _proximal_inputs([[3]], [-2], [5], 0.5)),
    Case("flat", ("boundary", "edge_case"),
         "A = 0: nothing pulls, the point stays", _proximal_inputs(np.zeros((2, 2)), [1, 1], [-3, 4], 2.0),
         answer={"new_point": np.array([-3.0, 4.0])}, source="the start"),
    Case("at-the-minimum", ("edge_case",),
         "the minimizer is a fixed point, whatever tau",
         _proximal_inputs([[2, 1], [1, 5]], [1.5, -0.5], [1.5, -0.5], 10.0),
         answer={"new_point": np.array([1.5, -0.5])}, source="the minimizer"),
    Case("valley", ("edge_case",),
         "a matrix of rank 1: along its kernel nothing moves",
         _proximal_inputs([[1, 2], [2, 4]], [0, 0], [3, -1], 0.5)),
    Case("tau-tiny", ("numerics", "boundary"),
         "tau = 1e-6: hardly a step", _proximal_inputs([[4, 1], [1, 2]], [1, -1], [2, 3], 1e-6)),
    Case("tau-huge", ("numerics", "boundary"),
         "tau = 1e4: the minimizer, nearly", _proximal_inputs([[4, 1], [1, 2]], [1, -1], [2, 3], 1e4)),
    Case("ill-conditioned", ("numerics",),
         "curvatures from 1e-3 to 1e3 (beside the largest, float32 may lose all digits of the smallest)",
         _proximal_inputs(np.diag([1e-3, 1.0, 1e3]), [1, 2, 3], [-1, 0, 1], 1.5), dtypes=("float64",)),
)  # fmt: skip


def sample_proximal(rng):
    d = int(rng.integers(1, 5))
    root = rng.standard_normal((d, d))
    matrix = root @ root.T
    matrix = (matrix + matrix.T) / 2
    return _proximal_inputs(matrix, rng.standard_normal(d), rng.standard_normal(d), float(10.0 ** rng.uniform(-2, 1)))
