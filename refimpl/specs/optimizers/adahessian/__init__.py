"""What the oracle knows of AdaHessian."""

from functools import partial

import numpy as np

from refimpl.core import check, tree
from refimpl.core.arrays import array_namespace
from refimpl.optimizers import adahessian
from refimpl.specs.base import ErrorCase, Law, Operation, Paper, System, Variant, array, integer, number
from refimpl.specs.optimizers.adahessian import cases, exact
from refimpl.specs.optimizers.adahessian import mistakes as mutants
from refimpl.specs.optimizers.adahessian.claims import CLAIMS

# Operations ---------------------------------------------------------------------------------------------------


def trajectory(theta0, grads, diagonals, **rates):
    """Positions after each step of AdaHessian, fed with given gradients and averaged diagonals."""
    theta, state, thetas = theta0, adahessian.init(theta0), []
    for t in range(grads.shape[0]):
        theta, state = adahessian.update(theta, state, grads[t, :], diagonals[t, :], **rates)
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


def estimate(hessian, signs, block, absolute=False):
    """The averaged diagonal for each row of signs, all rows at once."""
    d = check.shapes(hessian=(hessian, "d d"), signs=(signs, "n d"))["d"]
    if d % check.integer(block=block, minimum=1):
        raise ValueError(f"block must divide {d}, got {block}")
    return adahessian.estimate(lambda z: z @ hessian, signs, block=block, absolute=absolute)


def moments(hessian, block, **how):
    """Mean and mean square of the averaged diagonal over all vectors of signs."""
    xp, signs = array_namespace(hessian), mutants.every_sign(hessian, hessian.shape[0])
    diagonals = estimate(hessian, signs, block, **how)
    return xp.mean(diagonals, axis=0), xp.mean(diagonals * diagonals, axis=0)


def ranks(bias, matrix, line, kernel, block):
    """Estimates for arrays of one to four axes, averaged over the paper's blocks."""
    arrays = (bias, matrix, line, kernel)
    return tree.map(adahessian.average, arrays, adahessian.blocks(arrays, matrix=block))


def descent(hessians, slopes, theta0, signs, block, period, absolute=False, stale="feed", **rates):
    """The whole algorithm on another quadratic theta^T H_t theta / 2 + s_t^T theta at each step, with given signs."""
    theta, state, diagonal, thetas = theta0, adahessian.init(theta0), None, []
    for t in range(hessians.shape[0]):
        product = partial(array_namespace(theta0).matmul, hessians[t, ...])
        fed = diagonal if stale == "feed" else None
        if adahessian.due(state, period=period):
            diagonal = fed = adahessian.estimate(product, signs[t, :], block=block, absolute=absolute)
        theta, state = adahessian.update(theta, state, product(theta) + slopes[t, :], fed, **rates)
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


def groups(first0, second0, grads1, grads2, diagonals1, diagonals2, lr1, lr2, decay1, decay2, **rates):
    """Two arrays of parameters in groups of their own."""
    return (
        trajectory(first0, grads1, diagonals1, lr=lr1, weight_decay=decay1, **rates),
        trajectory(second0, grads2, diagonals2, lr=lr2, weight_decay=decay2, **rates),
    )


# Laws ---------------------------------------------------------------------------------------------------------


def _with(inputs, **changed):
    return {**inputs, **changed}


def _odd(run, inputs):
    flipped = _with(inputs, theta0=-inputs["theta0"], grads=-inputs["grads"])
    yield run(**flipped)["thetas"], -run(**inputs)["thetas"]


def _sign_of_curvature(run, inputs):
    yield run(**_with(inputs, diagonals=abs(inputs["diagonals"])))["thetas"], run(**inputs)["thetas"]


def _unit_of_loss(run, inputs):
    """Curvatures times 16: sixteen to the power k times the gradient, for the same step."""
    scale = 16.0 ** inputs["hessian_power"]
    scaled = {"grads": scale * inputs["grads"], "diagonals": 16.0 * inputs["diagonals"], "eps": scale * inputs["eps"]}
    yield run(**inputs | scaled)["thetas"], run(**inputs)["thetas"]


