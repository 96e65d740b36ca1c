"""The rule as other people write it: lines that say the same otherwise, and the slips that can be made in those.

The source is careful: it divides by the largest entry before it squares, works a determinant out by an identity, takes
logarithms of sums. Others write the formula as it stands in the paper, and their slip is no edit of any line of ours.
"""

import ast
import contextlib
import importlib.util
import textwrap
from functools import cache, partial

import numpy as np

from refimpl.oracle import catalog, edits
from refimpl.oracle.diagnosis.found import Found, together
from refimpl.oracle.diagnosis.twins import twins
from refimpl.oracle.diagnosis.vocabulary import Edit, edits_of, head, statements

LOOKED = 3  # inputs on which kinds of value are looked at
RANK = 2  # by so much a slip in a form is less plain than one in a line as it stands
INSIDE = 0.75  # share of the time for slips in a form; the rest is for those beside one
LATER = 2  # the same of a slip beside a form


def forms_of(operation):
    """Forms of lines that an operation runs: slug -> place and text of each line.

    Examples
    --------
    >>> list(forms_of(catalog.operation("functional_prior.planar_flow")))
    ['determinant_as_it_stands', 'flow_in_the_names_of_the_paper']
    """
    return {slug: form for slug, form in listed(operation.system).items() if edits.runs(operation, form)}


def listed(system):
    """All forms of a system; its spec may have a file of them, which nothing but the search reads."""
    room = f"refimpl.specs.{catalog.chapter(system)}.{system}"
    found = importlib.util.find_spec(f"{room}.forms") is not None
    return importlib.import_module(f"{room}.forms").FORMS if found else {}


def of_forms(search, clock):
    """Forms, and edits of the rule that is written so: first those of a form, of all forms, then those beside it."""
    forms = {} if search.found else forms_of(search.evidence.operation)
    if not forms:
        return
    with np.errstate(all="ignore"), search.opened() as shop:
        every = [changes for form in forms.values() if (changes := written(shop, form))]
        for edits, part in ((_inside, clock.part(INSIDE)), (_beside, clock)):
            for number, changes in enumerate(every):
                if search.found or clock.over or search.clock.over:
                    return
                with contextlib.suppress(SyntaxError):
                    _of_form(search, shop, changes, edits, part.part(1 / (len(every) - number)))


def written(shop, form):
    """The edits that write lines of an open workshop otherwise; none where one of these lines is not run."""
    system = shop.operation.system
    changes = [_change(shop.units, edits.place(system, key), textwrap.dedent(text)) for key, text in form.items()]
    return changes if all(changes) else []


def _change(units, place, text):
    for unit in (unit for unit in units if unit.module == place.module):
        for statement, parent, field, index in statements(unit.node):
            if statement.lineno == place.first and not hasattr(statement, "body"):
                return Edit(unit, statement, parent, field, index, _node(text, place.first), 0)
    return None


@cache  # what is known of its values is kept by the ids of its nodes
def _node(text, line):
    """A text as one statement of some line."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if "lineno" in node._attributes:
            vars(node).update(lineno=line, end_lineno=line)
    one = tree.body[0] if len(tree.body) == 1 else ast.If(ast.Constant(True), tree.body, [])
    return ast.fix_missing_locations(ast.copy_location(one, tree.body[0]))


def _of_form(search, shop, changes, edits, clock):
    with contextlib.ExitStack() as stack:
        for change in changes:
            stack.enter_context(shop.kept(change))
        if search.share(shop.run) == 1:
            search.keep(Found(RANK, partial(together, tuple(changes)), lines=tuple(map(_line, changes))))
            return
        for sight in search.moving[:LOOKED]:
            shop.look(search.inputs[id(sight)])
        for edit in edits(search, changes):
            if clock.over or search.clock.over:
                return
            search.evidence.tried += 1
            with contextlib.suppress(SyntaxError), shop.edited(edit):
                if search.share(shop.run) == 1:
                    search.keep(_found(changes, edit))


def _inside(search, changes):
    """Edits of a form, the plainest first."""
    inside = []
    for change in changes:
        names = change.unit.names
        inside += edits_of(change.unit, {id(row) for row in _rows(change.new)})
        change.unit.names = names
    inside.sort(key=lambda edit: edit.rank)
    search.evidence.planned += len(inside)
    yield from inside
    yield from sorted(twins(inside), key=lambda several: several.rank)


def _beside(search, changes):
    """Edits of other lines: those that explain some outputs without the form; the plainest of the same functions."""
    gone = {id(node) for change in changes for node in ast.walk(change.statement)}
    near = {change.unit.function for change in changes}
    for edit in (*(half.edit for half in search.halves.ordered), *search.tries.first):
        if edit.unit.function in near and not any(id(statement) in gone for statement in _statements(edit)):
            yield edit


def _rows(node):
    """The statements that a line is written as."""
    return node.body if isinstance(node, ast.If) else [node]


def _statements(edit):
    return [one.statement for one in getattr(edit, "edits", (edit,))]


def _line(change):
    """A line, how it is, how it is written now."""
    return change.where, change.was, "; ".join(map(head, _rows(change.there)))


def _found(changes, edit):
    """What an edit beside a form explains: the slip, and how the lines are written that it stands beside."""
    statements = _statements(edit)
    own = [change for change in changes if any(row is there for row in _rows(change.new) for there in statements)]
    others = [change for change in changes if change not in own]
    edit.make()
    lines = tuple(map(_line, own))
    edit.unmake()
    more = sum(len(_rows(change.new)) - 1 for change in changes)  # rows where the source has one line
    on, rank = partial(together, (*changes, edit)), RANK + edit.rank + more
    if not others:
        return Found(rank, on, lines=lines)
    written = " and ".join(f"{_place(where)} written as `{text}`" for where, _, text in map(_line, others))
    return Found(rank + LATER, on, lines=lines or edit.lines, form=f"with {written}, which is the same")


def _place(where):
    return f"({where})" if "-" in where else f"a line of {where}"
