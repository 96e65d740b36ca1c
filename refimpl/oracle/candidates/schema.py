"""The JSON Schemas in `schemas`, beside this file, and a validator for the part of JSON Schema that they use.

Validation at run time needs sentences for the author of a program and no further dependency, hence this small one;
the tests compare it with the package `jsonschema` on thousands of messages.
"""

import json
import re
from functools import cache
from importlib.resources import files

from refimpl.oracle.texts import printable, short

_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}
_NUMBERS = [{"$ref": f"values.json#/$defs/{name}"} for name in ("number", "nested")]


@cache
def load(name):
    """The schema in a file of `refimpl/oracle/candidates/schemas`, or a part of it: "values.json#/$defs/number".

    Examples
    --------
    >>> load("request-stop.json")["required"]
    ['cmd']
    """
    file, _, pointer = name.partition("#")
    schema = json.loads(files(__package__).joinpath("schemas", file).read_text(encoding="utf-8"))
    for key in pointer.split("/")[1:]:
        schema = schema[key]
    return schema


def mismatch(value, schema, where="the message"):
    """The first way in which a value is not what a schema asks for.

    Parameters
    ----------
    value : object
        From JSON.
    schema : dict
        Of the keywords below, and "$ref" with a file name.
    where : str
        What to call the value.

    Returns
    -------
    str or None
        A sentence; None for a valid value.

    Examples
    --------
    >>> mismatch({"cmd": "stop"}, load("request-stop.json")) is None
    True
    >>> mismatch({"seq": 0, "skipped": "later"}, load("answer-run.json"), "the answer")
    'seq must be an integer >= 1, got 0'
    >>> mismatch({"seq": 1}, load("answer-run.json"), "the answer")
    'the answer must have exactly one of outputs, skipped, not_applicable, error; it has none'
    """
    if "$ref" in schema and (found := mismatch(value, load(schema["$ref"]), where)):
        return found
    if "type" in schema and not _is(value, schema["type"]):
        return _wrong(value, schema, where)
    if "anyOf" in schema and (found := _none_fits(value, schema["anyOf"], where)):
        return found if found is not True else _wrong(value, schema, where)
    if (
        ("const" in schema and not _same(value, schema["const"]))
        or ("enum" in schema and not any(_same(value, option) for option in schema["enum"]))
        or ("minimum" in schema and _is(value, "number") and value < schema["minimum"])
        or ("minLength" in schema and isinstance(value, str) and len(value) < schema["minLength"])
        or ("pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value))
        or ("minItems" in schema and isinstance(value, list) and len(value) < schema["minItems"])
        or ("not" in schema and mismatch(value, schema["not"]) is None)
    ):
        return _wrong(value, schema, where)
    if isinstance(value, dict):
        return _wrong_member(value, schema, where)
    if isinstance(value, list) and "items" in schema:
        if schema["items"] in _NUMBERS and {type(part) for part in value} <= {int, float}:
            return None  # most of what is sent; one by one it would take seconds
        parts = (mismatch(part, schema["items"], f"{where}[{i}]") for i, part in enumerate(value))
        return next(filter(None, parts), None)
    return None


def _wrong(value, schema, where):
    return f"{where} must be {schema.get('description') or _words(schema)}, got {short(value)}"


def _none_fits(value, branches, where):
    """Nothing if a branch of "anyOf" fits; else the sentence of the branch meant for this type, or True."""
    meant = [branch for branch in branches if "type" not in branch or _is(value, branch["type"])]
    found = [mismatch(value, branch, where) for branch in meant]
    return None if None in found else next(iter(found), True)


def _wrong_member(value, schema, where):
    """As `mismatch`, for the keywords about the members of an object."""
    missing = [name for name in schema.get("required", ()) if name not in value]
    if missing:
        return f"{where} lacks {' and '.join(missing)}"
    known, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, member in value.items():
        place = name if where.startswith("the ") else f"{where}.{name}"
        if name in known:
            found = mismatch(member, known[name], printable(place, 80))
        elif rest is False:
            return f"{where} has {short(name)}, which is not known; it may have {', '.join(known)}"
        else:
            found = None if rest is True else mismatch(member, rest, printable(place, 80))
        if found:
            return found
    for name, others in schema.get("dependentRequired", {}).items():
        if name in value and not set(others) <= value.keys():
            return f"{where} has {name} without {' and '.join(others)}"
    if "oneOf" in schema:  # used for a choice of members alone
        choice = [branch["required"][0] for branch in schema["oneOf"]]
        there = [name for name in choice if name in value]
        if len(there) != 1:
            return f"{where} must have exactly one of {', '.join(choice)}; it has {' and '.join(there) or 'none'}"
    return None


def _is(value, types):
    """Whether a value is of one of some JSON types; 2.0 is an integer, and true is no number."""
    return any(_is_a(value, name) for name in ([types] if isinstance(types, str) else types))


def _is_a(value, name):
    if name not in ("number", "integer"):
        return isinstance(value, _TYPES[name])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return name == "number" or isinstance(value, int) or value.is_integer()


def _same(a, b):
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _words(schema):
    options = [schema["const"]] if "const" in schema else schema.get("enum", ())
    if options:
        return " or ".join(map(json.dumps, options))
    types = schema.get("type", ())
    types = [types] if isinstance(types, str) else types
    more = " that is not empty" if schema.get("minItems") or schema.get("minLength") else ""
    return " or ".join(f"an {name}" if name[0] in "aio" else f"a {name}" for name in types) + more
