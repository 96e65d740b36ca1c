"""The report page: whole, safe against what it quotes, and in need of nothing from the network."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from refimpl.oracle.claims.experiment import run_claim
from refimpl.oracle.output.page import write_html
from refimpl.specs.base import Claim, Outcome, at_most, reported

NASTY = """<script>alert("x")</script></style><img src=x onerror='alert(1)'>&amp;"""
VOID = {"meta", "link", "br", "img", "input"}
HEADER = {"refimpl": "0.1.0", "date": "2026-01-02", "machine": NASTY, "command": "make oracle"}


class Page(HTMLParser):
    """Elements, their attributes and texts; refuses tags that do not nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], Counter(), [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.attributes += [(tag, *pair) for pair in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def all(self, name):
        return [value for _, key, value in self.attributes if key == name]


def mutant(slug="stale", killed=True, named=True, equivalent="", origin=""):
    return {
        "operation": "doc.step",
        "slug": slug,
        "bug_type": "wrong_order",
        "hint": NASTY,
        "origin": origin,
        "killed": killed,
        "named": named,
        "killed_by": ["a", "b", "c", "d", "e", "f"] if killed else [],
        "equivalent": equivalent,
    }


def system(*mutants, verdict="conforms", name="doc"):
    operation = {"name": f"{name}.step", "summary": NASTY, "cases": 4, "verdict": verdict}
    return {
        "name": name,
        "title": NASTY,
        "arxiv": "2302.06675",
        "chapter": "optimizers",
        "operations": [operation | {"counts": {"passed": 7, "failed": 1}}],
        "mutants": list(mutants),
    }


IMPLEMENTATION = {
    "name": NASTY,
    "version": NASTY,
    "language": NASTY,
    "operation": "doc.step",
    "verdict": "conforms to variant " + NASTY,
    "counts": {"variant": 3, "not_applicable": 2, "failed": 0},
    "sentence": NASTY,
    "command": NASTY,
}


def claim(name, experiment, **more):
    return run_claim(Claim(f"doc.{name}", NASTY, NASTY, experiment, **more))


def raises(seed):
    print(NASTY)
    raise ArithmeticError(NASTY)


@pytest.fixture(scope="module")
def records():
    plot = lambda figure: figure.subplots().plot([0, 1])
    return [
        claim("C1", lambda seed: Outcome([at_most(NASTY, 1, 1), reported("nan", 2)], plot, NASTY), proxy=NASTY),
        claim("C2", lambda seed: Outcome([at_most("two", 2, 1)]), tuned=NASTY),
        claim("C3", raises),
    ]


def page(path, records=(), systems=(), implementations=()):
    checks = {"systems": list(systems), "implementations": list(implementations)}
    write_html(path / "index.html", claims_records=records, checks=checks, header=HEADER)
    return (path / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(records, tmp_path_factory):
    mutants = (mutant(), mutant(NASTY, origin="javascript:alert(1)"), mutant("b", origin="https://example.org/?a=1&b"))
    return page(tmp_path_factory.mktemp("page"), records, [system(*mutants)], [IMPLEMENTATION])


def test_everything_quoted_is_escaped(text):
    parsed = Page(text)
    assert parsed.tags["script"] == parsed.tags["style"] == 1
    assert parsed.tags["img"] == 1, "the figure"
    assert not [key for _, key, _ in parsed.attributes if key.startswith("on")]
    assert parsed.text.count(NASTY) > 20, "and is shown as it is"


def test_page_needs_no_network(text):
    parsed = Page(text)
    assert all(source.startswith("data:") for source in parsed.all("src"))
    assert not re.search(r"@import|url\(|fetch\(|XMLHttp|srcset|<base", text)
    fetched = [v for tag, key, v in parsed.attributes if key == "href" and tag != "a"]
    assert fetched == ["data:,"]
    assert "default-src 'none'" in text


def test_links_are_of_the_web_or_of_the_page(text):
    parsed = Page(text)
    links = [v for tag, key, v in parsed.attributes if key == "href" and tag == "a"]
    assert {"https://example.org/?a=1&b", "https://arxiv.org/abs/2302.06675"} <= set(links)
    ids = parsed.all("id")
    assert len(ids) == len(set(ids))
    assert all(link.startswith("https://") or link[1:] in ids for link in links)


def test_page_is_accessible(text):
    parsed = Page(text)
    assert parsed.tags["h1"] == parsed.tags["main"] == parsed.tags["nav"] == 1
    assert text.count("<img alt=") == parsed.tags["img"]
    assert text.count('class="scroll" role="region" tabindex="0" aria-label=') == parsed.tags["table"]
    assert ("html", "lang", "en") in parsed.attributes


def test_header_and_footer(text):
    parsed = Page(text)
    assert "make oracle" in parsed.text
    assert '<footer id="end">' in text
    assert "1 systems, 3 claims, 3 mutants, 1 implementations" in parsed.text


def test_counts(text):
    shown = Page(text).text
    assert "0/3 claims reproduced, 1 proxy, 1 not reproduced, 1 error" in shown
    assert "1/1 operations whose reference conforms" in shown
    assert "3/3 known mistakes caught" in shown
    assert "implementations judged: 1 conforms" in shown
    assert "7/8" in shown
    assert "a, b, c, d and 2 more" in shown


@pytest.mark.parametrize(
    ("entry", "fate"),
    [
        (mutant(killed=False, named=False), "SURVIVES"),
        (mutant(named=False), "killed, not named"),
        (mutant(equivalent="why"), "killed, though declared equivalent"),
    ],
)
def test_what_is_not_as_it_should_be_comes_first(tmp_path, entry, fate):
    shown = Page(page(tmp_path, systems=[system(entry)])).text
    assert fate in shown[shown.index("To look at") : shown.index("Claims of the papers")]


def test_nothing_to_look_at(tmp_path):
    text = page(tmp_path, systems=[system(mutant(), mutant("same", False, False, equivalent="scale"))])
    assert "To look at" not in text
    assert "1/1 known mistakes caught, 1 equivalent" in Page(text).text


def test_empty_page(tmp_path):
    text = page(tmp_path)
    Page(text)
    assert "None ran." in text


def test_a_claim_says_at_how_many_seeds_it_holds(tmp_path):
    one = claim("C1", lambda seed: Outcome([at_most("one", 1, 1)]), kind="superiority", control=f"beside {NASTY}")
    steady = one | {"seeds": dict.fromkeys("012", "reproduced")}
    shaky = one | {"id": "doc.C2", "seeds": {"0": "reproduced", "1": "not reproduced", "2": "error"}}
    text = page(tmp_path, [steady, shaky], [system()])
    shown = Page(text).text
    assert "doc.C1 ✓ reproduced holds at 3 of 3 seeds" in shown
    assert "doc.C2 ✓ reproduced at 1 of 3 seeds, error at seed 2" in shown
    attention = shown[shown.index("To look at") : shown.index("Claims of the papers")]
    assert "doc.C2" in attention
    assert "doc.C1" not in attention
    assert f"{NASTY}, superiority" in shown
    assert f"Control: beside {NASTY}" in shown


def test_claims_of_an_unknown_system_are_shown(tmp_path, records):
    assert 'id="doc.C3"' in page(tmp_path, records, [system(name="other")])


@pytest.mark.parametrize(
    ("verdict", "sentence", "rest"),
    [
        ("conforms", "conforms", ""),
        ("conforms", "conforms where it was asked, in 3 of 4 checks", "where it was asked, in 3 of 4 checks"),
        ("conforms to variant eps", "conforms to variant eps: as `torch`", "as <code>torch</code>"),
        ("deviates", "deviates from the paper's rule: late (mix first)", "late (mix first)"),
        ("deviates", "deviates from the paper's rule; no known mistake explains it", "no known mistake explains it"),
        ("skipped", "skipped: node is not installed", "node is not installed"),
    ],
)
def test_a_verdict_is_said_once(tmp_path, verdict, sentence, rest):
    text = page(tmp_path, implementations=[IMPLEMENTATION | {"verdict": verdict, "sentence": sentence}])
    (cell,) = re.findall(r'<td class="wide">(<span class="badge.*?)</td>', text)
    badge, _, said = cell.partition("<br>")
    assert verdict in badge
    assert said == rest
