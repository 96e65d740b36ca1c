"""Checks of AdaHessian's operations that need no answer."""

from refimpl.core.arrays import array_namespace, device
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, odd, related, reversed_along, scaled, scales


def _unit_of_loss(inputs):
    """Curvatures times 16: sixteen to the power k times the gradient, for the same step."""
    scale = 16.0 ** inputs["hessian_power"]
    return {"grads": scale * inputs["grads"], "diagonals": 16.0 * inputs["diagonals"], "eps": scale * inputs["eps"]}


def _constant_input(run, inputs):
    """Corrected averages of constants are the constants."""
    xp, steps, lr, wd = array_namespace(inputs["theta0"]), inputs["grads"].shape[0], inputs["lr"], 0.5
    same = lambda rows: xp.stack([rows[0, :]] * steps)
    constant = {"grads": same(inputs["grads"]), "diagonals": same(inputs["diagonals"]), "weight_decay": wd}
    below = abs(inputs["diagonals"][0, :]) ** inputs["hessian_power"] + inputs["eps"]
    rest = -inputs["grads"][0, :] / below / wd
    expected = [rest + (inputs["theta0"] - rest) * (1 - lr * wd) ** t for t in range(1, steps + 1)]
    yield run(**inputs | constant)["thetas"], xp.stack(expected)


TRAJECTORY = (
    odd("ordinary", "half-power", inputs=("theta0", "grads")),
    scaled("sign-of-curvature", "diagonals negated do the same", -1.0, {"diagonals": 1}, {}, "ordinary"),
    related(
        "unit-of-loss",
        "diagonals times 16, gradients and eps times 16^k give the same trajectory",
        _unit_of_loss,
        lambda outputs: {},
        "ordinary",
        "half-power",
    ),
    scales({"grads": 1, "diagonals": 1, "eps": 1}, {}, "ordinary", inside=2),
    scales({"theta0": 1, "lr": 1, "weight_decay": -1}, {"thetas": 1}, "ordinary", slug="scales-with-lr"),
    apart("d", "ordinary"),
    causal("T", "ordinary"),
    Law(
        "constant-input",
        "a constant gradient and diagonal give theta_t = -s/wd + (theta_0 + s/wd)(1 - lr wd)^t with "
        "s = g / (|D|^k + eps), from the first step on",
        _constant_input,
        ("ordinary", "half-power"),
    ),
)


def _linear_in_hessian(run, inputs):
    hessian = inputs["hessian"]
    other = hessian @ hessian
    other = (other + array_namespace(other).matrix_transpose(other)) / 2
    both, one, two = (run(**inputs | {"hessian": h})["diagonals"] for h in (hessian - 3.0 * other, hessian, other))
    yield both, one - 3.0 * two


def _sum_stays(run, inputs):
    xp, signs = array_namespace(inputs["signs"]), inputs["signs"]
    yield xp.sum(run(**inputs)["diagonals"], axis=1), xp.sum(signs * (signs @ inputs["hessian"]), axis=1)


def _diagonal_is_exact(run, inputs):
    """The diagonal of the case, equal within each block, with nothing beside it."""
    xp, hessian, b = array_namespace(inputs["signs"]), inputs["hessian"], inputs["block"]
    diagonal = xp.linalg.diagonal(hessian)
    diagonal = xp.stack([diagonal[i - i % b] for i in range(diagonal.shape[0])])
    eye = xp.eye(diagonal.shape[0], dtype=hessian.dtype, device=device(hessian))
    yield run(**inputs | {"hessian": eye * diagonal})["diagonals"], 0 * inputs["signs"] + diagonal


ESTIMATE = (
    scaled("even", "negated signs give the same estimate", -1.0, {"signs": 1}, {}, "six-in-threes", "no-blocks"),
    apart("n", "six-in-threes"),
    scales({"hessian": 1}, {"diagonals": 1}, "six-in-threes", "no-blocks"),
    Law("linear", "linear in the Hessian", _linear_in_hessian, ("six-in-twos", "no-blocks")),
    Law("total", "the sum over all parameters is z^T H z", _sum_stays, ("six-in-threes", "by-hand")),
    Law(
        "diagonal",
        "a diagonal Hessian that is constant over each block is found exactly",
        _diagonal_is_exact,
        ("six-in-threes", "by-hand"),
    ),
)


def _flipped(inputs):
    """S H S with S = diag(1, -1, 1, ...)."""
    xp, d = array_namespace(inputs["hessian"]), inputs["hessian"].shape[0]
    s = xp.stack([(-1.0) ** i + 0 * inputs["hessian"][0, 0] for i in range(d)])
    return {"hessian": s * inputs["hessian"] * xp.reshape(s, (d, 1))}


