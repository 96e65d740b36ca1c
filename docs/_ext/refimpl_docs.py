"""Tables of the site, made from the specs and from the committed ledgers, so that no page can fall behind them.

.. refimpl-systems::             the systems and their papers
.. refimpl-chapters::            the chapters and their systems; :toctree: makes the table of contents instead
.. refimpl-conformance::         verdicts on public implementations: a sign each, by package and chapter
.. refimpl-tutorials::           the pictures of the tutorials, each a link to its page
.. refimpl-backends::            what runs where
.. refimpl-devices::             what ran on dpnp, and what of it crosses to the host

What the page of a system and its leaf are made of is in `refimpl_pages`.
"""

import inspect
import json
import re
import sys
import zlib
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from refimpl.core.backends import BACKENDS
from refimpl.oracle import catalog
from refimpl.oracle.output.page import beyond

logger = logging.getLogger(__name__)

# Nodes ---------------------------------------------------------------------------------------------------------


def paragraph(*parts, classes=()):
    """Paragraph of texts and inline nodes."""
    return nodes.paragraph("", "", *map(inline, parts), classes=list(classes))


def inline(part):
    """A text as a node; nodes as they are."""
    return nodes.Text(part) if isinstance(part, str) else part


def sentence(text):
    """A text with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def code(text):
    """Text in the fixed font."""
    return nodes.literal(text, text)


def marked_up(text):
    """A text in which `code` stands between backticks, as inline nodes."""
    parts = enumerate(text.split("`"))
    return [code(part) if i % 2 else nodes.Text(part) for i, part in parts if part]


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


def table(widths, headings, rows, classes=()):
    """Table; a cell is a text, an inline node, a list of paragraphs and lists, or a tuple of texts and inline nodes."""
    group = nodes.tgroup(cols=len(headings))
    group += [nodes.colspec(colwidth=width) for width in widths]
    group += nodes.thead("", _row(headings))
    group += nodes.tbody("", *map(_row, rows))
    return nodes.table("", group, classes=["refimpl", "colwidths-given", *classes])


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
            for path in spec.parent.rglob("*.py"):
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
    """The systems and their papers."""

    required_arguments = 0

    def run(self):
        """One table for all."""
        titles, rows = {entry.name: entry.title for entry in catalog.papers()}, []
        for system in catalog.systems().values():
            inside = f"{len(system.operations)} operations, {len(system.claims)} claims"
            inside += "" if system.name in titles else "; a baseline"
            paper = (f"{titles.get(system.name, system.paper.title)}, ", *web(system.paper.address))
            rows.append([self.page(system, code(system.name)), system.chapter, paper, inside])
        return [table((24, 14, 45, 17), ("System", "Chapter", "Paper", "What is there"), rows)]


class Chapters(SphinxDirective):
    """The chapters that have a page, each with its systems; or their table of contents."""

    option_spec: ClassVar = {"toctree": directives.flag}

    def run(self):
        """A list."""
        chapters = dict.fromkeys(entry.chapter for entry in catalog.papers())
        pages = [f"{chapter}/index" for chapter in chapters if f"{chapter}/index" in self.env.found_docs]
        if "toctree" in self.options:
            return self.parse_text_to_nodes("\n".join([".. toctree::", "   :hidden:", "", *(f"   {p}" for p in pages)]))
        rows = []
        for page in pages:
            there = [f"{s.chapter}/{s.name}" for s in catalog.systems().values() if s.chapter == page.partition("/")[0]]
            links = [self.link(name) for name in there if name in self.env.found_docs]
            rows.append([self.link(page), ": ", *listed(links)])
        self.env.note_reread()
        return [bullets(rows)]

    def link(self, page):
        """Reference by the title of the page."""
        return addnodes.pending_xref(
            "",
            nodes.inline("", page),
            refdomain="std",
            reftype="doc",
            reftarget=f"/{page}",
            refexplicit=False,
            refdoc=self.env.docname,
            refwarn=True,
        )


def listed(items):
    """Items with commas between."""
    out = []
    for item in items:
        out += [", ", item] if out else [item]
    return out


def judged(row):
    """The verdict of an implementation: a badge, and the name of the variant or mistake."""
    words, variant, name = row["verdict"].partition(" to variant ")
    return [badge(words), variant or " ", code(name or row["names"][0])] if named(row) else [badge(words)]


def named(row):
    """Whether one variant or mistake explains the verdict."""
    return " to variant " in row["verdict"] or len(row["names"]) == 1


def told(row):
    """What there is to say of a verdict beyond `judged`."""
    text = beyond(row["verdict"], row["sentence"])
    if row["names"] and named(row):
        text = text.removeprefix(f"{row['names'][0]} (").removesuffix(")")
    return marked_up(text) if text != row["note"] else []


SIGNS = {  # kind of a verdict -> sign, what it means
    "conforms": ("\N{CHECK MARK}", "conforms"),
    "variant": ("\N{ALMOST EQUAL TO}", "conforms to a named variant"),
    "bug": ("\N{BALLOT X}", "a mistake"),
    "choice": ("\N{NOT EQUAL TO}", "another rule on purpose"),
    "ambiguity": ("?", "papers and code do not agree or do not say"),
    "rounding": ("~", "fewer digits"),
    "": ("-", "could not be asked"),
}


class Conformance(Tables):
    """The table of all packages: a sign for each verdict, by chapters; the pages of the packages have the details."""

    required_arguments = 0

    def run(self):
        """A row for each package."""
        self.env.note_reread()
        rows = self.committed("conformance/verdicts.json").get("rows", ())
        chapters = list(dict.fromkeys(entry.chapter for entry in catalog.papers()))
        packages: dict = {}
        for row in rows:
            packages.setdefault((row["package"].lower(), row["package"], row.get("language", "Python")), []).append(row)
        body = []
        for (_, name, language), verdicts in sorted(packages.items(), key=lambda item: item[0][::2]):
            versions = ", ".join(dict.fromkeys(row["version"] for row in verdicts if row["version"]))
            about = versions if language == "Python" else f"{versions}, {language}"
            link = nodes.reference("", name, refuri=f"{verdicts[0]['page']}.html", internal=True)
            head = [paragraph(link, " ", nodes.inline("", about, classes=["dim"]))]
            body.append([head, *(self.signs(verdicts, chapter) for chapter in chapters)])
        legend = [part for sign, meaning in SIGNS.values() for part in ("; ", strong(sign), f" {meaning}")][1:]
        widths = (22, *[78 // len(chapters)] * len(chapters))
        return [paragraph(*legend, "."), table(widths, ("Package", *chapters), body, classes=("signs",))]

    def signs(self, verdicts, chapter):
        """Links to the verdicts of a package in a chapter."""
        parts = []
        for row in verdicts:
            system = row["target"].partition(".")[0]
            if catalog.chapter(system) == chapter:
                sign, meaning = SIGNS[kind_of(row)]
                where = f"{row['page']}.html#{row['anchor']}"
                said = f"{row['title']}, {row['target']}: {meaning}"
                parts.append(nodes.reference("", sign, refuri=where, internal=True, reftitle=said))
                parts.append(nodes.Text(" "))
        return tuple(parts[:-1]) or ""


def kind_of(row):
    """The key of `SIGNS`."""
    verdict = row["verdict"]
    if verdict.startswith("conforms"):
        return "variant" if " to variant " in verdict else "conforms"
    return row["kind"] if verdict.startswith("deviates") else ""


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
            uri = picture.relative_to(self.env.srcdir).as_posix()
            image = nodes.image("", uri=f"/{uri}", alt=titles(self.env.srcdir, uri), classes=["thumb"])
            link = addnodes.pending_xref(
                "", refdomain="std", reftype="doc", reftarget=f"/{page}", refexplicit=False, refdoc=self.env.docname
            )
            link += nodes.inline("", name)
            cards += nodes.container("", image, nodes.paragraph("", "", link), classes=["card"])
        return [cards]


def titles(folder, uri):
    """What the picture of a tutorial shows: the titles in the figure that it is made from."""
    chapter, name = re.search(r"gallery/(\w+)/images/thumb/sphx_glr_(\w+)_thumb", uri).groups()
    page = Path(folder, "gallery", chapter, name)
    script, text = (page.with_suffix(end).read_text(encoding="utf-8") for end in (".py", ".rst"))
    number = re.search(r"sphinx_gallery_thumbnail_number = (\d+)", script)
    figure = f"{name}_{int(number[1]) if number else 1:03}"
    found = re.search(rf"sphx_glr_{figure}\.png\n +:alt: (.*)", text)
    return found[1].replace("$", "") if found else ""


FIGURES = re.compile(r'<img\b(?=[^>]*\bclass ?= ?"(?:claim|sphx-glr-\w+-img)")[^>]*\bsrc="([^"]+)"[^>]*>')


def figures(app, pagename, templatename, context, doctree):
    """Make each figure a link to its file, and a box that scrolls where it is wider than the screen."""
    if "body" in context:
        context["body"] = FIGURES.sub(r'<a class="figure" href="\1">\g<0></a>', context["body"])


def thumbnails(app, doctree):
    """Give the pictures of the galleries a text; sphinx-gallery leaves it empty."""
    for image in doctree.findall(nodes.image):
        if "/images/thumb/" in image["uri"] and not image.get("alt"):
            image["alt"] = titles(app.srcdir, image["uri"])


# What runs where -----------------------------------------------------------------------------------------------


class Backends(Tables):
    """What runs where, from `core.backends` and the specs."""

    required_arguments = 0
    titles = {
        "numpy": "NumPy",
        "strict": "strict device",
        "torch": "PyTorch",
        "jax": "JAX",
        "dpnp": "dpnp",
        "cupy": "CuPy",
    }

    def run(self):
        """A row for each system; below, what the columns are, and the reasons of those that do not run."""
        columns = [("numpy", "NumPy, float64"), ("numpy", "NumPy, float32")]
        columns += [(name, self.titles.get(name, name)) for name in BACKENDS if name != "numpy"]
        rows, reasons = [], []
        for system in catalog.systems().values():
            cells = [
                (nodes.inline("", f"{title}: ", classes=["narrow"]), badge(self.answer(system, name)))
                for name, title in columns
            ]
            rows.append([self.page(system, code(system.name)), *cells])
            reasons += [
                [code(system.name), f" on {self.titles.get(name, name)}: {why}"]
                for name, why in system.backends.items()
            ]
        widths = (22, *[78 // len(columns)] * len(columns))
        parts = [table(widths, ("System", *(title for _, title in columns)), rows)]
        parts.append(
            bullets(
                [strong(self.titles.get(name, name)), f": {backend.what_for} (package ", code(backend.package), ")"]
                for name, backend in BACKENDS.items()
            )
        )
        return [*parts, paragraph("What does not run, and why:"), bullets(reasons)] if reasons else parts

    @staticmethod
    def answer(system, name):
        """Whether it runs there."""
        if name in system.backends:
            return "no"
        return "on a GPU" if name == "cupy" else "yes"


class Devices(Tables):
    """What `python -m tests.devices` has written down."""

    required_arguments = 0

    def run(self):
        """Where it was; a row for each system; below, what was not right, with its reason."""
        found = self.committed("_data/devices.json")
        rows, reasons = [], []
        for system in catalog.systems().values():
            asked = {op.name.partition(".")[2]: found["rows"].get(op.name, {}) for op in system.operations}
            right = [self.share(asked.values(), dtype) for dtype in ("float64", "float32")]
            host = ", ".join(f"{name} {row['crossed']}" for name, row in asked.items() if row.get("crossed"))
            rows.append([self.page(system, code(system.name)), str(len(asked)), *right, host])
            reasons += [[code(f"{system.name}.{k}"), f": {r['reason']}"] for k, r in asked.items() if "reason" in r]
        headings = ("System", "Operations", "Right in float64", "in float32", "Arrays that cross to the host, at most")
        where = paragraph(f"On {found['library']}, {found['device']}:")
        parts = [where, table((22, 12, 16, 12, 38), headings, rows)]
        return [*parts, paragraph("What is not right, and why:"), bullets(reasons)] if reasons else parts

    @staticmethod
    def share(rows, dtype):
        """Of the operations that have cases in a precision, those whose cases were all right."""
        asked = [row[dtype] for row in rows if dtype in row]
        return f"{sum(right == planned for right, planned in asked)} of {len(asked)}" if asked else "none is asked"


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


def tutorials_that_use(app, what, name, obj, options, lines):
    """Tell in which tutorials a function or class is used, as far as sphinx-gallery found it there."""
    found = Path(app.srcdir, app.config.sphinx_gallery_conf["backreferences_dir"], f"{name}.examples")
    if what in ("function", "class") and found.is_file():
        pages = dict.fromkeys(re.findall(r":doc:`(/gallery/\S+)`", found.read_text(encoding="utf-8")))
        if pages:
            lines += ["", f"*Tutorial:* {'; '.join(f':doc:`{page}`' for page in pages)}", ""]


def setup(app):
    """Register the directives, and what is added to the docstrings."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", field_comment)
    app.connect("autodoc-process-docstring", tutorials_that_use, priority=900)  # numpydoc has made its sections
    for name, directive in (("systems", Systems), ("chapters", Chapters), ("conformance", Conformance)):
        app.add_directive(f"refimpl-{name}", directive)
    app.add_directive("refimpl-tutorials", Tutorials)
    app.add_directive("refimpl-backends", Backends)
    app.add_directive("refimpl-devices", Devices)
    app.connect("doctree-read", thumbnails)
    app.connect("html-page-context", figures)
    version = zlib.crc32(Path(__file__).read_bytes())  # another version of this file: all pages are read anew
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version}
