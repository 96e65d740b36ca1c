"""What the page of a system and its leaf "check yours" are made of.

.. refimpl-links:: lion          paper, source, tutorial, leaf and API of a system, in a line
.. refimpl-figure:: lion.C7      the figure of a claim, its status below; the content is the caption
.. refimpl-claims:: lion         claims, each beside its figure; of all systems without a name
.. refimpl-claimcounts::         how many have which status, and lists of those that a visitor looks for
.. refimpl-variants:: lion       where paper, authors' code and libraries differ, as changed lines
.. refimpl-ask:: lion            how to have code judged
.. refimpl-operations:: lion     what can be checked: inputs, outputs, cases, laws, what is refused
.. refimpl-mistakes:: lion       common mistakes, as changed lines
.. refimpl-verdicts:: lion       verdicts on public packages

Below each labelled equation stands where the paper has it, from the spec. The leaves are written by `write_leaves`.
"""

import zlib
from collections import Counter
from html import escape
from math import isfinite
from pathlib import Path

from docutils import nodes
from refimpl_docs import (
    Tables,
    badge,
    bullets,
    code,
    judged,
    listed,
    logger,
    marked_up,
    named,
    paragraph,
    strong,
    table,
    told,
    web,
)
from sphinx.transforms import SphinxTransform

from refimpl.oracle import catalog, edits
from refimpl.oracle.output.words import at_seeds, of_control
from refimpl.specs.base import BUG_TYPES, CONTROLS

LONG = 2  # paragraphs of a claim that are as high as its figure
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

Public packages
---------------

.. refimpl-verdicts:: {name}
"""


def title_of(docs, system):
    """The title of a system's page."""
    path = Path(docs, system.chapter, f"{system.name}.rst")
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(lines[i] for i in range(len(lines) - 1) if set(lines[i + 1]) == {"="})


def write_leaves(docs):
    """Write ``check/<system>.rst`` for every system; a file that would not change keeps its date."""
    folder = Path(docs, "check")
    folder.mkdir(exist_ok=True)
    there = catalog.systems()
    for path in folder.glob("*.rst"):
        if path.stem not in there:
            path.unlink()
    for name, system in there.items():
        title = f"Check your {title_of(docs, system)}"
        text = LEAF.format(title=title, line="=" * len(title), page=f"{system.chapter}/{name}", name=name)
        path = folder / f"{name}.rst"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


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


class Figure(Tables):
    """The figure of a claim."""

    has_content = True

    def run(self):
        """Image, caption and status."""
        (claim,) = catalog.claims(self.arguments)
        caption = self.parse_content_to_nodes() if self.content else [paragraph(claim.statement, ".")]
        self.env.note_reread()
        entry = self.committed("_data/claims.json").get(claim.id, {})
        drawn = [*self.image(claim), *bounded(entry.get("measurements", ()))]
        return [nodes.container("", *drawn, *caption, self.status(claim), classes=["claim-figure"])]

    def image(self, claim):
        """The picture, if the ledger has one."""
        path = f"_data/figures/{claim.id}.png"
        if not Path(self.env.srcdir, path).is_file():
            return []
        return [nodes.image("", uri=f"/{path}", alt=f"{claim.id}: {claim.statement}", classes=["claim"])]

    def status(self, claim):
        """Id and status, with the seeds at which it holds."""
        entry = self.committed("_data/claims.json").get(claim.id)
        return paragraph(code(claim.id), " ", *standing(entry, claim))


def standing(entry, claim):
    """Status of a claim, at how many seeds it holds, as far as that was measured, and what its control showed."""
    if entry is None:
        return [badge("not measured")]
    said = at_seeds(entry["status"], entry.get("seeds", {}))
    control = [" ", badge(of_control(claim.showed))] if claim.showed else []
    return [badge(entry["status"]), *([f" {said}"] if said else []), *control]


