"""What the oracle knows of Adaptive Guidance."""

import math

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.generative import _adaptive_guidance_models as models
from refimpl.generative import adaptive_guidance
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, integer, number
from refimpl.specs.domains import MASK, NONNEGATIVE, POSITIVE, REAL, Relation, below, real, whole
from refimpl.specs.generative.adaptive_guidance import cases, exact, laws
from refimpl.specs.generative.adaptive_guidance.claims import CLAIMS
from refimpl.specs.generative.adaptive_guidance.mistakes import ALTERNATIVES


def guide(eps_c, eps_u, s):
    """The guided prediction, and how far both agree."""
    return adaptive_guidance.guide(eps_c, eps_u, s=s), adaptive_guidance.cosine(eps_c, eps_u)


def ag_step(x, eps_c, eps_u, done, s, gamma_bar, ab, ab_next):
    """One step from given flags."""
    state = adaptive_guidance.init(x)._replace(done=done)
    rates = {"s": s, "gamma_bar": gamma_bar, "ab": ab, "ab_next": ab_next}
    state, eps = adaptive_guidance.update(state, eps_c, eps_u, **rates)
    xp = array_namespace(x)
    return eps, xp.astype(state.done, x.dtype), xp.astype(state.nfe, x.dtype), state.x


def _both(means, var, class_of_component, label):
    return models.denoisers(models.Bed(means, var, class_of_component), label)


def ag_sample(x0, ab, means, var, class_of_component, label, s, gamma_bar):
    """The whole run, on a mixture whose predictions are known."""
    cond, uncond = _both(means, var, class_of_component, label)
    state = adaptive_guidance.sample(x0, ab, cond.eps, uncond.eps, s=s, gamma_bar=gamma_bar)
    return state.x, array_namespace(x0).astype(state.nfe, x0.dtype)


def fit_linear(E_c, E_u, k):
    """What least squares makes of earlier predictions."""
    fit = adaptive_guidance.fit_linear(E_c, E_u, k)
    return fit.fitted, fit.residual


def linear_step(x, E_c, E_u, beta, s, ab, ab_next):
    """One step with an estimate in place of the unconditional prediction."""
    said_c, said_u = ([E[i, ...] for i in range(E.shape[0])] for E in (E_c, E_u))
    eps_u = adaptive_guidance.estimate(said_c, said_u, beta)
    eps = adaptive_guidance.guide(said_c[-1], eps_u, s=s)
    return eps_u, adaptive_guidance.ddim(x, eps, ab=ab, ab_next=ab_next)


def linear_sample(x0, ab, means, var, class_of_component, label, s, betas):
    """The whole run of LinearAG with given coefficients."""
    cond, uncond = _both(means, var, class_of_component, label)
    policy = adaptive_guidance.alternating(ab.shape[0] - 1, "lin")
    coefficients = {k: betas[k, : 2 * k + 1] for k in range(betas.shape[0])}
    return adaptive_guidance.follow(x0, ab, cond.eps, uncond.eps, policy, s=s, betas=coefficients).x


def policy_loss(logits, x0, ab, means, var, class_of_component, label, s, price):
    """Loss and gradient of a relaxed policy; the target is that of guidance at all steps."""
    (cond, uncond), xp = _both(means, var, class_of_component, label), array_namespace(x0)
    target, plain = cases.ends(x0, ab, cond, uncond, s)
    scale = xp.sum((plain - target) ** 2) / x0.shape[0]
    scale = xp.where(scale > adaptive_guidance.rounding(target), scale, 0.0)  # else there is no unit of error
    return adaptive_guidance.relaxed_loss(logits, x0, ab, cond, uncond, target, scale, s=s, cost=price)


_NAN = float("nan")
_TWO = (
    array("eps_c", "n D", "noise predictions with the prompt"),
    array("eps_u", "n D", "noise predictions without it, or with a negative prompt"),
)
_X, _S = array("x", "n D", "iterates"), number("s", "weight of guidance: 0 unconditional, 1 conditional", REAL)
_LEVEL, _CLASS = real(0, 1, open="("), whole(-math.inf)
_PAIR = (
    number("ab", "signal level of the iterates", _LEVEL),
    number("ab_next", "signal level after the step", _LEVEL),
)
_RISING = Relation("ab <= ab_next", ("ab", "ab_next"), lambda i: i["ab"] <= i["ab_next"])
_GAMMA = number("gamma_bar", "threshold: a cosine above it, strictly, stops guidance", REAL)
_LEVELS = _LEVEL.that("not falling")
_SAMPLER = (
    array("x0", "n D", "start noise"),
    array("ab", "L", "signal levels, from noisy to clean", _LEVELS),
    array("means", "K D", "of the components of the data, which weigh the same"),
    array("var", "K", "variance of each", POSITIVE),
    array("class_of_component", "K", "the class of each", _CLASS),
    array("label", "n", "the class of each sample", _CLASS),
)
_STEPS = Relation("L >= 2: at least one step", ("ab",), lambda i: len(i["ab"]) >= 2)
_PEOPLED = Relation(
    "every label is the class of a component",
    ("class_of_component", "label"),
    lambda i: bool(np.isin(i["label"], i["class_of_component"]).all()),
)


