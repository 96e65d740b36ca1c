"""A picture of the place where a candidate's answer and the right one part."""

import io
from pathlib import Path

import numpy as np

from refimpl.oracle import catalog
from refimpl.oracle.candidates import CandidateError
from refimpl.oracle.judging import cases
from refimpl.oracle.judging.answers import expected
from refimpl.oracle.output.ours import DRAWN

SHOWN = 4  # coordinates that are drawn


def main(path, candidate, report):
    """Draw the first case of a report that fails with an answer.

    Parameters
    ----------
    path : str
        As for `draw`.
    candidate : Candidate
        Is asked for that case again.
    report : Report
        Of it.

    Returns
    -------
    bytes or None
        The picture; None if there is no such case.
    """
    for record in report.records:
        operation = catalog.operation(record.operation)
        case = next((c for c in operation.cases if cases.case_id(operation, c) == record.case), None)
        if record.status not in ("failed", "variant") or not record.output or case is None:
            continue
        right, allowed = expected(operation, case, record.dtype)
        try:
            got = candidate.run(operation, cases.rounded(case.inputs, record.dtype)).get(record.output)
        except CandidateError:
            continue
        if got is not None and got.shape == right[record.output].shape:
            output = next(entry for entry in operation.outputs if entry.name == record.output)
            return draw(path, record, output, right[record.output], got, allowed[record.output])
    return None


def known(path):
    """Check that a picture can be drawn in the format that a suffix says."""
    from matplotlib.backend_bases import FigureCanvasBase

    kinds = sorted(FigureCanvasBase.filetypes)
    if _kind(path) not in kinds:
        raise ValueError(f"--plot must end in one of .{', .'.join(kinds)}, got {path!r}")


def _kind(path):
    return Path(path).suffix[1:].lower() or "png"


def draw(path, record, output, right, got, allowed):
    """Picture of one output of one case: its entries, and how far they are off beside the tolerance.

    Parameters
    ----------
    path : str
        Of the picture; its suffix says in which format (default: png).
    record : Record
        Of the failure.
    output : specs.base.Field
        The output that is drawn.
    right, got, allowed : numpy.ndarray
        Right answer, the candidate's, and the tolerance, of one shape.

    Returns
    -------
    bytes
        The picture.
    """
    from matplotlib.figure import Figure  # takes most of a second, which nothing else needs

    steps = np.arange(len(right)) + output.first if output.steps else np.arange(right.size)
    flat = [np.asarray(x).reshape(len(steps), -1) for x in (right, got, allowed)]
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, below = figure.subplots(1, 2)
    gap = np.abs(flat[1] - flat[0])
    worst = np.argsort(-np.nan_to_num(gap, nan=np.inf).max(axis=0), kind="stable")[:SHOWN]
    floor = 1e-3 * np.max(flat[2], initial=1e-300)  # errors of 0 have no logarithm
    for number, k in enumerate(worst):
        left.plot(steps, flat[0][:, k], color=f"C{number}", label=f"{output.name}[{k}], right")
        left.plot(
            steps, flat[1][:, k], color=f"C{number}", linestyle="none", marker="x", markersize=4, label="candidate"
        )
        below.plot(steps, np.maximum(gap[:, k], floor), color=f"C{number}", label=f"error of {output.name}[{k}]")
    below.plot(steps, flat[2][:, worst].max(axis=1), color="black", linestyle="--", label="tolerance")
    if record.step is not None:
        for axes in (left, below):
            axes.axvline(record.step, color="grey", linewidth=0.8)
        left.set_title(f"they part at step {record.step}", fontsize=10)
    with np.errstate(all="ignore"):
        below.set_yscale("log")
    for axes in (left, below):
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("step" if output.steps else "entry")
        axes.legend(fontsize=8)
    figure.suptitle(f"{record.case} ({record.dtype})", fontsize=11)
    picture = io.BytesIO()
    signed = {"png": "Software", "svg": "Creator", "pdf": "Creator", "ps": "Creator", "eps": "Creator"}.get(_kind(path))
    figure.savefig(picture, format=_kind(path), dpi=120, metadata={signed: DRAWN} if signed else None)
    return picture.getvalue()
