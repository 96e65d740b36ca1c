"""Inputs of the operations of dynamic gradient alignment under permanent names, and random ones."""

import math

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large, one_step

ALPHA, SCORES = np.array([0.5, 0.3, 0.2]), np.array([1.0, -1.0, 0.5])  # the worked example
TIMES = 2**15  # of each domain in a large case


def _normal(slug, *shape):
    return stream(0, "dga-case", slug).standard_normal(shape).round(4)


def _simplex(rng, *shape):
    """Weights in 1/64, none 0."""
    k, rest = shape[-1], 64 - shape[-1]
    return (1 + rng.multinomial(rest, [1 / k] * k, size=shape[:-1])) / 64


def _weights(slug, *shape):
    return _simplex(stream(0, "dga-case", slug), *shape)


def _spread(slug, of, *shares):
    """A large case: every domain of a small case 2^15 times, in random order; what are `shares` of it is divided."""

    def make(operation, before):
        small = before[of]
        inputs, outputs = (
            {f.name: f.axes.split().index("k") for f in fields if "k" in f.axes.split()}
            for fields in (operation.inputs, operation.outputs)
        )
        count = next(small.inputs[name].shape[position] for name, position in inputs.items())
        picks = stream(0, operation.name, slug).permutation(np.repeat(np.arange(count), TIMES))

        def taken(values, where):
            found = {name: np.take(values[name], picks, axis=position) for name, position in where.items()}
            return {name: value / TIMES if name in shares else value for name, value in found.items()}

        return Case(
            slug, ("large",), f"each domain of {of} split into 32,768 equal ones: sums run over all of them",
            small.inputs | taken(small.inputs, inputs), dtypes=("float64",), equations=small.equations,
            source=f"the answer of {of}", small=small, derived=lambda values: values | taken(values, outputs),
            recipe=f"{of}/split/{TIMES}",
        )  # fmt: skip

    return make


def _mirror(alpha, scores, eta=1.0, floor=0.0):
    return {"alpha": np.asarray(alpha, float), "scores": np.asarray(scores, float), "eta": eta, "floor": floor}


MIRROR_STEP = (
    Case("three-domains", ("basic", "missing_step"),
         "the worked example: the weight of the best aligned domain grows, and the sum stays 1",
         _mirror(ALPHA, SCORES, 0.7), equations=("dga-4", "dga-5"),
         answer={"new_alpha": np.array([0.69938217280, 0.10347931236, 0.19713851484])},
         source="worked out from the formula with 50 digits, apart from the code"),
    Case("gaussian", ("basic",), "eight domains with scores of either sign",
         _mirror(_weights("mirror-gaussian", 8), _normal("mirror-gaussian", 8), 1.5)),
    Case("one-domain", ("boundary",), "a single domain keeps the weight 1", _mirror([1], [-3], 2.0),
         answer={"new_alpha": np.array([1.0])}, source="the sum"),
    Case("eta-zero", ("boundary",), "a step of length 0 moves nothing", _mirror(ALPHA, SCORES, 0.0),
         answer={"new_alpha": ALPHA}, source="the rule"),
    Case("equal-scores", ("edge_case",), "scores that are all the same move nothing", _mirror(ALPHA, [7, 7, 7], 3.0),
         answer={"new_alpha": ALPHA}, source="the rule"),
    Case("zero-weight", ("boundary", "edge_case"), "a domain of weight 0 stays out, whatever its score; no 0 log 0",
         _mirror([0.5, 0, 0.5], [0, 9, 1], 1.0), equations=("dga-4",)),
    Case("overflow", ("numerics", "known_bug"), "eta a of 800: exp alone overflows, the weights do not",
         _mirror([0.25, 0.25, 0.5], [8, 8, 7.9921875], 100.0), equations=("dga-4", "dga-5")),
    Case("underflow", ("numerics", "known_bug"), "eta a of -800 for all: every exponential alone is 0",
         _mirror([0.25, 0.25, 0.5], [-8, -8, -7.9921875], 100.0), equations=("dga-4", "dga-5")),
    Case("wide", ("numerics", "known_bug"), "scores 1000 apart: with the smallest subtracted, exp overflows",
         _mirror([0.5, 0.25, 0.25], [-500, 500, 500], 1.0), equations=("dga-4",),
         answer={"new_alpha": np.array([0.0, 0.5, 0.5])}, source="the limit"),
    Case("common-offset", ("numerics",), "a constant of 2^20 on all scores changes nothing",
         _mirror(ALPHA, float(2**20) + np.array([0.5, -0.25, 0.125]), 1.0), equations=("dga-4",)),
    Case("some-zero", ("edge_case", "known_bug"), "a score of 0 is a score: it is not that of a domain without data",
         _mirror([0.25, 0.25, 0.25, 0.25], [0, 3, 2, 1], 0.5)),
    Case("beyond-five", ("edge_case", "known_bug"), "scores beyond 5, which some code clips",
         _mirror([0.25, 0.25, 0.5], [9, -8, 1], 0.25)),
    Case("all-negative", ("edge_case", "known_bug"), "scores that are all negative still tell domains apart",
         _mirror([0.25, 0.25, 0.5], [-1, -2, -0.5], 1.0)),
    Case("floor", ("basic", "variant"), "with a floor of 0.1 no weight falls below 0.1",
         _mirror(ALPHA, [2, -4, 1], 1.0, 0.1), equations=("dga-6",)),
    Case("floor-zero-weight", ("boundary",), "a floor gives a domain of weight 0 some",
         _mirror([0.5, 0, 0.5], [0, 9, 1], 1.0, 0.05), equations=("dga-6",)),
    Case("highest-floor", ("boundary",), "a floor of 1/k leaves uniform weights",
         _mirror([0.5, 0.125, 0.125, 0.25], [1, 2, 3, 4], 1.0, 0.25), equations=("dga-6",),
         answer={"new_alpha": np.full(4, 0.25)}, source="the floor"),
    _spread("many-domains", "three-domains", "alpha", "new_alpha"),
)  # fmt: skip


