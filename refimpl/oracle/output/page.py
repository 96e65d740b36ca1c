"""The report page: one HTML file that needs nothing else, and that shows by its footer that it is whole."""

from collections import Counter
from html import escape
from importlib.resources import files

from refimpl.core import disk
from refimpl.oracle.output.words import at_seeds, of_control

BADGES = {  # status -> (class, mark); the mark, so that nothing is told by color alone
    "reproduced": ("good", "✓"),
    "conforms": ("good", "✓"),
    "killed and named": ("good", "✓"),
    "proxy": ("fair", "≈"),
    "equivalent": ("fair", "≡"),
    "killed, not named": ("poor", "?"),
    "killed, though declared equivalent": ("bad", "!"),
    "not reproduced": ("poor", "✗"),
    "deviates": ("poor", "✗"),
    "SURVIVES": ("bad", "!"),
    "error": ("bad", "!"),
}
AS_IT_SHOULD_BE = {"killed and named", "equivalent"}  # of a mutant


def write_html(path, *, claims_records, checks, header):
    """Write the report as one HTML file: no network, light and dark, from phone to desk.

    Parameters
    ----------
    path : path
        The file.
    claims_records : sequence of dict
        As of `refimpl.oracle.claims.runs.run_claims`.
    checks : dict
        ``systems``, each with `name`, `title`, `arxiv`, `chapter`, `operations` (`name`, `summary`, `cases`,
        `verdict`, `counts`) and `mutants` (`operation`, `slug`, `bug_type`, `hint`, `origin`, `killed`, `named`,
        `killed_by`, `equivalent`); and ``implementations``, each with `name`, `version`, `language`, `operation`,
        `verdict`, `counts`, `sentence`, `command`.
    header : dict
        `refimpl` (the version), `command` (which writes the page again), and any other facts to print, such as
        `date` and `machine`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> page = pathlib.Path(tempfile.mkdtemp()) / "index.html"
    >>> nothing = {"systems": [], "implementations": []}
    >>> write_html(page, claims_records=[], checks=nothing, header={"refimpl": "1", "command": "make oracle"})
    >>> '<footer id="end">' in page.read_text()
    True
    """
    claims: dict[str, list] = {system["name"]: [] for system in checks["systems"]}
    for record in claims_records:
        claims.setdefault(record["id"].partition(".")[0], []).append(record)
    titles = {system["name"]: system["title"] for system in checks["systems"]}
    text = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="refimpl">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>refimpl: report of the oracle</title>
<link rel="icon" href="data:,">
<style>{_part("page.css")}</style>
</head>
<body>
<a class="skip" href="#overview">Skip to the overview</a>
{_head(claims_records, checks, header)}
<nav aria-label="Sections"><div>
<a href="#overview">Overview</a> <a href="#claims">Claims</a> <a href="#mutants">Mutants</a>
<a href="#implementations">Implementations</a>
<input type="search" placeholder="Find" aria-label="Find claims, mutants and implementations by words" hidden>
</div></nav>
<main>
{_overview(claims, checks["systems"])}
{_claims(claims, titles)}
{_mutants(checks["systems"])}
{_implementations(checks["implementations"])}
</main>
<footer id="end"><p>End of the report: {len(checks["systems"])} systems, {len(claims_records)} claims,
{sum(len(system["mutants"]) for system in checks["systems"])} mutants,
{len(checks["implementations"])} implementations. A page without this line is truncated.</p></footer>
<script>{_part("page.js")}</script>
</body>
</html>
"""
    disk.write(path, text)


# Parts --------------------------------------------------------------------------------------------------------


def _part(name):
    """A file that lies beside this one."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _text(value):
    return escape(str(value))


def _marked_up(text):
    """A text in which `code` stands between backticks.

    Examples
    --------
    >>> _marked_up("`x < y` holds")
    '<code>x &lt; y</code> holds'
    """
    parts = enumerate(_text(text).split("`"))
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in parts)


