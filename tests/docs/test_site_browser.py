"""The built site, as from a USB stick: links, formulas, search, widths and keyboard, with the network cut.

`make docs` builds the site and runs this on it (REFIMPL_SITE names the folder), so that no other run of the tests
depends on a site that was left behind. Without a browser, what needs one is skipped.
"""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from refimpl.oracle import catalog
from tests.thorough import sample

SITE = Path(os.environ.get("REFIMPL_SITE", "build/docs")).resolve()
BUILT = "REFIMPL_SITE" in os.environ and (SITE / "index.html").is_file()
pytestmark = pytest.mark.skipif(not BUILT, reason="needs the site: `make docs` builds it and runs this")
GENERATED = {
    **dict.fromkeys(("systems", "symbols", "tutorials", "api", "capabilities"), "make docs"),
    "claims": "make claims",
    "conformance/index": "python -m tests.peers",
    "benchmarks": "make bench",
}
LONGEST = 10_000  # pixels of a page, 1400 wide
LONG = 15  # pages of packages that are all looked at
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}


def at(name):
    return SITE / f"{name}.html"


def documents():
    """Names of the pages of the last build; pages that an earlier one left behind are not among them."""
    if not BUILT:
        return []
    index = (SITE / "searchindex.js").read_text(encoding="utf-8")
    return json.loads(index[index.index("(") + 1 : index.rindex(")")])["docnames"]


def looked_at(names):
    """Of the pages of packages, which are of one mould, the longest and every tenth; all others."""
    pages = [name for name in names if name.startswith("conformance/") and Path(name).name not in ("index", "packages")]
    longest = sorted(pages, key=lambda name: at(name).stat().st_size)
    return sorted({*names} - {*pages} | {*sample({*longest[-LONG:], *pages[::10]}, pages)})


CHAPTERS = {entry.chapter for entry in catalog.papers()}
DOCUMENTS = documents()
DERIVATIONS = [name for name in DOCUMENTS if Path(name).parts[0] in CHAPTERS and not name.endswith("/index")]
GALLERY = [name for name in DOCUMENTS if name.startswith("gallery/")]
API = [name for name in DOCUMENTS if name.startswith("_generated/")]
OTHERS = [name for name in DOCUMENTS if name not in {*DERIVATIONS, *GALLERY, *API}]
links = pytest.mark.xdist_group("links")  # one process reads all pages


def of_pages(names):
    """A test of each of these pages; all tests of a page are one process's, which opens it once."""
    return pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names])


class Page(HTMLParser):
    """Anchors, links and fetched files of a page."""

    def __init__(self, path):
        super().__init__()
        self.path, self.anchors, self.links, self.fetched = path, set(), [], []
        self.tags, self.lines = [], []  # links from code to equations, and back
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
            {"tag": self.tags, "to-line": self.lines}.get(found.get("class"), []).append(found["href"])
        if address := found.get(FETCHED.get(tag, "")):
            self.fetched.append(address)


@pytest.fixture(scope="module")
def pages():
    names = [*DOCUMENTS, "genindex", "search", "py-modindex"]
    names += [path.relative_to(SITE).with_suffix("").as_posix() for path in (SITE / "_modules").rglob("*.html")]
    return {path: Page(path) for name in names if (path := at(name)).is_file()}


def target_of(page, link):
    """The file that a link of a page leads to."""
    path = unquote(urlsplit(link).path)
    return (page.path.parent / path).resolve() if path else page.path


def equation_of(link):
    """The anchor of the equation of a link to a tagged line."""
    return "equation-" + urlsplit(link).fragment.removeprefix("line-").replace("_", "-")


def visit(browser, name, width, scheme="light", change=None):
    """Open a page and wait for its formulas, unless it is open, and nothing or this `change` alone was made to it."""
    if browser.shown not in ((name, None), (name, change)):
        browser.open(at(name).as_uri(), width, scheme)
        browser.run("window.MathJax?.startup?.promise")
    else:
        browser.width(width, scheme)
    browser.shown = name, change


