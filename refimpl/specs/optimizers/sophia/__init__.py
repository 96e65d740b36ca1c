"""What the oracle knows of Sophia."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.core.special import softmax
from refimpl.optimizers import _sophia_models as models
from refimpl.optimizers import sophia
from refimpl.specs.base import (
    ErrorCase,
    Law,
    Operation,
    Paper,
    System,
    Variant,
    array,
    choice,
    integer,
    number,
)
from refimpl.specs.optimizers.sophia import cases, exact
from refimpl.specs.optimizers.sophia import mistakes as mutants
from refimpl.specs.optimizers.sophia.claims import CLAIMS

CODE = "https://github.com/Liuhong99/Sophia"
OPTAX = "https://github.com/google-deepmind/optax"
PYTORCH_OPTIMIZER = "https://github.com/kozistr/pytorch_optimizer"

# Operations ---------------------------------------------------------------------------------------------------


def trajectory(theta0, grads, estimates, lr, beta1, beta2, gamma, eps, weight_decay, k, refresh="before", **how):
    """Positions after each step of Sophia, fed with given gradients and estimates; the paper's rule, or a variant."""
    theta, state, thetas = theta0, sophia.init(theta0), []
    rates = {"lr": lr, "beta1": beta1, "beta2": beta2, "gamma": gamma, "eps": eps, "weight_decay": weight_decay}
    for t in range(1, grads.shape[0] + 1):
        estimate = estimates[t - 1, :] if sophia.due(t, k=k, refresh=refresh) else None
        early = estimate if refresh == "before" else None
        theta, state = sophia.update(theta, state, grads[t - 1, :], early, **rates, **how)
        if estimate is not None and refresh != "before":
            state = sophia.renew(state, estimate, beta2=beta2)
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


def step(theta, m, h, grad, estimate, refresh, lr, beta1, beta2, gamma, eps, weight_decay, **how):
    """One step of Sophia from a given state."""
    theta, state = sophia.update(
        theta,
        sophia.SophiaState(m, h, 1),
        grad,
        estimate if refresh == "yes" else None,
        lr=lr,
        beta1=beta1,
        beta2=beta2,
        gamma=gamma,
        eps=eps,
        weight_decay=weight_decay,
        **how,
    )
    return theta, state.m, state.h, sophia.win_rate(state, gamma=gamma, eps=eps)


def hutchinson(W, x, labels, probe, model):
    """Hutchinson's estimate for softmax regression."""
    return models.hutchinson_estimate(W, x, mutants.integers(labels), probe, model=model)


def gnb(W, x, labels, uniforms, model):
    """The Gauss-Newton-Bartlett estimate for softmax regression; the true labels play no part."""
    sampled = sophia.sample_labels(models.logits(W, x, model=model), uniforms)
    return sophia.gauss_newton_bartlett(models.gradient(W, x, sampled, model=model), batch=x.shape[0])


def newton(theta, grad, hessian, lr, rho):
    """One clipped Newton step."""
    return sophia.clipped_newton(theta, grad, hessian, lr=lr, rho=rho)


# Laws ---------------------------------------------------------------------------------------------------------


def _odd(run, inputs):
    flipped = {**inputs, "theta0": -inputs["theta0"], "grads": -inputs["grads"]}
    yield run(**flipped)["thetas"], -run(**inputs)["thetas"]


def _scale_free(run, inputs):
    scaled = {
        **inputs,
        "grads": 4.0 * inputs["grads"],
        "estimates": 4.0 * inputs["estimates"],
        "eps": 4.0 * inputs["eps"],
    }
    yield run(**scaled)["thetas"], run(**inputs)["thetas"]


def _gamma_scales_curvature(run, inputs):
    scaled = {**inputs, "estimates": 8.0 * inputs["estimates"], "gamma": inputs["gamma"] / 8}
    yield run(**scaled)["thetas"], run(**inputs)["thetas"]