def sample_mirror_step(rng):
    k = int(rng.integers(1, 7))
    floor = float(rng.choice([0.0, rng.uniform(0, 1) / k]))
    return _mirror(_simplex(rng, k), 2 * rng.standard_normal(k), float(rng.uniform(0.1, 3)), floor)


ALIGNMENTS = (
    Case("two-domains", ("basic",), "one domain helps the task, the other hurts it",
         {"G": np.array([[1.0, 2.0], [0.0, -1.0]]), "g": np.array([3.0, 1.0])},
         equations=("dga-3",), answer={"scores": np.array([5.0, -1.0])}, source="by hand"),
    Case("gaussian", ("basic",), "five domains, seven parameters",
         {"G": _normal("align", 5, 7), "g": _normal("align-g", 7)}, equations=("dga-3",)),
    Case("memorized", ("edge_case", "missing_step"),
         "a domain whose gradient has shrunk has a small score, a direction of length 1 would not",
         {"G": np.array([[1e-3, 1e-3], [1.0, 0.5], [0.0, 0.0]]), "g": np.array([1.0, 1.0])}, equations=("dga-3",)),
    Case("one-parameter", ("boundary",), "products of numbers", {"G": np.array([[2.0], [-3.0]]), "g": np.array([4.0])}),
    Case("one-domain", ("boundary",), "a row alone", {"G": _normal("align-one", 1, 3), "g": _normal("align-one-g", 3)}),
    Case("as-many-domains-as-parameters", ("edge_case",), "k = d: a product along the wrong axis fits too",
         {"G": _normal("align-square", 3, 3), "g": _normal("align-square-g", 3)}, equations=("dga-3",)),
    large("many-domains", "gaussian", "k"),
)  # fmt: skip


def _run(alpha0, scores, eta=0.7, period=1, beta=0.1):
    arrays = {"alpha0": np.asarray(alpha0, float), "scores": np.asarray(scores, float)}
    return arrays | {"eta": eta, "period": period, "beta": beta}


