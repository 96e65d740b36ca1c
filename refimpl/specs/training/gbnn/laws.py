"""Laws of gradient boosted networks."""

from refimpl.core.arrays import array_namespace, device
from refimpl.core.special import sigmoid
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, doubled_along, related, reversed_along, scaled, scales

_ROWS = "ordinary-regression", "ordinary-binary", "ordinary-multiclass"


def _flipped(inputs, outputs, *cases):
    """Signs turned, without a product that would have to be rounded: labels stay labels."""
    turned = lambda names: lambda values: {name: -values[name] for name in names.split()}
    return related(
        "flipped", f"{inputs} of the other sign turn that of {outputs}", turned(inputs), turned(outputs), *cases
    )


def _flat(run, inputs):
    """Mean derivative at the start, of numbers y - F0 and of labels y - tanh F0."""
    Y, start = inputs["Y"], run(**inputs)["F0"]
    xp = array_namespace(Y)
    yield xp.mean(Y, axis=0), start if inputs["task"] == "regression" else xp.tanh(start)


INITIAL_SCORE = (
    Law("flat", "the mean of the loss has the derivative 0 there", _flat, ("two-of-three", "columns-apart", "rare")),
    reversed_along("N", "columns-apart", "one-column", "two-of-three"),
    doubled_along("N", "two-of-three", "columns-apart"),
    _flipped("Y", "F0", "two-of-three", "rare", "columns-apart"),
    apart("K", "columns-apart", slug="columns-by-themselves"),
    scales({"Y": 1}, {"F0": 1}, "columns-apart", "one-column"),
)


def _adds_up(run, inputs):
    r = run(**inputs)["r"]
    xp = array_namespace(r)
    yield xp.sum(r, axis=1) + xp.sum(xp.abs(r), axis=1), xp.sum(xp.abs(r), axis=1)


def _along_a_row(run, inputs):
    """A column that is added to the scores of all classes."""
    F = inputs["F"]
    xp = array_namespace(F)
    by = xp.reshape(xp.astype(xp.arange(1, F.shape[0] + 1, device=device(F)), F.dtype), (-1, 1))
    there, here = run(**inputs | {"F": F + by}), run(**inputs)
    for name in here:
        yield there[name], here[name]


RESIDUALS = (
    Law("adds-up", "residuals of a row of classes add up to 0", _adds_up, ("ordinary-multiclass", "two-columns")),
    Law("shifted", "the same number added to the scores of all classes of a row changes nothing", _along_a_row,
        ("ordinary-multiclass", "two-columns")),
    _flipped("Y F", "r", "ordinary-binary", "ordinary-regression", "sure-and-wrong"),
    reversed_along("N", *_ROWS),
    doubled_along("N", *_ROWS),
    reversed_along("K", "ordinary-multiclass", "ordinary-regression", slug="columns-reordered"),
    scales({"Y": 1, "F": 1}, {"r": 1, "loss": 2}, "ordinary-regression", inside=2),
)  # fmt: skip


def _complement(run, inputs):
    F, p = inputs["F"], run(**inputs)["p"]
    xp = array_namespace(F)
    if inputs["task"] == "binary":
        yield run(**inputs | {"F": -F})["p"] + p, xp.ones_like(p)
    else:
        yield xp.sum(p, axis=1), xp.ones_like(p[:, 0])


PROBABILITIES = (
    Law("adds-up", "probabilities add up to 1; those of the other class are those of the negative score", _complement,
        ("half", "classes", "two-columns")),
    apart("N", "half", "classes", slug="rows-by-themselves"),
    reversed_along("K", "classes", slug="classes-reordered"),
)  # fmt: skip


def _lifted(run, inputs):
    by = 0.5
    there, here = run(**inputs | {name: inputs[name] + by for name in ("R", "c")}), run(**inputs)
    for name in here:
        yield there[name], here[name]


