"""Tables of the pages, made from the specs and from the committed ledgers, so that no page can fall behind them.

.. refimpl-systems::             the papers, and which are there
.. refimpl-operations:: lion     what can be checked: inputs, outputs, cases, laws, what is refused
.. refimpl-mutants:: lion        common mistakes
.. refimpl-variants:: lion       where paper, authors' code and libraries differ
.. refimpl-claims:: lion         claims and what was measured; of all systems without a name
.. refimpl-tutorials::           the pictures of the tutorials, each a link to its page
"""

import inspect
import json
import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from refimpl.oracle import catalog
from refimpl.specs.base import BUG_TYPES

logger = logging.getLogger(__name__)
KINDS = {"float": "number", "int": "integer", "choice": "one of"}

# Nodes ---------------------------------------------------------------------------------------------------------


def paragraph(*parts, classes=()):
    """Paragraph of texts and inline nodes."""
    return nodes.paragraph("", "", *map(inline, parts), classes=list(classes))


def inline(part):
    """A text as a node; nodes as they are."""
    return nodes.Text(part) if isinstance(part, str) else part


def code(text):
    """Text in the fixed font."""
    return nodes.literal(text, text)


def strong(text):
    """Text that stands out."""
    return nodes.strong(text, text)


def badge(text):
    """A status, colored by the style sheet."""
    return nodes.inline("", text, classes=["badge", text.replace(" ", "-")])


def web(text):
    """What a spec says of a source: an address, if it begins with one, becomes a link with a short name."""
    address, space, rest = text.partition(" ")
    if not address.startswith("http"):
        return [nodes.Text(text)]
    return [nodes.reference("", short(address), refuri=address), nodes.Text(space + rest)]


def short(address):
    """An address as it is shown: owner/repository#129, owner/repository: file.py, arXiv:2302.06675."""
    host, _, path = address.partition("://")[2].partition("/")
    parts = path.partition("#")[0].split("/")
    if host == "github.com" and len(parts) > 3:
        return "/".join(parts[:2]) + (f"#{parts[3]}" if parts[2] in ("issues", "pull") else f": {parts[-1]}")
    return f"arXiv:{parts[-1]}" if host == "arxiv.org" else f"{host}/{path}"


def bullets(items):
    """List of one-line items; each is a text, or a list of texts and inline nodes."""
    rows = [[item] if isinstance(item, str) else item for item in items]
    return nodes.bullet_list("", *(nodes.list_item("", paragraph(*row)) for row in rows))


def table(widths, headings, rows):
    """Table; a cell is a text, an inline node, a list of paragraphs and lists, or a tuple of texts and inline nodes."""
    group = nodes.tgroup(cols=len(headings))
    group += [nodes.colspec(colwidth=width) for width in widths]
    group += nodes.thead("", _row(headings))
    group += nodes.tbody("", *map(_row, rows))
    return nodes.table("", group, classes=["refimpl", "colwidths-given"])


def _row(cells):
    return nodes.row("", *(nodes.entry("", *_cell(cell)) for cell in cells))


def _cell(cell):
    if isinstance(cell, list):
        return cell
    return [paragraph(*(cell if isinstance(cell, tuple) else (cell,)))]


# Directives ----------------------------------------------------------------------------------------------------


class Tables(SphinxDirective):
    """A directive that takes the name of a system."""

    required_arguments = 1

    def run(self):
        """The nodes; an unknown name is an error at this line."""
        try:
            systems = [catalog.system(name) for name in self.arguments] or catalog.systems().values()
        except catalog.UnknownNameError as error:
            raise self.error(str(error)) from error
        for system in systems:
            spec = Path(sys.modules[f"refimpl.specs.{system.chapter}.{system.name}"].__file__)
            for path in spec.parent.glob(f"*{system.name}*.py"):  # private companions too
                self.env.note_dependency(str(path))
        return [node for system in systems for node in self.of(system)]

    def of(self, system):
        """The nodes of one system."""
        raise NotImplementedError

    def committed(self, name):
        """What a JSON file below docs/ holds, or nothing if it is not there."""
        path = Path(self.env.srcdir, name)
        self.env.note_dependency(str(path))
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def page(self, system, text):
        """Link to the page of a system, if there is one; the text is one, or an inline node."""
        target = f"{system.chapter}/{system.name}"
        if target not in self.env.found_docs:
            return inline(text)
        return self.reference("std", "doc", f"/{target}", inline(text), refexplicit=True)

    def reference(self, domain, kind, target, content, **more):
        """A reference that Sphinx resolves once all pages are read."""
        return addnodes.pending_xref(
            "", content, refdomain=domain, reftype=kind, reftarget=target, refdoc=self.env.docname, refwarn=True, **more
        )


