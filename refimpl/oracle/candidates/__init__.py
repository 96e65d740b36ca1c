"""Candidates: what a user wants checked, whatever it is written in.

Each adapter offers the same few things: a `name`, a `version`, a `language`, the `operations` that it can do, a
`repro` (the command-line words that name it again), ``run(operation, inputs) -> dict of outputs`` and ``close()``.
"""

from refimpl.oracle.candidates.apart import Apart
from refimpl.oracle.candidates.base import Candidate, CandidateError, NotApplicable, Skipped
from refimpl.oracle.candidates.estimator import Estimator
from refimpl.oracle.candidates.keras import KerasOptimizer
from refimpl.oracle.candidates.optax import OptaxTransform
from refimpl.oracle.candidates.program import Program
from refimpl.oracle.candidates.python import Function, as_candidate, load, reference
from refimpl.oracle.candidates.scheduler import Scheduler
from refimpl.oracle.candidates.surrogate import Surrogate
from refimpl.oracle.candidates.torch import TorchOptimizer
from refimpl.oracle.candidates.transition import Transition

__all__ = [
    "Apart",
    "Candidate",
    "CandidateError",
    "Estimator",
    "Function",
    "KerasOptimizer",
    "NotApplicable",
    "OptaxTransform",
    "Program",
    "Scheduler",
    "Skipped",
    "Surrogate",
    "TorchOptimizer",
    "Transition",
    "as_candidate",
    "load",
    "reference",
]
