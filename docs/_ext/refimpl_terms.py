"""The glossary, which says where each term is derived, and the symbols of all pages.

.. refimpl-symbols::             the tables of notation of all pages, by letters

Below each term of ``glossary.rst`` stands the equation that `_data/terms.toml` names for it, and which pages need it.
"""

import re
import tomllib
import zlib
from itertools import groupby
from pathlib import Path

from docutils import nodes
from refimpl_docs import code, listed, paragraph, table
from refimpl_pages import folded, title_of
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from refimpl.oracle import catalog

# Terms ---------------------------------------------------------------------------------------------------------

TERM = re.compile(r":term:`(?:[^`<]*<([^>]*)>|([^`]*))`")


def needed_by(docs):
    """The pages of systems that link to a term, by the term in small letters."""
    found = {}
    for system in catalog.systems().values():
        page = f"{system.chapter}/{system.name}"
        path = Path(docs, f"{page}.rst")
        text = " ".join(path.read_text(encoding="utf-8").split()) if path.is_file() else ""
        for target, plain_text in TERM.findall(text):
            found.setdefault((target or plain_text).lower(), {})[page] = None
    return found


class Derived(SphinxTransform):
    """Say below each term of the glossary where it is derived, and who needs it."""

    default_priority = 790

    def apply(self, **kwargs):
        """Add a line to each definition."""
        if self.env.docname != "glossary":
            return
        self.env.note_reread()  # any page may link to a term now
        path = Path(self.env.srcdir, "_data/terms.toml")
        self.env.note_dependency(str(path))
        derived = tomllib.loads(path.read_text(encoding="utf-8"))["derived"]
        needed = needed_by(self.env.srcdir)
        for item in self.document.findall(nodes.definition_list_item):
            terms = [term.astext() for term in item.findall(nodes.term)]
            pages = {page: None for term in terms for page in needed.get(term.lower(), ())}
            where = [derived[term] for term in terms if term in derived]
            parts = ["Derived: ", *listed([self.equation(label) for label in where]), ". "] if where else []
            parts += ["Needed for: ", *listed([self.page(page, code(page.rpartition("/")[2])) for page in pages]), "."]
            item[-1] += paragraph(*parts, classes=["derived", "dim"])

    def equation(self, label):
        """Title of the page, and number of the equation."""
        name = label.rpartition("-")[0]
        page = f"{catalog.chapter(name)}/{name}"
        title = self.page(page, nodes.inline("", title_of(self.env.srcdir, page)))
        return nodes.inline("", "", title, nodes.Text(" "), self.to("math", "eq", label, nodes.literal("", label)))

    def page(self, page, content):
        """Link to a page."""
        return self.to("std", "doc", f"/{page}", content, refexplicit=True)

    def to(self, domain, kind, target, content, **more):
        """A reference that Sphinx resolves once all pages are read."""
        return addnodes.pending_xref(
            "", content, refdomain=domain, reftype=kind, reftarget=target, refdoc=self.env.docname, refwarn=True, **more
        )


# Symbols -------------------------------------------------------------------------------------------------------


class symbols(nodes.General, nodes.Element):
    """Place of the symbols: filled in when all pages are read."""


class Symbols(SphinxDirective):
    """The symbols of all systems, by letters."""

    def run(self):
        """A place to fill."""
        self.env.note_reread()  # any page may have changed
        return [symbols()]


def fill_symbols(app, doctree, docname):
    """Put the rows of all tables of notation in the place of the symbols, a fold for each letter."""
    for place in list(doctree.findall(symbols)):
        rows = []
        for system in catalog.systems().values():
            page = f"{system.chapter}/{system.name}"
            if page in app.env.found_docs:
                rows += [(order_of(row[0]), row, page) for row in notation(app.env.get_doctree(page))]
        rows.sort(key=lambda row: (row[0], row[2]))
        headings = ("Symbol, name in the code", "Shape", "Meaning", "Page")
        parts = []
        for letter, some in groupby(rows, key=lambda row: row[0][0]):
            body = [[*row, page_link(app, docname, page)] for _, row, page in some]
            parts.append(folded(f"{letter or 'other'} ({len(body)})", table((24, 14, 48, 14), headings, body)))
        place.replace_self(parts)


def notation(doctree):
    """Cells of each row of the table under the heading "Notation": symbol, shape, meaning."""
    for section in doctree.findall(nodes.section):
        if section[0].astext() == "Notation":
            for row in next(iter(section.findall(nodes.tbody)), ()):
                yield [plain(entry) for entry in row]


def plain(entry):
    """Content of a cell without what belongs to its page: references become their texts."""
    cell = entry.deepcopy()
    for reference in [*cell.findall(addnodes.pending_xref), *cell.findall(nodes.reference)]:
        reference.replace_self(reference.children)
    return cell.children


def order_of(cell):
    """Where a symbol stands in the alphabet: the first letter or command of its formula, without case and accents."""
    text = "".join(node.astext() for node in cell)
    letters = re.search(r"[A-Za-z]+", re.sub(r"\\(tilde|hat|bar|math\w+|boldsymbol|operatorname|arg)\b", "", text))
    first = letters[0] if letters else text
    return (first if "\\" + first in text else first[:1]).lower(), text


def page_link(app, docname, page):
    """Link to the notation of a page, as the name of its system."""
    address = app.builder.get_relative_uri(docname, page) + "#notation"
    return nodes.reference("", "", code(page.rpartition("/")[2]), refuri=address, internal=True)


def setup(app):
    """Register the directive, and what is added to the glossary."""
    app.add_directive("refimpl-symbols", Symbols)
    app.add_node(symbols)
    app.add_transform(Derived)
    app.connect("doctree-resolved", fill_symbols)
    version = zlib.crc32(Path(__file__).read_bytes())  # another version of this file: all pages are read anew
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version}
