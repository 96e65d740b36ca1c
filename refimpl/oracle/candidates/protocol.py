"""The messages between the oracle and a program: one line of JSON each, checked in both directions.

Pure functions; `docs/oracle/protocol.rst` tells the rules, `refimpl/oracle/candidates/schemas` the form.
"""

import json

import numpy as np

from refimpl import __version__
from refimpl.oracle.candidates.schema import load, mismatch
from refimpl.oracle.candidates.wire import WireError, decode, encode
from refimpl.oracle.texts import short

PROTOCOL = 1
MAX_PARTS = 100_000  # lists and objects in one line, each of which costs far more memory and time than its brackets


class ProtocolError(ValueError):
    """A message that the protocol does not allow.

    `in_step` is true if it is the answer to the request all the same, so that the conversation can go on.
    """

    def __init__(self, message, *, in_step=False):
        super().__init__(message)
        self.in_step = in_step


# What we write -------------------------------------------------------------------------------------------------


def start(seq):
    """The first request."""
    return {"cmd": "start", "seq": seq, "protocol": PROTOCOL, "refimpl": __version__}


def run(seq, operation, inputs):
    """The request for one case. Neither its name nor its answer is in it."""
    inputs = {name: encode(value) for name, value in inputs.items()}
    return {"cmd": "run", "seq": seq, "operation": operation, "inputs": inputs}


def probe(seq, dtypes):
    """The request to send some arrays back as they are, of the given dtypes."""
    return {"cmd": "probe", "seq": seq, "inputs": {name: encode(x) for name, x in specimens(dtypes).items()}}


STOP = {"cmd": "stop"}


def write(request):
    """The line that carries a request.

    Raises
    ------
    ProtocolError
        If the request has something that JSON cannot carry.

    Examples
    --------
    >>> write(STOP)
    b'{"cmd": "stop"}\\n'
    """
    if wrong := mismatch(request, load(f"request-{request['cmd']}.json"), "the request"):
        raise ProtocolError(wrong)
    return json.dumps(request, allow_nan=False).encode() + b"\n"


# What we read --------------------------------------------------------------------------------------------------


def parse(line):
    """The value on a line of strict JSON.

    Parameters
    ----------
    line : bytes
        Anything.

    Returns
    -------
    dict, list, str, float, int, bool or None
        As `json.loads`, except that ``-0`` stays negative.

    Raises
    ------
    ProtocolError
        For all that is not one JSON value in UTF-8: also for NaN and Infinity without quotes, for a key that an
        object has twice, for nesting beyond what Python can follow, and for more than `MAX_PARTS` lists and objects.

    Examples
    --------
    >>> parse(b'{"a": [1, -0]}')
    {'a': [1, -0.0]}
    >>> parse(b'{"a": NaN}')
    Traceback (most recent call last):
    refimpl.oracle.candidates.protocol.ProtocolError: NaN is not JSON; write "NaN", a string: b'{"a": NaN}'
    """
    if line.count(b"[") + line.count(b"{") > MAX_PARTS:
        raise ProtocolError(f"more than {MAX_PARTS} lists and objects in one line; write arrays as shape and flat data")
    try:
        return json.loads(
            line.decode("utf-8"), object_pairs_hook=_members, parse_constant=_no_constant, parse_int=_integer
        )
    except RecursionError as error:
        raise ProtocolError(f"nested too deeply: {_start_of(line)}") from error
    except UnicodeDecodeError as error:
        raise ProtocolError(f"not UTF-8 at byte {error.start}: {_start_of(line)}") from error
    except json.JSONDecodeError as error:
        raise ProtocolError(
            f"not a line of JSON: {_start_of(line)}; standard output is for answers alone, "
            "anything else belongs on standard error"
        ) from error
    except ValueError as error:  # our own, and integers of thousands of digits
        raise ProtocolError(f"{error}: {_start_of(line)}") from error