def _constant_answer(rises, period, eta, beta, steps):
    """Two domains from uniform weights, the first of which gains `rises` in each update."""
    alpha, average, alphas, averages = 0.5, 0.5, [], []
    for t in range(steps):
        if t % period == 0:
            alpha = 1 / (1 + math.exp(-eta * rises * (t // period + 1)))
            average += beta * (alpha - average)
        alphas.append([alpha, 1 - alpha])
        averages.append([average, 1 - average])
    return {"alphas": np.array(alphas), "averages": np.array(averages)}


WEIGHTS_RUN = (
    Case("three-domains", ("basic", "wrong_order", "wrong_constant"),
         "three updates in a row: the second starts from the weights of the first, not from their average",
         _run(ALPHA, [SCORES, [0, 1, -1], [-0.5, 2, 0.5]]), equations=("dga-4", "dga-5", "dga-7")),
    Case("every-third", ("basic", "wrong_order", "missing_step"),
         "updates in steps 0, 3 and 6; between them weights and average stay",
         _run(ALPHA, _normal("run-third", 8, 3), 1.2, 3, 0.25), equations=("dga-2", "dga-7")),
    Case("no-average", ("boundary",), "beta = 1: the average is the weights themselves",
         _run(ALPHA, _normal("run-plain", 4, 3), 0.8, 1, 1.0), equations=("dga-7",)),
    Case("half", ("edge_case",), "beta = 1/2, where both conventions agree",
         _run(ALPHA, _normal("run-half", 4, 3), 0.8, 2, 0.5), equations=("dga-7",)),
    Case("long-period", ("boundary", "missing_step"), "a period beyond the run: one update, in the first step",
         _run(ALPHA, _normal("run-once", 5, 3), 0.5, 9, 0.3), equations=("dga-2",)),
    Case("one-domain", ("boundary",), "a single domain keeps weight 1", _run([1], [[1], [-2]]),
         answer={"alphas": np.ones((2, 1)), "averages": np.ones((2, 1))}, source="the sum"),
    Case("from-uniform", ("basic",), "from uniform weights, as in the paper; the first update alone cannot tell "
         "whether old weights count",
         _run([0.25] * 4, _normal("run-uniform", 5, 4), 1.0, 1, 0.1), equations=("dga-4",)),
    Case("recovers", ("numerics", "known_bug"),
         "a weight that falls to exp(-2000) and is lifted again: logarithms remember it, weights are 0 for ever",
         _run([0.5, 0.5], [[-2000, 0], [2000, 0], [1, 0]], 1.0, 1, 0.5), dtypes=("float64",), equations=("dga-4",)),
    Case("overflow", ("numerics", "known_bug"), "eta a of 800, and gaps of 810",
         _run([0.25, 0.75], [[800, -10], [-800, -5], [800, 801]], 1.0, 1, 0.5), equations=("dga-5",)),
    Case("zero-weight", ("boundary", "edge_case"), "a domain that starts at 0 stays there",
         _run([0.5, 0, 0.5], [[0, 1, 1], [1, 5, 0]], 1.0, 1, 0.25)),
    Case("thousand-steps", ("long",), "constant scores: after n updates the odds are exp(eta n a); 143 updates in 1000 "
         "steps",
         _run([0.5, 0.5], np.tile([0.25, 0.0], (1000, 1)), 0.5, 7, 0.125), equations=("dga-2", "dga-4", "dga-7"),
         answer=_constant_answer(0.25, 7, 0.5, 0.125, 1000), source="closed form: odds and a geometric sum"),
    _spread("many-domains", "three-domains", "alpha0", "alphas", "averages"),
    one_step,
)  # fmt: skip


def sample_weights_run(rng):
    k, steps = int(rng.integers(1, 5)), int(rng.integers(2, 7))
    scores, rates = rng.standard_normal((steps, k)), rng.uniform([0.2, 0.05], [2.0, 0.95])
    return _run(_simplex(rng, k), scores, float(rates[0]), int(rng.integers(1, 4)), float(rates[1]))


MIXTURE = (
    Case("two-bases", ("basic",), "each basis counts by its weight",
         {"P": np.array([[1.0, 0.0, 0.0], [0.25, 0.5, 0.25]]), "w": np.array([0.75, 0.25])},
         equations=("dga-8",), answer={"alpha": np.array([0.8125, 0.125, 0.0625])}, source="by hand"),
    Case("as-many-bases-as-domains", ("edge_case", "wrong_order"), "N = k and P not symmetric: P w fits, and is wrong",
         {"P": np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75], [1.0, 0.0, 0.0]]), "w": np.array([0.5, 0.375, 0.125])},
         equations=("dga-8",)),
    Case("symmetric", ("edge_case",), "P symmetric: P w is right by chance",
         {"P": np.array([[0.5, 0.5], [0.5, 0.5]]), "w": np.array([0.25, 0.75])}),
    Case("one-hot", ("boundary",), "bases that are single domains permute the weights",
         {"P": np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]), "w": ALPHA},
         answer={"alpha": np.array([0.2, 0.5, 0.3])}, source="the permutation"),
    Case("one-basis", ("boundary",), "a single basis is the mixture", {"P": ALPHA[None, :], "w": np.array([1.0])},
         answer={"alpha": ALPHA}, source="the row"),
    Case("one-domain", ("boundary",), "a single domain has weight 1", {"P": np.ones((3, 1)), "w": ALPHA},
         answer={"alpha": np.ones(1)}, source="the sum"),
    Case("unequal-columns", ("basic", "missing_step"), "domains that many bases have: columns are not normalised",
         {"P": _weights("mixture", 4, 6), "w": _weights("mixture-w", 4)}, equations=("dga-8",)),
    _spread("many-domains", "unequal-columns", "P", "alpha"),
)  # fmt: skip

