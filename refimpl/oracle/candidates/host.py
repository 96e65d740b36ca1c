"""The process of a Python candidate: it is loaded here, and answers one question per line.

What asks it is `apart.Apart`, whose end of the pipes is read with care: nothing that is sent there is run. The
questions come from us, and so can be pickled. Neither case nor right answer is in them.
"""

import base64
import contextlib
import ctypes
import inspect
import json
import os
import pickle
import signal
import sys
import sysconfig
from types import SimpleNamespace
from typing import Any

from refimpl.oracle.candidates.base import Candidate, CandidateError, NotApplicable, Skipped, said
from refimpl.oracle.candidates.estimator import Estimator
from refimpl.oracle.candidates.keras import KerasOptimizer
from refimpl.oracle.candidates.made import Driven
from refimpl.oracle.candidates.optax import OptaxTransform
from refimpl.oracle.candidates.python import Function, load
from refimpl.oracle.candidates.scheduler import Scheduler
from refimpl.oracle.candidates.surrogate import Surrogate
from refimpl.oracle.candidates.torch import TorchOptimizer
from refimpl.oracle.candidates.transition import Transition
from refimpl.oracle.candidates.watch import Watch

ADAPTERS: dict[str, Any] = {
    "python": Function,
    "torch": TorchOptimizer,
    "optax": OptaxTransform,
    "keras": KerasOptimizer,
    "estimator": Estimator,
    "scheduler": Scheduler,
    "surrogate": Surrogate,
    "kernel": Transition,
}
LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
PR_SET_PDEATHSIG, PR_CAPBSET_DROP = 1, 24
CAP_SYS_PTRACE = 19


def named(kind, place, *, arrays="numpy", settings=None):
    """The command-line words that name a candidate.

    Examples
    --------
    >>> named("torch", "mine:Lion", settings={"lr": 0.1})
    ('--torch', 'mine:Lion', '--set', 'lr=0.1')
    """
    given = [f"{key}={json.dumps(value)}" for key, value in (settings or {}).items()]
    words = [] if arrays == "numpy" else ["--arrays", arrays]
    return (f"--{kind}", place, *words, *(word for text in given for word in ("--set", text)))


def build(kind, place, *, operation, arrays="numpy", settings=None):
    """The candidate that command-line words name, in this process.

    Parameters
    ----------
    kind : str
        A key of `ADAPTERS`.
    place : str
        As for `load`.
    operation : str
        The target; a function serves this operation, or the first of this system.
    arrays : str, default: "numpy"
        What a function is fed with.
    settings : dict, optional
        Constructor arguments of the other kinds.

    Returns
    -------
    InProcess
        See there.

    Raises
    ------
    ValueError
        If it cannot be loaded.

    Examples
    --------
    >>> build("python", "math:sqrt", operation="lion.step").name
    'math:sqrt'
    """
    ADAPTERS[kind].prepare()
    thing, repro = load(place), named(kind, place, arrays=arrays, settings=settings)
    if kind == "python":
        return Function(thing, operation=operation, arrays=arrays, name=place, repro=repro)
    more = {"operation": operation} if issubclass(ADAPTERS[kind], Driven) else {}
    return ADAPTERS[kind](thing, settings=settings, repro=repro, **more)


def contract(operation):
    """What a candidate must know of an operation: no case, no answer, no reference."""
    return {
        "name": operation.name,
        "outputs": [entry.name for entry in operation.outputs],
        "drive": operation.drive,
        "fit": operation.fit,
        "schedule": operation.schedule,
        "regress": operation.regress,
        "chain": operation.chain,
    }


def main():
    """Answer until the questions end; `sys.argv` has the process that asks, and the two descriptors."""
    asking, asked, telling = map(int, sys.argv[-3:])
    sys.argv[1:] = []
    _alone()
    if os.getppid() != asking:  # it has ended before we could ask to end with it
        os._exit(0)
    host = Host()
    with open(asked, "rb") as questions, open(telling, "wb") as answers:
        for line in questions:
            seq, question = pickle.loads(base64.b64decode(line))
            answers.write(json.dumps({"seq": seq} | host.answer(question)).encode() + b"\n")
            answers.flush()
    os._exit(0)  # whatever the candidate has left to be done at the end


def _alone():
    """On Linux: end with the process that asks, also if it is killed; as root, give up reading the memory of others."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0)
        header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()  # version 3, this process
        if libc.capget(header, data) == 0:
            for i in range(3):  # effective, permitted, inheritable
                data[i] &= ~(1 << CAP_SYS_PTRACE)
            libc.capset(header, data)


class Host:
    """A candidate that is asked by messages."""

    def __init__(self):
        self._candidate: Any = Candidate()
        self._watch, self._told = Watch(), 0
        self._loaded, self._package = 0, ""

    def answer(self, question):
        """The answer to a question, as plain data."""
        try:
            answer = getattr(self, f"_{question.pop('ask')}")(**question)
        except Skipped as skip:
            answer = {"skipped": str(skip)}
        except NotApplicable as reason:
            answer = {"not_applicable": str(reason)}
        except CandidateError as error:
            answer = {"error": str(error), "kind": error.kind, "traceback": error.traceback}
        except BaseException as error:  # whatever a candidate does
            answer = {"error": said(error), "kind": "error", "traceback": ""}
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):
                stream.flush()
        return answer | self._seen()

    def _load(self, **words):
        try:
            self._package = words["place"].partition(":")[0].partition(".")[0]
            self._candidate = build(**words)
        except ValueError as error:
            return {"error": said(error).partition(": ")[2]}
        told = ("name", "version", "language", "refuses")
        return {key: getattr(self._candidate, key) for key in told}

    def _offers(self, operations):
        """Of each operation that the candidate does, the arguments that it names."""
        found: dict[str, list[str]] = {}
        for described in operations:
            operation = _described(described)
            if self._candidate.offers(operation):
                names = found[described["name"]] = []
                with contextlib.suppress(AttributeError, TypeError, ValueError):  # a builtin that does not tell
                    names += inspect.signature(self._candidate.function(operation)).parameters
        return {"offers": found}

    def _run(self, operation, inputs, watch):
        self._candidate.watch = self._watch if watch else None
        outputs = self._candidate.run(_described(operation), inputs)
        return {
            "outputs": {
                name: {"shape": list(x.shape), "data": base64.b64encode(x.tobytes()).decode()}
                for name, x in outputs.items()
            }
        }

    def _seen(self):
        """What was seen beside, and has not been told yet."""
        slips, more = self._watch.slips[self._told :], {}
        self._told += len(slips)
        if len(sys.modules) != self._loaded:
            self._loaded = len(sys.modules)
            with contextlib.suppress(BaseException):  # they may be anything
                more = {"files": list(filter(None, map(self._file, list(sys.modules.items()))))}
        return {"slips": [[slip.kind, slip.message] for slip in slips]} | more

    def _file(self, item):
        """Where a module stands, if it is the candidate's own; "" of a library, and of this package."""
        name, module = item
        path = str(getattr(module, "__file__", None) or "")
        own = name.partition(".")[0] == self._package
        libraries = (path.startswith(LIBRARIES) or "-packages" in path) and not own
        return "" if name.startswith("refimpl.") or libraries or not path.endswith(".py") else path


def _described(contract):
    """An operation, as far as adapters look at it."""
    outputs = [SimpleNamespace(name=name) for name in contract["outputs"]]
    return SimpleNamespace(**contract | {"outputs": outputs})