def _single_entries(run, inputs):
    xp, hessian = array_namespace(inputs["hessian"]), inputs["hessian"]
    found = run(**inputs | {"block": 1})
    yield found["mean"], xp.linalg.diagonal(hessian)
    yield found["mean_square"], xp.sum(hessian * hessian, axis=1)


MOMENTS = (
    scales({"hessian": 1}, {"mean": 1, "mean_square": 2}, "indefinite"),
    scaled(
        "negative",
        "the negative Hessian has the negative mean",
        -1.0,
        {"hessian": 1},
        {"mean": 1, "mean_square": 2},
        "indefinite",
    ),
    related(
        "flipped",
        "coordinates counted the other way round change nothing",
        _flipped,
        lambda outputs: {},
        "indefinite",
        "row-norms",
    ),
    Law(
        "row-norms",
        "without blocks the mean is the diagonal, the mean square of an entry the squared length of its row",
        _single_entries,
        ("indefinite",),
    ),
)

_RANKS = ("bias", "matrix", "line", "kernel")


def _averaged_twice(run, inputs):
    once = run(**inputs)
    again = run(**inputs | {name: once[f"averaged_{name}"] for name in _RANKS})
    for name in _RANKS:
        yield again[f"averaged_{name}"], once[f"averaged_{name}"]


def _totals_stay(run, inputs):
    found = run(**inputs)
    for name in _RANKS:
        xp = array_namespace(inputs[name])
        yield xp.sum(found[f"averaged_{name}"]), xp.sum(inputs[name])


RANKS = (
    scales(dict.fromkeys(_RANKS, 1), {f"averaged_{name}": 1 for name in _RANKS}, "both-signs"),
    Law("twice", "averaging averages changes nothing", _averaged_twice, ("both-signs", "square")),
    Law("total", "the sum of each array stays", _totals_stay, ("both-signs", "counted")),
    reversed_along("p", "both-signs", "square", slug="channels-of-lines"),
    reversed_along("o", "both-signs", "square", slug="channels-of-kernels"),
    reversed_along("r", "counted", slug="rows"),
)


def _unit_of_losses(inputs):
    """Losses times 16: the step is 16^(1 - k) times as long, which lr takes back."""
    k = inputs["hessian_power"]
    scaled = {name: 16.0 * inputs[name] for name in ("hessians", "slopes")}
    scaled |= {"eps": 16.0**k * inputs["eps"], "lr": 16.0 ** (k - 1) * inputs["lr"]}
    return scaled | {"weight_decay": 16.0 ** (1 - k) * inputs["weight_decay"]}


def _moved_origin(run, inputs):
    still, shift = inputs | {"weight_decay": 0.0}, 0.5 * inputs["theta0"] + 1.0
    slopes = inputs["slopes"] - inputs["hessians"] @ shift
    moved = run(**still | {"theta0": inputs["theta0"] + shift, "slopes": slopes})["thetas"]
    yield moved - shift, run(**still)["thetas"]


DESCENT = (
    scaled("even", "negated signs give the same trajectory", -1.0, {"signs": 1}, {}, "saddle", "delayed"),
    causal("T", "delayed"),
    scales({"hessians": 1, "slopes": 1, "eps": 1}, {}, "saddle", "delayed", inside=2),
    scales({"slopes": 1, "theta0": 1}, {"thetas": 1}, "saddle", "delayed", slug="scales-with-theta"),
    related(
        "unit-of-loss",
        "losses times 16, lr times 16^(k-1), decay times 16^(1-k), eps times 16^k give the same trajectory",
        _unit_of_losses,
        lambda outputs: {},
        "saddle",
        "saddle-half-power",
    ),
    Law("origin", "without decay a moved origin moves the trajectory", _moved_origin, ("saddle", "delayed")),
)


def _exchanged(inputs):
    names = {f"{name}{i}": f"{name}{3 - i}" for name in ("grads", "diagonals", "lr", "decay") for i in (1, 2)}
    names |= {"first0": "second0", "second0": "first0"}
    return {name: inputs[other] for name, other in names.items()}


def _first_apart(run, inputs):
    other = {"grads2": 1.0 - 2.0 * inputs["grads2"], "diagonals2": inputs["diagonals2"] + 3.0}
    yield run(**inputs | other)["firsts"], run(**inputs)["firsts"]


GROUPS = (
    related(
        "exchange",
        "groups exchanged exchange the results",
        _exchanged,
        lambda outputs: {"firsts": outputs["seconds"], "seconds": outputs["firsts"]},
        "own-rates",
    ),
    Law("first-apart", "the first group knows nothing of the second", _first_apart, ("own-rates", "frozen-and-free")),
    apart("d", "own-rates"),
    causal("T", "own-rates"),
    scales(dict.fromkeys(("grads1", "grads2", "diagonals1", "diagonals2", "eps"), 1), {}, "own-rates", inside=2),
)
