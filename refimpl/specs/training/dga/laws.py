"""Checks of the operations of dynamic gradient alignment that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, doubled_along, related, reversed_along, scaled, scales, turned_along

_TWO = ("three-domains", "gaussian")


def _twice(run, inputs):
    """Two steps with a and b are one with a + b."""
    inputs, other = {**inputs, "floor": 0.0}, array_namespace(inputs["scores"]).flip(inputs["scores"])
    first = run(**inputs)["new_alpha"]
    first = array_namespace(first).astype(first / array_namespace(first).sum(first), inputs["alpha"].dtype)
    both = run(**{**inputs, "scores": inputs["scores"] + other})
    yield run(**{**inputs, "alpha": first, "scores": other})["new_alpha"], both["new_alpha"]


def _sum(run, inputs):
    new = run(**inputs)["new_alpha"]
    xp = array_namespace(new)
    yield xp.sum(new), xp.ones_like(xp.sum(new))


MIRROR_STEP = (
    related("scores-shifted", "a constant added to all scores changes nothing",
            lambda i: {"scores": i["scores"] + 0.5}, lambda o: {}, *_TWO),
    reversed_along("k", *_TWO, "floor"),
    scales({"scores": 1, "eta": -1}, {}, *_TWO),
    Law("two-steps", "a step with a and one with b are one with a + b", _twice, _TWO),
    Law("sum", "the weights add up to 1", _sum, (*_TWO, "floor", "overflow")),
    related("eta-zero", "a step of length 0 moves nothing but for the floor",
            lambda i: {"scores": 0 * i["scores"], "eta": 0.0, "alpha": i["alpha"]},
            lambda o: {}, "equal-scores", "eta-zero"),
)  # fmt: skip


def _linear(run, inputs):
    turned = array_namespace(inputs["g"]).flip(inputs["g"])
    both = run(**{**inputs, "g": inputs["g"] + 2 * turned})["scores"]
    yield both, run(**inputs)["scores"] + 2 * run(**{**inputs, "g": turned})["scores"]


_PLAIN = ("gaussian", "two-domains")
ALIGNMENTS = (
    Law("linear", "scores are linear in the task's gradient; a cosine is not", _linear, _PLAIN),
    scales({"G": 1, "g": -1}, {}, *_PLAIN),
    scales({"G": 1}, {"scores": 1}, *_PLAIN, slug="scales-domains"),
    turned_along("d", *_PLAIN),
    apart("k", *_PLAIN),
    reversed_along("d", *_PLAIN),
)


def _averaged(run, inputs):
    """With beta = 1 the average is the weights."""
    found = run(**{**inputs, "beta": 1.0})
    yield found["averages"], found["alphas"]


def _held(run, inputs):
    """Between updates nothing moves."""
    found = run(**{**inputs, "period": 2})
    for name in ("alphas", "averages"):
        yield found[name][1::2, :], found[name][::2, :][: found[name][1::2, :].shape[0], :]


def _one_on_the_simplex(run, inputs):
    for x in run(**inputs).values():
        xp = array_namespace(x)
        yield xp.sum(x, axis=1), xp.ones_like(x[:, 0])


def _by_the_sum(run, inputs):
    """The last weights are those of one step with all scores added up."""
    total = array_namespace(inputs["scores"]).sum(inputs["scores"], axis=0, keepdims=True)
    whole = run(**{**inputs, "period": 1})["alphas"][-1:, :]
    yield run(**{**inputs, "scores": total, "period": 1})["alphas"], whole


_RUNS = ("three-domains", "every-third")
WEIGHTS_RUN = (
    causal("T", *_RUNS),
    reversed_along("k", *_RUNS),
    scales({"scores": 1, "eta": -1}, {}, *_RUNS),
    related("scores-shifted", "a constant added to all scores changes nothing",
            lambda i: {"scores": i["scores"] + 0.5}, lambda o: {}, *_RUNS),
    Law("beta-one", "with beta = 1 the average is the weights", _averaged, _RUNS),
    Law("held", "between updates weights and average stay", _held, ("every-third", "from-uniform")),
    Law("sums", "weights and averages add up to 1", _one_on_the_simplex, (*_RUNS, "overflow")),
    Law("by-the-sum", "the last weights are those of one step with the sum of all scores", _by_the_sum,
        ("three-domains", "from-uniform")),
)  # fmt: skip


def _mixed_twice(run, inputs):
    """A mixture of mixtures."""
    xp = array_namespace(inputs["w"])
    other = xp.flip(inputs["w"])
    both = run(**{**inputs, "w": (inputs["w"] + other) / 2})["alpha"]
    yield both, (run(**inputs)["alpha"] + run(**{**inputs, "w": other})["alpha"]) / 2


_MIXED = ("two-bases", "unequal-columns")
MIXTURE = (
    Law("linear", "the mean of two mixtures of bases is the mixture of the mean", _mixed_twice, _MIXED),
    related("domains-reversed", "domains in another order have their weights in that order",
            lambda i: {"P": array_namespace(i["P"]).flip(i["P"], axis=1)},
            lambda o: {"alpha": array_namespace(o["alpha"]).flip(o["alpha"])}, *_MIXED),
    related("bases-reversed", "the order of the bases does not matter",
            lambda i: {"P": array_namespace(i["P"]).flip(i["P"], axis=0), "w": array_namespace(i["w"]).flip(i["w"])},
            lambda o: {}, *_MIXED),
)  # fmt: skip


def _more_domains(run, inputs):
    found = run(**{**inputs, "k": inputs["k"] + 2})["alpha"]
    yield found[:-2], run(**inputs)["alpha"]
    yield found[-2:], array_namespace(found).zeros_like(found[-2:])


HISTOGRAM = (
    reversed_along("n", "four-examples", "empty-domains"),
    doubled_along("n", "four-examples", "empty-domains"),
    Law("more-domains", "further domains have no weight", _more_domains, ("four-examples", "empty-domains")),
)


def _halves(run, inputs):
    """Domains split in two equal ones: each draw falls into one of its halves."""
    xp = array_namespace(inputs["alpha"])
    halves = xp.reshape(xp.stack([inputs["alpha"], inputs["alpha"]], axis=1) / 2, (-1,))
    yield run(**{**inputs, "alpha": halves})["domains"] // 2, run(**inputs)["domains"]


DRAW = (
    apart("n", "four-draws", "unordered"),
    reversed_along("n", "four-draws", "unordered"),
    Law("halves", "a domain split in two halves is drawn as often", _halves, ("four-draws", "unordered")),
)


def _tokens_reversed(i):
    xp = array_namespace(i["theta0"])
    return {name: xp.flip(i[name], axis=(-2, -1)) for name in ("theta0", "train", "domains", "special")}


def _domains_reversed(i):
    return {"domains": array_namespace(i["domains"]).flip(i["domains"], axis=1)}


def _flipped(o):
    return {n: array_namespace(o[n]).flip(o[n], axis=1) for n in ("scores", "alphas", "averages")}


_LEARNT = ("every-second", "long-steps")
DGA_STEPS = (
    related("tokens-renamed", "tokens with other numbers give the same scores",
            _tokens_reversed, lambda o: {"theta": array_namespace(o["theta"]).flip(o["theta"], axis=(0, 1))}, *_LEARNT),
    related("domains-renamed", "domains in another order have their weights in that order",
            _domains_reversed, _flipped, *_LEARNT),
    related("rows-shifted", "a constant on all logits changes no score",
            lambda i: {"theta0": i["theta0"] + 0.5}, lambda o: {"theta": o["theta"] + 0.5}, *_LEARNT),
    related("batches-twice", "every batch twice changes nothing: losses are means",
            lambda i: {name: 2 * i[name] for name in ("train", "domains", "special")}, lambda o: {}, *_LEARNT),
    causal("T", *_LEARNT),
)  # fmt: skip


def _uniform(run, inputs):
    found = run(**{**inputs, "eps": 1.0})
    k = inputs["alpha0"].shape[0]
    yield found["alphas"], array_namespace(found["alphas"]).ones_like(found["alphas"]) / k
    yield found["gradients"], array_namespace(inputs["G"]).mean(inputs["G"], axis=1)


_PROXY = ("gaussian", "two-domains")
DOGE = (
    reversed_along("k", *_PROXY),
    causal("T", "gaussian", "no-smoothing"),
    scales({"lr": 1, "mu": 1}, {}, *_PROXY),
    scaled("gradients-scaled", "gradients times 2, mu times 4: the same weights", 2.0, {"G": 1, "g": 1, "mu": 2},
           {"gradients": 1}, *_PROXY),
    scales({"G": 1, "g": -1}, {"gradients": 1}, *_PROXY, slug="scales-gradients"),
    turned_along("d", *_PROXY, inputs=("G", "g"), outputs=("gradients",)),
    Law("uniform", "with eps = 1 the weights are uniform", _uniform, _PROXY),
)  # fmt: skip
