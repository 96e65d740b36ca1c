"""Nodes of a syntax tree that stand in edits, and the names that an open workshop lends to a source."""

import ast
from itertools import count

_numbers = count()


def lent(name):
    """Under which name an open workshop lends a function to the source: one that no source has itself."""
    return f"_shop{name}"


def call(name, *arguments):
    """Call of a NumPy function, which array-API code reads as `xp`."""
    return ast.Call(ast.Attribute(ast.Name(lent("_np"), ast.Load()), name, ast.Load()), list(arguments), [])


def helper(name, *arguments):
    """Call of a function that an open workshop lends to the source, such as `_previous`."""
    return ast.Call(ast.Name(lent(name), ast.Load()), list(arguments), [])


def kept(name, *arguments):
    """The same of one that keeps something from visit to visit, under a number that no other place has."""
    return helper(name, ast.Constant(next(_numbers)), *arguments)


def binary(left, operator, right):
    """left operator right."""
    return ast.BinOp(left, operator(), right)
