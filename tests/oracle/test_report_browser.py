"""The report page in headless Chromium with the network cut: errors, widths, colors, keyboard, filter."""

from itertools import cycle

import pytest

from refimpl.oracle import catalog
from refimpl.oracle.claims.experiment import run_claim
from refimpl.oracle.output.page import write_html
from refimpl.specs.base import Claim, Outcome, at_most, reported

pytestmark = pytest.mark.xdist_group("browser")  # which is started once
LONG = "a_slug_that_is_longer_than_a_telephone_is_wide_and_has_no_place_to_break_it"
SHOWN = "[...document.querySelectorAll('[data-entry]')].filter(e => !e.hidden).length"


def mutant(slug, **more):
    fields = {"operation": f"doc.{LONG}", "slug": slug, "bug_type": "wrong_order", "hint": f"mix {LONG} first"}
    fate = {"killed": True, "named": True, "killed_by": [LONG] * 6, "equivalent": ""}
    return fields | {"origin": "https://github.com/some/project/issues/1"} | fate | more


def fails(seed):
    print("before it failed " * 40)
    raise ArithmeticError(LONG)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    plot = lambda figure: figure.subplots().plot([0, 1])
    experiments = {
        "C1": lambda seed: Outcome([at_most(LONG, 1, 1), reported("number", 2)], plot, "A note."),
        "C2": lambda seed: Outcome([at_most("two", 2, 1)], plot),
        "C3": fails,
    }
    claims = [run_claim(Claim(f"doc.{n}", f"statement {LONG}", "theorem 1", e)) for n, e in experiments.items()]
    operation = {"name": f"doc.{LONG}", "summary": "", "cases": 2, "verdict": "conforms", "counts": {"passed": 2}}
    system = {"name": "doc", "title": "A long title of a paper " * 5, "arxiv": "2302.06675", "chapter": "optimizers"}
    systems = [
        system | {"operations": [operation], "mutants": [mutant("stale"), mutant(LONG, killed=False, named=False)]},
        system | {"name": "other", "operations": [operation], "mutants": [mutant("fresh")]},
    ]
    implementation = {
        "name": LONG,
        "version": "1.0",
        "language": "python",
        "operation": f"doc.{LONG}",
        "verdict": "deviates",
        "counts": {"passed": 3, "failed": 2},
        "sentence": f"Deviates: {LONG}",
        "command": f"refimpl check doc --torch {LONG}:{LONG}",
    }
    path = tmp_path_factory.mktemp("report") / "index.html"
    checks = {"systems": systems, "implementations": [implementation]}
    header = {"refimpl": "0.1.0", "machine": LONG, "command": f"make oracle {LONG}"}
    write_html(path, claims_records=claims, checks=checks, header=header)
    return path.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_page_fits_and_has_no_errors(browser, address, width, scheme):
    browser.width(width, scheme)
    browser.open(address)
    browser.run("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert browser.overflow() == []
    assert browser.errors == []
    assert browser.run("[...document.images].map(e => e.complete && e.naturalWidth > 0)") == [True, True]


def test_all_columns_are_seen_on_a_desk(browser, tmp_path):
    """With the names of the catalog nothing is to be scrolled, not even the tables of mutants."""

    def told(system):
        operations = [
            {"name": o.name, "summary": o.summary, "cases": 9, "verdict": "conforms", "counts": {"passed": 99}}
            for o in system.operations
        ]
        mutants = [
            mutant(m.slug, operation=o.name, bug_type=m.bug_type, hint=m.doc, origin=m.origin)
            | {"killed_by": [case.slug for case in o.cases]}
            for m, o in zip(system.alternatives, cycle(system.operations))
            if m.kind == "mistake"
        ]
        about = {"name": system.name, "title": system.paper.title, "arxiv": system.paper.arxiv}
        return about | {"chapter": system.chapter, "operations": operations, "mutants": mutants}

    checks = {"systems": [told(system) for system in catalog.systems().values()], "implementations": []}
    write_html(tmp_path / "index.html", claims_records=[], checks=checks, header={"command": "make oracle"})
    browser.width(1280)
    browser.open((tmp_path / "index.html").as_uri())
    browser.run("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert browser.run("document.querySelectorAll('.scroll').length") == 1 + len(checks["systems"])
    cut = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)"
    assert browser.run(f"{cut}.map(e => e.getAttribute('aria-label'))") == []


def test_text_stands_out_in_both_schemes(browser, address):
    """Contrast of at least 4.5 between every text and what is behind it, as WCAG asks."""
    for scheme in ("light", "dark"):
        browser.width(1280, scheme)
        browser.open(address)
        assert browser.run(CONTRAST) == [], scheme


CONTRAST = """(() => {
  const numbers = color => color.match(/[\\d.]+/g).map(Number);
  const light = color => {
    const [r, g, b] = numbers(color).map(c => c / 255).map(c => c > .04045 ? ((c + .055) / 1.055) ** 2.4 : c / 12.92);
    return .2126 * r + .7152 * g + .0722 * b + .05;
  };
  const behind = e => {
    const color = getComputedStyle(e).backgroundColor;
    return numbers(color)[3] === 0 ? behind(e.parentElement) : color;
  };
  const weak = e => {
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    return Math.max(a, b) / Math.min(a, b) < 4.5;
  };
  const texts = [...document.body.querySelectorAll("*")].filter(
    e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
  return texts.filter(weak).map(e => e.outerHTML.slice(0, 80));
})()"""


def test_keyboard_reaches_everything(browser, address):
    browser.width(768)
    browser.open(address)
    browser.press("Tab")
    assert browser.run("document.activeElement.className") == "skip"
    assert browser.run("document.activeElement.getBoundingClientRect().left >= 0"), "it shows when it has the focus"
    browser.run("document.querySelector('details:not([open]) > summary').focus()")
    browser.press("Enter")
    assert browser.run("document.activeElement.parentElement.open")
    assert browser.unreached() == []
    assert browser.run("document.querySelectorAll('[data-tabbed]').length") > 15


def test_focus_shows(browser, address):
    browser.open(address)
    for _ in range(8):
        browser.press("Tab")
        assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_filter_is_kept_in_the_address(browser, address):
    browser.open(address)
    every = browser.run(SHOWN)
    browser.run("document.querySelector('nav a:last-of-type').focus()")
    browser.press("Tab")
    browser.type("first FRESH")
    assert browser.run("location.hash") == "#find=first%20FRESH"
    assert browser.run(SHOWN) == 1
    assert browser.run("document.querySelector('#mutants details:not([hidden])').open")
    browser.open(browser.run("location.href"))
    assert browser.run("document.querySelector('nav input').value") == "first FRESH"
    assert browser.run(SHOWN) == 1
    browser.run("document.querySelector('nav input').select()")
    browser.press("Backspace")
    assert browser.run(SHOWN) == every > 1
    assert browser.run("location.hash") == ""
