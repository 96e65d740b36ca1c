"""Whether the built site can be read: its own fonts, contrast in both themes, and the letters of figures.

As `test_site_browser`, this needs the site: `make docs` builds it and runs both.
"""

from pathlib import Path

import pytest

from tests.docs.test_site_browser import BUILT, at, of_pages, visit

pytestmark = pytest.mark.skipif(not BUILT, reason="needs the site: `make docs` builds it and runs this")

CONTRAST = 4.5  # WCAG 2.2, 1.4.3, for text of any size
SMALLEST = 9  # pixels of a letter in a figure on a telephone
FONTS = 150_000  # bytes
LEGIBLE = Path(__file__).with_name("legible.js").read_text(encoding="utf-8")
KINDS = [  # a page of every kind
    *("index", "systems", "reading", "tutorials", "glossary", "symbols", "bibliography", "api", "capabilities"),
    *("measured", "abstracts", "claims", "claims/nested", "benchmarks", "benchmarks/search", "conformance/index"),
    *("conformance/packages", "conformance/torch", "oracle", "oracle/power", "oracle/power/bayesian", "oracle/wild"),
    *("oracle/class", "search/index", "optimizers/lion", "convex/convex_relu", "check/lion", "check/bayesopt"),
    *("gallery/optimizers/lion", "gallery/search/cbo", "_generated/refimpl.optimizers.lion"),
]
kinds = of_pages(KINDS)


def fonts_of(browser):
    """Where glyphs come from that are not of the site's own files: font -> a text in it."""
    mark = "window.legible.texts().forEach(e => e.dataset.text = '')"
    browser.run(mark)
    for domain in ("DOM", "CSS"):
        browser.send(f"{domain}.enable")
    root = browser.send("DOM.getDocument")["root"]["nodeId"]
    found: dict[str, str] = {}
    for node in browser.send("DOM.querySelectorAll", nodeId=root, selector="[data-text]")["nodeIds"]:
        for font in browser.send("CSS.getPlatformFontsForNode", nodeId=node)["fonts"]:
            if not font["isCustomFont"]:
                html = browser.send("DOM.getOuterHTML", nodeId=node)["outerHTML"]
                found.setdefault(font["familyName"], html[:120])
    for domain in ("CSS", "DOM"):  # or they report of every page that is opened from now on
        browser.send(f"{domain}.disable")
    return found


def test_the_fonts_are_small_and_have_their_licences():
    folder = at("index").parent / "_static/fonts"
    files = list(folder.glob("*.woff2"))
    assert 0 < sum(path.stat().st_size for path in files) < FONTS
    licences = " ".join(path.read_text(encoding="utf-8") for path in folder.glob("LICENSE-*.txt"))
    assert "SIL OPEN FONT LICENSE" in licences
    assert "Bitstream" in licences


@kinds
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_text_stands_out_from_what_is_behind_it(browser, name, scheme):
    visit(browser, name, 1400, scheme, change=f"unfolded, {scheme}")
    browser.run(LEGIBLE)
    assert browser.run("window.legible.texts().length") > 10
    assert browser.run(f"window.legible.faint({CONTRAST})") == []


@kinds
def test_text_is_drawn_in_the_fonts_of_the_site(browser, name):
    """The browser itself says which font each glyph came from; a font of the machine would be a fallback."""
    visit(browser, name, 1400, change="unfolded, light")
    browser.run(LEGIBLE)
    browser.run("document.fonts.ready.then(() => 1)")
    assert fonts_of(browser) == {}


@kinds
def test_figures_can_be_read_on_a_telephone(browser, name):
    """Drawn with 100 dots an inch, seven points are ten pixels: pictures keep their size, and scroll in a box."""
    visit(browser, name, 390)
    browser.run(LEGIBLE)
    shrunk = """[...document.querySelectorAll('article img:not(.thumb, .sphx-glr-download img)')].filter(
      e => e.checkVisibility() && e.getBoundingClientRect().width < e.naturalWidth - 1).map(e => e.alt)"""
    assert browser.run(shrunk) == []
    assert browser.run(f"window.legible.small({SMALLEST})") == []
    assert browser.overflow() == []