def beyond(verdict, sentence):
    """What the sentence about a verdict tells beyond the verdict.

    Parameters
    ----------
    verdict : str
        As of `refimpl.oracle.check`: "conforms", "conforms to variant X", "deviates" ...
    sentence : str
        As of `refimpl.oracle.output.words.sentence`.

    Returns
    -------
    str
        The rest; "" if there is none.

    Examples
    --------
    >>> beyond("deviates", "deviates from the paper's rule: late_decay (decay first)")
    'late_decay (decay first)'
    >>> beyond("conforms", "conforms"), beyond("conforms in part", "conforms in part; value alone, without slope")
    ('', 'value alone, without slope')
    """
    said = verdict if sentence.startswith(verdict) else verdict.removesuffix(" part")
    return sentence.removeprefix(said).removeprefix(" from the paper's rule").lstrip(" :;,")


def _link(address, text):
    """A link, if the address is one of the web: what a spec or a program says is not to run as a script."""
    if not str(address).startswith(("https://", "http://")):
        return _text(text)
    return f'<a href="{_text(address)}">{_text(text)}</a>'


def _badge(status):
    kind, mark = BADGES.get(status, ("", "·"))
    if status.startswith("conforms to variant"):
        kind, mark = "fair", "≈"
    return f'<span class="badge {kind}">{mark} {_text(status)}</span>'


def _mark(holds):
    kind, mark, words = ("good", "✓", "holds") if holds else ("poor", "✗", "does not hold")
    return f' <span class="badge {kind}" role="img" aria-label="{words}">{mark}</span>'


def _table(columns, rows, label):
    """Table in a box that scrolls by itself; `columns` are (heading, class), cells are HTML.

    A row is its cells, or a pair of attributes and cells.
    """
    heads = "".join(f'<th scope="col" class="{kind}">{_text(name)}</th>' for name, kind in columns)
    body = []
    for row in rows:
        attributes, cells = row if isinstance(row, tuple) else ("", row)
        first, *rest = (f'class="{kind}">{cell}' for (_, kind), cell in zip(columns, cells, strict=True))
        body.append(f'<tr {attributes}><th scope="row" {first}</th>' + "".join(f"<td {c}</td>" for c in rest) + "</tr>")
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{_text(label)}"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _fate(mutant):
    """What became of a mutant, in the words of `BADGES`."""
    if mutant["equivalent"]:
        return "killed, though declared equivalent" if mutant["killed"] else "equivalent"
    if not mutant["killed"]:
        return "SURVIVES"
    return "killed and named" if mutant["named"] else "killed, not named"


def _killed(mutants):
    """How many mutants are killed of those that can be, and how many cannot."""
    mortal = [mutant for mutant in mutants if not mutant["equivalent"]]
    others = len(mutants) - len(mortal)
    return f"{sum(m['killed'] for m in mortal)}/{len(mortal)}", f"{others} equivalent" if others else ""


def _head(records, checks, header):
    operations = [operation for system in checks["systems"] for operation in system["operations"]]
    conforming = sum(operation["verdict"] == "conforms" for operation in operations)
    statuses = Counter(record["status"] for record in records)
    others = "".join(f", {n} {status}" for status, n in statuses.items() if status != "reproduced")
    verdicts = Counter(entry["verdict"].split(" to ")[0] for entry in checks["implementations"])
    killed, equivalent = _killed([mutant for system in checks["systems"] for mutant in system["mutants"]])
    tiles = (
        (f"{conforming}/{len(operations)}", "operations whose reference conforms to the exact answers"),
        (killed, f"known mistakes caught{equivalent and ', ' + equivalent}"),
        (f"{statuses['reproduced']}/{len(records)}", f"claims reproduced{others}"),
        (len(checks["implementations"]), "implementations judged: "
         + (", ".join(f"{n} {verdict}" for verdict, n in verdicts.items()) or "none")),
    )  # fmt: skip
    facts = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>"
        for name, value in header.items()
        if name != "command"
    )
    return f"""<header>
<h1>Report of the oracle</h1>
<dl class="facts">{facts}</dl>
<p>To write it again: <code>{_text(header["command"])}</code></p>
<ul class="tiles">{"".join(f"<li><strong>{_text(big)}</strong>{_text(small)}</li>" for big, small in tiles)}</ul>
</header>"""


