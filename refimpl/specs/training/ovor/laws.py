"""Checks of the operations of one prompt and virtual outliers that need no answer."""

from typing import Any

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import (
    apart,
    causal,
    doubled_along,
    related,
    reversed_along,
    scaled,
    scales,
    turned_along,
)

_LAYERS = "ordinary", "as-many-as-can-be-mixed-up", "one-head"


def _key_of_the_prompt(run, inputs):
    """The first key and value of the prompt given as a token, the same for all inputs."""
    xp, (B, H, _, d) = array_namespace(inputs["k"]), inputs["k"].shape
    moved: dict[str, Any] = {}
    for prompt, tokens in (("P_k", "k"), ("P_v", "v")):
        P = inputs[prompt]
        first = xp.broadcast_to(xp.reshape(P[0, :], (1, H, 1, d)), (B, H, 1, d))
        moved |= {prompt: P[1:, :], tokens: xp.concat([first, inputs[tokens]], axis=2)}
    whole, left = run(**inputs), run(**inputs | moved)
    yield left["O"], whole["O"]
    yield left["dP_k"], whole["dP_k"][1:, :]
    yield left["dP_v"], whole["dP_v"][1:, :]


def _own_values(run, inputs):
    """Values and prompt that say the same everywhere: that is read, whatever the weights, and keys do not matter."""
    xp = array_namespace(inputs["v"])
    found = run(**inputs | {"v": xp.ones_like(inputs["v"]), "P_v": xp.ones_like(inputs["P_v"])})
    yield found["O"], xp.ones_like(found["O"])
    yield 1 + found["dP_k"], xp.ones_like(found["dP_k"])


PREFIX_ATTENTION = (
    Law("prompt-as-token", "a key and value of the prompt may as well be a token of every input", _key_of_the_prompt,
        ("ordinary", "as-many-as-can-be-mixed-up")),
    Law("one-voice", "where all values are 1 the answer is 1, and the keys do not matter", _own_values, _LAYERS),
    reversed_along("m", *_LAYERS, slug="prompt-reordered"),
    reversed_along("N", *_LAYERS, slug="tokens-reordered"),
    scales({"v": 1, "P_v": 1}, {"O": 1, "dP_k": 1}, *_LAYERS),
    scales({"dO": 1}, {"dP_k": 1, "dP_v": 1}, *_LAYERS, slug="scales-with-the-gradient"),
)  # fmt: skip

_LOSSES = "ordinary", "two-of-each", "more-outliers", "official-thresholds"


def _moved_along(run, inputs):
    """Logits and thresholds by 2."""
    moved = {"o_id": inputs["o_id"] + 2, "o_out": inputs["o_out"] + 2}
    there, here = run(**inputs | moved | {tau: inputs[tau] - 2 for tau in ("tau_id", "tau_out")}), run(**inputs)
    for name, value in here.items():
        yield there[name], value


def _without_lam(run, inputs):
    """Cross-entropy alone does not see a shift of a row."""
    xp = array_namespace(inputs["o_id"])
    plain = {**inputs, "lam": 0.0}
    rows = xp.cumulative_sum(xp.ones_like(inputs["o_id"][:, :1]), axis=0)
    there, here = run(**plain | {"o_id": inputs["o_id"] + rows}), run(**plain)
    yield there["loss"], here["loss"]
    yield there["d_id"], here["d_id"]
    yield 1 + xp.sum(here["d_id"], axis=1), xp.ones_like(here["d_id"][:, 0])


def _adds_up(run, inputs):
    found = run(**inputs)
    yield found["loss"], found["cross_entropy"] + inputs["lam"] * (found["id_term"] + found["out_term"])


def _halved(axis, name):
    def of(run, inputs):
        xp, entries = array_namespace(inputs[name]), [name, "y"] if axis == "n" else [name]
        twice = run(**inputs | {key: xp.concat([inputs[key], inputs[key]], axis=0) for key in entries})
        once = run(**inputs)
        gradient = "d_id" if axis == "n" else "d_out"
        yield twice["loss"], once["loss"]
        yield 2 * twice[gradient], xp.concat([once[gradient], once[gradient]], axis=0)

    return of


VOR_LOSS = (
    Law("level", "logits and thresholds may move along together: energies are levels", _moved_along, _LOSSES),
    Law("no-level", "without the regulariser nothing fixes the level of a row of logits", _without_lam, _LOSSES),
    Law("adds-up", "the loss is the cross-entropy and lam times the two terms", _adds_up, _LOSSES),
    Law("features-twice", "every feature twice halves its gradient and leaves the loss", _halved("n", "o_id"), _LOSSES),
    Law("outliers-twice", "every outlier twice halves its gradient and leaves the loss", _halved("m", "o_out"),
        _LOSSES),
)  # fmt: skip

_RUNS = "both-phases", "outliers-at-once", "three-steps"


def _others_stay(run, inputs):
    found, first, last = run(**inputs), inputs["first"], inputs["last"]
    xp = array_namespace(inputs["W0"])
    for path, start in ((found["Ws"], inputs["W0"]), (found["bs"], inputs["b0"])):
        for columns in (slice(None, first), slice(last, None)):
            if start[..., columns].shape[-1]:
                yield path[..., columns], xp.broadcast_to(start[..., columns], path[..., columns].shape)