class Systems(Tables):
    """The papers of the road map."""

    required_arguments = 0

    def run(self):
        """One table for all."""
        there = catalog.systems()
        rows = []
        for entry in catalog.roadmap():
            system = there.get(entry.name)
            status = f"{len(system.operations)} operations, {len(system.claims)} claims" if system else "to come"
            name = self.page(system, code(entry.name)) if system else code(entry.name)
            paper = (f"{entry.title}, ", *web(f"https://arxiv.org/abs/{entry.arxiv}"))
            rows.append([name, entry.chapter.replace("_", " "), paper, status])
        return [table((18, 15, 49, 18), ("System", "Chapter", "Paper", "Status"), rows)]


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
        rows = [[code(f.name), side, (*_kind(f),), f.doc] for side, f in fields]
        yield table((20, 8, 27, 45), ("Name", "", "Shape", "Meaning"), rows)
        yield paragraph("The expected answers come from: ", operation.exact_source, ".")
        rows = [
            [code(case.slug), (", ".join(case.flags).replace("_", " "),), self.why(case)] for case in operation.cases
        ]
        yield table((24, 22, 54), ("Case", "What it is for", "What is wrong with code that fails it"), rows)
        yield paragraph("Laws, checked without any expected answer:")
        yield bullets([[code(law.slug), f": {law.statement}"] for law in operation.laws])
        if operation.errors:
            yield paragraph("Must be refused:")
            yield bullets([[code(case.slug), f": {case.why}"] for case in operation.errors])

    def why(self, case):
        """Why a case is there, with the equations that it tests."""
        links = []
        for tag in case.equations:
            links += [" " if links else "; tests ", self.reference("math", "eq", tag, nodes.literal("", tag))]
        return (case.why, *links)


def _kind(field):
    if field.kind == "array":
        return (code(f"[{', '.join(field.axes.split())}]"), " (first axis: steps)" if field.steps else "")
    return (KINDS[field.kind], " " if field.options else "", *_listed(map(code, field.options)))


def _listed(items):
    """Items with commas between."""
    out = []
    for item in items:
        out += [", ", item] if out else [item]
    return out


def merged(system, attribute):
    """Mutants or variants of all operations of a system, each slug once, with the operations that have it."""
    found = {}
    for operation in system.operations:
        for entry in getattr(operation, attribute):
            found.setdefault(entry.slug, (entry, []))[1].append(operation.name.partition(".")[2])
    return found.values()


class Mutants(Tables):
    """Common mistakes."""

    def of(self, system):
        """One table; a mistake that several operations can make is one row."""
        rows = []
        seen = any(mutant.origin for mutant, _ in merged(system, "mutants"))
        for mutant, operations in merged(system, "mutants"):
            every = len(operations) == len(system.operations) > 1
            hint = mutant.hint + (f" (makes no difference: {mutant.equivalent})" if mutant.equivalent else "")
            kind = nodes.abbreviation("", mutant.bug_type.replace("_", " "), explanation=BUG_TYPES[mutant.bug_type])
            where = paragraph("every operation" if every else ", ".join(operations), classes=["dim"])
            row = [[paragraph(code(mutant.slug)), where], hint, kind, (*web(mutant.origin),)]
            rows.append(row if seen else row[:-1])
        if not seen:
            return [table((32, 52, 16), ("Mistake", "What to do about it", "Type"), rows)]
        return [table((26, 42, 14, 18), ("Mistake", "What to do about it", "Type", "Seen in"), rows)]


class Variants(Tables):
    """Where paper, authors' code and libraries differ."""

    def of(self, system):
        """Named alternatives, published mistakes, and verdicts on public implementations, as far as there are any."""
        variants = [[code(v.slug), v.doc, (*web(v.source),)] for v, _ in merged(system, "variants")]
        mistakes = [[(*web(m.origin),), m.hint, code(m.slug)] for m, _ in merged(system, "mutants") if m.origin]
        verdicts = [
            [f"{row['title']} {row['version']}", (badge(row["verdict"]), f" {row['sentence']}"), row["note"]]
            for row in self.committed("conformance/verdicts.json").get("rows", ())
            if row["target"].partition(".")[0] == system.name
        ]
        if variants:
            yield paragraph("Named alternatives, which the oracle recognizes and does not call mistakes:")
            yield table((24, 46, 30), ("Variant", "What differs", "Source"), variants)
        if mistakes:
            yield paragraph("Mistakes that published code has made:")
            yield table((30, 46, 24), ("Where", "What was wrong", "Mistake"), mistakes)
        if verdicts:
            yield paragraph("Public implementations, as judged by the oracle:")
            yield table((24, 38, 38), ("Implementation", "Verdict", "Note"), verdicts)
        if not (variants or mistakes or verdicts):
            yield paragraph("No differences are known.")