def _coordinates_apart(run, inputs):
    whole = run(**inputs)["thetas"]
    for i in range(whole.shape[1]):
        alone = {**inputs, "theta0": inputs["theta0"][i : i + 1]}
        alone |= {name: inputs[name][:, i : i + 1] for name in ("grads", "estimates")}
        yield run(**alone)["thetas"][:, 0], whole[:, i]


def _sign_steps(run, inputs):
    """Without curvature a constant gradient gives theta_t = -s/wd + (theta_0 + s/wd) (1 - lr wd)^t."""
    xp = array_namespace(inputs["theta0"])
    steps, wd, lr, grads = inputs["grads"].shape[0], 0.5, inputs["lr"], inputs["grads"]
    got = run(**{**inputs, "grads": 0 * grads + 2.5, "estimates": -abs(inputs["estimates"]), "weight_decay": wd})[
        "thetas"
    ]
    yield got, xp.stack([(inputs["theta0"] + 1 / wd) * (1 - lr * wd) ** t - 1 / wd for t in range(1, steps + 1)])


def _step_is_odd(run, inputs):
    there = run(**inputs)
    back = run(**inputs | {name: -inputs[name] for name in ("theta", "m", "grad")})
    for name, sign in (("new_theta", -1), ("new_m", -1), ("new_h", 1), ("win_rate", 1)):
        yield back[name], sign * there[name]


def _step_at_rest(run, inputs):
    rest = run(**inputs | {"grad": inputs["m"], "estimate": inputs["h"]})
    yield rest["new_m"], inputs["m"]
    yield rest["new_h"], inputs["h"]


def _even_in_probe(run, inputs):
    yield run(**{**inputs, "probe": -inputs["probe"]})["estimate"], run(**inputs)["estimate"]


def _quadratic_in_probe(run, inputs):
    yield run(**{**inputs, "probe": 2.0 * inputs["probe"]})["estimate"], 4.0 * run(**inputs)["estimate"]


def _signs_average(run, inputs):
    """The mean over all vectors of signs is the diagonal, which unit vectors give one entry at a time."""
    xp, shape = array_namespace(inputs["W"]), inputs["W"].shape
    size = shape[0] * shape[1]
    total = lambda probes: sum(run(**{**inputs, "probe": xp.reshape(p, shape)})["estimate"] for p in probes)
    signs = [xp.asarray([1.0 - 2 * (n >> i & 1) for i in range(size)], dtype=inputs["W"].dtype) for n in range(2**size)]
    units = [xp.asarray([float(i == j) for i in range(size)], dtype=inputs["W"].dtype) for j in range(size)]
    yield total(signs) / 2**size, total(units)


def _linear_in_batch(run, inputs):
    xp = array_namespace(inputs["x"])
    twice = {name: xp.concat([inputs[name], inputs[name]]) for name in ("x", "labels")}
    yield run(**inputs | twice)["estimate"], run(**inputs)["estimate"]


def _bartlett(run, inputs):
    """One example: the estimates of all labels, weighted by their probabilities, add up to the Gauss-Newton part."""
    xp, model = array_namespace(inputs["W"]), inputs["model"]
    one = {"W": inputs["W"], "x": inputs["x"][:1, :], "labels": inputs["labels"][:1], "model": model}
    p = softmax(models.logits(one["W"], one["x"], model=model), axis=1)[0, :]
    ends = xp.cumulative_sum(p)
    mean = sum(p[c] * run(**one, uniforms=xp.reshape(ends[c] - p[c] / 2, (1,)))["estimate"] for c in range(p.shape[0]))
    yield mean, models.gauss_newton_diagonal(one["W"], one["x"], model=model)


def _labels_play_no_part(run, inputs):
    yield run(**{**inputs, "labels": 0.0 * inputs["labels"]})["estimate"], run(**inputs)["estimate"]


def _batch_twice(run, inputs):
    xp = array_namespace(inputs["x"])
    twice = {name: xp.concat([inputs[name], inputs[name]]) for name in ("x", "labels", "uniforms")}
    yield run(**inputs | twice)["estimate"], 2.0 * run(**inputs)["estimate"]


