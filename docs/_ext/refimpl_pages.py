"""What the page of a system and its leaf "check yours" are made of.

.. refimpl-links:: lion          paper, source, tutorial, leaf and API of a system, in a line
.. refimpl-variants:: lion       where paper, authors' code and libraries differ, as changed lines
.. refimpl-ask:: lion            how to have code judged
.. refimpl-operations:: lion     what can be checked: inputs, outputs, cases, laws, what is refused
.. refimpl-mistakes:: lion       common mistakes, as changed lines
.. refimpl-verdicts:: lion       verdicts on public packages

Below each labelled equation stands where the paper has it, from the spec. The leaves are written by `write_leaves`.
"""

import zlib
from pathlib import Path

from docutils import nodes
from refimpl_docs import (
    Tables,
    bullets,
    code,
    judged,
    listed,
    marked_up,
    named,
    paragraph,
    sentence,
    strong,
    table,
    told,
    web,
)
from sphinx.transforms import SphinxTransform

from refimpl.oracle import catalog, edits
from refimpl.specs.base import BUG_TYPES

FEW_MISTAKES, FEW_OPERATIONS, FEW_FORMS = 25, 4, 2  # more than these are folded, or a page is too long to look through
KINDS = {"float": "number", "int": "integer", "choice": "one of"}
LEAF = """\
:orphan:

{title}
{line}

The page: :doc:`/{page}`. This leaf is made from the spec of the oracle; ``refimpl show {name} --all`` prints the same.

How to ask
----------

.. refimpl-ask:: {name}

What can be asked
-----------------

.. refimpl-operations:: {name}

Common mistakes
---------------

Each is a line of the source that reads otherwise; the oracle recognizes code that does so, by its answers alone.

.. refimpl-mistakes:: {name}

Not a mistake
-------------

.. refimpl-variants:: {name}

.. _check-{name}-packages:

Public packages
---------------

.. refimpl-verdicts:: {name}
"""


LEDGERS = {  # folder -> page of a chapter in a ledger
    "claims": """\
{title}
{line}

All: :doc:`/claims`. A click on a claim leads to its figure and its numbers, on the page of its system.

.. refimpl-ledger:: {chapter}
""",
    "oracle/power": """\
{title}
{line}

All, and what the words mean: :doc:`/oracle/power`.

.. refimpl-power:: {chapter}
""",
}


def title_of(docs, page):
    """The title of a page that is written by hand."""
    lines = Path(docs, f"{page}.rst").read_text(encoding="utf-8").splitlines()
    return next(lines[i] for i in range(len(lines) - 1) if set(lines[i + 1]) == {"="})


def write_leaves(docs):
    """Write ``check/<system>.rst`` for every system, and the pages of the ledgers for every chapter."""
    there = catalog.systems()
    _write(docs, "check", LEAF, {name: (f"{system.chapter}/{name}", "Check your {}") for name, system in there.items()})
    chapters = {system.chapter: f"{system.chapter}/index" for system in there.values()}
    for folder, text in LEDGERS.items():
        heading = folder.rpartition("/")[2].capitalize() + ": {}"
        _write(docs, folder, text, {chapter: (page, heading) for chapter, page in chapters.items()})


def _write(docs, folder, text, pages):
    """Pages by name, each with the page that it belongs to; a file that would not change keeps its date."""
    Path(docs, folder).mkdir(exist_ok=True)
    for path in Path(docs, folder).glob("*.rst"):
        if path.stem not in pages:
            path.unlink()
    for name, (page, heading) in pages.items():
        title, path = heading.format(title_of(docs, page)), Path(docs, folder, f"{name}.rst")
        made = text.format(title=title, line="=" * len(title), page=page, name=name, chapter=name)
        if not path.is_file() or path.read_text(encoding="utf-8") != made:
            path.write_text(made, encoding="utf-8")


# The page ------------------------------------------------------------------------------------------------------


class Links(Tables):
    """Where else a system is."""

    def of(self, system):
        """A line of links."""
        name, chapter = system.name, system.chapter
        module = f"refimpl.{chapter}.{name}"
        parts = [
            *web(system.paper.address),
            " \N{MIDDLE DOT} ",
            code(f"refimpl/{chapter}/{name}.py"),  # `refimpl_tags` makes links of files
            *self.to(" \N{MIDDLE DOT} ", f"gallery/{chapter}/{name}", "Tutorial"),
            *self.to(" \N{MIDDLE DOT} ", f"check/{name}", "Check yours"),
            *self.to(" \N{MIDDLE DOT} ", f"_generated/{module}", "API"),
        ]
        yield paragraph(*parts, classes=["links"])

    def to(self, before, page, text):
        """Reference to a page, if there is one."""
        if page not in self.env.found_docs:
            return []
        return [before, self.reference("std", "doc", f"/{page}", nodes.inline("", text), refexplicit=True)]


