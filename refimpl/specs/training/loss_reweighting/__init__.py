"""What the oracle knows of loss_reweighting."""

from refimpl.specs import loops, refusals
from refimpl.specs.base import Drive, Operation, Paper, System, array, number
from refimpl.specs.domains import FRACTION, POSITIVE
from refimpl.specs.training.loss_reweighting import cases, exact, laws
from refimpl.specs.training.loss_reweighting.claims import CLAIMS
from refimpl.specs.training.loss_reweighting.mistakes import ALTERNATIVES
from refimpl.training import loss_reweighting


def trajectory(theta0, grads, lr, momentum):
    """TODO: an operation without function arguments, so that a program in any language can be asked."""
    return loops.trajectory(loss_reweighting.init, loss_reweighting.update, theta0, grads, lr=lr, momentum=momentum)


TRAJECTORY = Operation(
    name="loss_reweighting.trajectory",
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
    name="loss_reweighting",
    chapter="training",
    summary="TODO: the paper in half a sentence",
    paper=Paper(  # TODO: without an arXiv id: arxiv="", url="https://..."
        title="Dynamic Loss-Based Sample Reweighting for Improved Large Language Model Pretraining",
        authors="TODO",
        arxiv="2502.06733",
        year=2000,
        key="TODO",  # in docs/references.bib
    ),
    operations=(TRAJECTORY,),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={"loss_reweighting-1": "TODO: Algorithm 1, line 3", "loss_reweighting-2": "TODO: Algorithm 1, line 4"},
)