def _members(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {short(twice)} is there twice")
    return members


def _no_constant(name):
    raise ValueError(f'{name} is not JSON; write "{name}", a string')


def _integer(digits):
    return -0.0 if digits == "-0" else int(digits)  # C's %.17g writes the negative zero so


def _start_of(line):
    return repr(line[:60]) + ("..." if len(line) > 60 else "")


def read(line, seq, schema="answer-run.json"):
    """The answer on a line.

    Parameters
    ----------
    line : bytes
        As it came.
    seq : int
        Of the request.
    schema : str
        Name of the schema.

    Returns
    -------
    dict
        Valid by the schema, with this `seq`.

    Raises
    ------
    ProtocolError
        If it is not.

    Examples
    --------
    >>> read(b'{"seq": 4, "skipped": "later"}', 4)["skipped"]
    'later'
    >>> read(b'{"seq": 3, "skipped": "later"}', 4)
    Traceback (most recent call last):
    refimpl.oracle.candidates.protocol.ProtocolError: answered seq 3; asked was seq 4
    """
    answer = parse(line)
    if not isinstance(answer, dict):
        raise ProtocolError(f"an answer must be a JSON object, got {short(answer)}")
    found = answer.get("seq")
    if isinstance(found, bool) or found != seq:
        raise ProtocolError(f"answered seq {short(found)}; asked was seq {seq}")
    try:
        wrong = mismatch(answer, load(schema), "the answer")
    except RecursionError:
        wrong = "nested too deeply"
    if wrong:
        raise ProtocolError(wrong, in_step=True)
    return answer


def read_start(line, seq):
    """The answer to `start`, or None if the program knows no such request.

    Raises
    ------
    ProtocolError
        If the program means to answer, and does it wrongly or in another protocol.

    Examples
    --------
    >>> read_start(b'{"seq": 1, "skipped": "what?"}', 1) is None
    True
    >>> read_start(b'{"seq": 1, "protocol": 2}', 1)
    Traceback (most recent call last):
    refimpl.oracle.candidates.protocol.ProtocolError: the program speaks protocol 2; refimpl ... speaks 1
    """
    try:
        answer = parse(line)
    except ProtocolError:
        return None
    if not isinstance(answer, dict) or "protocol" not in answer:
        return None
    if isinstance(answer["protocol"], bool) or answer["protocol"] != PROTOCOL:
        found = short(answer["protocol"])
        raise ProtocolError(f"the program speaks protocol {found}; refimpl {__version__} speaks {PROTOCOL}")
    return read(line, seq, "answer-start.json")


def arrays(outputs, precision=""):
    """The arrays of an answer.

    Parameters
    ----------
    outputs : dict
        Valid by the schema.
    precision : str, optional
        dtype of the arrays that were sent. An answer in float32 to a question in float64 is refused.

    Returns
    -------
    dict of str to numpy.ndarray
        By name.

    Raises
    ------
    ProtocolError
        If shape and data do not fit, or numbers not their dtype.

    Examples
    --------
    >>> arrays({"x": [1, "NaN"]}, "float64")
    {'x': array([ 1., nan])}
    """
    found = {}
    for name, value in outputs.items():
        try:
            found[name] = decode(value, name)
        except (WireError, RecursionError) as error:
            raise ProtocolError(str(error), in_step=True) from error
        if found[name].dtype == np.float32 and precision == "float64":
            raise ProtocolError(f"{name} is float32; asked in float64, answer in float64", in_step=True)
    return found


# The probe -----------------------------------------------------------------------------------------------------


def specimens(dtypes):
    """Arrays that a careless program does not send back as they came.

    Examples
    --------
    >>> {name: x.shape for name, x in specimens(["float64", "int64"]).items()}
    {'float64': (3, 3), 'scalar': (), 'empty': (0, 3), 'int64': (2,)}
    """
    special = [-0.0, 5e-324, 1.797e308, np.nan, np.inf, -np.inf, 0.1, 1 / 3, 2.0**53 - 1]
    found: dict[str, np.ndarray] = {}
    if "float64" in dtypes:
        found |= {"float64": np.array(special).reshape(3, 3), "scalar": np.array(-1.5), "empty": np.zeros((0, 3))}
    if "float32" in dtypes:
        found["float32"] = np.array([-0.0, 1e-45, 3.4e38, np.nan, np.inf, -np.inf, 0.1], dtype=np.float32)
    if "int64" in dtypes:
        found["int64"] = np.array([2**53 + 1, -(2**63)])
    if "int32" in dtypes:
        found["int32"] = np.array([2**31 - 1, -(2**31)], dtype=np.int32)
    if "bool" in dtypes:
        found["bool"] = np.array([True, False])
    return found


def changes(sent, received):
    """What the wire did to the arrays of a probe, as a sentence, or "".

    Examples
    --------
    >>> changes({"x": np.array([-0.0, np.nan])}, {"x": np.array([0.0, np.nan])})
    'x[0] went out as -0.0 and came back as 0.0'
    """
    for name, there in sent.items():
        if name not in received:
            return f"{name} did not come back"
        back = received[name]
        for what in ("dtype", "shape"):
            if getattr(back, what) != getattr(there, what):
                return f"{name} went out with {what} {getattr(there, what)} and came back with {getattr(back, what)}"
        same = (there == back) & (np.signbit(there) == np.signbit(back)) if there.dtype.kind == "f" else there == back
        if there.dtype.kind == "f":
            same = same | (np.isnan(there) & np.isnan(back))
        if not same.all():
            where = tuple(int(i) for i in np.argwhere(~same)[0])
            place = name + "".join(f"[{i}]" for i in where)
            return f"{place} went out as {there[where].item()!r} and came back as {back[where].item()!r}"
    return ""