def _coordinates_apart(run, inputs):
    whole = run(**inputs)["thetas"]
    for i in range(whole.shape[1]):
        alone = _with(inputs, theta0=inputs["theta0"][i : i + 1])
        alone |= {name: inputs[name][:, i : i + 1] for name in ("grads", "diagonals")}
        yield run(**alone)["thetas"][:, 0], whole[:, i]


def _constant_input(run, inputs):
    """Corrected averages of constants are the constants: theta_t = -s/wd + (theta_0 + s/wd) (1 - lr wd)^t."""
    xp, steps, lr, wd = array_namespace(inputs["theta0"]), inputs["grads"].shape[0], inputs["lr"], 0.5
    same = lambda rows: xp.stack([rows[0, :]] * steps)
    constant = {"grads": same(inputs["grads"]), "diagonals": same(inputs["diagonals"]), "weight_decay": wd}
    below = abs(inputs["diagonals"][0, :]) ** inputs["hessian_power"] + inputs["eps"]
    rest = -inputs["grads"][0, :] / below / wd
    expected = [rest + (inputs["theta0"] - rest) * (1 - lr * wd) ** t for t in range(1, steps + 1)]
    yield run(**inputs | constant)["thetas"], xp.stack(expected)


def _even_in_signs(run, inputs):
    yield run(**_with(inputs, signs=-inputs["signs"]))["diagonals"], run(**inputs)["diagonals"]


def _linear_in_hessian(run, inputs):
    hessian = inputs["hessian"]
    other = hessian @ hessian
    both, one, two = (run(**_with(inputs, hessian=h))["diagonals"] for h in (hessian - 3.0 * other, hessian, other))
    yield both, one - 3.0 * two


def _sum_stays(run, inputs):
    """The sum over all parameters is z^T H z, whatever the blocks."""
    xp, signs = array_namespace(inputs["signs"]), inputs["signs"]
    yield xp.sum(run(**inputs)["diagonals"], axis=1), xp.sum(signs * (signs @ inputs["hessian"]), axis=1)


