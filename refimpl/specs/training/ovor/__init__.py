"""What the oracle knows of one prompt for all tasks and of virtual outliers."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.models import adam
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number, tags
from refimpl.specs.domains import COUNT, NONNEGATIVE, POSITIVE, REAL, Relation, below, whole
from refimpl.specs.training.ovor import cases, exact, laws
from refimpl.specs.training.ovor.claims import CLAIMS
from refimpl.specs.training.ovor.mistakes import ALTERNATIVES
from refimpl.training import ovor as source


def prefix_attention(q, k, v, P_k, P_v, dO):
    """Answer and gradients."""
    return source.prefix_attention(q, k, v, P_k, P_v), *source.prefix_gradients(q, k, v, P_k, P_v, dO)


def vor_loss(o_id, y, o_out, lam, tau_id, tau_out):
    """Parts and gradients."""
    return source.vor_loss(o_id, y, o_out, lam=lam, tau_id=tau_id, tau_out=tau_out)


def trajectory(W0, b0, first, last, Z, y, batches, outliers, rates, warm, lam, tau_id, tau_out):
    """The head after each step, with one Adam for both phases."""
    head = source.Head(W0, b0)
    state, xp, found = adam.init(head), array_namespace(W0), []
    options = {"first": first, "last": last, "lam": lam, "tau_id": tau_id, "tau_out": tau_out}
    for t in range(batches.shape[0]):
        rows = batches[t, :]
        z, labels, made = xp.take(Z, rows, axis=0), xp.take(y, rows, axis=0), outliers[t, ...] if t >= warm else None
        head, state = source.update(head, state, z, labels, made, lr=float(rates[t]), **options)
        found.append(head)
    return tuple(xp.stack(parts) for parts in zip(*found, strict=True))


def schedule(lr, n):
    """Rates of all epochs."""
    return np.array(source.schedule(lr, n))


def npos(Z, eps, K, select, n_out, sigma, centre, rank):
    """Border and outliers."""
    return source.npos(Z, eps, K=K, select=select, n_out=n_out, sigma=sigma, centre=centre, rank=rank)


def vos(Z, y, eps, n_out, ridge):
    """Outliers about each class."""
    return source.vos(Z, y, eps, n_out=n_out, ridge=ridge)


def select_prompts(query, keys, k):
    """Numbers, loss and its gradient."""
    return source.select_prompts(query, keys, k=k)


def coda_prompt(query, attention, keys, prompts):
    """A mixed prompt for each query."""
    return source.coda_prompt(query, attention, keys, prompts)


def accuracies(o, y, c, seen):
    """With and without the true task given."""
    return source.accuracies(o, y, c=c, seen=seen)


def metrics(a):
    """Average accuracy and forgetting."""
    return source.metrics(a)


_NO_STEPS = {"long": "it has no steps"}
_DIGITS = "50 digits"
_LAM = number("lam", "weight of the regulariser", NONNEGATIVE)
_TAUS = number("tau_id", "threshold of features", REAL), number("tau_out", "threshold of outliers", REAL)
_Z = array("Z", "n D", "features of the task")
_EPS = "standard normal draws"
_NAN_Z = refusals.arrays(Z="Z")[0]

PREFIX_ATTENTION = Operation(
    name="ovor.prefix_attention",
    summary="attention of one layer with a prompt of further keys and values, and the gradient in the prompt",
    inputs=(
        array("q", "B H n d", "queries"),
        array("k", "B H N d", "keys of the tokens"),
        array("v", "B H N d", "values of the tokens"),
        array("P_k", "m e", "keys of the prompt, head after head"),
        array("P_v", "m e", "values of the prompt"),
        array("dO", "B H n d", "gradient in the answer"),
    ),
    outputs=(
        array("O", "B H n d", "what the queries read"),
        array("dP_k", "m e", "gradient in the keys of the prompt, summed over the inputs"),
        array("dP_v", "m e", "gradient in its values"),
    ),
    reference=prefix_attention,
    exact=exact.prefix_attention,
    exact_source=f"{_DIGITS}, query by query: what prompt and tokens say apart, mixed",
    cases=cases.PREFIX_ATTENTION,
    sample=cases.sample_prefix,
    laws=laws.PREFIX_ATTENTION,
    errors=(*refusals.arrays(k="k", P_v="P_v", dO="dO"), refusals.arrays(q="q")[0], refusals.arrays(v="v")[0]),
    relations=(
        Relation("e = H d", ("q", "P_k"), lambda i: i["P_k"].shape[1] == i["q"].shape[1] * i["q"].shape[3]),
    ),
    without=_NO_STEPS,
)  # fmt: skip

VOR_LOSS = Operation(
    name="ovor.vor_loss",
    summary="cross-entropy plus what energies pay on the wrong side of their thresholds, and its gradients",
    inputs=(
        array("o_id", "n c", "logits of features, of the current task's classes"),
        array("y", "n", "their classes", below("c")),
        array("o_out", "m c", "logits of outliers"),
        _LAM,
        *_TAUS,
    ),
    outputs=(
        array("cross_entropy", "", "mean over the features"),
        array("id_term", "", "what the features pay, without lam"),
        array("out_term", "", "what the outliers pay, without lam"),
        array("loss", "", "all together"),
        array("d_id", "n c", "gradient of the loss in o_id"),
        array("d_out", "m c", "gradient of the loss in o_out"),
    ),
    reference=vor_loss,
    exact=exact.vor_loss,
    exact_source=f"{_DIGITS}, row by row; Huber's function as a difference of squares",
    cases=cases.VOR_LOSS,
    sample=None,
    laws=laws.VOR_LOSS,
    errors=(
        refusals.numbers("lam"),
        refusals.arrays(o_id="o_id")[0],
        *refusals.arrays(o_out="o_out"),
        refusals.arrays(y="y")[1],
        ErrorCase("label-too-large", "classes are below c", {"y": np.array([0, 2])}, ValueError, "y"),
    ),
    without=_NO_STEPS,
)

TRAJECTORY = Operation(
    name="ovor.trajectory",
    summary="steps of Adam on the current task's columns of the head: on the cross-entropy, then with outliers",
    inputs=(
        array("W0", "D C", "weights at the start"),
        array("b0", "C", "biases at the start"),
        integer("first", "first column of the task", below("C")),
        integer("last", "the column after its last", whole(1, "C")),
        _Z,
        array("y", "n", "their classes", below("C")),
        array("batches", "T B", "row numbers of the batch of each step", below("n")),
        array("outliers", "T O D", "outliers of each step; those of the first phase are not used"),
        array("rates", "T", "step sizes", NONNEGATIVE),
        integer("warm", "steps of the first phase", whole(0, "T")),
        _LAM,
        *_TAUS,
    ),
    outputs=(
        array("Ws", "T D C", "weights after each step", steps=True),
        array("bs", "T C", "biases after each step", steps=True),
    ),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source=f"{_DIGITS}, example by example; Adam's averages as sums divided by the sums of their weights",
    cases=cases.TRAJECTORY,
    sample=cases.sample_run,
    laws=laws.TRAJECTORY,
    errors=(
        refusals.numbers("lam"),
        *refusals.arrays(b0="b"),
        refusals.arrays(Z="z")[0],
        ErrorCase("negative-rate", "rates are >= 0", {"rates": np.array([-0.1, 0.1, 0.1])}, ValueError, "lr"),
        ErrorCase("no-columns", "first is below last", {"first": 2, "last": 2}, ValueError, "first"),
        ErrorCase("class-of-another-task", "classes are of this task", {"y": np.array([0, 1, 1])}, ValueError, "y"),
    ),
    relations=(
        Relation("first < last", ("first", "last"), lambda i: i["first"] < i["last"]),
        Relation("classes are in [first, last)", ("first", "last", "y"),
                 lambda i: i["first"] <= i["y"].min() and i["y"].max() < i["last"]),
    ),
)  # fmt: skip

SCHEDULE = Operation(
    name="ovor.schedule",
    summary="step sizes of the epochs of a task: a quarter of a cosine",
    inputs=(number("lr", "of the first epoch", NONNEGATIVE), integer("n", "epochs of both phases", COUNT)),
    outputs=(array("rates", "n", "of each epoch"),),
    reference=schedule,
    exact=exact.schedule,
    exact_source=f"{_DIGITS}, as the real part of a power of a complex number",
    cases=cases.SCHEDULE,
    sample=None,
    laws=laws.SCHEDULE,
    errors=(refusals.numbers("lr", "n"),),
    without={"large": "it has one number for each epoch"},
)

NPOS = Operation(
    name="ovor.npos",
    summary="outliers beyond the features that are farthest from their K-th neighbour",
    inputs=(
        _Z,
        array("eps", "per D", _EPS),
        integer("K", "which neighbour; of a feature itself is the first", whole(1, "n")),
        integer("select", "features of the border; all if there are fewer", COUNT),
        integer("n_out", "outliers that are kept", COUNT),
        number("sigma", "size of the steps from the border", POSITIVE),
        choice("centre", source.CENTRES, "where candidates start: at the border, or at the origin"),
        choice("rank", source.RANKS, "distances between directions, a vector of 0 having the direction 0, or points"),
    ),
    outputs=(
        array("boundary", "b", "row numbers of the border, the loneliest first; of equal ones the smaller", below("n")),
        array("outliers", "n_out D", "the loneliest first; of equal ones that of the earlier feature, then draw"),
    ),
    reference=npos,
    exact=exact.npos,
    exact_source="distances in rational numbers where they are raw, in 50 digits where they are of directions",
    cases=cases.NPOS,
    sample=cases.sample_npos,
    laws=laws.NPOS,
    errors=(
        refusals.numbers("K", "select", "sigma"),
        _NAN_Z,
        *refusals.arrays(eps="eps"),
        ErrorCase("too-many", "there are b times per candidates", {"n_out": 7}, ValueError, "n_out"),
        ErrorCase("none", "at least one is made", {"n_out": 0}, ValueError, "n_out"),
    ),
    relations=(
        Relation("n_out <= min(select, n) per", ("n_out", "select", "Z", "eps"),
                 lambda i: i["n_out"] <= min(i["select"], len(i["Z"])) * len(i["eps"])),
    ),
    without=_NO_STEPS,
)  # fmt: skip

VOS = Operation(
    name="ovor.vos",
    summary="outliers at the rim of a normal distribution about the mean of each class, one covariance for all",
    inputs=(
        _Z,
        array("y", "n", "classes 0, 1, ..., each of which occurs", below("n")),
        array("eps", "S D", _EPS),
        integer("n_out", "outliers of all c classes: floor(n_out / c) of each", COUNT),
        number("ridge", "added to the diagonal of the covariance", POSITIVE),
    ),
    outputs=(array("outliers", "w D", "class by class, the longest draw first; of equal ones the earlier"),),
    reference=vos,
    exact=exact.vos,
    exact_source=f"{_DIGITS}; what the root of the covariance does to a draw by Gram and Schmidt",
    cases=cases.VOS,
    sample=cases.sample_vos,
    laws=laws.VOS,
    errors=(
        refusals.numbers("ridge"),
        _NAN_Z,
        *refusals.arrays(eps="eps"),
        ErrorCase("class-missing", "each class occurs", {"y": np.array([0, 0, 2, 2])}, ValueError, "y"),
        ErrorCase("too-few", "each class gets one", {"n_out": 1}, ValueError, "n_out"),
        ErrorCase("too-many", "there are S draws", {"n_out": 6}, ValueError, "n_out"),
    ),
    relations=(
        Relation("the classes are 0, 1, ..., without a gap", ("y",),
                 lambda i: len(np.unique(i["y"])) == i["y"].max() + 1),
        Relation("1 <= floor(n_out / c) <= S", ("n_out", "y", "eps"),
                 lambda i: 1 <= i["n_out"] // (i["y"].max() + 1) <= len(i["eps"])),
    ),
    without=_NO_STEPS,
)  # fmt: skip

_QUERY = array("query", "n d", "features of a pass without prompts", REAL.that("nonzero rows"))
_KEYS = array("keys", "M d", "of the prompts of the pool", REAL.that("nonzero rows"))
_OF_POOLS = (
    *refusals.arrays(keys="keys"),
    refusals.arrays(query="query")[0],
    ErrorCase("query-of-zeros", "a query has a direction", {"query": np.zeros((1, 2))}, ValueError, "query"),
)

SELECT_PROMPTS = Operation(
    name="ovor.select_prompts",
    summary="the k prompts whose keys are nearest to a query by their cosine, and what keys pay for the angle",
    inputs=(_QUERY, _KEYS, integer("k", "prompts for each query", whole(1, "M"))),
    outputs=(
        array("chosen", "n k", "their numbers, the nearest first; of equal ones the smaller", below("M")),
        array("loss", "", "mean over the queries of the sum of 1 - cos over what they chose"),
        array("d_keys", "M d", "its gradient in the keys"),
    ),
    reference=select_prompts,
    exact=exact.select_prompts,
    exact_source=f"{_DIGITS}, query by query",
    cases=cases.SELECT_PROMPTS,
    sample=cases.sample_select,
    laws=laws.SELECT_PROMPTS,
    errors=(*_OF_POOLS, refusals.numbers("k")),
    without=_NO_STEPS,
)

CODA_PROMPT = Operation(
    name="ovor.coda_prompt",
    summary="a prompt mixed of all components of a pool, by cosines of masked queries and keys",
    inputs=(_QUERY, array("attention", "M d", "by which queries are multiplied, for each component"), _KEYS,
            array("prompts", "M e", "components")),
    outputs=(array("prompt", "n e", "for each query; a masked query of 0 has the cosine 0"),),
    reference=coda_prompt,
    exact=exact.coda_prompt,
    exact_source=f"{_DIGITS}, query by query",
    cases=cases.CODA_PROMPT,
    sample=None,
    laws=laws.CODA_PROMPT,
    errors=(*_OF_POOLS, refusals.arrays(prompts="prompts")[0], *refusals.arrays(attention="attention")),
    without=_NO_STEPS,
)  # fmt: skip

ACCURACIES = Operation(
    name="ovor.accuracies",
    summary="shares of right answers among all classes seen so far, and among those of the true task",
    inputs=(
        array("o", "n C", "logits over all classes"),
        array("y", "n", "classes", below("C")),
        integer("c", "classes of a task", whole(1, "C")),
        integer("seen", "tasks learned so far", COUNT),
    ),
    outputs=(
        array("cil", "", "among the columns of all tasks seen; of equal logits the first counts"),
        array("til", "", "among those of the true task"),
    ),
    reference=accuracies,
    exact=exact.accuracies,
    exact_source="rational numbers, example by example",
    cases=cases.ACCURACIES,
    sample=cases.sample_accuracies,
    laws=laws.ACCURACIES,
    errors=(
        refusals.numbers("c", "seen"),
        refusals.arrays(o="o")[0],
        ErrorCase("odd-tasks", "c divides C", {"c": 4, "seen": 1}, ValueError, "c"),
        ErrorCase("class-to-come", "classes are of tasks seen", {"seen": 1}, ValueError, "y"),
    ),
    relations=(
        Relation("c divides C, and c seen <= C", ("o", "c", "seen"),
                 lambda i: i["o"].shape[1] % i["c"] == 0 and i["c"] * i["seen"] <= i["o"].shape[1]),
        Relation("classes are of tasks seen", ("c", "seen", "y"), lambda i: i["y"].max() < i["c"] * i["seen"]),
    ),
    without=_NO_STEPS,
)  # fmt: skip

METRICS = Operation(
    name="ovor.metrics",
    summary="average accuracy after the last task, and forgetting of the earlier ones",
    inputs=(array("a", "T T", "accuracy after task t (row) on task i (column)"),),
    outputs=(
        array("accuracy", "", "mean of the last row"),
        array("forgetting", "", "mean over the earlier tasks of their best before the last row, less the last; "
              "0 for a single task"),
    ),
    reference=metrics,
    exact=exact.metrics,
    exact_source="rational numbers, task by task",
    cases=cases.METRICS,
    sample=None,
    laws=laws.METRICS,
    errors=refusals.arrays(a="a"),
    without={"long": "a row for each task, and no steps"},
)  # fmt: skip

SYSTEM = System(
    name="ovor",
    chapter="training",
    summary="one prompt for all tasks; heads that are taught by made-up outliers where they do not apply",
    paper=Paper(
        title="OVOR: OnePrompt with Virtual Outlier Regularization for Rehearsal-Free Class-Incremental Learning",
        authors="Huang, Chen, Hsu",
        arxiv="2402.04129",
        year=2024,
        key="huang2024ovor",
    ),
    operations=(
        VOR_LOSS, NPOS, TRAJECTORY, PREFIX_ATTENTION, VOS, SELECT_PROMPTS, CODA_PROMPT, SCHEDULE, ACCURACIES, METRICS,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        **dict.fromkeys(tags("ovor", 1, 2, 3), "prefix tuning, as in the official code, `models/zoo.py`"),
        **dict.fromkeys(tags("ovor", 4, 5, 6), "ours: its gradient"),
        **dict.fromkeys(tags("ovor", 7, 16, 17), "official code, `learners/default.py`"),
        **dict.fromkeys(tags("ovor", 8, 9, 10, 11, 12, 13), "official code, `learners/ood.py`, `NPOS.loss`"),
        **dict.fromkeys(tags("ovor", 14, 15, 18, 19), "ours: its gradient"),
        **dict.fromkeys(tags("ovor", 20), "Kingma and Ba (2015), Algorithm 1"),
        **dict.fromkeys(tags("ovor", 21), "official code, the schedule of `learners/default.py`"),
        **dict.fromkeys(tags("ovor", 22, 23, 24, 25, 26), "Tao et al. (2023); official code, `learners/ood.py`"),
        **dict.fromkeys(tags("ovor", 27, 28, 29, 30), "Du et al. (2022)"),
        **dict.fromkeys(tags("ovor", 31, 32, 33), "Wang et al. (2022), L2P and DualPrompt"),
        **dict.fromkeys(tags("ovor", 34), "ours: its gradient"),
        **dict.fromkeys(tags("ovor", 35, 36), "Smith et al. (2023), CODA-Prompt"),
        **dict.fromkeys(tags("ovor", 37, 38, 39), "the usual measures of class-incremental learning"),
        **dict.fromkeys(tags("ovor", 40), "Chaudhry et al. (2018), Eq. 3"),
    },
)  # fmt: skip
