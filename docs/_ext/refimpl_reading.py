"""Ways through the library, from `_data/reading.toml`.

.. refimpl-map::             what is better read before what, drawn; each name is a link
.. refimpl-courses::         lists of pages with their tutorials, exercises and what to check
"""

import tomllib
import zlib
from html import escape
from pathlib import Path

from docutils import nodes
from refimpl_docs import Tables, bullets, code, listed
from refimpl_pages import folded, title_of

from refimpl.oracle import catalog

WIDE, HIGH, GAP, LEFT = 158, 26, 30, 84  # of a name, in pixels; between columns; of the names of the chapters


class Reading(Tables):
    """A directive on the data."""

    required_arguments = 0

    def data(self):
        """What is read before what, and the courses."""
        self.env.note_reread()
        path = Path(self.env.srcdir, "_data/reading.toml")
        self.env.note_dependency(str(path))
        return tomllib.loads(path.read_text(encoding="utf-8"))


class Map(Reading):
    """The map."""

    def run(self):
        """A drawing, and the same as a list."""
        after = self.data()["after"]
        systems = catalog.systems()
        depth = {}
        for name in systems:
            _deep(name, after, depth)
        chapters = list(dict.fromkeys(system.chapter for system in systems.values()))
        places, bands, y = {}, [], 8
        for chapter in chapters:
            top, used = y, {}
            for name in (n for n, system in systems.items() if system.chapter == chapter):
                row = used.get(depth[name], 0)
                used[depth[name]] = row + 1
                places[name] = (LEFT + depth[name] * (WIDE + GAP), top + row * (HIGH + 8))
            y = top + max(used.values()) * (HIGH + 8) + 8
            bands.append((chapter, top, y))
        wide = LEFT + (max(depth.values()) + 1) * (WIDE + GAP)
        parts = [
            f'<text x="0" y="{top + 18}" class="chapter">{chapter}</text><path class="band" d="M0 {end - 6}H{wide}"/>'
            for chapter, top, end in bands
        ]
        parts += [_arrow(places[before], places[name]) for name, some in after.items() for before in some]
        parts += [self.box(name, systems[name].chapter, *place) for name, place in places.items()]
        label = "What is better read before what; the list below says the same"
        head = f'<svg viewBox="0 0 {wide} {y}" width="{wide}" role="img" aria-label="{label}">'
        text = f'<div class="map" tabindex="0">{head}{"".join(parts)}</svg></div>'
        rows = [
            [self.link(name), ": after ", *listed(map(self.link, after[name]))] for name in systems if name in after
        ]
        return [nodes.raw("", text, format="html"), folded("The same as a list", bullets(rows))]

    def box(self, name, chapter, x, y):
        """A name in its box, as a link; the site is flat below the folder of its pages."""
        box = f'<rect x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="5"/>'
        said = f'<text x="{x + WIDE / 2}" y="{y + 17}" text-anchor="middle">{escape(name)}</text>'
        return f'<a href="{chapter}/{name}.html">{box}{said}</a>'

    def link(self, name):
        """Link to a page."""
        return self.page(catalog.system(name), code(name))


def _deep(name, after, depth):
    """How many pages stand before one, on the longest way."""
    if name not in depth:
        depth[name] = 1 + max((_deep(before, after, depth) for before in after.get(name, ())), default=-1)
    return depth[name]


def _arrow(start, end):
    (x1, y1), (x2, y2) = (start[0] + WIDE, start[1] + HIGH / 2), (end[0] - 5, end[1] + HIGH / 2)
    middle = (x1 + x2) / 2
    head = f"M{x2 - 6} {y2 - 4}L{x2} {y2}L{x2 - 6} {y2 + 4}"
    return f'<path class="arrow" d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}{head}"/>'


class Courses(Reading):
    """The courses."""

    def run(self):
        """A list each."""
        found = []
        for course in self.data()["courses"].values():
            steps = [self.step(catalog.system(name)) for name in course["steps"]]
            listing = nodes.enumerated_list("", *(nodes.list_item("", nodes.paragraph("", "", *s)) for s in steps))
            found += [nodes.rubric("", course["title"]), nodes.paragraph("", course["about"]), listing]
        return found

    def step(self, system):
        """Page, tutorial, and what to have judged."""
        page = self.page(system, title_of(self.env.srcdir, f"{system.chapter}/{system.name}"))
        name = f"gallery/{system.chapter}/{system.name}"
        tutorial = self.reference("std", "doc", f"/{name}", nodes.inline("", "tutorial"), refexplicit=True)
        command = f"refimpl practice {system.name}"
        more = [nodes.Text(" ("), tutorial, nodes.Text(")")] if name in self.env.found_docs else []
        return [page if isinstance(page, nodes.Node) else nodes.Text(page), *more, nodes.Text("; "), code(command)]


def setup(app):
    """Register the directives."""
    app.add_directive("refimpl-map", Map)
    app.add_directive("refimpl-courses", Courses)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version}