def _diagonal_is_exact(run, inputs):
    """A diagonal Hessian, constant over each block, is found whatever the signs."""
    xp, signs, b = array_namespace(inputs["signs"]), inputs["signs"], inputs["block"]
    d = signs.shape[1]
    diagonal = xp.stack([xp.sum(inputs["hessian"][0, :]) + i // b for i in range(d)])
    eye = signs[:1, :] * 0 + 1
    hessian = xp.stack([diagonal[i] * xp.concat([0 * eye[0, :i], eye[0, :1], 0 * eye[0, i + 1 :]]) for i in range(d)])
    yield run(**_with(inputs, hessian=hessian))["diagonals"], xp.stack([diagonal] * signs.shape[0])


def _moments_of_negative(run, inputs):
    there, back = run(**inputs), run(**_with(inputs, hessian=-inputs["hessian"]))
    yield back["mean"], -there["mean"]
    yield back["mean_square"], there["mean_square"]


def _moments_of_flipped(run, inputs):
    """S H S with S = diag(1, -1, 1, ...): coordinates counted the other way round."""
    xp, d = array_namespace(inputs["hessian"]), inputs["hessian"].shape[0]
    s = mutants.every_sign(inputs["hessian"], d)[int("01" * d, 2) % 2**d, :]
    there, back = run(**inputs), run(**_with(inputs, hessian=s * inputs["hessian"] * xp.reshape(s, (d, 1))))
    for name in ("mean", "mean_square"):
        yield back[name], there[name]


def _moments_of_single_entries(run, inputs):
    """Without blocks: the diagonal, and the squared lengths of the rows."""
    xp, hessian = array_namespace(inputs["hessian"]), inputs["hessian"]
    found = run(**_with(inputs, block=1))
    yield found["mean"], xp.linalg.diagonal(hessian)
    yield found["mean_square"], xp.sum(hessian * hessian, axis=1)


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


def _channels_permuted(run, inputs):
    xp, there = array_namespace(inputs["line"]), run(**inputs)
    back = run(**inputs | {name: xp.flip(inputs[name], axis=0) for name in ("line", "kernel")})
    for name in ("line", "kernel"):
        yield back[f"averaged_{name}"], xp.flip(there[f"averaged_{name}"], axis=0)


def _signs_negated(run, inputs):
    yield run(**_with(inputs, signs=-inputs["signs"]))["thetas"], run(**inputs)["thetas"]


def _unit_of_losses(run, inputs):
    """Losses times 16: the step is 16^(1 - k) times as long, which lr takes back."""
    k = inputs["hessian_power"]
    scaled = {name: 16.0 * inputs[name] for name in ("hessians", "slopes")}
    scaled |= {"eps": 16.0**k * inputs["eps"], "lr": 16.0 ** (k - 1) * inputs["lr"]}
    scaled["weight_decay"] = 16.0 ** (1 - k) * inputs["weight_decay"]
    yield run(**inputs | scaled)["thetas"], run(**inputs)["thetas"]


def _moved_origin(run, inputs):
    """Without decay it does not matter where the origin is."""
    still = _with(inputs, weight_decay=0.0)
    shift = 0.5 * inputs["theta0"] + 1.0
    slopes = inputs["slopes"] - inputs["hessians"] @ shift
    moved = run(**still | {"theta0": inputs["theta0"] + shift, "slopes": slopes})["thetas"]
    yield moved - shift, run(**still)["thetas"]


def _groups_exchanged(run, inputs):
    other = {name: inputs[name] for name in ("beta1", "beta2", "eps", "hessian_power")}
    other |= {"first0": inputs["second0"], "second0": inputs["first0"]}
    for name in ("grads", "diagonals", "lr", "decay"):
        other |= {f"{name}1": inputs[f"{name}2"], f"{name}2": inputs[f"{name}1"]}
    there, back = run(**inputs), run(**other)
    yield back["firsts"], there["seconds"]
    yield back["seconds"], there["firsts"]


def _first_apart(run, inputs):
    other = _with(inputs, grads2=1.0 - 2.0 * inputs["grads2"], diagonals2=inputs["diagonals2"] + 3.0)
    yield run(**other)["firsts"], run(**inputs)["firsts"]


# The system ---------------------------------------------------------------------------------------------------

_NAN = float("nan")
_OFFICIAL = f"{mutants.OFFICIAL}/image_classification/optim_adahessian.py"
_DECAY = number("weight_decay", "decoupled decay lambda >= 0")
_SHARED = (
    number("beta1", "rate at which the average of gradients forgets, in [0, 1)"),
    number("beta2", "rate at which the average of squared diagonals forgets, in [0, 1)"),
    number("eps", "added to the root mean square, after bias correction and power, >= 0"),
)
_POWER = number("hessian_power", "power k of the root mean square, in [0, 1]")
_RATES = (number("lr", "step size eta > 0"), *_SHARED, _DECAY, _POWER)
_BLOCK = integer("block", "so many neighbors share the mean of their estimates; divides d")
_SHARED_ERRORS = (
    ErrorCase("beta1-one", "beta1 = 1 never sees the gradient", {"beta1": 1.0}, ValueError, "beta1"),
    ErrorCase("nan-beta2", "NaN is no rate", {"beta2": _NAN}, ValueError, "beta2"),
    ErrorCase("negative-eps", "the denominator might vanish", {"eps": -1e-4}, ValueError, "eps"),
    ErrorCase(
        "negative-power", "curvature would lengthen the step", {"hessian_power": -1.0}, ValueError, "hessian_power"
    ),
)
_RATE_ERRORS = (
    ErrorCase("negative-lr", "a negative step size climbs", {"lr": -0.1}, ValueError, "lr"),
    ErrorCase("negative-decay", "a negative decay grows", {"weight_decay": -0.1}, ValueError, "weight_decay"),
    *_SHARED_ERRORS,
)
_ABSOLUTE = "absolute values of the estimates are averaged: the same for blocks of one, biased upward for others"

TRAJECTORY = Operation(
    name="adahessian.trajectory",
    summary="the parameters after each of T steps, fed with given gradients and averaged diagonals",
    inputs=(
        array("theta0", "d", "start"),
        array("grads", "T d", "gradient of each step"),
        array("diagonals", "T d", "averaged estimate of the Hessian's diagonal of each step"),
        *_RATES,
    ),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source="mpmath with 50 digits, corrected averages as weighted means over the past, apart from the source",
    cases=cases.TRAJECTORY_CASES,
    sample=cases.random_inputs,
    laws=(
        Law("odd", "start and gradients negated give the negated trajectory", _odd, ("ordinary", "half-power")),
        Law("sign-of-curvature", "diagonals and their absolute values do the same", _sign_of_curvature, ("ordinary",)),
        Law(
            "unit-of-loss",
            "diagonals times 16, gradients and eps times 16^k give the same trajectory",
            _unit_of_loss,
            ("ordinary", "half-power"),
        ),
        Law("coordinates-apart", "each coordinate moves by itself", _coordinates_apart, ("ordinary",)),
        Law(
            "constant-input",
            "a constant gradient and diagonal give theta_t = -s/wd + (theta_0 + s/wd)(1 - lr wd)^t with "
            "s = g / (|D|^k + eps), from the first step on",
            _constant_input,
            ("ordinary", "half-power"),
        ),
    ),
    mutants=mutants.mistake.mutants(mutants.as_trajectory),
    errors=(
        *_RATE_ERRORS,
        ErrorCase("nan-gradient", "NaN is no gradient", {"grads": np.full((6, 4), _NAN)}, ValueError, "grad"),
        ErrorCase("nan-diagonal", "NaN is no curvature", {"diagonals": np.full((6, 4), _NAN)}, ValueError, "diagonal"),
        ErrorCase("wrong-shape", "diagonals of another size", {"diagonals": np.ones((6, 3))}, ValueError, "diagonal"),
    ),
)

ESTIMATE = Operation(
    name="adahessian.estimate",
    summary="the averaged estimate of a Hessian's diagonal, for each of n given vectors of signs",
    inputs=(
        array("hessian", "d d", "a symmetric matrix"),
        array("signs", "n d", "the drawn vectors z, of -1 and 1"),
        _BLOCK,
    ),
    outputs=(array("diagonals", "n d", "z * (H z), averaged over blocks of consecutive entries, a row for each z"),),
    reference=estimate,
    exact=exact.estimate,
    exact_source="sums of fractions, entry by entry",
    cases=cases.ESTIMATE_CASES,
    sample=cases.random_estimate,
    laws=(
        Law("even", "negated signs give the same estimate", _even_in_signs, ("six-in-threes", "no-blocks")),
        Law("linear", "linear in the Hessian", _linear_in_hessian, ("six-in-twos", "no-blocks")),
        Law("total", "the sum over all parameters is z^T H z", _sum_stays, ("six-in-threes", "by-hand")),
        Law(
            "diagonal",
            "a diagonal Hessian that is constant over each block is found exactly",
            _diagonal_is_exact,
            ("six-in-threes", "by-hand"),
        ),
    ),
    mutants=(
        *mutants.product_mistake.mutants(lambda product: mutants.as_estimate(product=product)),
        *mutants.averaging_mistake.mutants(mutants.as_estimate),
    ),
    variants=(Variant("absolute", _ABSOLUTE, _OFFICIAL, lambda **inputs: estimate(**inputs, absolute=True)),),
    errors=(
        ErrorCase("block-three", "three does not divide four", {"block": 3}, ValueError, "block"),
        ErrorCase("block-zero", "a block has an entry", {"block": 0}, ValueError, "block"),
    ),
)

MOMENTS = Operation(
    name="adahessian.moments",
    summary="mean and mean square of the averaged estimate over all equally likely vectors of signs",
    inputs=(array("hessian", "d d", "a symmetric matrix"), _BLOCK),
    outputs=(
        array("mean", "d", "mean over the 2^d vectors of signs"),
        array("mean_square", "d", "mean of the squares: what v tends to on a quadratic"),
    ),
    reference=moments,
    exact=exact.moments,
    exact_source="the closed form of mean and variance, in fractions; nothing is enumerated",
    cases=cases.MOMENT_CASES,
    sample=cases.random_moments,
    laws=(
        Law("negative", "the negative Hessian has the negative mean", _moments_of_negative, ("indefinite",)),
        Law(
            "flipped",
            "coordinates counted the other way round change nothing",
            _moments_of_flipped,
            ("indefinite", "six-in-threes"),
        ),
        Law(
            "row-norms",
            "without blocks the mean is the diagonal, the mean square of an entry the squared length of its row",
            _moments_of_single_entries,
            ("indefinite", "six-in-twos"),
        ),
    ),
    mutants=(
        *mutants.moment_mistake.mutants(),
        *mutants.product_mistake.mutants(lambda times: mutants.as_moments(times=times)),
        *mutants.averaging_mistake.mutants(mutants.as_moments),
    ),
    variants=(Variant("absolute", _ABSOLUTE, _OFFICIAL, lambda **inputs: moments(**inputs, absolute=True)),),
    errors=(ErrorCase("block-three", "three does not divide four", {"block": 3}, ValueError, "block"),),
)

RANKS = Operation(
    name="adahessian.blocks",
    summary="estimates for a vector, a matrix and convolution kernels in one and two dimensions, averaged over blocks",
    inputs=(
        array("bias", "n", "estimate for a vector"),
        array("matrix", "r c", "estimate for a matrix"),
        array("line", "p q l", "estimate for kernels of length l, of p output and q input channels"),
        array("kernel", "o i h w", "estimate for kernels of h x w, of o output and i input channels"),
        integer("block", "so many consecutive entries of the matrix, row by row, share their mean; divides r c"),
    ),
    outputs=(
        array("averaged_bias", "n", "as it is"),
        array("averaged_matrix", "r c", "means of consecutive entries"),
        array("averaged_line", "p q l", "means of kernels"),
        array("averaged_kernel", "o i h w", "means of kernels"),
    ),
    reference=ranks,
    exact=exact.ranks,
    exact_source="means of fractions over the entries whose places belong together",
    cases=cases.RANK_CASES,
    sample=cases.random_ranks,
    laws=(
        Law("twice", "averaging averages changes nothing", _averaged_twice, ("both-signs", "square")),
        Law("total", "the sum of each array stays", _totals_stay, ("both-signs", "counted")),
        Law("channels", "reversed channels reverse the averages", _channels_permuted, ("both-signs", "square")),
    ),
    mutants=(
        *mutants.rank_mistake.mutants(),
        *mutants.averaging_mistake.mutants(mutants.by_rank),
    ),
    variants=(Variant("absolute", _ABSOLUTE, _OFFICIAL, mutants.absolute_ranks),),
    errors=(ErrorCase("block-five", "five does not divide 24", {"block": 5}, ValueError, "block"),),
)

DESCENT = Operation(
    name="adahessian.descent",
    summary="the whole algorithm on another quadratic at each step, with given signs",
    inputs=(
        array("hessians", "T d d", "symmetric; the loss of step t is theta^T H_t theta / 2 + s_t^T theta"),
        array("slopes", "T d", "s_t"),
        array("theta0", "d", "start"),
        array("signs", "T d", "the z of each step; only those of steps 1, 1 + period, ... are to be used"),
        _BLOCK,
        integer("period", "steps from one estimate to the next, >= 1; in between the last one enters v again"),
        *_RATES,
    ),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=descent,
    exact=exact.descent,
    exact_source="mpmath with 50 digits, all averages as weighted means over the past, apart from the source",
    cases=cases.DESCENT_CASES,
    sample=cases.random_descent,
    laws=(
        Law("even", "negated signs give the same trajectory", _signs_negated, ("saddle", "delayed")),
        Law(
            "unit-of-loss",
            "losses times 16, lr times 16^(k-1), decay times 16^(1-k), eps times 16^k give the same trajectory",
            _unit_of_losses,
            ("saddle", "saddle-half-power"),
        ),
        Law("origin", "without decay a moved origin moves the trajectory", _moved_origin, ("saddle", "delayed")),
    ),
    mutants=(
        *mutants.delay_mistake.mutants(lambda diagonal: mutants.as_descent(diagonal=diagonal)),
        *mutants.product_mistake.mutants(lambda times: mutants.with_estimate(product=times)),
        *mutants.averaging_mistake.mutants(mutants.with_estimate),
        *mutants.mistake.mutants(mutants.as_descent),
    ),
    variants=(
        Variant("absolute", _ABSOLUTE, _OFFICIAL, lambda **inputs: descent(**inputs, absolute=True)),
        Variant(
            "kept_average",
            "between two estimates v stays as it is, while its bias correction goes on counting steps",
            "https://github.com/kozistr/pytorch_optimizer/blob/main/pytorch_optimizer/optimizer/adahessian.py",
            lambda **inputs: descent(**inputs, stale="keep"),
        ),
    ),
    errors=(
        *_RATE_ERRORS,
        ErrorCase("block-three", "three does not divide four", {"block": 3}, ValueError, "block"),
        ErrorCase("period-zero", "there is no zeroth step", {"period": 0}, ValueError, "period"),
    ),
)

GROUPS = Operation(
    name="adahessian.groups",
    summary="two arrays of parameters with step sizes and decays of their own, over T steps",
    inputs=(
        array("first0", "d", "start of the first group"),
        array("second0", "d", "start of the second group"),
        array("grads1", "T d", "gradients of the first group"),
        array("grads2", "T d", "gradients of the second group"),
        array("diagonals1", "T d", "averaged diagonals of the first group"),
        array("diagonals2", "T d", "averaged diagonals of the second group"),
        number("lr1", "step size of the first group > 0"),
        number("lr2", "step size of the second group > 0"),
        number("decay1", "decoupled decay of the first group >= 0"),
        number("decay2", "decoupled decay of the second group >= 0"),
        *_SHARED,
        _POWER,
    ),
    outputs=(
        array("firsts", "T d", "parameters of the first group after each step", steps=True),
        array("seconds", "T d", "parameters of the second group after each step", steps=True),
    ),
    reference=groups,
    exact=exact.groups,
    exact_source="as for the trajectory, group by group",
    cases=cases.GROUP_CASES,
    sample=cases.random_groups,
    laws=(
        Law("exchange", "groups exchanged exchange the results", _groups_exchanged, ("own-rates",)),
        Law("apart", "the first group knows nothing of the second", _first_apart, ("own-rates", "frozen-and-free")),
    ),
    mutants=mutants.group_mistake.mutants(lambda way: mutants.as_groups(way=way)),
    errors=(
        ErrorCase("negative-lr", "a negative step size climbs", {"lr2": -0.1}, ValueError, "lr"),
        ErrorCase("negative-decay", "a negative decay grows", {"decay1": -0.1}, ValueError, "weight_decay"),
        *_SHARED_ERRORS,
    ),
)

SYSTEM = System(
    name="adahessian",
    chapter="optimizers",
    summary="Adam with the root mean square of the block-averaged Hessian diagonal in the denominator",
    paper=Paper(
        title="ADAHESSIAN: An Adaptive Second Order Optimizer for Machine Learning",
        authors="Yao, Gholami, Shen, Mustafa, Keutzer, Mahoney",
        arxiv="2006.00719",
        year=2021,
        key="yao2021adahessian",
    ),
    operations=(TRAJECTORY, ESTIMATE, MOMENTS, RANKS, DESCENT, GROUPS),
    claims=CLAIMS,
)
