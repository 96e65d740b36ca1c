"""Formulas that are right in exact numbers: they overflow, or lose digits, where the function of the rule does not."""

import ast
import contextlib
from typing import Any

from refimpl.oracle.diagnosis.nodes import binary, call
from refimpl.oracle.diagnosis.slips import last_name
from refimpl.oracle.diagnosis.vocabulary import Edit, expressions, statements

ONE = ast.Constant(1)


def _exp(x):
    return call("exp", x)


def _log_of_one_more(x):
    return call("log", binary(ONE, ast.Add, _exp(x)))


def _less(a, b):
    return binary(a, ast.Sub, b)


def _sum(x, axis=None, keepdims=None):
    words = [ast.keyword("axis", axis)] if axis else []
    words += [ast.keyword("keepdims", keepdims)] if keepdims else []
    return ast.Call(call("sum").func, [x], words)


def _shares(x, axis=None):
    return binary(_exp(x), ast.Div, _sum(_exp(x), axis or ast.Constant(-1), ast.Constant(True)))


def _minus(x):
    return ast.UnaryOp(ast.USub(), x)


FRAIL: dict[str, list[Any]] = {
    "softplus": [_log_of_one_more, lambda x: binary(x, ast.Add, _log_of_one_more(_minus(x)))],
    "logaddexp": [
        lambda a, b: call("log", binary(_exp(a), ast.Add, _exp(b))),
        lambda a, b: binary(a, ast.Add, _log_of_one_more(_less(b, a))),
        lambda a, b: binary(b, ast.Add, _log_of_one_more(_less(a, b))),
    ],
    "logsumexp": [lambda x, **words: call("log", _sum(_exp(x), **words))],
    "softmax": [_shares],
    "sigmoid": [lambda x: binary(_exp(x), ast.Div, binary(ONE, ast.Add, _exp(x)))],
    "expm1": [lambda x: _less(_exp(x), ONE)],
    "log1p": [lambda x: call("log", binary(ONE, ast.Add, x))],
    "vector_norm": [lambda x, **words: call("sqrt", _sum(binary(x, ast.Mult, x), **words))],
}


def _forms(node):
    """The formulas that a call is careful about, along the axis that it names."""
    name = last_name(node.func)
    if name in FRAIL and len(node.args) == 1 + (name == "logaddexp"):
        with contextlib.suppress(TypeError):  # a keyword that the formulas have no word for
            return [form(*node.args, **{k.arg: k.value for k in node.keywords}) for form in FRAIL[name]]
    return []


def edits_to_frail(units):
    """Calls of careful functions, each exchanged for the formula that it is careful about."""
    for unit in units:
        for statement, *_ in statements(unit.node):
            rank = 1 + (0 if unit.own else 2)
            for node, parent, field, index in expressions(statement):
                for form in _forms(node) if isinstance(node, ast.Call) else ():
                    yield Edit(unit, statement, parent, field, index, form, rank)
