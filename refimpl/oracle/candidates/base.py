"""What every candidate has in common."""

import contextlib
import importlib.util
import inspect
import json
import sys
import traceback
import warnings
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from refimpl.oracle import catalog
from refimpl.oracle.candidates.limit import OutOfTimeError, limited

MESSAGE = 4000  # characters of an exception that are kept


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
    source = ""  # address of the code
    issues = ""  # address of its bug tracker
    repro: tuple[str, ...] | None = None  # the command-line words that name it again; None: there are none
    refuses = False  # whether error cases make sense: it can raise
    elsewhere = False  # whether it answers in another process, for which a search waits
    limit: float | None = None  # seconds for one answer, where it is asked in this process and that can be enforced

    @property
    def note(self):
        """What its owner should know about how it was asked."""
        return ""

    @property
    def about(self):
        """What reports say of it: name, version, language, and what else there is to say."""
        told = {key: getattr(self, key) for key in ("source", "issues", "note")}
        return {"name": self.name, "version": self.version, "language": self.language} | {
            key: text for key, text in told.items() if text
        }

    def offers(self, operation):
        """Whether the candidate can be asked for this operation."""
        raise NotImplementedError

    def lacks(self, names):
        """Why it offers none of some operations."""
        return f"it has none of {names}"

    def takes(self, operation, name):
        """Whether it can be given an argument that is no input of the operation, such as a seed."""
        return False

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


class InProcess(Candidate):
    """Base of the adapters whose candidates run here: in Python, and in this process."""

    kind, option = "", ""  # what it is, and the option of the command line that takes it
    needs = "numpy"  # the package without which it cannot be asked
    watch: Any = None  # what looks on while it is asked (`judging.manners.Watch`)

    @classmethod
    def prepare(cls):
        """Called before a candidate of this kind is imported; a ValueError if it cannot be asked here."""
        if importlib.util.find_spec(cls.needs) is None:
            raise ValueError(f"{cls.option} needs the package {cls.needs}, which is not installed")

    @staticmethod
    def serves(operation):
        """Whether candidates of this kind can be driven through an operation."""
        raise NotImplementedError

    def answer(self, operation, inputs):
        """What the candidate says, as `named_outputs` takes it; it may raise whatever it likes."""
        raise NotImplementedError

    @classmethod
    def lacks(cls, names):
        """Why it offers none of some operations: which ones there are for its kind."""
        served = [op.name for system in catalog.systems().values() for op in system.operations if cls.serves(op)]
        return (
            f"{cls.kind} can be judged on {', '.join(served) or 'no operation yet'}; "
            "for anything else put a function around it, with the inputs of the operation as its arguments (--python)"
        )

    def run(self, operation, inputs):
        """See `Candidate`."""
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"), limited(self.limit):
                warnings.simplefilter("ignore")
                with self.watch or contextlib.nullcontext():
                    result = self.answer(operation, inputs)
                return named_outputs(operation, result)
        except (CandidateError, NotApplicable, Skipped):
            raise
        except OutOfTimeError as error:
            raise CandidateError(f"no answer within {self.limit:g} s", "timeout") from error
        except KeyboardInterrupt:  # of the user, as far as can be told in this process
            raise
        except BaseException as error:  # pytest.fail, asyncio.CancelledError, a panic in Rust: no Exception
            raise CandidateError(said(error) + hint(error), traceback=_trace(error)) from error


def said(error, limit=4000):
    """Kind and message of an exception, cut to a length; whatever its ``__str__`` does.

    Examples
    --------
    >>> said(ValueError("x" * 100), limit=30)
    'ValueError: xxxxxxxxxxxxxxx...'
    """
    try:
        message = str(error)
    except BaseException as failure:
        message = f"its __str__ raises {type(failure).__name__}"
    text = f"{type(error).__name__}: {message[:limit]}"
    return text if len(text) <= limit and len(message) <= limit else text[: limit - 3] + "..."


def _trace(error):
    """The traceback of an exception, from where the code is that is judged."""
    frames, own = error.__traceback__, str(Path(__file__).parent)
    while frames and frames.tb_frame.f_code.co_filename.startswith(own):
        frames = frames.tb_next
    with contextlib.suppress(BaseException):  # parts of it are the candidate's own code
        return "".join(traceback.format_exception(error.with_traceback(frames or error.__traceback__)))[-MESSAGE:]
    return ""


def hint(error):
    """What to do about an exception that comes of how the candidate was asked, to be put after it; else "".

    Examples
    --------
    >>> hint(ZeroDivisionError("division by zero"))
    ''
    """
    fed_numpy = isinstance(error, AttributeError | TypeError) and "numpy.ndarray" in str(error)
    return " (hand it PyTorch tensors: --arrays torch)" if fed_numpy and "torch" in sys.modules else ""


def due(step, period):
    """Whether a step, counted from 1, is one of 1, period + 1, 2 period + 1, ..."""
    return period == 1 or step % period == 1