_FITS = "ordinary", "outputs", "no-penalty"
BLOCK_LOSS = (
    reversed_along("J", *_FITS, slug="units-reordered"),
    reversed_along("n", *_FITS),
    doubled_along("n", "no-penalty"),
    reversed_along("K", "outputs", slug="outputs-reordered"),
    reversed_along("d", *_FITS, slug="columns-reordered"),
    Law("lifted", "residuals and output biases that grow alike change nothing", _lifted, _FITS),
    scales({"R": 1, "V": 1, "c": 1}, {"loss": 2, "gW": 2, "gb": 2, "gV": 1, "gc": 1}, "no-penalty", inside=2),
    scales({"X": 1, "W": -1}, {"gW": 1}, "no-penalty", inside=2, slug="scales-with-the-inputs"),
)


def _reflected(run, inputs):
    """Draws u and 3/4 - u, where both are below 1, are at equal distances from a quarter's place below the middle."""
    low, high = (
        run(**{name: 0.0 * u for name, u in inputs.items()}),
        run(**{n: 0.0 * u + 0.5 for n, u in inputs.items()}),
    )
    half = run(**{name: u / 2 for name, u in inputs.items()})
    whole = run(**inputs)
    for name in whole:
        yield half[name], (whole[name] + low[name]) / 2
        yield high[name] + 1.0, 0.0 * low[name] + 1.0


INITIAL_BLOCK = (
    Law("straight", "half a draw is half way from the lower bound, a draw of 1/2 gives 0", _reflected,
        ("one-of-each", "ordinary", "one-unit")),
    reversed_along("J", "ordinary", slug="units-reordered"),
    reversed_along("d", "ordinary", slug="columns-reordered"),
)  # fmt: skip


def _backwards(run, inputs):
    """Draws in the opposite order belong to rows that are counted from the end."""
    u = inputs["u"]
    rows = run(**inputs | {"u": array_namespace(u).flip(u)})["rows"]
    yield rows + run(**inputs)["rows"], 0 * rows + (u.shape[0] - 1)


def _fewer(run, inputs):
    """A row less in the share leaves the others."""
    N = inputs["u"].shape[0]
    rows = run(**inputs)["rows"]
    fewer = run(**inputs | {"share": (rows.shape[0] - 0.5) / N})["rows"]
    yield fewer, rows[:-1]


_DRAWS = "half-of-five", "all", "rounded-down"
SUBSAMPLE = (
    Law("backwards", "draws in the opposite order are those of rows counted from the end", _backwards, _DRAWS),
    Law("fewer", "the rows of a smaller share are the first ones of a larger share", _fewer, _DRAWS),
    related("halved", "draws that are halved change nothing", lambda i: {"u": i["u"] / 2}, lambda o: {}, *_DRAWS),
)  # fmt: skip


def _reached(run, inputs):
    """For labels the step is minus the slope over the curvature of the loss along h, from its definition at rho = 0."""
    Y, F, h, rho = *(inputs[name] for name in ("Y", "F", "h")), run(**inputs)["rho"]
    xp = array_namespace(F)
    wrong = sigmoid(-2 * Y * F)
    yield rho * xp.sum(4 * wrong * (1 - wrong) * h * h), xp.sum(2 * Y * wrong * h)


_ALONG = "ordinary-binary", "ordinary-multiclass", "ordinary-newton", "numbers-newton", "columns"
STEP_SIZE = (
    scaled(
        "further", "a block that says four times as much has a quarter of the step", 4.0, {"h": 1}, {"rho": -1}, *_ALONG
    ),
    scaled("turned-round", "a block that says the opposite has the opposite step", -1.0, {"h": 1}, {"rho": 1}, *_ALONG),
    scales({"h": 1}, {"rho": -1}, *_ALONG),
    doubled_along("N", *_ALONG),
    reversed_along("N", *_ALONG),
    reversed_along("K", "ordinary-multiclass", "ordinary-newton", "columns", slug="columns-reordered"),
    Law("newton", "of two classes: step times curvature is minus the slope", _reached, ("ordinary-binary", "uphill")),
)


def _small_steps(run, inputs):
    """With hardly any shrinkage left the scores stay where they start, and so do the losses."""
    found = run(**inputs | {"eta": 1e-30})
    yield found["losses"], 0.0 * found["losses"] + found["losses"][0]


