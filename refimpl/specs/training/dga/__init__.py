"""What the oracle knows of dynamic gradient alignment."""

import numpy as np

from refimpl.core.arrays import array_namespace, device
from refimpl.models import adam, bigram
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, integer, number, tags
from refimpl.specs.domains import COUNT, FRACTION, NONNEGATIVE, POSITIVE, SHARE, SIMPLEX, WHOLE, Relation, below, real
from refimpl.specs.training.dga import cases, exact, laws
from refimpl.specs.training.dga.claims import CLAIMS
from refimpl.specs.training.dga.mistakes import ALTERNATIVES
from refimpl.training import dga


def mirror_step(alpha, scores, eta, floor):
    """One step of the weights."""
    return dga.mirror_step(alpha, scores, eta=eta, floor=floor)


def alignments(G, g):
    """Scores."""
    return dga.alignments(G, g)


def weights_run(alpha0, scores, eta, period, beta):
    """Weights and their averages after each step, from given scores."""
    xp, state, found = array_namespace(alpha0, scores), dga.init(alpha0), []
    for t in range(scores.shape[0]):
        state = dga.update(state, scores[t, :], eta=eta, period=period, beta=beta)
        found.append((dga.weights(state), state.average))
    return tuple(xp.stack(rows) for rows in zip(*found, strict=True))


def mixture(P, w):
    """Of basis distributions."""
    return dga.mixture(P, w)


def histogram(k, assignment):
    """Importance sampling."""
    xp = array_namespace(assignment)
    return dga.histogram(assignment, k=k, like=xp.zeros(1, dtype=xp.float64, device=device(assignment)))


def draw(alpha, u):
    """Domains."""
    return dga.draw(alpha, u)