def _unseen(run, inputs):
    """Outliers of the first phase are not used."""
    xp, warm = array_namespace(inputs["W0"]), inputs["warm"]
    outliers = xp.concat([1 + inputs["outliers"][:warm, ...], inputs["outliers"][warm:, ...]], axis=0)
    there, here = run(**inputs | {"outliers": outliers}), run(**inputs)
    for name, value in here.items():
        yield there[name], value


TRAJECTORY = (
    causal("T", *_RUNS),
    Law("others-stay", "columns of other tasks stay what they are", _others_stay, _RUNS),
    Law("unseen", "outliers of the first phase change nothing", _unseen, ("both-phases", "three-steps")),
    reversed_along("B", *_RUNS, slug="batch-reordered"),
    reversed_along("O", *_RUNS, slug="outliers-reordered"),
    reversed_along("D", *_RUNS, slug="coordinates-reordered"),
)

SCHEDULE = (
    scales({"lr": 1}, {"rates": 1}, "fifty", "long"),
    Law("ends", "it starts at lr and falls to a little less than a sixty-third of it",
        lambda run, i: [(run(**i)["rates"][0], i["lr"]), (run(**i)["rates"][-1], i["lr"] * 0.015707317311820648)],
        ("fifty", "two", "long")),
)  # fmt: skip

_RAW = "worked-example", "high-dimension", "all-that-there-are"
NPOS = (
    scales({"Z": 1, "eps": 1}, {"outliers": 1}, *_RAW, "five-features"),
    turned_along("D", *_RAW, "five-features"),
    related("draws-reordered", "draws in another order make the same outliers",
            lambda i: {"eps": array_namespace(i["eps"]).flip(i["eps"], axis=0)}, lambda o: {}, "high-dimension",
            "all-that-there-are"),
    related("features-reordered", "features in another order have their border in that order",
            lambda i: {"Z": array_namespace(i["Z"]).flip(i["Z"], axis=0)},
            lambda o: {"boundary": 7 - o["boundary"]}, "high-dimension"),
    scaled("step", "draws twice as long are those of half the sigma", 2.0, {"eps": 1, "sigma": -1}, {}, *_RAW),
)  # fmt: skip

_CLASSES = "two-classes", "three-classes", "all-draws"
VOS = (
    scales({"Z": 1, "ridge": 2}, {"outliers": 1}, *_CLASSES, inside=2),
    doubled_along("n", *_CLASSES),
    reversed_along("n", *_CLASSES, slug="features-reordered"),
    related("moved", "features moved along move the outliers", lambda i: {"Z": i["Z"] + 4},
            lambda o: {"outliers": o["outliers"] + 4}, *_CLASSES),
)  # fmt: skip

_POOLS = "ordinary", "one-each"
SELECT_PROMPTS = (
    scales({"query": 1}, {}, *_POOLS),
    scales({"keys": 1}, {"d_keys": -1}, *_POOLS, slug="scales-with-the-keys"),
    turned_along("d", *_POOLS),
    doubled_along("n", *_POOLS),
    related("keys-reordered", "keys in another order have their numbers in that order",
            lambda i: {"keys": array_namespace(i["keys"]).flip(i["keys"], axis=0)},
            lambda o: {"chosen": o["d_keys"].shape[0] - 1 - o["chosen"],
                       "d_keys": array_namespace(o["d_keys"]).flip(o["d_keys"], axis=0)}, *_POOLS),
)  # fmt: skip
_MIXED = "ordinary", "as-many-as-can-be-mixed-up"
CODA_PROMPT = (
    scales({"query": 1}, {}, *_MIXED),
    scales({"keys": 1}, {}, *_MIXED, slug="scales-with-the-keys"),
    scales({"prompts": 1}, {"prompt": 1}, *_MIXED, slug="scales-with-the-prompts"),
    apart("n", *_MIXED, slug="queries-apart"),
    reversed_along("M", *_MIXED, slug="components-reordered"),
    reversed_along("d", *_MIXED, slug="coordinates-reordered"),
)

_GRADED = "ordinary", "half-seen"
ACCURACIES = (
    scales({"o": 1}, {}, *_GRADED),
    doubled_along("n", *_GRADED),
    reversed_along("n", *_GRADED, slug="examples-reordered"),
    related("level", "a number that is added to all logits changes nothing", lambda i: {"o": i["o"] + 1}, lambda o: {},
            *_GRADED),
)  # fmt: skip

_MATRICES = "three-tasks", "best-in-between", "guessed-before"
METRICS = (
    scales({"a": 1}, {"accuracy": 1, "forgetting": 1}, *_MATRICES),
    related("level", "a number that is added everywhere raises the accuracy, and is not forgotten",
            lambda i: {"a": i["a"] + 1}, lambda o: {"accuracy": o["accuracy"] + 1}, *_MATRICES),
    related("earlier-tasks-reordered", "the earlier tasks may come in any order",
            lambda i: {"a": array_namespace(i["a"]).concat(
                [array_namespace(i["a"]).flip(i["a"][:, :-1], axis=1), i["a"][:, -1:]], axis=1)},
            lambda o: {}, *_MATRICES),
)  # fmt: skip