def _units_of_features(run, inputs):
    scaled = {**inputs, "x": 2.0 * inputs["x"], "W": inputs["W"] / 2}
    yield run(**scaled)["estimate"], 4.0 * run(**inputs)["estimate"]


def _newton_is_odd(run, inputs):
    flipped = {**inputs, "theta": -inputs["theta"], "grad": -inputs["grad"]}
    yield run(**flipped)["new_theta"], -run(**inputs)["new_theta"]


def _newton_turns(run, inputs):
    """A reflection: I - 2 v v^T with v = 1 / sqrt(d)."""
    xp, d = array_namespace(inputs["theta"]), inputs["theta"].shape[0]
    q = xp.eye(d, dtype=inputs["theta"].dtype) - 2 / d
    turned = {"theta": q @ inputs["theta"], "grad": q @ inputs["grad"], "hessian": q @ inputs["hessian"] @ q}
    turned["hessian"] = (turned["hessian"] + turned["hessian"].T) / 2
    yield run(**inputs | turned)["new_theta"], q @ run(**inputs)["new_theta"]


def _newton_in_any_unit_of_loss(run, inputs):
    scaled = {**inputs, "grad": 8.0 * inputs["grad"], "hessian": 8.0 * inputs["hessian"]}
    yield run(**scaled)["new_theta"], run(**inputs)["new_theta"]


def _newton_unclipped(run, inputs):
    moved = inputs["theta"] - run(**{**inputs, "rho": 1e6})["new_theta"]
    yield inputs["hessian"] @ moved, inputs["lr"] * inputs["grad"]


# The system ---------------------------------------------------------------------------------------------------

_NAN = float("nan")
_RATES = (
    number("lr", "step size eta > 0"),
    number("beta1", "rate at which m forgets, in [0, 1)"),
    number("beta2", "rate at which h forgets, in [0, 1)"),
    number("gamma", "scale of the curvature > 0"),
    number("eps", "floor of gamma h, > 0"),
    number("weight_decay", "decoupled decay lambda >= 0"),
)
_RATE_ERRORS = (
    ErrorCase("negative-lr", "a negative step size climbs", {"lr": -0.1}, ValueError, "lr"),
    ErrorCase("beta1-one", "beta1 = 1 never sees the gradient", {"beta1": 1.0}, ValueError, "beta1"),
    ErrorCase("nan-beta2", "NaN is no rate", {"beta2": _NAN}, ValueError, "beta2"),
    ErrorCase("negative-gamma", "a negative scale turns every curvature round", {"gamma": -1.0}, ValueError, "gamma"),
    ErrorCase("zero-eps", "without a floor the ratio may be 0 / 0", {"eps": 0.0}, ValueError, "eps"),
    ErrorCase("negative-decay", "a negative decay grows", {"weight_decay": -0.1}, ValueError, "weight_decay"),
)
_CODE_FORM = Variant(
    "code_form",
    "the ratio is sign(m) min(|m| / (gamma h + eps), 1): eps is a summand, and a negative h gives an unbounded step "
    "uphill (the code is for estimates >= 0)",
    f"{CODE}/blob/main/sophia.py",
    lambda **inputs: trajectory(**inputs, form="code"),
)
_VERSION_1 = Variant(
    "version_1",
    "the step is clip(m / max(h, eps), rho): that of the paper if lr times rho takes the place of lr, rho that of "
    "gamma, rho eps that of eps and weight_decay / rho that of weight_decay (here rho is the input gamma)",
    f"{PYTORCH_OPTIMIZER}/blob/main/pytorch_optimizer/optimizer/sophia.py",
    mutants.as_trajectory(mutants.version_1),
)