def test_site_is_whole():
    assert DERIVATIONS
    assert [name for name in DOCUMENTS if not at(name).is_file()] == []


@links
def test_no_link_is_dead(pages):
    """Pages, files and anchors."""
    dead = []
    for page in pages.values():
        for link in {*page.links, *page.fetched}:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = target_of(page, link)
            there = target.is_file() and (target.suffix != ".html" or target in pages)
            anchor = unquote(parts.fragment)
            if there and anchor and target in pages:
                there = anchor in pages[target].anchors or anchor == "top"
            if not there:
                dead.append(f"{page.path.relative_to(SITE)}: {link}")
    assert "\n".join(sorted(dead)) == ""


@links
@pytest.mark.parametrize("name", DERIVATIONS)
def test_equations_and_lines_lead_to_each_other(pages, name):
    """Each labelled equation leads to a line of code, and the tag there leads back."""
    page = pages[at(name)]
    prefix = f"equation-{Path(name).name.replace('_', '-')}-"
    labels = {anchor for anchor in page.anchors if anchor.startswith(prefix)}
    assert labels
    assert {equation_of(link) for link in page.lines} == labels
    for link in page.lines:
        there = pages[target_of(page, link)]
        assert urlsplit(link).fragment in there.anchors
        back = [tag for tag in there.tags if urlsplit(tag).fragment == equation_of(link)]
        assert back, link
        assert {target_of(there, tag) for tag in back} == {page.path}


@links
def test_generated_pages_name_their_command(pages):
    for name, command in GENERATED.items():
        text = re.sub(r"<[^>]+>", "", at(name).read_text(encoding="utf-8"))
        assert re.search(rf"\b{command}\b", text), f"{name}: {command}"


@links
def test_every_claim_is_in_the_ledger_and_leads_to_its_numbers(pages):
    """The page of its chapter has a link to its place on the page of its system."""
    for claim in catalog.claims():
        system = claim.id.partition(".")[0]
        chapter, anchor = catalog.chapter(system), claim.id.lower().replace(".", "-").replace("_", "-")
        assert f"../{chapter}/{system}.html#{anchor}" in pages[at(f"claims/{chapter}")].links
        assert anchor in pages[at(f"{chapter}/{system}")].anchors


@links
def test_public_functions_lead_to_their_tutorials(pages):
    for name in DERIVATIONS:
        chapter, system = name.split("/")
        reference = pages.get(at(f"_generated/refimpl.{chapter}.{system}"))
        if f"gallery/{name}" in GALLERY:
            assert any(link.endswith(f"gallery/{name}.html") for link in reference.links), name