class Claims(Tables):
    """Claims of the papers and what was measured."""

    required_arguments = 0
    optional_arguments = 1

    def of(self, system):
        """One table, from the spec and the ledger."""
        ledger = self.committed("_data/claims.json")
        if not self.arguments:
            yield nodes.rubric("", "", self.page(system, system.paper.title))
        if not system.claims:
            yield paragraph("No claims yet.")
            return
        rows = [self.row(claim, ledger.get(claim.id)) for claim in system.claims]
        yield table((38, 46, 16), ("Claim", "Measured", "Status"), rows)

    def row(self, claim, entry):
        """Statement and source; figures against bounds; status."""
        said = [paragraph(code(claim.id), " ", claim.statement), paragraph(claim.source, classes=["dim"])]
        if entry is None:
            return [said, ("run ", code(f"refimpl claims {claim.id} --tier full")), badge("not measured")]
        if (entry["statement"], entry["source"]) != (claim.statement, claim.source):
            logger.warning(
                "%s was reworded since it was measured; run `refimpl claims --tier full --save docs/_data/claims.json`",
                claim.id,
                location=self.get_location(),
            )
        measured = [bullets(map(_measured, entry["measurements"]))] if entry["measurements"] else []
        for name, text in (("Note", entry["note"]), ("Stand-in", claim.proxy), ("Tuned", claim.tuned)):
            measured += [paragraph(strong(f"{name}: "), text)] if text else []
        return [said, measured, badge(entry["status"])]


def _measured(measurement):
    value = f"{float(measurement['value']):.4g}"
    if measurement["bound"] == "reported":
        return [f"{measurement['quantity']}: ", strong(value)]
    fails = "" if measurement["holds"] else "not "
    return [f"{measurement['quantity']}: ", strong(value), f" ({fails}{measurement['bound']})"]


class Tutorials(SphinxDirective):
    """The pictures that sphinx-gallery made."""

    def run(self):
        """A card per tutorial, by chapters."""
        self.env.note_reread()  # a new picture is not a change of this page
        cards = nodes.container(classes=["cards"])
        for picture in sorted(Path(self.env.srcdir, "gallery").glob("*/images/thumb/sphx_glr_*_thumb.png")):
            page = f"gallery/{picture.parts[-4]}/{picture.stem.removeprefix('sphx_glr_').removesuffix('_thumb')}"
            if page not in self.env.found_docs:
                continue
            name = page.rpartition("/")[2]
            image = nodes.image(
                "", uri=f"/{picture.relative_to(self.env.srcdir).as_posix()}", alt="", classes=["thumb"]
            )
            link = addnodes.pending_xref(
                "", refdomain="std", reftype="doc", reftarget=f"/{page}", refexplicit=False, refdoc=self.env.docname
            )
            link += nodes.inline("", name)
            cards += nodes.container("", image, nodes.paragraph("", "", link), classes=["card"])
        return [cards]


# API -----------------------------------------------------------------------------------------------------------


def field_comment(app, what, name, obj, options, lines):
    """Tell the field of a NamedTuple by the comment beside it, instead of by its number."""
    if not lines or not lines[0].startswith("Alias for field number"):
        return
    owner, _, field = name.rpartition(".")
    module, _, state = owner.rpartition(".")
    source = inspect.getsource(getattr(sys.modules[module], state))
    comment = re.search(rf"^ +{field}: .*?# (.*)$", source, re.MULTILINE)
    lines[:] = [re.sub(r"([\\*`|_])", r"\\\1", comment[1]) if comment else ""]


def setup(app):
    """Register the directives, and the comments of the fields."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", field_comment)
    for name, directive in (
        ("systems", Systems), ("operations", Operations), ("mutants", Mutants),
        ("variants", Variants), ("claims", Claims),
    ):  # fmt: skip
        app.add_directive(f"refimpl-{name}", directive)
    app.add_directive("refimpl-tutorials", Tutorials)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
