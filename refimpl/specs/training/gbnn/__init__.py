"""What the oracle knows of networks grown with gradient boosting."""

import numpy as np

from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, number, tags
from refimpl.specs.domains import FRACTION, NONNEGATIVE, Relation, below, real
from refimpl.specs.training.gbnn import cases, exact, laws
from refimpl.specs.training.gbnn.claims import CLAIMS
from refimpl.specs.training.gbnn.mistakes import ALTERNATIVES
from refimpl.training import gbnn as source


def initial_score(Y, task):
    """The best constant."""
    return source.initial_score(Y, task=task)


def residuals(Y, F, task):
    """Negative gradient, and the mean loss."""
    return source.residuals(Y, F, task=task), source.mean_loss(Y, F, task=task)


def probabilities(F, task):
    """Of the classes."""
    return source.probabilities(F, task=task)


def block_loss(X, R, W, b, V, c, alpha):
    """Least squares on a block."""
    loss, grads = source.block_loss(X, R, source.Block(W, b, V, c), alpha=alpha)
    return loss, *grads


def initial_block(uW, ub, uV, uc):
    """From draws."""
    return tuple(source.initial_block(source.Block(uW, ub, uV, uc)))


def subsample(u, share):
    """From draws."""
    return source.draw_rows(u, share=share)


def step_size(Y, F, h, task, search):
    """Along a block."""
    return source.step_size(Y, F, h, task=task, search=search)


def boost(X, Y, W, b, V, c, eta, task, search):
    """Rounds with given blocks."""
    grown = source.boost(X, Y, source.Block(W, b, V, c), eta=eta, task=task, search=search)
    return grown.F, grown.model.rho, grown.losses


def targets(X, Y, W, b, V, c, rows, eta, task):
    """What blocks are fitted to."""
    return source.boost(X, Y, source.Block(W, b, V, c), eta=eta, task=task, rows=rows).targets


def staged(X, W, b, V, c, rho, F0, eta):
    """After each block."""
    return source.staged(X, source.Model(F0, source.Block(W, b, V, c), rho, eta))


def fold(W, b, V, c, rho, F0, eta, task):
    """One network."""
    return tuple(source.fold(source.Model(F0, source.Block(W, b, V, c), rho, eta), task=task))


def _proper(inputs):
    Y, task = inputs["Y"], inputs["task"]
    if task == "binary":
        return Y.shape[1] == 1 and bool(np.all(np.abs(Y) == 1))
    one_hot = np.all((Y == 0) | (Y == 1)) and np.all(Y.sum(axis=1) == 1)
    return task == "regression" or bool(Y.shape[1] >= 2 and one_hot)


def _both(inputs):
    return inputs["task"] != "binary" or bool(np.any(inputs["Y"] > 0) and np.any(inputs["Y"] < 0))


PART = real(0, 1, open="(")
_NO_STEPS = {"long": "it has no steps"}
_DIGITS = "in 50 digits"
_TASK = choice("task", source.TASKS, "loss: half the squared error, added up over the columns; log(1 + exp(-2 y F)); "
               "cross-entropy of the softmax")  # fmt: skip
_SEARCH = choice("search", source.SEARCHES, "step: that of the authors' code (1; Newton's; Newton's with the diagonal "
                 "of the Hessian), or Newton's for all three losses")  # fmt: skip
_Y, _F = array("Y", "N K", "targets"), array("F", "N K", "raw scores")
_PROPER = Relation("Y is what the task asks for: any numbers; one column of labels -1 and 1; rows of one 1 and else 0, "
                   "in two columns or more", ("Y", "task"), _proper)  # fmt: skip