def _overview(claims, systems):
    rows = []
    for system in systems:
        counts: Counter = Counter()
        for operation in system["operations"]:
            counts.update(operation["counts"])
        statuses = Counter(record["status"] for record in claims[system["name"]])
        rows.append(
            [
                f'<strong>{_text(system["title"])}</strong><br><span class="dim"><code>{_text(system["name"])}</code>, '
                f"{_text(system['chapter'])}, "
                f"{_link('https://arxiv.org/abs/' + system['arxiv'], system['arxiv'])}</span>",
                "<br>".join(
                    f"<code>{_text(operation['name'])}</code> {_badge(operation['verdict'])}"
                    for operation in system["operations"]
                ),
                f"{counts['passed']}/{counts.total()}",
                "<br>".join(_killed(system["mutants"])),
                *(str(statuses[status]) for status in ("reproduced", "proxy", "not reproduced", "error")),
            ]
        )
    columns = [
        ("System", "wide"), ("Operations", ""), ("Checks passed", "number"), ("Mutants killed", "number"),
        ("Reproduced", "number"), ("Proxy", "number"), ("Not reproduced", "number"), ("Error", "number"),
    ]  # fmt: skip
    table = _table(columns, rows, "Systems") if rows else "<p>No systems.</p>"
    return f'<section id="overview"><h2>Overview</h2>{_attention(claims, systems)}{table}</section>'


def _attention(claims, systems):
    """What is not as it should be, worst first."""
    found = [
        (
            "error" not in record["seeds"].values(),
            f'<a href="#{_text(record["id"])}">{_text(record["id"])}</a>',
            _standing(record),
        )
        for records in claims.values()
        for record in records
        if {"error", "not reproduced"} & set(record["seeds"].values())
    ]
    for system in systems:
        for operation in system["operations"]:
            if operation["verdict"] != "conforms":
                found.append((False, f"<code>{_text(operation['name'])}</code>", _badge(operation["verdict"])))
        for mutant in system["mutants"]:
            if (fate := _fate(mutant)) not in AS_IT_SHOULD_BE:
                found.append(
                    (False, f"<code>{_text(mutant['operation'])}</code> {_text(mutant['slug'])}", _badge(fate))
                )
    if not found:
        return ""
    lines = "".join(f"<li>{what} {badge}</li>" for _, what, badge in sorted(found))
    return f"<h3>To look at</h3><ul>{lines}</ul>"


def _claims(claims, titles):
    groups = "".join(
        f"<section data-group><h3>{_text(titles.get(name, name))}</h3>{''.join(map(_claim, records))}</section>"
        for name, records in claims.items()
        if records
    )
    return f'<section id="claims"><h2>Claims of the papers</h2>{groups or "<p>None ran.</p>"}</section>'


def _standing(record):
    """Status of a claim, and the seeds at which it holds."""
    said = ", ".join(filter(None, (at_seeds(record["status"], record["seeds"]), of_control(record["showed"]))))
    return _badge(record["status"]) + (f" <span>{_text(said)}</span>" if said else "")