HISTOGRAM = (
    Case("four-examples", ("basic",), "three of four examples are nearest to the last domain",
         {"assignment": np.array([0, 2, 2, 2]), "k": 3}, equations=("dga-9",),
         answer={"alpha": np.array([0.25, 0.0, 0.75])}, source="by hand"),
    Case("one-example", ("boundary",), "one example", {"assignment": np.array([1]), "k": 2},
         answer={"alpha": np.array([0.0, 1.0])}, source="by hand"),
    Case("one-domain", ("boundary",), "one domain", {"assignment": np.zeros(5, int), "k": 1},
         answer={"alpha": np.ones(1)}, source="by hand"),
    Case("empty-domains", ("edge_case", "wrong_constant"), "the last domains have no example: still k weights",
         {"assignment": np.array([1, 0, 1, 1, 3]), "k": 7}, equations=("dga-9",)),
    Case("as-many-examples-as-domains", ("edge_case",), "n = k",
         {"assignment": np.array([3, 3, 0, 3]), "k": 4}, equations=("dga-9",)),
    large("many-examples", "empty-domains", "n", balanced=True),
)  # fmt: skip


def sample_histogram(rng):
    k = int(rng.integers(1, 8))
    return {"assignment": rng.integers(0, k, int(rng.integers(1, 12))), "k": k}


def _draws(alpha, u):
    return {"alpha": np.asarray(alpha, float), "u": np.asarray(u, float)}


DRAW = (
    Case("four-draws", ("basic",), "a quarter, no, three quarters: draws fall into them by size",
         _draws([0.25, 0, 0.75], [0.125, 0.3125, 0.875, 0.0625]), equations=("dga-10",),
         answer={"domains": np.array([0, 2, 2, 0])}, source="by hand"),
    Case("zero-draw", ("boundary", "edge_case"),
         "a draw of 0 falls into the first domain that has a weight, and no draw into one that has none",
         _draws([0, 0.25, 0, 0.5, 0.25, 0], [0, 0.2, 0.3, 0.7, 0.8, 0.99]), equations=("dga-10",),
         answer={"domains": np.array([1, 1, 3, 3, 4, 4])}, source="by hand"),
    Case("one-domain", ("boundary",), "one domain", _draws([1], [0, 0.5]),
         answer={"domains": np.zeros(2, int)}, source="by hand"),
    Case("unordered", ("basic",), "weights in no order",
         _draws([0.125, 0.5, 0.0625, 0.3125], np.arange(3, 64, 5) / 64 + 1 / 256), equations=("dga-10",)),
    large("many-draws", "unordered", "n"),
)  # fmt: skip


def sample_draw(rng):
    """Draws half-way between those that could be a sum of weights."""
    return _draws(_simplex(rng, int(rng.integers(1, 6))), (rng.integers(0, 64, int(rng.integers(1, 9))) + 0.5) / 64)


def _counts(rng, *shape):
    """Whole numbers with a transition in every batch."""
    found = rng.integers(0, 4, shape)
    found[..., 0, -1] += 1
    return found


def _steps(rng, steps, k, V, **rates):
    return {
        "theta0": rng.standard_normal((V, V)).round(3),
        "train": _counts(rng, steps, V, V),
        "domains": _counts(rng, steps, k, V, V),
        "special": _counts(rng, steps, V, V),
        "lr": 0.05, "beta1": 0.9, "beta2": 0.999, "eps": 0.125, "eta": 4.0, "period": 1, "beta": 0.1, **rates,
    }  # fmt: skip