TRAJECTORY = Operation(
    name="sophia.trajectory",
    summary="the parameters after each of T steps, fed with given gradients and estimates of the Hessian's diagonal",
    inputs=(
        array("theta0", "d", "start"),
        array("grads", "T d", "gradient of each step"),
        array("estimates", "T d", "estimate of each step; only those of steps 1, k + 1, 2 k + 1, ... are to be used"),
        *_RATES,
        integer("k", "steps from one estimate to the next, >= 1"),
    ),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source="mpmath with 50 digits, all averages as sums over the past, written apart from the source",
    cases=cases.TRAJECTORY_CASES,
    sample=cases.random_inputs,
    laws=(
        Law("odd", "start and gradients negated give the negated trajectory", _odd, ("indefinite", "strong-decay")),
        Law(
            "unit-of-loss",
            "gradients, estimates and eps times 4 give the same trajectory",
            _scale_free,
            ("indefinite", "below-the-floor"),
        ),
        Law(
            "gamma-scales-curvature",
            "estimates times 8 and gamma / 8 give the same trajectory",
            _gamma_scales_curvature,
            ("indefinite", "paper-rates"),
        ),
        Law("coordinates-apart", "each coordinate moves by itself", _coordinates_apart, ("indefinite",)),
        Law(
            "sign-steps",
            "where the curvature is never positive a constant gradient > 0 gives "
            "theta_t = -1/wd + (theta_0 + 1/wd)(1 - lr wd)^t",
            _sign_steps,
            ("indefinite", "no-memory"),
        ),
    ),
    mutants=(
        *mutants.mistake.mutants(mutants.as_trajectory),
        *mutants.timing_mistake.mutants(lambda due: mutants.as_trajectory(mutants.right, due)),
        *mutants.whole_mistake.mutants(),
    ),
    variants=(
        _CODE_FORM,
        _VERSION_1,
        Variant(
            "refresh_after_k",
            "the estimate of steps k, 2 k, ... is averaged in after the step, so the first k steps are sign steps",
            f"{CODE}/blob/main/train_sophiag.py",
            lambda **inputs: trajectory(**inputs, refresh="after_k"),
        ),
        Variant(
            "refresh_after_1",
            "the estimate of steps 1, k + 1, ... is averaged in after the step, so the first step is a sign step",
            f"{OPTAX}/blob/main/optax/contrib/_sophia.py",
            lambda **inputs: trajectory(**inputs, refresh="after_1"),
        ),
        Variant(
            "released_code",
            "code_form and refresh_after_k together",
            f"{CODE}/blob/main/train_sophiag.py",
            lambda **inputs: trajectory(**inputs, form="code", refresh="after_k"),
        ),
        Variant(
            "optax",
            "m is divided by 1 - beta1^t, and refresh_after_1",
            f"{OPTAX}/blob/main/optax/contrib/_sophia.py",
            lambda **inputs: trajectory(**inputs, bias_correction=True, refresh="after_1"),
        ),
    ),
    errors=(
        *_RATE_ERRORS,
        ErrorCase("nan-gradient", "NaN is no gradient", {"grads": np.full((7, 4), _NAN)}, ValueError, "grad"),
        ErrorCase("nan-estimate", "NaN is no estimate", {"estimates": np.full((7, 4), _NAN)}, ValueError, "estimate"),
        ErrorCase("wrong-shape", "estimates of another size", {"estimates": np.ones((7, 3))}, ValueError, "estimate"),
        ErrorCase("k-zero", "there is no zeroth step", {"k": 0}, ValueError, "k"),
    ),
)