class fold(nodes.General, nodes.Element):
    """Something that is opened by a click."""


def folded(summary, *children, opened=False):
    """Nodes behind a line of text."""
    return fold("", *children, summary=summary, opened=opened)


def open_fold(self, node):
    """The start of it, in HTML."""
    self.body.append(f"<details{' open' * node['opened']}><summary>{self.encode(node['summary'])}</summary>")


def close_fold(self, node):
    """The end of it."""
    self.body.append("</details>")


class Where(SphinxTransform):
    """Say below each labelled equation where the paper has it."""

    default_priority = 790  # before the code is put beside the equations

    def apply(self, **kwargs):
        """Add a line to each."""
        for block in list(self.document.findall(nodes.math_block)):
            name = str(block.get("label")).rpartition("-")[0]
            if name in catalog.systems():
                place = catalog.system(name).equations.get(block["label"])
                if place:
                    block.parent.insert(block.parent.index(block) + 1, paragraph(place, classes=["where"]))


# Changed lines ---------------------------------------------------------------------------------------------------


def changed(system, alternative):
    """The lines that differ, as they are and as they would be; a note of where what no line can say is written."""
    rows = []
    for tag, old, new in edits.changed_lines(system.name, alternative):
        minus = [f"- {line}" for line in old.splitlines()]
        plus = [f"+ {line}" for line in new.splitlines() if line.strip() != "pass"]
        text = "\n".join(minus + plus)
        block = nodes.literal_block(text, text, language="diff", classes=["changed"])
        rows.append(nodes.container("", paragraph(code(tag), classes=["dim"]), block, classes=["change"]))
    return rows


class Mistakes(Tables):
    """Common mistakes."""

    def of(self, system):
        """A block for each, by kinds; all are open where they are few."""
        mistakes = [a for a in edits.alternatives(system.name).values() if a.kind == "mistake"]
        kinds = {}
        for alternative in mistakes:
            kinds.setdefault(alternative.bug_type, []).append(self.block(system, alternative))
        for kind, blocks in kinds.items():
            said = f"{kind.replace('_', ' ')}: {BUG_TYPES[kind]}" if kind else "other"
            yield folded(f"{sentence(said)[:-1]} ({len(blocks)})", *blocks, opened=len(mistakes) <= FEW_MISTAKES)

    def block(self, system, alternative):
        """Name, hint, where it was seen, and the changed lines."""
        kind = alternative.bug_type
        head = [strong(alternative.slug), " "]
        if kind:
            head += [nodes.abbreviation("", kind.replace("_", " "), explanation=BUG_TYPES[kind]), ". "]
        seen = [" Seen in ", *web(alternative.origin), "."] if alternative.origin and kind else []
        text = alternative.doc[:1].upper() + alternative.doc[1:]
        parts = [paragraph(*head, *marked_up(text), "." if text[-1] not in ".)" else "", *seen)]
        if alternative.origin and not kind:
            parts.append(paragraph(*web(alternative.origin), classes=["dim"]))
        if alternative.unseen:
            names = ", ".join(alternative.unseen)
            parts.append(
                paragraph(
                    f"Not seen in {names}: {'; '.join(dict.fromkeys(alternative.unseen.values()))}.", classes=["dim"]
                )
            )
        return nodes.container("", *parts, *changed(system, alternative), classes=["alternative"])


class Variants(Mistakes):
    """Where paper, authors' code and libraries differ."""

    def of(self, system):
        """Variants, then choices, as changed lines; more than a few are folded."""
        every = [a for a in edits.alternatives(system.name).values() if a.kind != "mistake"]
        for kind, text in (
            ("variant", "Named alternatives, which the oracle recognizes and does not call mistakes"),
            ("choice", "Options of packages that are not the paper's rule: such code deviates, and is told so"),
        ):
            found = [self.block(system, a) for a in every if a.kind == kind]
            if found:
                yield folded(f"{text} ({len(found)})", *found, opened=len(found) <= FEW_FORMS)
        if not every:
            yield paragraph("No other form is known.")


class Verdicts(Tables):
    """Verdicts on public implementations."""

    def of(self, system):
        """One table."""
        rows = [
            [(self.page_of(row),), (*judged(row), ": " if named(row) else " ", *told(row)), (*marked_up(row["note"]),)]
            for row in self.committed("conformance/verdicts.json").get("rows", ())
            if row["target"].partition(".")[0] == system.name
        ]
        if rows:
            yield table((30, 35, 35), ("Implementation", "Verdict", "Note"), rows)
        else:
            yield paragraph("No public package was judged yet.")

    def page_of(self, row):
        """Link to a verdict on the page of its package."""
        where = f"../conformance/{row['page']}.html#{row['anchor']}"
        return nodes.reference("", row["title"], refuri=where, internal=True)