def _of(slug, *sizes, **rates):
    return _steps(stream(0, "dga-case", slug), *sizes, **rates)


def _same(inputs):
    """Each domain's batch is that of the task, and so are the training data."""
    domains = np.broadcast_to(inputs["special"][:, None], inputs["domains"].shape)
    return inputs | {"domains": domains, "train": inputs["special"]}


def _disjoint(inputs):
    """The task and domain 0 go from tokens 0 and 1, domain 1 from the others."""
    special, domains = inputs["special"].copy(), inputs["domains"].copy()
    special[..., 2:, :], domains[:, 0, 2:, :], domains[:, 1, :2, :] = 0, 0, 0
    domains[:, 1, 2, 0] += 1
    return inputs | {"special": special, "domains": domains}


def _changing(inputs):
    """The task's data are domain 0 in the first step, domain 1 in the second."""
    special = inputs["special"]
    other = special[:, ::-1, ::-1]
    return inputs | {"domains": np.stack([np.stack([special[0], other[0]]), np.stack([other[1], special[1]])])}


DGA_STEPS = (
    Case("two-tokens", ("basic", "wrong_order"), "two steps, two domains, two tokens",
         _of("steps-small", 2, 2, 2, beta1=0.5, beta2=0.75, lr=0.25, eps=0.03125),
         equations=("dga-1", "dga-3", "dga-15")),
    Case("every-second", ("basic", "missing_step"), "scores in steps 0 and 2; the last step trains alone",
         _of("steps-second", 4, 3, 3, period=2, lr=0.2, beta=0.25, eta=2.0), equations=("dga-2", "dga-7")),
    Case("long-steps", ("wrong_order",), "steps of 1: scores at the old logits would be others",
         _of("steps-far", 3, 2, 3, lr=1.0, eta=1.0), equations=("dga-1", "dga-3")),
    Case("one-domain", ("boundary",), "one domain has weight 1, and a score", _of("steps-one", 2, 1, 2)),
    Case("one-token", ("boundary",), "one token: nothing can be learnt, gradients are 0", _of("steps-token", 2, 2, 1),
         answer=None),
    Case("uneven-batches", ("basic", "missing_step"), "batches of many and of few transitions: losses are means",
         _of("steps-uneven", 3, 2, 2, eta=8.0) | {"special": np.array([[[9, 0], [3, 8]], [[0, 1], [0, 0]],
         [[2, 30], [1, 7]]])}, equations=("dga-15",)),
    Case("the-task-itself", ("edge_case",), "every domain has the data of the task: scores are squares, weights stay",
         _same(_of("steps-same", 3, 2, 3, lr=0.25)), equations=("dga-3",)),
    Case("nothing-in-common", ("edge_case", "known_bug"),
         "a domain with other tokens than the task has the score 0, and that is a score",
         _disjoint(_of("steps-disjoint", 3, 2, 4, lr=0.25, eta=8.0)), equations=("dga-3", "dga-4")),
    Case("large-eta", ("numerics", "known_bug"),
         "eta a of thousands, and domains that change places: a weight falls to 0 in floating point and rises again",
         _changing(_of("steps-eta", 2, 2, 2, eta=float(2**14), lr=1 / 2**6, beta=0.5)), dtypes=("float64",),
         equations=("dga-4", "dga-5")),
    Case("no-learning", ("boundary",), "lr = 0: the logits stay", _of("steps-still", 2, 2, 3, lr=0.0)),
    Case("three-hundred-steps", ("long",), "300 steps of two tokens, with updates in every seventh",
         _of("steps-long", 300, 2, 2, period=7, eta=0.5), equations=("dga-1", "dga-2")),
    one_step,
)  # fmt: skip


def sample_dga_steps(rng):
    low, high = [0.01, 0.5, 0.5, 1e-4, 0.5, 0.05], [0.5, 0.9, 0.99, 1e-2, 5.0, 0.95]
    rates = dict(zip(("lr", "beta1", "beta2", "eps", "eta", "beta"), rng.uniform(low, high).tolist(), strict=True))
    sizes = (int(rng.integers(2, 4)), int(rng.integers(2, 4)), int(rng.integers(2, 4)))
    return _steps(rng, *sizes, **rates, period=int(rng.integers(1, 3)))