STEP = Operation(
    name="sophia.step",
    summary="one step from a given state, with or without a new estimate, and the share of unclipped coordinates",
    inputs=(
        array("theta", "d", "parameters"),
        array("m", "d", "average of the gradients before the step"),
        array("h", "d", "average of the estimates before the step"),
        array("grad", "d", "gradient at theta"),
        array("estimate", "d", "estimate of the Hessian's diagonal at theta"),
        choice("refresh", ("yes", "no"), "whether the estimate is to be used"),
        *_RATES,
    ),
    outputs=(
        array("new_theta", "d", "parameters after the step"),
        array("new_m", "d", "average of the gradients after the step"),
        array("new_h", "d", "average of the estimates after the step"),
        array("win_rate", "", "share of coordinates with |new_m| < max(gamma new_h, eps): those that are not clipped"),
    ),
    reference=step,
    exact=exact.step,
    exact_source="mpmath with 50 digits, written apart from the source",
    cases=cases.STEP_CASES,
    sample=cases.random_step,
    laws=(
        Law("odd", "parameters, m and gradient negated negate the step", _step_is_odd, ("with-estimate",)),
        Law(
            "at-rest",
            "a gradient equal to m and an estimate equal to h change neither",
            _step_at_rest,
            ("with-estimate", "negative-curvature"),
        ),
    ),
    mutants=(*mutants.mistake.mutants(mutants.as_step), *mutants.win_mistake.mutants(mutants.with_win_rate)),
    variants=(
        Variant(_CODE_FORM.slug, _CODE_FORM.doc, _CODE_FORM.source, lambda **inputs: step(**inputs, form="code")),
        Variant(_VERSION_1.slug, _VERSION_1.doc, _VERSION_1.source, mutants.as_step(mutants.version_1)),
    ),
    errors=_RATE_ERRORS,
)

_BATCH = (
    array("W", "D C", "weights"),
    array("x", "B D", "features, one example per row"),
    array("labels", "B", "true classes, whole numbers in [0, C)"),
)
_MODEL = choice("model", models.MODELS, "logits x W, or tanh(x W); the loss is their mean cross-entropy")

HUTCHINSON = Operation(
    name="sophia.hutchinson",
    summary="Hutchinson's estimate of the Hessian's diagonal for softmax regression, from a given probe",
    inputs=(*_BATCH, array("probe", "D C", "the draw u, standard normal in the algorithm"), _MODEL),
    outputs=(array("estimate", "D C", "u times H u, entry by entry"),),
    reference=hutchinson,
    exact=exact.hutchinson,
    exact_source="second differences of the loss in 50 digits: no derivative is written down",
    cases=cases.HUTCHINSON_CASES,
    sample=cases.random_hutchinson,
    laws=(
        Law("even", "a negated probe gives the same estimate", _even_in_probe, ("linear", "tanh")),
        Law("quadratic", "a probe times 2 gives 4 times the estimate", _quadratic_in_probe, ("linear", "tanh")),
        Law(
            "signs-average",
            "the mean over all probes of signs is the sum over all unit probes: the diagonal",
            _signs_average,
            ("one-weight-row",),
        ),
        Law("batch-twice", "every example twice changes nothing", _linear_in_batch, ("tanh",)),
    ),
    mutants=mutants.product_mistake.mutants(
        lambda rule: lambda W, x, labels, probe, model: rule(W, x, mutants.integers(labels), probe, model)
    ),
    errors=(
        ErrorCase("unknown-model", "there are two models", {"model": "relu"}, ValueError, "model"),
        ErrorCase("nan-weights", "NaN is no weight", {"W": np.full((2, 3), _NAN)}, ValueError, "W"),
        ErrorCase("wrong-probe", "a probe of another shape", {"probe": np.ones((3, 2))}, ValueError, "v"),
    ),
)