_BOTH = Relation("of two classes both occur", ("Y", "task"), _both)
_ETA = number("eta", "shrinkage", PART)
_BLOCK = (
    array("W", "d J", "weights of the hidden units"), array("b", "J", "their biases"),
    array("V", "J K", "weights of the outputs"), array("c", "K", "their biases"),
)  # fmt: skip
_BLOCKS = tuple(array(f.name, f"T {f.axes}", f"{f.doc}, block by block") for f in _BLOCK)
_MODEL = (*_BLOCKS, array("rho", "T", "step along each block"), array("F0", "K", "start"), _ETA)
_ONE_CLASS = ErrorCase("one-class", "of one class there is no best constant",
                       {"Y": np.ones((3, 1)), "task": "binary"}, ValueError, "Y")  # fmt: skip
_BAD_LABELS = (
    ErrorCase("labels-0-and-1", "labels of two classes are -1 and 1", {"Y": np.array([[1.0], [0.0], [1.0]]),
              "task": "binary"}, ValueError, "Y"),
    ErrorCase("two-hot", "a row has one 1", {"Y": np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]),
              "task": "multiclass"}, ValueError, "Y"),
)  # fmt: skip
_BAD_MODEL = (refusals.numbers("eta"), *refusals.arrays(b="b", c="c", rho="rho"))


def _scored(entry):
    """The same labels with scores of their shape."""
    return ErrorCase(entry.slug, entry.why, {**entry.inputs, "F": np.zeros(entry.inputs["Y"].shape)}, entry.raises,
                     entry.names)  # fmt: skip


INITIAL_SCORE = Operation(
    name="gbnn.initial_score",
    summary="the constant of least loss, column by column; 0 for the softmax",
    inputs=(_Y, _TASK),
    outputs=(array("F0", "K", "start"),),
    reference=initial_score,
    exact=exact.initial_score,
    exact_source=f"{_DIGITS}, from means",
    cases=cases.INITIAL_SCORE,
    sample=cases.sample_start,
    laws=laws.INITIAL_SCORE,
    errors=(refusals.arrays(Y="Y")[0], _ONE_CLASS, *_BAD_LABELS),
    relations=(_PROPER, _BOTH),
    without=_NO_STEPS,
)

RESIDUALS = Operation(
    name="gbnn.residuals",
    summary="negative gradient of each row's loss in its raw scores, and the mean loss over the rows",
    inputs=(_Y, _F, _TASK),
    outputs=(array("r", "N K", "residuals"), array("loss", "", "mean over the rows")),
    reference=residuals,
    exact=exact.residuals,
    exact_source=f"{_DIGITS}, from quotients of exponentials",
    cases=cases.RESIDUALS,
    sample=cases.sample_residuals,
    laws=laws.RESIDUALS,
    errors=(*refusals.arrays(F="F"), refusals.arrays(Y="Y")[0], *map(_scored, _BAD_LABELS)),
    relations=(_PROPER,),
    without=_NO_STEPS,
)

PROBABILITIES = Operation(
    name="gbnn.probabilities",
    summary="probabilities of label 1, or of each class",
    inputs=(_F, choice("task", source.TASKS[1:], "which loss the scores were trained with")),
    outputs=(array("p", "N K", "probabilities"),),
    reference=probabilities,
    exact=exact.probabilities,
    exact_source=f"{_DIGITS}, from quotients of exponentials",
    cases=cases.PROBABILITIES,
    sample=cases.sample_probabilities,
    laws=laws.PROBABILITIES,
    errors=(*refusals.arrays(F="F"),),
    relations=(
        Relation("two classes have one column", ("F", "task"),
                 lambda i: i["task"] != "binary" or i["F"].shape[1] == 1),
    ),
    without=_NO_STEPS,
)  # fmt: skip

BLOCK_LOSS = Operation(
    name="gbnn.block_loss",
    summary="least squares of a block: half the squared error, added up over the outputs, and half alpha times the "
    "squared weights without the biases, both over the rows; and its gradient",
    inputs=(array("X", "n d", "rows"), array("R", "n K", "residuals"), *_BLOCK,
            number("alpha", "penalty", NONNEGATIVE)),
    outputs=(
        array("loss", "", "its value"), array("gW", "d J", "derivatives in W"), array("gb", "J", "in b"),
        array("gV", "J K", "in V"), array("gc", "K", "in c"),
    ),
    reference=block_loss,
    exact=exact.block_loss,
    exact_source=f"{_DIGITS}, unit by unit; the gradient from differences of the loss at steps of 1e-16",
    cases=cases.BLOCK_LOSS,
    sample=None,
    laws=laws.BLOCK_LOSS,
    errors=(refusals.numbers("alpha"), *refusals.arrays(X="X", b="b", R="R")),
    without=_NO_STEPS,
)  # fmt: skip