_RUNS = "ordinary-regression", "ordinary-binary", "ordinary-multiclass"
BOOST = (
    causal("T", *_RUNS, "newton-multiclass", slug="shorter"),
    reversed_along("N", *_RUNS),
    reversed_along("J", "ordinary-regression", slug="units-reordered"),
    doubled_along("N", *_RUNS),
    Law("hardly-a-step", "with a tiny eta all losses are that of the start", _small_steps, _RUNS),
    scales({"Y": 1, "V": 1, "c": 1}, {"F": 1, "losses": 2}, "ordinary-regression", inside=2),
    scales({"V": 1, "c": 1}, {"rho": -1}, "ordinary-binary", "ordinary-multiclass", slug="scales-with-the-blocks"),
)


def _first(run, inputs):
    """Targets of the first round do not depend on the blocks."""
    other = {name: 0.5 * inputs[name] for name in ("W", "b", "V", "c")}
    yield run(**inputs | other)["targets"][:1, ...], run(**inputs)["targets"][:1, ...]


TARGETS = (
    causal("T", *_RUNS, slug="shorter"),
    reversed_along("n", *_RUNS),
    Law("first", "the first targets are those of the start, whatever the blocks", _first, _RUNS),
    scales({"Y": 1, "V": 1, "c": 1}, {"targets": 1}, "ordinary-regression"),
)


def _apart(run, inputs):
    """A last block with another step moves the last stage alone."""
    xp = array_namespace(inputs["X"])
    rho = xp.concat([inputs["rho"][:-1], 2 * inputs["rho"][-1:]])
    before, after = run(**inputs)["F"], run(**inputs | {"rho": rho})["F"]
    yield after[:-1, ...], before[:-1, ...]
    yield after[-1, ...] - before[-1, ...], before[-1, ...] - before[-2, ...]


_STAGES = "ordinary", "as-many-as-can-be-mixed-up"
STAGED = (
    causal("T", *_STAGES, "biases-count", slug="shorter"),
    apart("N", *_STAGES, slug="rows-by-themselves"),
    reversed_along("J", *_STAGES, slug="units-reordered"),
    Law(
        "last",
        "a last step twice as long doubles what the last block adds, and changes nothing before",
        _apart,
        _STAGES,
    ),
    scales({"V": 1, "c": 1, "F0": 1}, {"F": 1}, *_STAGES),
    scales({"rho": 1, "F0": 1}, {"F": 1}, *_STAGES, slug="scales-with-the-steps"),
)


def _same(run, inputs):
    """Its forward pass is the sum of the blocks: twice, for a sigmoid."""
    net, xp = run(**inputs), array_namespace(inputs["W"])
    d, K = net["W"].shape[0], net["c"].shape[0]
    X = xp.reshape(xp.astype(xp.arange(3 * d, device=device(inputs["W"])), inputs["W"].dtype), (3, d)) / (2.0 * d) - 0.5
    total = xp.broadcast_to(inputs["F0"], (3, K))
    for t in range(inputs["rho"].shape[0]):
        W, b, V, c = (inputs[name][t, ...] for name in ("W", "b", "V", "c"))
        total = total + inputs["eta"] * inputs["rho"][t] * (sigmoid(X @ W + b) @ V + c)
    yield sigmoid(X @ net["W"] + net["b"]) @ net["V"] + net["c"], total * (2.0 if inputs["task"] == "binary" else 1.0)


_FOLDS = "ordinary-regression", "ordinary-binary", "ordinary-multiclass"
FOLD = (
    Law("same", "the network says what the sum of the blocks says; for two classes twice that", _same, _FOLDS),
    reversed_along("d", *_FOLDS, slug="columns-reordered"),
    reversed_along("K", *_FOLDS, slug="outputs-reordered"),
    scales({"V": 1, "c": 1, "F0": 1}, {"V": 1, "c": 1}, *_FOLDS),
    scales({"W": 1, "b": 1}, {"W": 1, "b": 1}, *_FOLDS, slug="scales-with-the-units"),
)