def words_for(option, thing, settings=()):
    """Command-line words that name an object again, or None if no command line can.

    Parameters
    ----------
    option : str
        Such as "--python".
    thing : object
        A function, class or module.
    settings : dict, optional
        Constructor arguments, as plain data.

    Returns
    -------
    tuple of str, or None
        The option, "module:name" (of the running script "file.py:name"), and the settings.

    Examples
    --------
    >>> words_for("--python", json.dumps), words_for("--python", lambda: 0)
    (('--python', 'json:dumps'), None)
    """
    if inspect.ismodule(thing):
        return (option, thing.__name__)
    module, name = str(getattr(thing, "__module__", "")), getattr(thing, "__qualname__", "")
    for place in (module.partition(".")[0], module):  # "optax" rather than "optax._src.alias"
        if name and reduce(lambda x, part: getattr(x, part, None), name.split("."), sys.modules.get(place)) is thing:
            break
    else:  # a local function, a lambda
        return None
    if place == "__main__":
        place = getattr(sys.modules[place], "__file__", "")  # "" where Python is interactive
    try:
        given = [f"{key}={json.dumps(value)}" for key, value in dict(settings).items()]
    except TypeError:  # a setting that is no plain data
        return None
    return (option, f"{place}:{name}", *(word for text in given for word in ("--set", text))) if place else None


def arguments_for(make, settings, inputs, given, name, *, optional=()):
    """Keyword arguments of a constructor, taken from the inputs of an operation.

    Parameters
    ----------
    make : callable
        The constructor.
    settings : dict
        Keyword, or several with a bar between them of which the first is taken that it has -> name of an input, or a
        tuple of names. What it has by none of these keywords it may have by the name of the input.
    inputs : dict
        The operation's inputs.
    given : dict
        Arguments that take precedence.
    name : str
        What to call the candidate.
    optional : sequence of str, optional
        Inputs without which it may do.

    Returns
    -------
    dict
        Those of `settings` that it takes, and `given` in place of theirs.

    Raises
    ------
    NotApplicable
        If the constructor does not take a keyword whose input is not 0: where it is 0 the keyword is left out.

    Examples
    --------
    >>> arguments_for(lambda lr: 0, {"lr": "lr", "decay": "decay"}, {"lr": 0.1, "decay": 0.0}, {}, "mine")
    {'lr': 0.1}
    >>> arguments_for(lambda rho, alpha: 0, {"gamma|rho": "gamma", "lr": "alpha"}, {"gamma": 2, "alpha": 0.9}, {}, "")
    {'rho': 2, 'alpha': 0.9}
    """
    parameters = inspect.signature(make).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    arguments = {}
    for words, source in settings.items():
        keywords = words.split("|")
        value = tuple(inputs[s] for s in source) if isinstance(source, tuple) else inputs[source]
        named = dict.fromkeys(source if isinstance(source, tuple) else (source,))
        taken = next((k for k in keywords if k in parameters or k in given), keywords[0] if takes_any else None)
        if taken:
            arguments[taken] = value
        elif named.keys() <= parameters.keys() | given.keys():
            arguments |= {key: inputs[key] for key in named}
        elif np.any(value) and source not in optional:
            raise NotApplicable(f"{name} takes no {keywords[0]}, and this case sets it to {value}")
    return arguments | given


def named_outputs(operation, result):
    """A result (dict, tuple in order, or the one array) as a dict of NumPy arrays, in the order of the outputs.

    A dict may leave out outputs, which are then not judged. A tuple has all of them, and one array is one output: which
    of several it should be is not guessed.

    Raises
    ------
    CandidateError
        If none is there, there are too many, or something is no array of numbers.
    """
    names = [f.name for f in operation.outputs]
    if result is None:
        raise CandidateError(f"returned None; expected {', '.join(names)}", "garbage")
    if not isinstance(result, dict):
        parts = result if isinstance(result, tuple | list) and len(names) > 1 else (result,)
        if len(parts) != len(names):
            part = f"; answer {{{names[0]!r}: ...}} to be judged on that alone" if len(parts) < len(names) else ""
            count = f"returned {len(parts)} output{'s' * (len(parts) != 1)}; expected {len(names)}: {', '.join(names)}"
            raise CandidateError(count + part, "garbage")
        result = dict(zip(names, parts, strict=True))
    if not any(name in result for name in names):
        got = ", ".join(map(str, result)) or "nothing"
        raise CandidateError(f"returned no output {', '.join(names)}; got {got}", "garbage")
    if extra := [str(name) for name in result if name not in names]:
        raise CandidateError(
            f"returned {', '.join(extra)}, which was not asked for; expected {', '.join(names)}", "garbage"
        )
    outputs = {}
    for name in filter(result.__contains__, names):
        if result[name] is None:
            raise CandidateError(f"returned None for {name}", "garbage")
        value = np.asarray(result[name])
        if value.dtype.kind not in "fiub":
            raise CandidateError(f"output {name} is no array of real numbers (dtype {value.dtype})", "garbage")
        outputs[name] = np.array(value, dtype=np.float64)  # a copy: the candidate may go on changing its own
    return outputs