def _enough(betas, T):
    """Whether there are coefficients for each step that is estimated."""
    last = max((k for k in range(T // 2) if k % 2), default=0)
    return betas.shape[0] > last and betas.shape[1] > 2 * last


def _tells(class_of_component, label):
    """Whether each class is less than all of the data."""
    return all((class_of_component != own).any() for own in label)


_MPMATH = "mpmath with 50 digits, {}, written apart from the source"
_ONE_STEP = {"long": "it is one step"}


def _misfits(first, second):
    """NaN in two arrays that must be alike; of another shape, the second is named, whichever it is."""
    nan, _ = refusals.arrays(**{first: first})
    return nan, refusals.arrays(**{first: second})[1], *refusals.arrays(**{second: second})


_BAD_PAIR = (
    refusals.numbers("ab", "ab_next"),
    ErrorCase("levels-fall", "a step goes to less noise", {"ab": 0.5, "ab_next": 0.25}, ValueError, "ab_next"),
)
_BAD_BED = (
    ErrorCase("levels-fall", "alphas that fall are no schedule", {"ab": np.array([0.5, 0.25, 1.0])}, ValueError, "ab"),
    ErrorCase("level-zero", "nothing of the signal is left", {"ab": np.array([0.0, 0.5, 1.0])}, ValueError, "ab"),
    ErrorCase("level-high", "a level is at most 1", {"ab": np.array([0.5, 0.75, 1.5])}, ValueError, "ab"),
    ErrorCase("no-variance", "a component of no width has no density", {"var": np.zeros(4)}, ValueError, "variances"),
    ErrorCase("no-such-class", "a class without components", {"label": np.full(3, 7)}, ValueError, "label"),
    *refusals.arrays(x0="x0")[:1],
)

GUIDE = Operation(
    name="adaptive_guidance.guide",
    summary="classifier-free guidance, and the cosine between both predictions of each sample",
    inputs=(*_TWO, _S),
    outputs=(
        array("eps", "n D", "guided prediction, eps_u + s (eps_c - eps_u)"),
        array("cosine", "n", "of the two predictions; 0 where one of them is 0"),
    ),
    reference=guide,
    exact=exact.guide,
    exact_source=_MPMATH.format("sample by sample"),
    cases=cases.GUIDE,
    sample=cases.sample_guide,
    laws=laws.GUIDE,
    errors=(refusals.numbers("s"), *_misfits("eps_c", "eps_u")),
    without=_ONE_STEP,
)

AG_STEP = Operation(
    name="adaptive_guidance.ag_step",
    summary="one step of Adaptive Guidance for given predictions: guided samples are guided once more, and stop for "
    "good if their cosine is above the threshold",
    inputs=(_X, *_TWO, array("done", "n", "whether a sample has stopped", MASK), _S, _GAMMA, *_PAIR),
    outputs=(
        array("eps", "n D", "what the solver gets"),
        array("new_done", "n", "1 for a sample that is not to be guided in the next step, else 0"),
        array("nfe", "n", "network evaluations of this step: 2 guided, 1 not"),
        array("new_x", "n D", "iterates after a DDIM step without noise"),
    ),
    reference=ag_step,
    exact=exact.ag_step,
    exact_source=_MPMATH.format("sample by sample, by way of the clean sample"),
    cases=cases.AG_STEP,
    sample=cases.sample_ag_step,
    laws=laws.AG_STEP,
    errors=(refusals.numbers("s", "gamma_bar"), *_BAD_PAIR, *_misfits("x", "eps_c"), *refusals.arrays(eps_u="eps_u")),
    relations=(_RISING,),
    without=_ONE_STEP,
)

AG_SAMPLE = Operation(
    name="adaptive_guidance.ag_sample",
    summary="samples by Adaptive Guidance from a mixture of round Gaussians, whose exact noise predictions for a class "
    "and for all of it stand for the network",
    inputs=(*_SAMPLER, _S, _GAMMA),
    outputs=(array("x", "n D", "samples"), array("nfe", "n", "network evaluations of each")),
    reference=ag_sample,
    exact=exact.ag_sample,
    exact_source=_MPMATH.format("sample by sample, on densities"),
    cases=cases.AG_SAMPLE,
    sample=cases.sample_ag_sample,
    laws=laws.AG_SAMPLE,
    errors=(refusals.numbers("s", "gamma_bar"), *_BAD_BED),
    relations=(_STEPS, _PEOPLED),
)

FIT_LINEAR = Operation(
    name="adaptive_guidance.fit_linear",
    summary="least squares for the unconditional prediction of step k from the conditional ones up to k and the "
    "unconditional ones before, one coefficient for each, all samples and coordinates pooled, no intercept",
    inputs=(
        array("E_c", "T n D", "recorded conditional predictions, noisiest step first"),
        array("E_u", "T n D", "recorded unconditional ones"),
        integer("k", "number of the step", below("T")),
    ),
    outputs=(
        array("fitted", "n D", "the fit"),
        array("residual", "", "length of what is left over that of the target; 0 for a target of 0"),
    ),
    reference=fit_linear,
    exact=exact.fit_linear,
    exact_source=_MPMATH.format("by the normal equations"),
    cases=cases.FIT_LINEAR,
    sample=cases.sample_fit_linear,
    laws=laws.FIT_LINEAR,
    errors=(
        refusals.numbers("k"),
        *_misfits("E_c", "E_u"),
    ),
    without={"long": "it is one fit; `late-step` has the regressors of twenty steps"},
)

LINEAR_STEP = Operation(
    name="adaptive_guidance.linear_step",
    summary="one step of LinearAG: the unconditional prediction is a given combination of those so far, then guidance",
    inputs=(
        _X,
        array("E_c", "k+1 n D", "conditional predictions up to this step, noisiest first"),
        array("E_u", "k n D", "unconditional ones before it, k >= 1"),
        array("beta", "m", "2k + 1 coefficients, those of E_c first"),
        _S,
        *_PAIR,
    ),
    outputs=(array("eps_u", "n D", "the estimate"), array("new_x", "n D", "iterates after the step")),
    reference=linear_step,
    exact=exact.linear_step,
    exact_source=_MPMATH.format("by way of the clean sample"),
    cases=cases.LINEAR_STEP,
    sample=cases.sample_linear_step,
    laws=laws.LINEAR_STEP,
    errors=(
        refusals.numbers("s"),
        *_BAD_PAIR,
        ErrorCase("few-coefficients", "one for each prediction", {"beta": np.ones(3)}, ValueError, "beta"),
        ErrorCase("nan-beta", "NaN is no number", {"beta": np.full(5, _NAN)}, ValueError, "beta"),
        ErrorCase("no-history", "as many of both kinds: nothing is left to estimate", {"E_u": np.ones((3, 3, 2))},
                  ValueError, "said_c"),
    ),
    relations=(
        _RISING,
        Relation("E_c has one entry more than E_u, and beta as many as both", ("E_c", "E_u", "beta"),
                 lambda i: len(i["E_c"]) == len(i["E_u"]) + 1 and len(i["beta"]) == len(i["E_c"]) + len(i["E_u"])),
    ),
    without=_ONE_STEP,
)  # fmt: skip

LINEAR_SAMPLE = Operation(
    name="adaptive_guidance.linear_sample",
    summary="samples by LinearAG from such a mixture: in the first half of the steps guidance and guidance with an "
    "estimate take turns, in the second half there is none; later estimates build on earlier ones",
    inputs=(*_SAMPLER, _S, array("betas", "H W", "row k: the 2k + 1 coefficients of step k, then anything")),
    outputs=(array("x", "n D", "samples"),),
    reference=linear_sample,
    exact=exact.linear_sample,
    exact_source=_MPMATH.format("sample by sample, on densities"),
    cases=cases.LINEAR_SAMPLE,
    sample=cases.sample_linear_sample,
    laws=laws.LINEAR_SAMPLE,
    errors=(refusals.numbers("s"), *_BAD_BED[:3]),
    relations=(
        _STEPS,
        _PEOPLED,
        Relation("betas has a row, of 2k + 1 entries or more, for each odd k < (L - 1) // 2", ("ab", "betas"),
                 lambda i: _enough(i["betas"], len(i["ab"]) - 1)),
    ),
    without={"long": "150 coefficients for each estimate; adaptive_guidance.ag_sample has a long run"},
)  # fmt: skip

POLICY_LOSS = Operation(
    name="adaptive_guidance.policy_loss",
    summary="loss of a policy whose steps mix the unconditional, the conditional and the guided prediction with "
    "weights softmax(logits): mean squared distance from the samples of guidance, over that of the samples without "
    "any, plus price times the mean evaluations of a step; and its gradient",
    inputs=(
        array("logits", "T 3", "of unconditional, conditional, guided"),
        *_SAMPLER[:1],
        array("ab", "T+1", "signal levels, from noisy to clean", _LEVELS),
        *_SAMPLER[2:],
        _S,
        number("price", "of an evaluation at each step", NONNEGATIVE),
    ),
    outputs=(array("loss", "", "loss"), array("gradient", "T 3", "in the logits")),
    reference=policy_loss,
    exact=exact.policy_loss,
    exact_source=_MPMATH.format("the definition and its differences"),
    cases=cases.POLICY_LOSS,
    sample=cases.sample_policy_loss,
    laws=laws.POLICY_LOSS,
    errors=(
        refusals.numbers("s", price="cost"),
        ErrorCase("no-guidance", "s = 1 guides nowhere: there is no unit of error", {"s": 1.0}, ValueError, "scale"),
        ErrorCase("levels-fall", "alphas that fall are no schedule", {"ab": np.array([0.5, 0.2, 1.0])}, ValueError,
                  "ab"),
        *refusals.arrays(logits="logits"),
    ),
    relations=(
        _PEOPLED,
        Relation("s is not 1 and no class is all of the data: guidance changes the samples",
                 ("s", "class_of_component", "label"),
                 lambda i: i["s"] != 1 and _tells(i["class_of_component"], i["label"])),
    ),
    without={"long": "its right answer is made of differences, two runs for each of 900 logits"},
)  # fmt: skip

SYSTEM = System(
    name="adaptive_guidance",
    chapter="generative",
    summary="guidance that stops when both predictions agree, LinearAG, and the search for where guidance is needed",
    paper=Paper(
        title="Adaptive Guidance: Training-free Acceleration of Conditional Diffusion Models",
        authors="Castillo, Kohler, Perez, Perez, Pumarola, Ghanem, Arbelaez, Thabet",
        arxiv="2312.12487",
        year=2023,
        key="castillo2023adaptive",
    ),
    operations=(GUIDE, AG_STEP, AG_SAMPLE, FIT_LINEAR, LINEAR_STEP, LINEAR_SAMPLE, POLICY_LOSS),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "adaptive_guidance-1": "score of a mixture; ours, for beds whose predictions are exact",
        "adaptive_guidance-2": "Section 3: the network predicts the noise, a multiple of the score",
        "adaptive_guidance-3": "DDIM without noise (Song et al., 2021, Equation 12)",
        "adaptive_guidance-4": "the same, factor of the iterate",
        "adaptive_guidance-5": "the same, factor of the noise",
        "adaptive_guidance-6": "Section 3, classifier-free guidance",
        "adaptive_guidance-7": "section on Adaptive Guidance, cosine; 0 for a vector of 0 is ours",
        "adaptive_guidance-8": "section on Adaptive Guidance: conditional prediction alone, once truncated",
        "adaptive_guidance-9": "section on Adaptive Guidance, count of network evaluations",
        "adaptive_guidance-10": "section on Adaptive Guidance, truncation",
        "adaptive_guidance-11": "section on LinearAG; which predictions: reconstructed",
        "adaptive_guidance-12": "section on LinearAG, least squares",
        "adaptive_guidance-13": "ours: how good the fit is",
        "adaptive_guidance-14": "section on LinearAG, estimate",
        "adaptive_guidance-15": "section on the search for policies: relaxation",
        "adaptive_guidance-16": "the same, relaxed step",
        "adaptive_guidance-17": "the same; details of the loss are ours",
        "adaptive_guidance-18": "adjoint of the end; ours, written out",
        "adaptive_guidance-19": "its products with the predictions; ours",
        "adaptive_guidance-20": "weights of the two predictions in a mixed step; ours",
        "adaptive_guidance-21": "adjoint of a step; ours",
        "adaptive_guidance-22": "chain rule through the softmax; ours",
        "adaptive_guidance-23": "Hessian of the log-density of a mixture times a vector; ours",
    },
)