GNB = Operation(
    name="sophia.gnb",
    summary="the Gauss-Newton-Bartlett estimate for softmax regression, from given draws",
    inputs=(
        *_BATCH,
        array(
            "uniforms",
            "B",
            "a draw u in [0, 1) for each example: its label is the first class c at which the "
            "probabilities of 0, ..., c add up to more than u (a probability that underflows is 0)",
        ),
        _MODEL,
    ),
    outputs=(array("estimate", "D C", "B times the squared gradient of the mean loss with the drawn labels"),),
    reference=gnb,
    exact=exact.gnb,
    exact_source="first differences of the loss in 50 digits: no derivative is written down",
    cases=cases.GNB_CASES,
    sample=cases.random_gnb,
    laws=(
        Law(
            "bartlett",
            "for one example the estimates of all labels, weighted by their probabilities, add up to diag(J^T S J)",
            _bartlett,
            ("linear", "tanh"),
        ),
        Law("labels", "the true labels play no part", _labels_play_no_part, ("linear", "tanh")),
        Law("batch-twice", "every example and draw twice doubles the estimate", _batch_twice, ("linear", "tanh")),
        Law("unit-of-features", "features times 2 and weights / 2 give 4 times it", _units_of_features, ("linear",)),
    ),
    mutants=(*mutants.bartlett_mistake.mutants(mutants.as_gnb), *mutants.example_mistake.mutants()),
    variants=(
        Variant(
            "clipped_norm",
            "the gradient with the drawn labels is shortened to length 1 before it is squared",
            f"{CODE}/blob/main/train_sophiag.py",
            mutants.as_gnb(mutants.shortened_gradient),
        ),
    ),
    errors=(
        ErrorCase("unknown-model", "there are two models", {"model": "relu"}, ValueError, "model"),
        ErrorCase("draw-of-one", "draws are below 1", {"uniforms": np.array([0.5, 1.0, 0.7])}, ValueError, "uniforms"),
        ErrorCase("too-few-draws", "one draw for each example", {"uniforms": np.ones(2) / 2}, ValueError, "uniforms"),
    ),
)

NEWTON = Operation(
    name="sophia.newton",
    summary="one step of the theory's algorithm: Newton's, clipped in the eigenbasis of the Hessian",
    inputs=(
        array("theta", "d", "parameters"),
        array("grad", "d", "gradient at theta"),
        array("hessian", "d d", "Hessian at theta: symmetric, eigenvalues > 0 and distinct"),
        number("lr", "step size eta > 0"),
        number("rho", "bound on each coordinate in the eigenbasis > 0"),
    ),
    outputs=(array("new_theta", "d", "parameters after the step"),),
    reference=newton,
    exact=exact.newton,
    exact_source="mpmath's eigenvectors in 50 digits, one by one",
    cases=cases.NEWTON_CASES,
    sample=cases.random_newton,
    laws=(
        Law("odd", "parameters and gradient negated negate the step", _newton_is_odd, ("turned-valley",)),
        Law(
            "reflection",
            "parameters, gradient and Hessian reflected reflect the step",
            _newton_turns,
            ("turned-valley", "three-dimensions"),
        ),
        Law(
            "unit-of-loss",
            "gradient and Hessian times 8 give the same step",
            _newton_in_any_unit_of_loss,
            ("turned-valley", "condition-1e6"),
        ),
        Law(
            "newton",
            "for large rho the Hessian times the step is lr times the gradient",
            _newton_unclipped,
            ("turned-valley",),
        ),
    ),
    mutants=mutants.newton_mistake.mutants(mutants.as_newton),
    errors=(
        ErrorCase("indefinite", "an eigenvalue < 0", {"hessian": np.diag([1.0, -1.0])}, ValueError, "hessian"),
        ErrorCase("asymmetric", "no Hessian", {"hessian": np.array([[1.0, 0.5], [0.0, 1.0]])}, ValueError, "hessian"),
        ErrorCase("zero-rho", "nothing would move", {"rho": 0.0}, ValueError, "rho"),
        ErrorCase("negative-lr", "a negative step size climbs", {"lr": -0.5}, ValueError, "lr"),
    ),
)

SYSTEM = System(
    name="sophia",
    chapter="optimizers",
    summary="momentum over a rarely refreshed estimate of the Hessian's diagonal, each coordinate clipped",
    paper=Paper(
        title="Sophia: A Scalable Stochastic Second-order Optimizer for Language Model Pre-training",
        authors="Liu, Li, Hall, Liang, Ma",
        arxiv="2305.14342",
        year=2024,
        key="liu2024sophia",
    ),
    operations=(TRAJECTORY, STEP, HUTCHINSON, GNB, NEWTON),
    claims=CLAIMS,
)