class Claims(Figure):
    """Claims of the papers and what was measured."""

    required_arguments = 0
    optional_arguments = 1
    has_content = False

    def run(self):
        """Those of one system, or of all."""
        return Tables.run(self)

    def of(self, system):
        """A block for each claim, from the spec and the ledger."""
        ledger = self.committed("_data/claims.json")
        if not self.arguments:
            yield nodes.rubric("", "", self.page(system, system.paper.title))
        if not system.claims:
            yield paragraph("No claims yet.")
        for claim in system.claims:
            yield self.block(claim, ledger.get(claim.id))

    def block(self, claim, entry):
        """Statement, status and figure; the measurements folded."""
        said = [
            paragraph(strong(claim.id), " ", *marked_up(claim.statement), "."),
            paragraph(
                *standing(entry, claim),
                " \N{MIDDLE DOT} ",
                ", ".join(filter(None, (claim.source, claim.kind))),
                classes=["dim"],
            ),
        ]
        if entry is None:
            return nodes.container("", *said, classes=["claim"])
        if entry["statement"] != claim.statement:  # `refimpl claims ... --save docs/_data/claims.json` mends it
            where = (self.env.docname, self.lineno)
            logger.warning("%s was measured in other words: run it with --save", claim.id, location=where)
            said.append(paragraph("Measured before its words were changed.", classes=["dim"]))
        if claim.control:
            said.append(paragraph(strong("Control: "), *marked_up(claim.control)))
        for name, text in (("Note", entry["note"]), ("Stand-in", claim.proxy), ("Tuned", claim.tuned)):
            said += [paragraph(strong(f"{name}: "), *marked_up(text))] if text else []
        rest = [m for m in entry["measurements"] if m["bound"] == "reported"]
        measured = [*bounded(entry["measurements"]), *([bullets(map(_measured, rest))] if rest else [])]
        picture = self.image(claim)
        if measured:
            shorter = picture if picture and len(said) > LONG else said  # where there is room
            shorter.append(folded("Measured, beside what is asked", *measured))
        parts = [nodes.container("", *said, classes=["said"])]
        parts += [nodes.container("", *picture, classes=["seen"])] if picture else []
        return nodes.container("", *parts, classes=["claim", "pictured"] if picture else ["claim"])


class ClaimCounts(Figure):
    """How many claims have which status and which control, and lists of those that a visitor looks for."""

    required_arguments = 0
    has_content = False

    def run(self):
        """A table, and three lists."""
        ledger, claims = self.committed("_data/claims.json"), catalog.claims()
        status = {claim.id: ledger.get(claim.id, {}).get("status", "not measured") for claim in claims}
        columns = [*(of_control(key) for key in CONTROLS), "without a control", "all"]
        rows = []
        for kind in [*dict.fromkeys(sorted(status.values())), "all"]:
            some = [claim for claim in claims if kind in (status[claim.id], "all")]
            tally = Counter(of_control(claim.showed) or "without a control" for claim in some)
            rows.append([kind, *(str(tally[column]) for column in columns[:-1]), str(len(some))])
        yours = [
            ("Not reproduced", [c for c in claims if status[c.id] == "not reproduced"]),
            ("The control is as good, or better", [c for c in claims if c.showed == "as good"]),
            ("Tuned: a set-up was chosen, or a bound moved, so that it holds", [c for c in claims if c.tuned]),
        ]
        lists = [folded(f"{title} ({len(found)})", bullets(map(self.line, found))) for title, found in yours if found]
        return [table([2] * (2 + len(columns) - 1), ["status", *columns], rows), *lists]

    def line(self, claim):
        """A claim in a list."""
        system = catalog.system(claim.id.partition(".")[0])
        return [code(claim.id), " ", *marked_up(claim.statement), " (", self.page(system, "page"), ")"]


def bounded(measurements):
    """What was measured beside what the claim asks of it: a bar each, the part that is allowed in color."""
    rows = [_bar(m) for m in measurements if m["bound"] != "reported"]
    return [nodes.raw("", f'<div class="bounds">{"".join(rows)}</div>', format="html")] if rows else []