INITIAL_BLOCK = Operation(
    name="gbnn.initial_block",
    summary="a block from uniform draws: the weights and biases of a layer are within plus or minus the root of 2 over "
    "the sum of its inputs and outputs",
    inputs=tuple(array(f"u{f.name}", f.axes, f"draws for the {f.doc}", FRACTION) for f in _BLOCK),
    outputs=_BLOCK,
    reference=initial_block,
    exact=exact.initial_block,
    exact_source=f"{_DIGITS}, from the lower bound up",
    cases=cases.INITIAL_BLOCK,
    sample=None,
    laws=laws.INITIAL_BLOCK,
    errors=(
        *refusals.arrays(ub="b"),
        ErrorCase("draw-of-1", "draws are below 1", {"uc": np.array([1.0])}, ValueError, "c"),
    ),
    without=_NO_STEPS,
)

SUBSAMPLE = Operation(
    name="gbnn.subsample",
    summary="the floor(share N) rows with the smallest draws, in the order of these: rows without replacement",
    inputs=(
        array("u", "N", "uniform draws", FRACTION.that("different")),
        number("share", "of the rows", PART),
    ),
    outputs=(array("rows", "n", "row numbers", below("N")),),
    reference=subsample,
    exact=exact.subsample,
    exact_source="pairs of a draw and its row, in order",
    cases=cases.SUBSAMPLE,
    sample=cases.sample_subsample,
    laws=laws.SUBSAMPLE,
    errors=(
        refusals.numbers("share"), refusals.arrays(u="u")[0],
        ErrorCase("less-than-a-row", "there must be a row", {"share": 0.125}, ValueError, "share"),
    ),
    relations=(Relation("share N >= 1", ("u", "share"), lambda i: i["share"] * len(i["u"]) >= 1),),
    without=_NO_STEPS,
)  # fmt: skip

STEP_SIZE = Operation(
    name="gbnn.step_size",
    summary="how far to go along a block's outputs: one number for all columns",
    inputs=(_Y, _F, array("h", "N K", "outputs of the block"), _TASK, _SEARCH),
    outputs=(array("rho", "", "step; 0 where the loss has no curvature along h"),),
    reference=step_size,
    exact=exact.step_size,
    exact_source=f"{_DIGITS}, with the second derivative by pairs of classes, or by the hyperbolic cosine",
    cases=cases.STEP_SIZE,
    sample=cases.sample_step,
    laws=laws.STEP_SIZE,
    errors=(*refusals.arrays(h="h", F="F"),),
    relations=(_PROPER,),
    without=_NO_STEPS,
)

BOOST = Operation(
    name="gbnn.boost",
    summary="the rounds of boosting with blocks that are given: start at the constant; for each block find the step "
    "along it on all rows, and add eta times the step times its outputs",
    inputs=(array("X", "N d", "rows"), _Y, *_BLOCKS, _ETA, _TASK, _SEARCH),
    outputs=(
        array("F", "N K", "raw scores after the last block"), array("rho", "T", "steps", steps=True),
        array("losses", "T+1", "mean loss at the start and after each block", steps=True, first=0),
    ),
    reference=boost,
    exact=exact.boost,
    exact_source=f"{_DIGITS}, round by round, unit by unit",
    cases=cases.BOOST,
    sample=cases.sample_boost,
    laws=laws.BOOST,
    errors=(
        refusals.numbers("eta"), *refusals.arrays(X="X", c="c"), refusals.arrays(Y="Y")[0],
        ErrorCase("one-class", "of one class there is no best constant",
                  {"Y": np.ones((2, 1)), "task": "binary"}, ValueError, "Y"),
    ),
    relations=(_PROPER, _BOTH),
)  # fmt: skip