@links
def test_every_tutorial_has_a_picture_and_a_notebook(pages):
    tutorials = [name for name in GALLERY if not name.endswith("/index")]
    assert tutorials
    for name in tutorials:
        script = Path(name).name
        assert any(link.endswith(f"sphx_glr_{script}_thumb.png") for link in pages[at("tutorials")].fetched), name
        (link,) = {link for link in pages[at(name)].links if link.endswith(".ipynb")}
        cells = json.loads(target_of(pages[at(name)], link).read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        assert "sys.argv = sys.argv[:1]" in code[0]  # Jupyter's own options are not those of the tutorial
        for cell in code:
            compile(cell.replace("%matplotlib inline", ""), name, "exec")


@links
def test_tutorials_show_what_they_print_and_not_what_they_make(pages):
    for name in GALLERY:
        assert " object at 0x" not in at(name).read_text(encoding="utf-8"), name


def test_every_picture_has_a_text():
    bare = re.compile(r"<img(?![^>]*\balt=\"[^\"])[^>]*>")
    assert [name for name in DOCUMENTS if bare.search(at(name).read_text(encoding="utf-8"))] == []


@links
def test_nothing_is_fetched_from_the_network(pages):
    far = {link for page in pages.values() for link in page.fetched if urlsplit(link).scheme in ("http", "https")}
    assert far == set()
    styles = [path for path in (SITE / "_static").rglob("*.css") if "url(http" in path.read_text(encoding="utf-8")]
    assert styles == []


# A page is laid out anew for each width: its tests follow each other so that there are few.


@of_pages([*looked_at(DOCUMENTS), "genindex", "py-modindex"])
def test_page_fits_telephone_tablet_and_desk(browser, name):
    visit(browser, name, 360)
    assert browser.overflow() == []
    for width in (800, 1400):
        browser.width(width, "dark")
        assert browser.overflow() == []
    assert browser.errors == []


@of_pages([name for name in looked_at(DOCUMENTS) if not name.startswith("_generated/")])
def test_no_page_is_too_long(browser, name):
    visit(browser, name, 1400)
    browser.run("document.fonts.ready.then(() => 1)")
    assert browser.run("document.documentElement.scrollHeight") <= LONGEST


@of_pages(DERIVATIONS)
def test_a_page_can_be_read_in_one_sitting(browser, name):
    """Rule, picture and summary first, figures beside the claims, exercises folded."""
    visit(browser, name, 1400)
    below = "e => e ? Math.round(e.getBoundingClientRect().bottom) : 1e6"
    picture, rule = browser.run(f"['.claim-figure img', '.beside'].map(s => ({below})(document.querySelector(s)))")
    assert picture < 900, "the picture is not on the first screen"
    assert rule < 1400, "the rule is not near the first screen"
    assert browser.run("document.querySelectorAll('img.claim').length") >= 3
    assert browser.run("document.querySelectorAll('details').length") >= 2
    assert browser.run("document.querySelectorAll('button.copybtn').length") > 0
    assert browser.run("[...document.querySelectorAll('.claim-figure img')].every(e => e.naturalWidth > 0)")


@of_pages(DERIVATIONS)
def test_the_contents_of_a_page_are_always_in_sight(browser, name):
    for width in (1400, 1280):
        visit(browser, name, width)
        assert browser.run("document.querySelector('.page-toc a').checkVisibility()")


@of_pages(DERIVATIONS)
def test_formulas_are_typeset_beside_the_code(browser, name):
    """The equation stands to the left of its code on a wide screen, above it on a narrow one."""
    visit(browser, name, 1400)
    assert browser.run("document.querySelectorAll('mjx-container').length") > 10
    assert browser.run("document.querySelectorAll('mjx-merror, [data-mjx-error]').length") == 0
    text = browser.run("document.querySelector('article').innerText")
    assert "\\(" not in text
    assert "\\[" not in text
    assert (
        browser.run("document.fonts.ready.then(f => [...f].filter(x => x.status === 'error').map(x => x.family))") == []
    )
    rows = """[...document.querySelectorAll('.beside > .piece')].filter(row => row.querySelector('mjx-container'))
      .map(row => [row.querySelector('.equation'), row.querySelector('pre')].map(e => e.getBoundingClientRect()))
      .map(([left, right]) => [left.right <= right.left + 1, left.bottom <= right.top + 1])"""
    found = browser.run(rows)
    assert found
    assert all(beside for beside, _ in found)
    browser.width(800)
    assert all(below for _, below in browser.run(rows))
    assert browser.errors == []


@links
@pytest.mark.parametrize("name", DERIVATIONS)
def test_page_leaf_tutorial_and_paper_lead_to_each_other(pages, name):
    chapter, system = name.split("/")
    leaf, tutorial = at(f"check/{system}"), at(f"gallery/{chapter}/{system}")
    paper = catalog.system(system).paper.address
    for page, wanted in {at(name): (leaf, tutorial, paper), leaf: (at(name),), tutorial: (at(name),)}.items():
        links = {target_of(pages[page], link) for link in pages[page].links if not urlsplit(link).scheme}
        for other in wanted:
            assert other in links or other in pages[page].links, f"{page.relative_to(SITE)}: {other}"


def test_verdicts_can_be_read_on_a_desk(browser):
    """No word of a heading is broken, no command of a package is cut, and code is code."""
    for name in ("conformance/index", "conformance/packages"):
        visit(browser, name, 1280)
        assert browser.run("document.documentElement.scrollHeight") < 10_000
    broken = """[...document.querySelectorAll('table.refimpl th p')].map(p => p.firstChild).flatMap(
      text => [...text.data.matchAll(/\\w+/g)].filter(word => {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        return range.getClientRects().length > 1;
      }).map(word => word[0]))"""
    assert browser.run(broken) == []
    assert browser.run("document.querySelectorAll('table.refimpl th p').length") == 1 + len(CHAPTERS)
    visit(browser, "conformance/pytorch-optimizer", 1280, change="unfolded")
    browser.run("document.querySelectorAll('details').forEach(e => e.open = true)")
    cut = "[...document.querySelectorAll('pre')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    assert browser.run("document.querySelectorAll('pre').length") > 5
    assert browser.run(cut) == []
    visit(browser, "optimizers/lion", 1280)
    assert (
        browser.run("[...document.querySelectorAll('td')].map(e => e.textContent).filter(t => t.includes('`'))") == []
    )


def test_search_finds_consensus(browser):
    """A page asks the page that searches, and does without the index of all words itself."""
    visit(browser, "optimizers/lion", 1280, change="sought")
    assert browser.run("document.querySelectorAll('script[src*=searchindex]').length") == 0
    browser.run("document.querySelector('.search-button__button').click()")
    box = browser.run("[document.activeElement.name, document.activeElement.form.action]")
    assert box == ["q", at("search").as_uri()]
    browser.open(at("search").as_uri() + "?q=consensus")
    found = "[...document.querySelectorAll('#search-results li a')].map(e => e.href)"
    there = f"{found}.some(address => address.includes('search/cbo.html'))"
    wait = f"new Promise(go => {{ const look = () => {there} ? go() : setTimeout(look, 50); look(); }})"
    browser.run(f"Promise.race([{wait}, new Promise(go => setTimeout(go, 60000))])")
    assert any("search/cbo.html" in address for address in browser.run(found))
    assert browser.errors == []


@of_pages(["index", "tutorials", "claims", "optimizers/lion", "search/cbo"])
def test_keyboard_reaches_everything(browser, name):
    visit(browser, name, 1280, change="tabbed")
    assert browser.unreached() == []
    assert browser.run("document.querySelectorAll('header [data-tabbed]').length") > 5


@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_a_figure_is_moved_by_the_keyboard_and_says_its_numbers(browser, chapter):
    visit(browser, f"{chapter}/index", 360, change="moved")
    said = "document.querySelector('.explorable [role=status]').textContent"
    drawn = "document.querySelector('.explorable svg').innerHTML"
    before = browser.run(said), browser.run(drawn)
    assert re.search(r"\d", before[0])
    assert "NaN" not in before[0] + before[1]
    for key in ("ArrowRight", "ArrowRight", "End", "Home"):
        browser.run("document.querySelector('.explorable input[type=range]').focus()")
        browser.press(key)
        browser.run("new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame))")
        after = browser.run(said), browser.run(drawn)
        assert "NaN" not in after[0] + after[1]
    assert after[1] != before[1]
    assert browser.overflow() == []
    assert browser.errors == []


def test_keyboard_opens_the_menu_on_a_telephone(browser):
    visit(browser, "index", 360, change="opened")
    browser.run("document.querySelector('.primary-toggle').focus()")
    browser.press("Enter")
    assert browser.run("document.querySelector('dialog[open] a[href]').checkVisibility()")
    browser.press("Tab")
    assert browser.run("document.activeElement.closest('dialog') !== null")
    browser.press("Escape")
    assert browser.run("document.querySelector('dialog[open]')") is None
