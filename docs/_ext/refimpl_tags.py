"""Equations and the lines of code that implement them, side by side and linked in both directions.

A ``literalinclude`` is cut at its tags, ``# (lion-2)``, and each piece stands beside the equation of its last line. In
every shown source a tag leads to its equation; the equation leads to its line: on its own page, or else in the page of
the whole module that `sphinx.ext.viewcode` makes. All of it is plain HTML; `tags.js` lets the two light up together.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform

from refimpl.oracle import catalog
from refimpl.oracle.edits import SHARED

TAG = re.compile(r"(?<=[#)]) \((\w+-\w+)\)(?=$| \()", re.MULTILINE)  # a line that two systems share has two
TAGGED = re.compile(r'^(.*<span class="c1">)#((?: \(\w+-\w+\))+)(</span>.*)$', re.MULTILINE)
LABELLED = re.compile(r'id="(equation-[\w-]+)">\s*<span class="eqno">.*?</span>', re.DOTALL)
FILE = re.compile(
    r'<code class="docutils literal notranslate"><span class="pre">((?:refimpl|tutorials)/[\w/]+)\.py</span></code>'
)
REMARK = re.compile(r"(\s*\\q?quad\s*\\text\{\(.*\)\})?(\\,|[\s.,;])*$", re.DOTALL)  # of the sentence that it stands in
ROOT = Path(__file__).parents[2]


class Beside(SphinxTransform):
    """Cut included sources with tags into rows of equation and code."""

    default_priority = 800

    def apply(self, **kwargs):
        """Replace each by a container of rows."""
        equations = {node["label"]: node for node in self.document.findall(nodes.math_block) if node.get("label")}
        for block in list(self.document.findall(nodes.literal_block)):
            if block.get("source") and TAG.search(block.astext()):
                rows = [self.row(block, text, equations) for text in pieces(brief(block.astext()))]
                block.replace_self(nodes.container("", *rows, classes=["beside"]))

    def row(self, block, text, equations):
        """A piece of code, with the equation of its last line if that is tagged."""
        lines = nodes.literal_block(text, text, language=block.get("language", "python"))
        lines.source, lines.line = block.source, block.line
        left = nodes.container(classes=["equation"])
        for tag in TAG.findall(text):
            if tag in equations:
                latex = REMARK.sub("", equations[tag].astext())
                left += nodes.math_block(latex, latex, number=None, label=None, docname=self.env.docname)
        return nodes.container("", left, lines, classes=["piece"])


def brief(text):
    """A function with no more of its docstring than the first line, which says what it does."""
    return re.sub(r'("""[^"\n]*)\n.*?"""', r'\1"""', text, count=1, flags=re.DOTALL)


def pieces(text):
    """Runs of lines that end with a tagged one; the rest at the end."""
    piece = []
    for line in text.splitlines():
        piece.append(line)
        if TAG.search(line):
            yield "\n".join(piece)
            piece = []
    if any(line.strip() for line in piece):
        yield "\n".join(piece)


# Links ---------------------------------------------------------------------------------------------------------


def anchor(tag):
    """Where Sphinx puts an equation: underscores become hyphens."""
    return nodes.make_id(f"equation-{tag}")


def places():
    """Of each tag: the page of its system, and the module that holds its first line."""
    pages, modules = {}, {}
    for system in catalog.systems().values():
        for path in sources(system):
            for tag in TAG.findall(path.read_text(encoding="utf-8")):
                if tag.rpartition("-")[0] == system.name:
                    pages[tag] = f"{system.chapter}/{system.name}"
                    modules.setdefault(tag, module_of(path))
    return pages, modules


def sources(system):
    """The system's file, its private companions, as far as their names begin with its own, and what all share."""
    folder, shared = ROOT / "refimpl" / system.chapter, (ROOT / "refimpl" / name for name in SHARED)
    own = [folder / f"{system.name}.py", *sorted(folder.glob(f"_{system.name}*.py"))]
    return own + [path for place in shared for path in sorted(place.glob("[!_]*.py"))]


def module_of(path):
    """Name of the module in a file of the package."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def show_private_modules(app):
    """Have the pages of private companions made too: tags may be in them."""
    shown = getattr(app.env, "_viewcode_modules", None)
    if shown is not None:
        for system in catalog.systems().values():
            for path in sources(system):
                shown.setdefault(module_of(path), (path.read_text(encoding="utf-8"), {}, {}, ""))
    return []


def link(app, pagename, templatename, context, doctree):
    """Make links of the tags, of the numbers of the equations, and of the names of source files."""
    body = context.get("body")
    if not body:
        return
    pages, modules = app.refimpl_places
    to = context["pathto"]
    tag_of = {anchor(tag): tag for tag in modules}
    first = set()

    def line(match):
        before, tags, after = match.groups()
        tags = re.findall(r"\w+-\w+", tags)
        if not all(tag in pages for tag in tags):
            return match[0]
        links, names = [], []
        for tag in tags:
            names.append(f' id="line-{tag}"' if tag not in first else "")
            first.add(tag)
            address = f"{'' if pagename == pages[tag] else to(pages[tag])}#{anchor(tag)}"
            links.append(f'<a class="tag" href="{address}" title="to the equation">({tag})</a>')
        text = f"{before}# {' '.join(links)}{after}"
        for name in names:
            text = f'<span class="tagged"{name}>{text}</span>'
        return text

    def equation(match):
        tag = tag_of.get(match[1])
        if tag is None:
            return match[0]
        address = "" if tag in first else to("_modules/" + modules[tag].replace(".", "/"))
        address += f"#line-{tag}"
        return f'{match[0]}<a class="to-line" href="{address}" title="to the line of code">{tag}</a>'

    def source(match):
        name = match[1].replace("/", ".")
        chapter, _, rest = match[1].partition("/")
        page = f"gallery/{rest}" if chapter == "tutorials" else f"_modules/{match[1]}"
        there = page in app.env.found_docs if chapter == "tutorials" else app.env._viewcode_modules.get(name)
        return f'<a href="{to(page)}">{match[0]}</a>' if there else match[0]

    body = TAGGED.sub(line, body)
    body = LABELLED.sub(equation, body)
    context["body"] = FILE.sub(source, body)


def start(app):
    """Look once where the tags are."""
    app.refimpl_places = places()


def setup(app):
    """Register the transform and the links."""
    app.setup_extension("sphinx.ext.viewcode")
    app.connect("builder-inited", start)
    app.add_transform(Beside)
    app.connect("html-collect-pages", show_private_modules, priority=100)
    app.connect("html-page-context", link)
    app.add_js_file("tags.js", loading_method="defer")
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
