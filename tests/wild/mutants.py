"""Mutants in foreign form: mended versions of the corpus, one expression changed by the operators of `refimpl power`.

Casts, loops, classes and the one branch of an option in these versions are those of other people.
"""

import ast
from itertools import accumulate

from refimpl.core.random import stream
from refimpl.oracle import power


def mutants(entry, count, seed=0):
    """Some mutants of the mended version, the same ones on every machine: the line as it becomes, and the text."""
    text = entry.right.encode()
    starts = [0, *accumulate(len(line) for line in text.splitlines(keepends=True))]
    places = [
        (node, new)
        for part in ast.parse(text).body
        if isinstance(part, ast.FunctionDef | ast.ClassDef)
        for node in ast.walk(part)
        if isinstance(node, ast.expr)
        for new in power.changed(node)
    ]
    for k in stream(seed, entry.name, "foreign").permutation(len(places))[:count]:
        node, new = places[k]
        start, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        made = b"%b(%b)%b" % (text[:start], ast.unparse(new).encode(), text[end:])
        yield made.splitlines()[node.lineno - 1].decode().strip(), made.decode()
