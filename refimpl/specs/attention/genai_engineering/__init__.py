"""What the oracle knows of genai_engineering."""

from refimpl.attention import genai_engineering
from refimpl.specs import loops, refusals
from refimpl.specs.attention.genai_engineering import cases, exact, laws
from refimpl.specs.attention.genai_engineering.claims import CLAIMS
from refimpl.specs.attention.genai_engineering.mistakes import ALTERNATIVES
from refimpl.specs.base import Drive, Operation, Paper, System, array, number
from refimpl.specs.domains import FRACTION, POSITIVE


def trajectory(theta0, grads, lr, momentum):
    """TODO: an operation without function arguments, so that a program in any language can be asked."""
    return loops.trajectory(genai_engineering.init, genai_engineering.update, theta0, grads, lr=lr, momentum=momentum)


TRAJECTORY = Operation(
    name="genai_engineering.trajectory",
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
    name="genai_engineering",
    chapter="attention",
    summary="TODO: the paper in half a sentence",
    paper=Paper(  # TODO: without an arXiv id: arxiv="", url="https://..."
        title="The Nature of Mathematical Modeling and Probabilistic Optimization Engineering in Generative AI",
        authors="TODO",
        arxiv="2410.18441",
        year=2000,
        key="TODO",  # in docs/references.bib
    ),
    operations=(TRAJECTORY,),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={"genai_engineering-1": "TODO: Algorithm 1, line 3", "genai_engineering-2": "TODO: Algorithm 1, line 4"},
)
