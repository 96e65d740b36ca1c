"""Claims of the papers, on the page of their system and as a ledger.

.. refimpl-figure:: lion.C7      the figure of a claim, its status below; the content is the caption
.. refimpl-claims:: lion         claims, each beside its figure
.. refimpl-ledger:: optimizers   those of a chapter in a table, each a link to its figure
.. refimpl-claimcounts::         how many have which status, by chapters, and lists of those that a visitor looks for
"""

import zlib
from collections import Counter
from html import escape
from math import isfinite
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from refimpl_docs import Tables, badge, bullets, code, listed, logger, marked_up, paragraph, sentence, strong, table
from refimpl_pages import folded
from sphinx.util.osutil import relative_uri

from refimpl.oracle import catalog
from refimpl.oracle.output.words import at_seeds, of_control
from refimpl.specs.base import CONTROLS

LONG = 2  # paragraphs of a claim that are as high as its figure
LEVELS = ("reproduced", "proxy", "not reproduced")


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
    """Claims of a paper and what was measured."""

    has_content = False

    def run(self):
        """Those of one system."""
        return Tables.run(self)

    def of(self, system):
        """A block for each claim, from the spec and the ledger."""
        ledger = self.committed("_data/claims.json")
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
            return nodes.container("", *said, classes=["claim"], ids=[nodes.make_id(claim.id)])
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
        classes = ["claim", "pictured"] if picture else ["claim"]
        return nodes.container("", *parts, classes=classes, ids=[nodes.make_id(claim.id)])


class Ledger(Tables):
    """The claims of a chapter in a table; each leads to its place on the page of its system."""

    def run(self):
        """A row for each claim, by systems."""
        self.env.note_reread()
        (chapter,) = self.arguments
        ledger, found = self.committed("_data/claims.json"), []
        for system in (s for s in catalog.systems().values() if s.chapter == chapter and s.claims):
            rows = [self.row(claim, ledger.get(claim.id)) for claim in system.claims]
            found.append(nodes.rubric("", "", self.page(system, system.paper.title), ids=[nodes.make_id(system.name)]))
            found.append(table((58, 27, 15), ("What the paper claims", "What we found", "Numbers"), rows))
        return found

    def row(self, claim, entry):
        """What the paper says, what was found, and where."""
        return [tuple(marked_up(sentence(claim.statement))), tuple(standing(entry, claim)), claim_link(self, claim)]


def claim_link(directive, claim):
    """The name of a claim, as a link to its figure and numbers on the page of its system."""
    page = f"{catalog.chapter(claim.id.partition('.')[0])}/{claim.id.partition('.')[0]}"
    if page not in directive.env.found_docs:
        return code(claim.id)
    address = f"{relative_uri(f'{directive.env.docname}.html', f'{page}.html')}#{nodes.make_id(claim.id)}"
    return nodes.reference("", "", code(claim.id), refuri=address, internal=True)


class ClaimCounts(Tables):
    """How many claims have which status and which control, by chapters, and lists of those that a visitor looks for."""

    required_arguments = 0
    columns: ClassVar = [*(of_control(key) for key in CONTROLS), "without a control"]

    def run(self):
        """Two tables, and three lists."""
        self.env.note_reread()
        ledger, claims = self.committed("_data/claims.json"), catalog.claims()
        status = {claim.id: ledger.get(claim.id, {}).get("status", "not measured") for claim in claims}
        kinds = sorted(set(status.values()), key=[*LEVELS, *status.values()].index)
        yours = [
            ("Not reproduced", [c for c in claims if status[c.id] == "not reproduced"]),
            ("The control is as good, or better", [c for c in claims if c.showed == "as good"]),
            ("Tuned: a set-up was chosen, or a bound moved, so that it holds", [c for c in claims if c.tuned]),
        ]
        lists = [folded(f"{title} ({len(found)})", bullets(map(self.line, found))) for title, found in yours if found]
        return [self.by_status(claims, status, kinds), *lists, self.by_chapter(claims, status, kinds)]

    def by_status(self, claims, status, kinds):
        """A row for each status, a column for what controls showed."""
        rows = []
        for kind in [*kinds, "all"]:
            some = [claim for claim in claims if kind in (status[claim.id], "all")]
            tally = Counter(of_control(claim.showed) or "without a control" for claim in some)
            rows.append([kind, *(str(tally[column]) for column in self.columns), str(len(some))])
        return table([2] * (2 + len(self.columns)), ["Status", *map(_capital, self.columns), "All"], rows, ["counts"])

    def by_chapter(self, claims, status, kinds):
        """A row for each chapter, which leads to its page of the ledger, with its systems."""
        rows = []
        for chapter in dict.fromkeys(system.chapter for system in catalog.systems().values()):
            some = [claim for claim in claims if catalog.chapter(claim.id.partition(".")[0]) == chapter]
            tally, own = Counter(status[claim.id] for claim in some), Counter(c.id.partition(".")[0] for c in some)
            link = self.reference("std", "doc", f"/claims/{chapter}", nodes.inline("", chapter), refexplicit=True)
            systems = listed([nodes.inline("", f"{name} {own[name]}") for name in own])
            good = sum(claim.showed == "as good" for claim in some)
            rows.append([link, tuple(systems), *(str(tally[kind]) for kind in kinds), str(good), str(len(some))])
        heads = ["Chapter", "Claims of", *map(_capital, kinds), _capital(of_control("as good")), "All"]
        return table([13, 37, *[50 // (len(heads) - 2)] * (len(heads) - 2)], heads, rows, ["counts"])

    def line(self, claim):
        """A claim in a list."""
        return [claim_link(self, claim), " ", *marked_up(sentence(claim.statement))]


def _capital(text):
    return text[:1].upper() + text[1:]


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


def setup(app):
    """Register the directives."""
    for directive in (Figure, Claims, Ledger, ClaimCounts):
        app.add_directive(f"refimpl-{directive.__name__.lower()}", directive)
    version = zlib.crc32(Path(__file__).read_bytes())  # another version of this file: all pages are read anew
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version}