TARGETS = Operation(
    name="gbnn.targets",
    summary="what each block is fitted to: the residuals, before it, of its rows",
    inputs=(array("X", "N d", "rows"), _Y, *_BLOCKS,
            array("rows", "T n", "row numbers of each round", below("N").that("different")), _ETA, _TASK),
    outputs=(array("targets", "T n K", "of each round", steps=True),),
    reference=targets,
    exact=exact.targets,
    exact_source=f"{_DIGITS}, round by round, unit by unit",
    cases=cases.TARGETS,
    sample=cases.sample_targets,
    laws=laws.TARGETS,
    errors=(
        refusals.numbers("eta"), refusals.arrays(X="X")[0],
        ErrorCase("row-too-many", "rows are counted from 0", {"rows": np.array([[2], [0]])}, ValueError, "rows"),
    ),
    relations=(_PROPER, _BOTH),
)  # fmt: skip

STAGED = Operation(
    name="gbnn.staged",
    summary="raw scores after each block: every first part of the model is a model",
    inputs=(array("X", "N d", "rows"), *_MODEL),
    outputs=(array("F", "T N K", "raw scores", steps=True),),
    reference=staged,
    exact=exact.staged,
    exact_source=f"{_DIGITS}, block by block, unit by unit",
    cases=cases.STAGED,
    sample=None,
    laws=laws.STAGED,
    errors=(*_BAD_MODEL, *refusals.arrays(X="X")),
)

FOLD = Operation(
    name="gbnn.fold",
    summary="one network with T J hidden units that says what the sum of the blocks says; for two classes twice that, "
    "for a sigmoid on top",
    inputs=(*_MODEL, _TASK),
    outputs=(
        array("W", "d TJ", "weights of the hidden units, block after block"), array("b", "TJ", "their biases"),
        array("V", "TJ K", "weights of the outputs"), array("c", "K", "their biases"),
    ),
    reference=fold,
    exact=exact.fold,
    exact_source="rational numbers, unit by unit",
    cases=cases.FOLD,
    sample=None,
    laws=laws.FOLD,
    errors=_BAD_MODEL,
    without=_NO_STEPS,
)  # fmt: skip

SYSTEM = System(
    name="gbnn",
    chapter="training",
    summary="networks grown block by block with gradient boosting: every first part is a finished network",
    paper=Paper(
        title="Sequential Training of Neural Networks with Gradient Boosting",
        authors="Emami, Martínez-Muñoz",
        arxiv="1909.12098",
        year=2023,
        key="emami2023sequential",
    ),
    operations=(
        BOOST, TARGETS, STAGED, FOLD, RESIDUALS, STEP_SIZE, INITIAL_SCORE, BLOCK_LOSS, PROBABILITIES, INITIAL_BLOCK,
        SUBSAMPLE,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        **dict.fromkeys(tags("gbnn", *range(1, 12)), "Section 3, losses; forms of Friedman (2001)"),
        "gbnn-12": "authors' code: the defaults of scikit-learn's networks",
        **dict.fromkeys(tags("gbnn", 13, 14), "Section 3, a network with one hidden layer"),
        **dict.fromkeys(tags("gbnn", *range(15, 22)), "authors' code: least squares of scikit-learn's networks"),
        **dict.fromkeys(tags("gbnn", 22, 23, 24, 25, 26, 27, 28), "authors' code, steps of the three losses"),
        "gbnn-29": "ours: the whole Hessian",
        **dict.fromkeys(tags("gbnn", 30, 31), "authors' code, subsample"),
        **dict.fromkeys(tags("gbnn", *range(32, 38)), "Section 3, the rounds"),
        "gbnn-38": "Section 3, units switched off",
        **dict.fromkeys(tags("gbnn", *range(39, 45)), "Section 3, one network; authors' code, to_NN"),
    },
)  # fmt: skip
