"""One claim: its experiment is run, and what it finds becomes a record."""

import base64
import contextlib
import io
import time
import traceback
import warnings
from typing import NamedTuple

from refimpl.core import check
from refimpl.oracle.claims import cluster
from refimpl.specs.base import Claim, Outcome

OUTPUT_TAIL = 4000  # characters kept of what an experiment prints


class Task(NamedTuple):
    """A claim to be run at a seed."""

    name: str  # the claim's id; at seeds after the first "<id>@<seed>"
    claim: Claim
    seed: int
    draw: bool  # whether its figure is wanted


def tasks(claims, seeds):
    """Every claim at every seed, in the order in which they start: the first seed first, what takes long not last.

    Examples
    --------
    >>> claims = [Claim("doc.C1", "", "", None), Claim("doc.C2", "", "", None, tier="full")]
    >>> [task.name for task in tasks(claims, range(7, 9))]
    ['doc.C2', 'doc.C1', 'doc.C2@8', 'doc.C1@8']
    """
    first, *_ = seeds
    return [
        Task(claim.id if seed == first else f"{claim.id}@{seed}", claim, seed, seed == first)
        for seed in seeds
        for claim in sorted(claims, key=lambda claim: claim.tier == "quick")
    ]


def run_claim(claim, seed=0, *, draw=True):
    """Run one experiment here and now.

    Parameters
    ----------
    claim : Claim
        What to run.
    seed : int, default: 0
        >= 0. Given to the experiment; the same seed gives the same record, but for its `seconds`.
    draw : bool, default: True
        Whether to draw the figure.

    Returns
    -------
    dict
        `id`, `statement`, `source`, `tier`, `kind`, `control`, `showed`, `proxy`, `tuned`, `seed`, `seeds` (seed ->
        status), `status`, `measurements` (a list of `quantity`, `value`, `bound`, `holds`), `note`, `figure` (PNG in
        base64, or ""), `output` (the end of what it printed), `traceback` (of an error, or ""), `seconds`.

    Examples
    --------
    >>> from refimpl.specs.base import Claim, Outcome, at_most
    >>> claim = Claim("doc.C1", "halving halves", "Theorem 1", lambda seed: Outcome([at_most("half", 0.5, 0.5)]))
    >>> record = run_claim(claim)
    >>> record["status"], record["measurements"]
    ('reproduced', [{'quantity': 'half', 'value': 0.5, 'bound': '<= 0.5', 'holds': True}])
    """
    seed = check.integer(seed=seed)
    record = blank(claim, seed)
    printed = io.StringIO()
    start = time.perf_counter()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
        try:
            record |= _findings(claim, claim.experiment(seed), draw)
        except Exception:
            record["traceback"] = traceback.format_exc()
    record["seeds"] = {str(seed): record["status"]}
    return record | {"output": printed.getvalue()[-OUTPUT_TAIL:], "seconds": time.perf_counter() - start}


def blank(claim, seed):
    """Record of a claim that found nothing."""
    names = ("id", "statement", "source", "tier", "kind", "control", "showed", "proxy", "tuned")
    given = {name: getattr(claim, name) for name in names}
    empty = {"measurements": [], "note": "", "figure": "", "output": "", "traceback": "", "seconds": 0.0}
    return given | {"seed": seed, "seeds": {str(seed): "error"}, "status": "error"} | empty


def _findings(claim, outcome, draw):
    """What an outcome adds to the record."""
    if not isinstance(outcome, Outcome):
        raise TypeError(f"the experiment of {claim.id} must return an Outcome, got {type(outcome).__name__}")
    if all(m.bound == "reported" for m in outcome.measurements):
        raise ValueError(f"the experiment of {claim.id} must bound at least one measurement: nothing was tested")
    holds = all(m.holds for m in outcome.measurements)
    return {
        "status": "not reproduced" if not holds else "proxy" if claim.proxy else "reproduced",
        "measurements": [
            {"quantity": str(m.quantity), "value": float(m.value), "bound": m.bound, "holds": m.holds}
            for m in outcome.measurements
        ],
        "note": str(outcome.note),
        "figure": base64.b64encode(_png(outcome.plot)).decode() if outcome.plot and draw else "",
    }


def _png(plot):
    """The figure as PNG: the same bytes for the same data, whatever was drawn before and whoever draws it."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # neither the user's style nor that of the claim before
        figure = Figure(figsize=(7, 4), dpi=100, layout="constrained")
        plot(figure)
        for axes in figure.axes:
            axes.title.set_wrap(True)  # a long one is cut off otherwise
        stream = io.BytesIO()
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def run_by_id(find, name, seed, draw):
    """Run the claim of that id; what a worker does.

    Parameters
    ----------
    find : str
        As for `run_claims`.
    name : str
        Id of the claim.
    seed, draw
        As for `run_claim`.

    Returns
    -------
    dict
        As of `run_claim`; the "traceback" alone if the claim is not found: a spec does not even load.

    Examples
    --------
    >>> run_by_id("refimpl.oracle.catalog:claims", "lion.C0", 0, False)["traceback"].splitlines()[-1]
    "refimpl.oracle.catalog.UnknownNameError: unknown claim 'lion.C0'; did you mean ...?"
    """
    try:
        (claim,) = cluster.call(find, [name])
        return run_claim(claim, seed, draw=draw)
    except Exception:
        return {"traceback": traceback.format_exc()}