def dga_steps(theta0, train, domains, special, lr, beta1, beta2, eps, eta, period, beta):
    """The whole iteration on a bigram model, trained by Adam."""
    xp, k = array_namespace(theta0), domains.shape[1]
    alpha = xp.ones(k, dtype=theta0.dtype, device=device(theta0)) / k
    run, found = dga.Training(theta0, adam.init(theta0), dga.init(alpha)), []

    def descend(theta, memory, grad):
        return adam.update(theta, memory, grad, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    rates = {"eta": eta, "period": period, "beta": beta}
    for t in range(train.shape[0]):
        batches = train[t, ...], [domains[t, i, ...] for i in range(k)], special[t, ...]
        run, a = dga.step(run, *batches, gradient=bigram.gradient, descend=descend, **rates)
        found.append((a, dga.weights(run.state), run.state.average))
    return run.theta, *(xp.stack(rows) for rows in zip(*found, strict=True))


def doge(alpha0, G, g, lr, mu, eps):
    """Weights and mixed gradients of each step, and the average of the weights."""
    xp, places, mixed = array_namespace(alpha0, G, g), iter(range(G.shape[0])), []

    def gradients(theta):
        t = next(places)
        return G[t, ...], g[t, ...]

    def descend(theta, memory, grad):
        mixed.append(grad)
        return theta, memory

    rates = {"steps": G.shape[0], "lr": lr, "mu": mu, "eps": eps}
    average, run = dga.doge(xp.zeros_like(g[0, :]), gradients, descend=descend, alpha=alpha0, **rates)
    return xp.stack(run.history["alpha"][1:]), xp.stack(mixed), average


_ALPHA = "weights of the domains"
_ETA = number("eta", "step size of the mirror step", NONNEGATIVE)
_PERIOD = integer("period", "scores are used in step t = 0, period, 2 period, ...", COUNT)
_BETA = number("beta", "weight of what is new in the moving average", real(0, 1, open="("))
_NAN = float("nan")


def _weights(name, called=None):
    """Weights that must be refused."""
    why = "weights add up to 1 and are not negative"

    def make(operation):
        right = operation.cases[0].inputs[name]
        bad = {"halved": right / 2, "negative": np.where(np.arange(right.size).reshape(right.shape) == 0, -0.5, right)}
        return tuple(
            ErrorCase(f"{word}-{name}", why, {name: value}, ValueError, called or name) for word, value in bad.items()
        )

    return make


_ONE_STEP = {"long": "it is one step"}

MIRROR_STEP = Operation(
    name="dga.mirror_step",
    summary="weights after a step of entropic mirror descent: alpha times exp(eta a), normalised, and a least weight",
    inputs=(
        array("alpha", "k", _ALPHA, SIMPLEX),
        array("scores", "k", "scores a"),
        _ETA,
        number("floor", "least weight c: the result is (1 - k c) alpha + c", NONNEGATIVE),
    ),
    outputs=(array("new_alpha", "k", "weights after the step"),),
    reference=mirror_step,
    exact=exact.mirror_step,
    exact_source="the product as it is written, with 50 digits and without logarithms or any shift",
    cases=cases.MIRROR_STEP,
    sample=cases.sample_mirror_step,
    laws=laws.MIRROR_STEP,
    relations=(Relation("floor <= 1 / k", ("floor", "alpha"), lambda i: i["floor"] * i["alpha"].shape[0] <= 1),),
    errors=(
        refusals.numbers("eta", "floor"),
        _weights("alpha"),
        *refusals.arrays(scores="a"),
        ErrorCase("large-floor", "k weights above 1/k add up to more than 1", {"floor": 0.5}, ValueError, "floor"),
    ),
    without=_ONE_STEP,
)

ALIGNMENTS = Operation(
    name="dga.alignments",
    summary="inner products of the domains' gradients with that of the task",
    inputs=(array("G", "k d", "gradient of each domain"), array("g", "d", "gradient of the task")),
    outputs=(array("scores", "k", "scores a"),),
    reference=alignments,
    exact=exact.alignments,
    exact_source="rational arithmetic",
    cases=cases.ALIGNMENTS,
    sample=None,
    laws=laws.ALIGNMENTS,
    errors=(refusals.arrays(G="G")[0], *refusals.arrays(g="g")),
    without=_ONE_STEP,
)

WEIGHTS_RUN = Operation(
    name="dga.weights_run",
    summary="weights and their moving average after each training step, from given scores",
    inputs=(
        array("alpha0", "k", "weights at the start, of the average too", SIMPLEX),
        array("scores", "T k", "scores in each step; used where t is a multiple of period"),
        _ETA,
        _PERIOD,
        _BETA,
    ),
    outputs=(
        array("alphas", "T k", "weights after each step, not averaged", steps=True),
        array("averages", "T k", "moving average of the weights after each step", steps=True),
    ),
    reference=weights_run,
    exact=exact.weights_run,
    exact_source="weights from the sum of the scores so far, averages from all weights so far at once, with 50 digits",
    cases=cases.WEIGHTS_RUN,
    sample=cases.sample_weights_run,
    laws=laws.WEIGHTS_RUN,
    errors=(refusals.numbers("eta", "period", "beta"), _weights("alpha0", "alpha"), *refusals.arrays(scores="a")),
)

MIXTURE = Operation(
    name="dga.mixture",
    summary="weights of the domains in a mixture of basis distributions",
    inputs=(
        array("P", "N k", "basis distributions over the domains, one per row", SIMPLEX),
        array("w", "N", "their weights", SIMPLEX),
    ),
    outputs=(array("alpha", "k", _ALPHA),),
    reference=mixture,
    exact=exact.mixture,
    exact_source="rational arithmetic",
    cases=cases.MIXTURE,
    sample=None,
    laws=laws.MIXTURE,
    errors=(_weights("P"), _weights("w")),
    without=_ONE_STEP,
)

HISTOGRAM = Operation(
    name="dga.histogram",
    summary="importance sampling: the share of the specialised examples that each domain is nearest to",
    inputs=(
        integer("k", "number of domains", COUNT),
        array("assignment", "n", "nearest domain of each example", below("k")),
    ),
    outputs=(array("alpha", "k", _ALPHA),),
    reference=histogram,
    exact=exact.histogram,
    exact_source="counting",
    cases=cases.HISTOGRAM,
    sample=cases.sample_histogram,
    laws=laws.HISTOGRAM,
    errors=(
        refusals.numbers("k"),
        ErrorCase(
            "no-such-domain", "domains are 0 to k - 1", {"assignment": np.array([0, 7])}, ValueError, "assignment"
        ),
    ),
    without=_ONE_STEP,
)

DRAW = Operation(
    name="dga.draw",
    summary="domains drawn from a mixture with given uniform numbers: the inverse of the sums of the weights",
    inputs=(array("alpha", "k", _ALPHA, SIMPLEX), array("u", "n", "uniform draws", FRACTION)),
    outputs=(array("domains", "n", "first domain whose weights, added up to it, exceed u", below("k")),),
    reference=draw,
    exact=exact.draw,
    exact_source="rational sums, from the end",
    cases=cases.DRAW,
    sample=cases.sample_draw,
    laws=laws.DRAW,
    errors=(
        _weights("alpha"),
        ErrorCase("one-draw", "a draw is below 1", {"u": np.array([0.5, 1.0])}, ValueError, "u"),
        ErrorCase("nan-draw", "NaN is no draw", {"u": np.array([0.5, _NAN])}, ValueError, "u"),
    ),
    without=_ONE_STEP,
)

_COUNTS = "counts c_uv of token v after token u in the batch of"
DGA_STEPS = Operation(
    name="dga.dga_steps",
    summary="the whole iteration on a bigram model: a step of Adam, scores at the new logits, weights, their average",
    inputs=(
        array("theta0", "V V", "logits of the next token, a row for each last one, at the start"),
        array("train", "T V V", f"{_COUNTS} training data of each step", WHOLE),
        array("domains", "T k V V", f"{_COUNTS} each domain, for the scores", WHOLE),
        array("special", "T V V", f"{_COUNTS} specialised examples, for the scores", WHOLE),
        number("lr", "step size of Adam", NONNEGATIVE),
        number("beta1", "rate of Adam's first average", FRACTION),
        number("beta2", "rate of Adam's second average", FRACTION),
        number("eps", "added to Adam's root", POSITIVE),
        _ETA,
        _PERIOD,
        _BETA,
    ),
    outputs=(
        array("theta", "V V", "logits at the end"),
        array("scores", "T k", "scores of each step, of gradients of mean losses; 0 where none are due", steps=True),
        array("alphas", "T k", "weights after each step, from uniform ones", steps=True),
        array("averages", "T k", "their moving average after each step", steps=True),
    ),
    reference=dga_steps,
    exact=exact.dga_steps,
    exact_source="the loss differentiated token by token, Adam's averages as weighted sums, with 50 digits",
    cases=cases.DGA_STEPS,
    sample=cases.sample_dga_steps,
    laws=laws.DGA_STEPS,
    relations=(
        Relation(
            "every batch has a transition",
            ("train", "domains", "special"),
            lambda i: all(np.all(np.sum(i[n], axis=(-2, -1)) > 0) for n in ("train", "domains", "special")),
        ),
    ),
    errors=(
        refusals.numbers("lr", "beta1", "beta2", "eps", "eta", "period", "beta"),
        ErrorCase("nan-logit", "NaN is no logit", {"theta0": np.full((2, 2), _NAN)}, ValueError, "params"),
        ErrorCase("negative-count", "counts are >= 0", {"train": np.full((2, 2, 2), -1)}, ValueError, "counts"),
        ErrorCase("no-transition", "a mean of nothing", {"special": np.zeros((2, 2, 2), int)}, ValueError, "counts"),
    ),
    without={"large": "its right answer would take a gradient of V^2 logits for every domain and step in 50 digits"},
)

DOGE = Operation(
    name="dga.doge",
    summary="DoGE's weights and mixed gradients in each step, from given gradients, and the average of the weights",
    inputs=(
        array("alpha0", "k", "weights at the start", SIMPLEX),
        array("G", "T k d", "gradient of each domain in each step"),
        array("g", "T d", "gradient of the task in each step"),
        number("lr", "learning rate", NONNEGATIVE),
        number("mu", "strength of the divergence that holds the weights", POSITIVE),
        number("eps", "share of the uniform mixture", SHARE),
    ),
    outputs=(
        array("alphas", "T k", "weights after each step", steps=True),
        array("gradients", "T d", "sum of the domains' gradients, with the new weights", steps=True),
        array("average", "k", "mean of the weights after each step"),
    ),
    reference=doge,
    exact=exact.doge,
    exact_source="products as they are written, with 50 digits",
    cases=cases.DOGE,
    sample=cases.sample_doge,
    laws=laws.DOGE,
    errors=(
        refusals.numbers("lr", "mu", "eps"),
        _weights("alpha0", "alpha"),
        refusals.arrays(G="G")[0],
        *refusals.arrays(g="g"),
    ),
)

_STEPS = (
    "Algorithm 1, training step",
    "Algorithm 1, every T_r steps",
    "Algorithm 1, alignment scores",
    "Algorithm 1, mirror descent",
    "Algorithm 1, normalisation",
    "ours: the smoothing of DoGE and DoReMi as a least weight",
    "Algorithm 1, moving average of the weights",
    "Distribution reweighting",
    "Importance sampling baseline",
    "ours: how a domain is drawn",
    "DoGE (Fan, Pagliardini and Jaggi, 2023), step size of the weights",
    "DoGE, smoothing",
    "DoGE, gradient of the proxy",
    "DoGE, average over the run",
    "ours: gradient of a bigram model, on which the oracle asks",
)

SYSTEM = System(
    name="dga",
    chapter="training",
    summary="the mixture of training domains follows the inner products of their gradients with that of the task",
    paper=Paper(
        title="Dynamic Gradient Alignment for Online Data Mixing",
        authors="Fan, Grangier, Ablin",
        arxiv="2410.02498",
        year=2024,
        key="fan2024dynamic",
    ),
    operations=(DGA_STEPS, WEIGHTS_RUN, MIRROR_STEP, ALIGNMENTS, MIXTURE, HISTOGRAM, DRAW, DOGE),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations=dict(zip(tags("dga", *range(1, 16)), _STEPS, strict=True)),
)
