"""What every candidate has in common."""

import numpy as np


class CandidateError(Exception):
    """The candidate failed to answer: it raised, crashed, timed out or printed garbage."""

    def __init__(self, message, kind="error", traceback="", stderr=""):
        super().__init__(message)
        self.kind = kind  # "error" (caught by the candidate), "crash", "timeout" or "garbage"
        self.traceback = traceback
        self.stderr = stderr


class Skipped(Exception):
    """The candidate asks to be passed over, with a reason."""


class NotApplicable(Exception):
    """The candidate by its design has no answer to these inputs."""


class Candidate:
    """Base of the adapters."""

    name = "candidate"
    version = ""
    language = ""
    repro: tuple[str, ...] = ()
    refuses = False  # whether error cases make sense: it can raise

    def offers(self, operation):
        """Whether the candidate can be asked for this operation."""
        raise NotImplementedError

    def run(self, operation, inputs):
        """Outputs by name, as NumPy arrays.

        Raises
        ------
        CandidateError, Skipped, NotApplicable
            See there.
        """
        raise NotImplementedError

    def close(self):
        """Let go of what the candidate holds."""


def named_outputs(operation, result):
    """A result (dict, tuple in order, or the one array) as a dict of NumPy arrays.

    Raises
    ------
    CandidateError
        If outputs are missing or too many, or something is no array of numbers.
    """
    names = [f.name for f in operation.outputs]
    if not isinstance(result, dict):
        parts = result if isinstance(result, tuple | list) and len(names) > 1 else (result,)
        if len(parts) != len(names):
            raise CandidateError(f"returned {len(parts)} outputs; expected {len(names)}: {', '.join(names)}", "garbage")
        result = dict(zip(names, parts, strict=True))
    missing = [name for name in names if name not in result]
    if missing:
        raise CandidateError(f"returned no output {', '.join(missing)}; got {', '.join(map(str, result))}", "garbage")
    outputs = {}
    for name in names:
        value = np.asarray(result[name])
        if value.dtype.kind not in "fiub":
            raise CandidateError(f"output {name} is no array of real numbers (dtype {value.dtype})", "garbage")
        outputs[name] = np.array(value, dtype=np.float64)  # a copy: the candidate may go on changing its own
    return outputs
