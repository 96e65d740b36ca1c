"""Checks of the operations of consensus-based optimization that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, doubled_along, odd, related, reversed_along, scaled, scales, turned_along


def _consensus_mean(run, inputs):
    mean = array_namespace(inputs["positions"]).mean(inputs["positions"], axis=0)
    yield run(**{**inputs, "alpha": 0.0})["point"], mean


def _consensus_of_two(run, inputs):
    """x_1 + (x_2 - x_1) / (1 + exp(alpha (E_2 - E_1))) for two particles."""
    x, energies = inputs["positions"][:2, :], inputs["energies"][:2]
    share = 1 / (1 + array_namespace(x).exp(inputs["alpha"] * (energies[1:2] - energies[0:1])))
    two = {"positions": x, "energies": energies}
    yield run(**{**inputs, **two})["point"], x[0, :] + share * (x[1, :] - x[0, :])


_PAIR, _TIES = ("gaussian", "three-particles"), ("gaussian", "alpha-huge-ties")
CONSENSUS = (
    related("energies-shifted", "a constant added to all energies changes nothing",
            lambda i: {"energies": i["energies"] + 0.5}, lambda o: {}, *_PAIR),
    scales({"positions": 1, "energies": 1, "alpha": -1}, {"point": 1}, *_PAIR),
    related("moves-along", "positions scaled and shifted scale and shift the point",
            lambda i: {"positions": i["positions"] * -2.0 + 0.5}, lambda o: {"point": o["point"] * -2.0 + 0.5}, *_TIES),
    reversed_along("N", *_TIES, slug="permuted"),
    doubled_along("N", *_TIES),
    apart("d", *_TIES),
    Law("alpha-zero", "alpha = 0 gives the mean", _consensus_mean, _PAIR),
    Law("two-particles", "for two particles the weights are logistic", _consensus_of_two, _PAIR),
)  # fmt: skip


def _step_linear_in_noise(run, inputs):
    there = run(**inputs)["new_positions"]
    back = run(**{**inputs, "noise": -inputs["noise"]})["new_positions"]
    still = run(**{**inputs, "diffusion": 0.0})["new_positions"]
    yield (there + back) / 2, still


def _met(run, inputs):
    return run(**{**inputs, "drift": 1 / inputs["dt"], "diffusion": 0.0})["new_positions"]


def _step_meets(run, inputs):
    met = _met(run, inputs)
    yield met, array_namespace(met).flip(met, axis=0)


def _step_adds_up(run, inputs):
    def moves(**settings):
        return run(**{**inputs, **settings})["new_positions"] - inputs["positions"]

    yield moves(), moves(diffusion=0.0) + moves(drift=0.0)


def _step_in_proportion(run, inputs):
    """Without drift: sigma sqrt(dt) xi times the distance from the point where all would meet."""
    moves = run(**{**inputs, "drift": 0.0})["new_positions"] - inputs["positions"]
    size = inputs["positions"] - _met(run, inputs)
    if inputs["noise_type"] == "isotropic":
        xp = array_namespace(size)
        size = xp.sqrt(xp.sum(size * size, axis=1, keepdims=True))
    yield moves, inputs["diffusion"] * inputs["dt"] ** 0.5 * size * inputs["noise"]


_UNITS: tuple = "4 dt, drift / 4 and diffusion / 2 change nothing", 2.0, {"dt": 2, "drift": -2, "diffusion": -1}, {}
_BOTH = "gaussian-isotropic", "gaussian-anisotropic"
STEP = (
    related("moves-along", "positions shifted shift the step",
            lambda i: {"positions": i["positions"] + 0.5},
            lambda o: {"new_positions": o["new_positions"] + 0.5}, *_BOTH),
    turned_along("d", "gaussian-isotropic", "three-particles"),
    apart("d", "gaussian-anisotropic"),
    reversed_along("N", *_BOTH, slug="permuted"),
    doubled_along("N", *_BOTH),
    scales({"positions": 1, "energies": 1, "alpha": -1}, {"new_positions": 1}, *_BOTH, inside=2),
    scaled("time-unit", *_UNITS, "gaussian-isotropic", "three-particles-anisotropic"),
    Law("odd-noise", "draws and negated draws average to the step without diffusion", _step_linear_in_noise, _BOTH),
    Law("adds-up", "drift and noise move the particles independently of each other", _step_adds_up, _BOTH),
    Law("in-proportion", "without drift a particle moves by diffusion sqrt(dt) xi times its distance from where all "
        "would meet", _step_in_proportion, _BOTH),
    Law("meets", "with drift dt = 1 and no diffusion all particles meet", _step_meets,
        ("gaussian-isotropic", "three-particles")),
)  # fmt: skip


def _two_particles_close_in(run, inputs):
    """Without noise, on |v|^2, two particles stay on a line, weighted by a logistic function of their energies."""
    xp, rate, points = array_namespace(inputs["positions0"]), inputs["drift"] * inputs["dt"], []
    two = {"positions0": inputs["positions0"][:2, :], "noise": inputs["noise"][:, :2, :]}
    a, b = two["positions0"][0, :], two["positions0"][1, :]
    for _ in range(inputs["noise"].shape[0] + 1):
        share = 1 / (1 + xp.exp(inputs["alpha"] * (xp.sum(b * b) - xp.sum(a * a))))
        points.append(a + share * (b - a))
        a, b = a + rate * (points[-1] - a), b + rate * (points[-1] - b)
    yield run(**{**inputs, **two, "diffusion": 0.0, "objective": "quadratic"})["points"], xp.stack(points)


_MIXED = "quadratic-isotropic", "rastrigin-anisotropic"
TRAJECTORY = (
    odd("quadratic-isotropic", "rastrigin-isotropic", "ackley", inputs=("positions0", "noise")),
    reversed_along("d", "rastrigin-isotropic", "ackley", slug="coordinates-alike"),
    causal("K", *_MIXED),
    reversed_along("N", *_MIXED, slug="permuted"),
    turned_along("d", "quadratic-isotropic", "worked-example"),
    Law("two-particles", "without noise two particles close in on each other, with logistic weights",
        _two_particles_close_in, ("quadratic-isotropic", "rastrigin-isotropic")),
    scaled("time-unit", *_UNITS, *_MIXED),
    scales({"positions0": 1, "alpha": -2}, {"points": 1}, "quadratic-isotropic"),
)  # fmt: skip


def _hopping_walks(run, inputs):
    xp, noise = array_namespace(inputs["noise"]), inputs["noise"]
    walk = inputs["start"] + inputs["width"] * xp.cumulative_sum(xp.mean(noise, axis=1), axis=0)
    yield run(**{**inputs, "alpha": 0.0})["points"][1:, :], walk


HOPPING = (
    odd("quadratic", "rastrigin", "ackley", inputs=("start", "noise")),
    reversed_along("d", "rastrigin", "ackley", slug="coordinates-alike"),
    causal("K", "quadratic", "rastrigin"),
    reversed_along("N", "quadratic", "rastrigin", slug="permuted"),
    scales({"start": 1, "width": 1, "alpha": -2}, {"points": 1}, "quadratic", "worked-example"),
    Law("walks", "with alpha = 0 the point walks by width times the mean draw", _hopping_walks,
        ("quadratic", "ackley")),
)  # fmt: skip


def _proximal_optimal(run, inputs):
    """The gradient of E(x) + |x - m|^2 / (2 tau), times tau, vanishes."""
    x = run(**inputs)["new_point"]
    yield x + inputs["tau"] * (inputs["matrix"] @ (x - inputs["minimizer"])), inputs["point"]


def _proximal_fixed(run, inputs):
    yield run(**{**inputs, "point": inputs["minimizer"]})["new_point"], inputs["minimizer"]


_COUPLED = "small-tau", "coupled"
PROXIMAL = (
    Law("optimal", "x + tau A (x - b) = m", _proximal_optimal, _COUPLED),
    scales({"matrix": 1, "tau": -1, "minimizer": 1, "point": 1}, {"new_point": 1}, *_COUPLED),
    Law("fixed-point", "the minimizer stays", _proximal_fixed, _COUPLED),
    related("moves-along", "start and minimizer shifted shift the point",
            lambda i: {name: i[name] + 0.5 for name in ("point", "minimizer")},
            lambda o: {"new_point": o["new_point"] + 0.5}, *_COUPLED),
    turned_along("d", *_COUPLED),
)  # fmt: skip
