"""The built site, as from a USB stick: links, formulas, search, widths and keyboard, with the network cut.

`make docs` builds the site and runs this on it (REFIMPL_SITE names the folder), so that no other run of the tests
depends on a site that was left behind. Without a browser, what needs one is skipped.
"""

import json
import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from refimpl.oracle import catalog

SITE = Path(os.environ.get("REFIMPL_SITE", "build/docs")).resolve()
BUILT = "REFIMPL_SITE" in os.environ and (SITE / "index.html").is_file()
pytestmark = pytest.mark.skipif(not BUILT, reason="needs the site: `make docs` builds it and runs this")
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}


def documents():
    """Names of the pages of the last build; pages that an earlier one left behind are not among them."""
    if not BUILT:
        return []
    index = (SITE / "searchindex.js").read_text(encoding="utf-8")
    return json.loads(index[index.index("(") + 1 : index.rindex(")")])["docnames"]


CHAPTERS = {entry.chapter for entry in catalog.roadmap()}
DOCUMENTS = documents()
DERIVATIONS = [name for name in DOCUMENTS if Path(name).parts[0] in CHAPTERS and not name.endswith("/index")]
OTHERS = [
    name for name in ("index", "tutorials", "oracle", "claims", "conformance/index", "benchmarks", "api")
    if name in DOCUMENTS
]  # fmt: skip
derivations = pytest.mark.parametrize("name", DERIVATIONS)


class Page(HTMLParser):
    """Anchors, links and fetched files of a page."""

    def __init__(self, path):
        super().__init__()
        self.path, self.anchors, self.links, self.fetched = path, set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if address := found.get(FETCHED.get(tag, "")):
            self.fetched.append(address)


@pytest.fixture(scope="module")
def pages():
    return {path: Page(path) for name in [*DOCUMENTS, "genindex", "search"] if (path := at(name)).is_file()}


def at(name):
    return SITE / f"{name}.html"


def visit(browser, name):
    """Open a page and wait for its formulas."""
    browser.open(at(name).as_uri())
    browser.run("window.MathJax?.startup?.promise")


def test_site_is_whole():
    assert DERIVATIONS
    assert [name for name in DOCUMENTS if not at(name).is_file()] == []


def test_no_link_is_dead(pages):
    """Pages, files and anchors."""
    dead = []
    for page in pages.values():
        for link in {*page.links, *page.fetched}:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            there = target.is_file() and (target.suffix != ".html" or target in pages)
            anchor = unquote(parts.fragment)
            if there and anchor and target in pages:
                there = anchor in pages[target].anchors or anchor == "top"
            if not there:
                dead.append(f"{page.path.relative_to(SITE)}: {link}")
    assert sorted(dead) == []


def test_nothing_is_fetched_from_the_network(pages):
    far = {link for page in pages.values() for link in page.fetched if urlsplit(link).scheme in ("http", "https")}
    assert far == set()
    styles = [path for path in (SITE / "_static").rglob("*.css") if "url(http" in path.read_text(encoding="utf-8")]
    assert styles == []


@derivations
def test_formulas_are_typeset(browser, name):
    browser.width(1280)
    visit(browser, name)
    assert browser.run("document.querySelectorAll('mjx-container').length") > 10
    assert browser.run("document.querySelectorAll('mjx-merror, [data-mjx-error]').length") == 0
    text = browser.run("document.querySelector('article').innerText")
    assert "\\(" not in text
    assert "\\[" not in text
    assert (
        browser.run("document.fonts.ready.then(f => [...f].filter(x => x.status === 'error').map(x => x.family))") == []
    )
    assert browser.errors == []


@pytest.mark.parametrize("name", OTHERS + DERIVATIONS)
def test_page_fits_a_telephone(browser, name):
    browser.width(360)
    visit(browser, name)
    assert browser.overflow() == []
    assert browser.errors == []


@pytest.mark.parametrize("name", OTHERS)
def test_wider_pages_fit(browser, name):
    for width in (768, 1280):
        browser.width(width, "dark")
        visit(browser, name)
        assert browser.overflow() == []
        assert browser.errors == []


def test_search_finds_consensus(browser):
    browser.width(1280)
    browser.open(at("search").as_uri() + "?q=consensus")
    found = "[...document.querySelectorAll('#search-results li a')].map(e => e.href)"
    wait = f"new Promise(go => {{ const look = () => {found}.length > 1 ? go() : setTimeout(look, 50); look(); }})"
    browser.run(f"Promise.race([{wait}, new Promise(go => setTimeout(go, 10000))])")
    assert any("search/cbo.html" in address for address in browser.run(found))
    assert browser.errors == []


@pytest.mark.parametrize("name", ["index", "tutorials", *DERIVATIONS[:1]])
def test_keyboard_reaches_everything(browser, name):
    browser.width(1280)
    visit(browser, name)
    assert browser.unreached() == []
    assert browser.run("document.querySelectorAll('header [data-tabbed]').length") > 5


def test_keyboard_opens_the_menu_on_a_telephone(browser):
    browser.width(360)
    visit(browser, "index")
    browser.run("document.querySelector('.primary-toggle').focus()")
    browser.press("Enter")
    assert browser.run("document.querySelector('dialog[open] a[href]').checkVisibility()")
    browser.press("Tab")
    assert browser.run("document.activeElement.closest('dialog') !== null")
    browser.press("Escape")
    assert browser.run("document.querySelector('dialog[open]')") is None
