"""What the oracle knows of self_positioning."""

from refimpl.specs import loops, refusals
from refimpl.specs.base import Drive, Operation, Paper, System, array, number
from refimpl.specs.domains import FRACTION, POSITIVE
from refimpl.specs.training.self_positioning import cases, exact, laws
from refimpl.specs.training.self_positioning.claims import CLAIMS
from refimpl.specs.training.self_positioning.mistakes import ALTERNATIVES
from refimpl.training import self_positioning


def trajectory(theta0, grads, lr, momentum):
    """TODO: an operation without function arguments, so that a program in any language can be asked."""
    return loops.trajectory(self_positioning.init, self_positioning.update, theta0, grads, lr=lr, momentum=momentum)


TRAJECTORY = Operation(
    name="self_positioning.trajectory",
    summary="TODO: what it computes",
    inputs=(
        array("theta0", "d", "start"),
        array("grads", "T d", "gradient of each step"),
        number("lr", "step size", POSITIVE),  # what it may be is data: see refimpl/specs/domains.py
        number("momentum", "share of the velocity that is kept", FRACTION),
    ),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source="TODO: how the exact answer comes about",
    cases=cases.TRAJECTORY,
    sample=cases.sample,
    laws=laws.TRAJECTORY,
    errors=(refusals.numbers("lr", "momentum"), *refusals.arrays(grads="grad")),
    drive=Drive("theta0", "grads", {"lr": "lr", "momentum": "momentum"}),  # so that --torch can drive an optimizer
)

SYSTEM = System(
    name="self_positioning",
    chapter="training",
    summary="TODO: the paper in half a sentence",
    paper=Paper(  # TODO: without an arXiv id: arxiv="", url="https://..."
        title="Improving General Text Embedding Model: Tackling Task Conflict and Data Imbalance through Model Merging",
        authors="TODO",
        arxiv="2410.15035",
        year=2000,
        key="TODO",  # in docs/references.bib
    ),
    operations=(TRAJECTORY,),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={"self_positioning-1": "TODO: Algorithm 1, line 3", "self_positioning-2": "TODO: Algorithm 1, line 4"},
)