def _bar(measurement):
    """One bar: a bound is in the middle, two are at a quarter and at three; the scale is that of the bound."""
    value, bound = float(measurement["value"]), measurement["bound"]
    ends = [float(end) for end in bound.strip("in<>= []").split(", ")]
    low, high = ends[0], ends[-1]
    unit = 2 * (high - low) or 2 * max(abs(low), abs(value - low)) or 1.0
    place = 50 + 100 * (value - (low + high) / 2) / unit
    at = min(max(place, 1.0), 99.0) if isfinite(place) else 99.0
    start, end = {"i": (25, 75), "<": (0, 50), ">": (50, 100)}[bound[0]]
    fails = "" if measurement["holds"] else "not "
    return (
        f'<div><span>{escape(measurement["quantity"])}</span><svg viewBox="0 0 100 10" aria-hidden="true">'
        f'<rect x="{start}" y="2" width="{end - start}" height="6"/><path d="M0 5H100"/>'
        f'<circle cx="{at:.1f}" cy="5" r="3.2"{" class=out" * bool(fails)}/></svg>'
        f"<b>{value:.4g}</b><i>{fails}{escape(bound)}</i></div>"
    )


def _measured(measurement):
    return [f"{measurement['quantity']}: ", strong(f"{float(measurement['value']):.4g}")]


class fold(nodes.General, nodes.Element):
    """Something that is opened by a click."""


def folded(summary, *children):
    """Nodes behind a line of text."""
    return fold("", *children, summary=summary)


def open_fold(self, node):
    """The start of it, in HTML."""
    self.body.append(f"<details><summary>{self.encode(node['summary'])}</summary>")


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
        """A block for each."""
        for alternative in edits.alternatives(system.name).values():
            if alternative.kind == "mistake":
                yield self.block(system, alternative)

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
        """Variants, then choices, as changed lines."""
        every = [a for a in edits.alternatives(system.name).values() if a.kind != "mistake"]
        for kind, text in (
            ("variant", "Named alternatives, which the oracle recognizes and does not call mistakes:"),
            (
                "choice",
                "Documented options of packages that are not the paper's rule; such code deviates, and is told so:",
            ),
        ):
            found = [self.block(system, a) for a in every if a.kind == kind]
            if found:
                yield paragraph(text)
                yield from found
        if not every:
            yield paragraph("No other form is known.")


class Verdicts(Tables):
    """Verdicts on public implementations."""

    def of(self, system):
        """One table."""
        rows = [
            [row["title"], (*judged(row), ": " if named(row) else " ", *told(row)), (*marked_up(row["note"]),)]
            for row in self.committed("conformance/verdicts.json").get("rows", ())
            if row["target"].partition(".")[0] == system.name
        ]
        if rows:
            yield table((30, 35, 35), ("Implementation", "Verdict", "Note"), rows)
        else:
            yield paragraph("No public package was judged yet.")


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
        return [node for operation in system.operations for node in self.operation(operation)]

    def operation(self, operation):
        """Contract, cases, laws and refusals of one operation."""
        yield nodes.rubric("", operation.name, ids=[nodes.make_id(operation.name)])
        yield paragraph(operation.summary[0].upper() + operation.summary[1:] + ".")
        fields = [("in", f) for f in operation.inputs] + [("out", f) for f in operation.outputs]
        rows = [[code(f.name), side, (*_kind(f),), (*marked_up(f.told),)] for side, f in fields]
        yield table((20, 8, 27, 45), ("Name", "", "Shape", "Meaning"), rows, ["short"])
        yield paragraph("The expected answers come from: ", operation.exact_source, ".")
        rows = [
            [code(case.slug), (", ".join(case.flags).replace("_", " "),), self.why(case)] for case in operation.cases
        ]
        headings = ("Case", "What it is for", "What is wrong with code that fails it")
        yield table((24, 22, 54), headings, rows, ["short"])
        yield paragraph("Laws, checked without any expected answer:")
        yield bullets([[code(law.slug), ": ", *marked_up(law.statement)] for law in operation.laws])
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
    for directive in (Links, Figure, Claims, ClaimCounts, Variants, Ask, Operations, Mistakes, Verdicts):
        app.add_directive(f"refimpl-{directive.__name__.lower()}", directive)
    app.add_node(fold, html=(open_fold, close_fold))
    app.add_transform(Where)
    version = zlib.crc32(Path(__file__).read_bytes())  # another version of this file: all pages are read anew
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version}