def _claim(record):
    rows = [
        [
            _text(m["quantity"]),
            f"{m['value']:.4g}",
            f'<span class="keep">{_text(m["bound"])}</span>' + ("" if m["bound"] == "reported" else _mark(m["holds"])),
        ]
        for m in record["measurements"]
    ]
    columns = [("Quantity", "wide"), ("Measured", "number"), ("Bound", "number")]
    table = _table(columns, rows, f"Measurements of {record['id']}") if rows else ""
    figure = (
        f'<figure><img alt="What was measured for {_text(record["id"])}: {_text(record["statement"])}"'
        f' width="700" height="400" src="data:image/png;base64,{_text(record["figure"])}"></figure>'
        if record["figure"]
        else ""
    )
    told = "".join(
        f"<p><strong>{name}:</strong> {_text(record[key])}</p>"
        for name, key in (("Control", "control"), ("Stand-in for", "proxy"), ("Tuned", "tuned"), ("Note", "note"))
        if record[key]
    )
    logs = "".join(
        f"<details {'open' if key == 'traceback' else ''}><summary>{name}</summary>"
        f'<pre tabindex="0">{_text(record[key])}</pre></details>'
        for name, key in (("Traceback", "traceback"), ("Output", "output"))
        if record[key]
    )
    return f"""<article id="{_text(record["id"])}" data-entry="">
<header><span class="id">{_text(record["id"])}</span> {_standing(record)}
<span class="dim">{_text(", ".join(filter(None, (record["source"], record["kind"]))))}</span></header>
<h4>{_text(record["statement"])}</h4>
<div class="parts{" pair" if figure and (table or told) else ""}"><div>{table}{told}{logs}
<p class="dim">seed {record["seed"]}, {record["seconds"]:.1f} s, {_text(record["tier"])} tier</p></div>{figure}</div>
</article>"""


def _mutants(systems):
    groups = []
    columns = [("Mistake", ""), ("Fate", "keep"), ("Type", ""), ("What is wrong, and how to mend it", "wide"),
               ("Killed by", "medium"), ("Seen in", "source")]  # fmt: skip
    for system in systems:
        rows = [
            (
                f'data-entry="{_text(system["name"])}"',
                [
                    f'<code>{_text(mutant["slug"])}</code><br><span class="dim">{_text(mutant["operation"])}</span>',
                    _badge(_fate(mutant)),
                    _text(mutant["bug_type"].replace("_", " ")),
                    _marked_up(mutant["hint"]),
                    _text(mutant["equivalent"] or _few(mutant["killed_by"])),
                    _link(mutant["origin"], mutant["origin"].removeprefix("https://github.com/")),
                ],
            )
            for mutant in system["mutants"]
        ]
        killed, equivalent = _killed(system["mutants"])
        summary = f"<strong>{_text(system['title'])}</strong>: {killed} killed{equivalent and ', ' + equivalent}"
        attention = "open" if {*map(_fate, system["mutants"])} - AS_IT_SHOULD_BE else ""
        table = _table(columns, rows, f"Mutants of {system['name']}")
        groups.append(f"<details data-group {attention}><summary>{summary}</summary>{table}</details>")
    return f"""<section id="mutants"><h2>Mutants</h2>
<p>Plausible mistakes, run as candidates. The oracle must catch each, and call it by its name.</p>
{"".join(groups)}</section>"""


def _few(slugs, most=4):
    """The first few of many names.

    Examples
    --------
    >>> _few(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    more = len(slugs) - most
    return ", ".join(slugs[:most]) + (f" and {more} more" if more > 0 else "")


def _cause(entry):
    """All that is said of a cause, folded."""
    lines = entry.get("cause")
    return f"<details><summary>why</summary><pre>{_text(chr(10).join(lines))}</pre></details>" if lines else ""


def _implementations(entries):
    columns = [("Implementation", "medium"), ("Verdict", "wide"), ("Counts", "medium"), ("Command", "wide")]
    rows = [
        (
            'data-entry=""',
            [
                f"{_text(entry['name'])} {_text(entry['version'])}<br>"
                f'<span class="dim">{_text(entry["language"])} <code>{_text(entry["operation"])}</code></span>',
                f"{_badge(entry['verdict'])}<br>"
                f"{_marked_up(beyond(entry['verdict'], entry['sentence']))}{_cause(entry)}",
                "<br>".join(f"{n} {_text(status.replace('_', ' '))}" for status, n in entry["counts"].items() if n),
                f"<code>{_text(entry['command'])}</code>",
            ],
        )
        for entry in entries
    ]
    table = _table(columns, rows, "Implementations judged") if rows else "<p>None was judged.</p>"
    return f"""<section id="implementations" data-group><h2>Implementations judged</h2>
<p>Code that is not ours. A deviation is a finding about that code, not a failure of this run.</p>
{table}</section>"""