def _doge(alpha0, G, g, lr=0.1, mu=0.05, eps=0.0):
    arrays = {"alpha0": np.asarray(alpha0, float), "G": np.asarray(G, float), "g": np.asarray(g, float)}
    return arrays | {"lr": lr, "mu": mu, "eps": eps}


DOGE = (
    Case("two-domains", ("basic", "wrong_order"), "one step: the gradient is mixed with the new weights",
         _doge([0.25, 0.75], [[[1, 0], [0, 1]]], [[1, 0.5]], 0.1, 0.1), equations=("dga-11", "dga-13")),
    Case("gaussian", ("basic", "wrong_constant"), "four steps of three domains, with smoothing",
         _doge(ALPHA, _normal("doge", 4, 3, 5), _normal("doge-g", 4, 5), 0.1, 0.2, 0.125),
         equations=("dga-11", "dga-12", "dga-13", "dga-14")),
    Case("no-smoothing", ("boundary",), "eps = 0", _doge(ALPHA, _normal("doge-0", 3, 3, 2), _normal("doge-0-g", 3, 2)),
         equations=("dga-12",)),
    Case("uniform", ("boundary",), "eps = 1: weights are uniform, whatever the gradients",
         _doge([0.5, 0.25, 0.125, 0.125], _normal("doge-1", 2, 4, 2), _normal("doge-1-g", 2, 2), 0.1, 0.05, 1.0),
         equations=("dga-12",)),
    Case("large-mu", ("boundary",), "a divergence as strong as 2^30 holds the weights",
         _doge(ALPHA, _normal("doge-mu", 2, 3, 2), _normal("doge-mu-g", 2, 2), 0.1, float(2**30)),
         equations=("dga-11",)),
    Case("negative-scores", ("edge_case", "known_bug"), "a domain that hurts the task loses weight: scores below 0 do",
         _doge([0.5, 0.5], [[[-1, 0], [1, 0]], [[-1, 1], [0, 0]]], [[1, 0], [1, 0]], 0.1, 0.1), equations=("dga-11",)),
    Case("long-gradients", ("edge_case", "variant"), "gradients longer than 1, which some code clips",
         _doge([0.5, 0.5], [[[3, 4], [1, 2]], [[6, 0], [0, 2]]], [[2, 0], [1, 3]], 0.05, 0.25)),
    Case("overflow", ("numerics", "known_bug"), "lr a / mu of 1000",
         _doge([0.25, 0.75], [[[1, 0], [0.998, 0.5]]], [[1, 0]], 2.0, 0.001953125), dtypes=("float64",),
         equations=("dga-11",)),
    Case("underflow", ("numerics", "known_bug"), "lr a / mu of -1000 for both domains",
         _doge([0.25, 0.75], [[[-1, 0], [-0.998, 0.5]]], [[1, 0]], 2.0, 0.001953125), dtypes=("float64",),
         equations=("dga-11",)),
    Case("wide", ("numerics", "known_bug"), "lr a / mu of 1000 and -1000",
         _doge([0.5, 0.5], [[[1, 0], [-1, 3]]], [[1, 0]], 2.0, 0.001953125), equations=("dga-11",)),
    Case("one-domain", ("boundary",), "one domain",
         _doge([1], _normal("doge-one", 2, 1, 2), _normal("doge-one-g", 2, 2))),
    Case("one-parameter", ("boundary",), "d = 1", _doge(ALPHA, _normal("doge-d", 2, 3, 1), _normal("doge-d-g", 2, 1))),
    Case("three-hundred-steps", ("long",), "300 steps: the average is over all of them",
         _doge([0.5, 0.5], _normal("doge-long", 300, 2, 2), _normal("doge-long-g", 300, 2), 0.02, 0.1, 0.01),
         equations=("dga-14",)),
    _spread("many-domains", "two-domains", "alpha0", "alphas", "average"),
    one_step,
)  # fmt: skip


def sample_doge(rng):
    T, k, d = (int(n) for n in rng.integers(1, 5, 3))
    rates = (float(rng.uniform(0.01, 0.5)), float(rng.uniform(0.1, 1)), float(rng.choice([0.0, rng.uniform(0, 0.5)])))
    return _doge(_simplex(rng, k), rng.standard_normal((T, k, d)), rng.standard_normal((T, d)), *rates)
