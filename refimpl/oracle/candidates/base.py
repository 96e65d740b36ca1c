"""What every candidate has in common."""

import inspect
import json
import sys
from functools import reduce

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
    source = ""  # address of the code
    issues = ""  # address of its bug tracker
    repro: tuple[str, ...] | None = None  # the command-line words that name it again; None: there are none
    refuses = False  # whether error cases make sense: it can raise
    lacks = "it has none of {names}"  # why it offers none of some operations

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


def arguments_for(make, settings, inputs, given, name):
    """Keyword arguments of a constructor, taken from the inputs of an operation.

    Parameters
    ----------
    make : callable
        The constructor.
    settings : dict
        Keyword -> name of an input, or a tuple of names.
    inputs : dict
        The operation's inputs.
    given : dict
        Arguments that take precedence.
    name : str
        What to call the candidate.

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
    """
    parameters = inspect.signature(make).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    arguments = {}
    for keyword, source in settings.items():
        value = tuple(inputs[s] for s in source) if isinstance(source, tuple) else inputs[source]
        if takes_any or keyword in parameters or keyword in given:
            arguments[keyword] = value
        elif np.any(value):
            raise NotApplicable(f"{name} takes no {keyword}, and this case sets it to {value}")
    return arguments | given


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
        if result[name] is None:
            raise CandidateError(f"returned None for {name}", "garbage")
        value = np.asarray(result[name])
        if value.dtype.kind not in "fiub":
            raise CandidateError(f"output {name} is no array of real numbers (dtype {value.dtype})", "garbage")
        outputs[name] = np.array(value, dtype=np.float64)  # a copy: the candidate may go on changing its own
    return outputs
