"""Figures that a reader moves.

.. refimpl-explorable:: search      the figure of a chapter; what it computes is judged by the oracle, as the test says
"""

import zlib
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive


class Explorable(Directive):
    """A place that `_static/explore/figures.js` fills."""

    required_arguments = 1

    def run(self):
        """An empty element, and what is said where nothing fills it."""
        (chapter,) = self.arguments
        text = f'<div class="explorable" data-chapter="{chapter}"><p>This figure needs JavaScript.</p></div>'
        return [nodes.raw("", text, format="html")]


def scripts(app, pagename, templatename, context, doctree):
    """The scripts, on pages that have a figure."""
    if doctree and any('class="explorable"' in node.astext() for node in doctree.findall(nodes.raw)):
        for name in ("rules", "figures"):
            app.add_js_file(f"explore/{name}.js", defer="defer")


def setup(app):
    """Register the directive."""
    app.add_directive("refimpl-explorable", Explorable)
    app.connect("html-page-context", scripts)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version}