# The leaf --------------------------------------------------------------------------------------------------------


class Ask(Tables):
    """How to have code judged."""

    def of(self, system):
        """Commands, as far as they fit the operations."""
        first = system.operations[0]
        function = first.name.partition(".")[2]
        drive = next((op for op in system.operations if op.drive), None)
        fit = next((op for op in system.operations if op.fit), None)
        rows = [
            ("a template to fill in, with the command that grades it", f"refimpl practice {system.name}"),
            ("a Python function", f"refimpl check {first.name} --python my_code.py:{function}"),
            ("a program in any language", f"refimpl check {system.name} --exec './my_program'"),
        ]
        if drive:
            rows.append(("a PyTorch optimizer", f"refimpl check {drive.name} --torch my_package:MyOptimizer"))
        if drive and drive.drive.optax:
            rows.append(("an Optax transformation", f"refimpl check {drive.name} --optax my_package:my_optimizer"))
        if drive and not drive.drive.hessian:
            rows.append(("a Keras optimizer", f"refimpl check {drive.name} --keras my_package:MyOptimizer"))
        if fit:
            rows.append(("an estimator with fit", f"refimpl check {fit.name} --estimator my_package:MyEstimator"))
        doors = (
            ("regress", "a surrogate model with fit and predict", "--surrogate my_package:make"),
            ("chain", "a sampler's transition kernel", "--kernel my_package:step"),
        )
        for plan, text, words in doors:
            if served := next((op for op in system.operations if getattr(op, plan)), None):
                rows.append((text, f"refimpl check {served.name} {words}"))
        rows.append(("test vectors as JSON", f"refimpl vectors {system.name} --out vectors"))
        for text, command in rows:
            yield paragraph(text[0].upper() + text[1:] + ":")
            yield nodes.literal_block(command, command, language="shell")
        how = self.reference("std", "doc", "/oracle", nodes.inline("", "How the oracle judges"), refexplicit=True)
        yield paragraph("More ways, and what the verdict means: ", how, ".")


class Operations(Tables):
    """What can be checked of a system."""

    def of(self, system):
        """A block per operation."""
        few = len(system.operations) <= FEW_OPERATIONS
        return [node for operation in system.operations for node in self.operation(operation, few)]

    def operation(self, operation, few):
        """Contract, cases, laws and refusals of one operation."""
        yield nodes.rubric("", operation.name, ids=[nodes.make_id(operation.name)])
        yield paragraph(operation.summary[0].upper() + operation.summary[1:] + ".")
        fields = [("in", f) for f in operation.inputs] + [("out", f) for f in operation.outputs]
        rows = [[code(f.name), side, (*_kind(f),), (*marked_up(f.told),)] for side, f in fields]
        body = table((20, 8, 27, 45), ("Name", "", "Shape", "Meaning"), rows, ["short"])
        yield folded(f"Inputs and outputs ({len(rows)})", body, opened=few)
        yield paragraph("The expected answers come from: ", operation.exact_source, ".")
        rows = [
            [code(case.slug), (", ".join(case.flags).replace("_", " "),), self.why(case)] for case in operation.cases
        ]
        headings = ("Case", "What it is for", "What is wrong with code that fails it")
        yield folded(f"Cases ({len(rows)})", table((24, 22, 54), headings, rows, ["short"]))
        laws = bullets([[code(law.slug), ": ", *marked_up(law.statement)] for law in operation.laws])
        yield folded(f"Laws, checked without any expected answer ({len(operation.laws)})", laws)
        if operation.errors:
            refused = [nodes.abbreviation("", "", code(case.slug), explanation=case.why) for case in operation.errors]
            yield paragraph("Must be refused: ", *listed(refused), ".")

    def why(self, case):
        """Why a case is there, with the equations that it tests."""
        links = []
        for tag in case.equations:
            links += [" " if links else "; tests ", self.reference("math", "eq", tag, nodes.literal("", tag))]
        return (*marked_up(case.why), *links)


def _kind(field):
    if field.kind == "array":
        return (code(f"[{', '.join(field.axes.split())}]"), " (first axis: steps)" if field.steps else "")
    return (KINDS[field.kind], " " if field.options else "", *listed(map(code, field.options)))


def setup(app):
    """Register the directives, and write the leaves."""
    for directive in (Links, Variants, Ask, Operations, Mistakes, Verdicts):
        app.add_directive(f"refimpl-{directive.__name__.lower()}", directive)
    app.add_node(fold, html=(open_fold, close_fold))
    app.add_transform(Where)
    version = zlib.crc32(Path(__file__).read_bytes())  # another version of this file: all pages are read anew
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version}
