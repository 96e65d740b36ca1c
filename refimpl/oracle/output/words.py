"""A report in words: what every kind of output has in common."""

from refimpl.oracle.output import alike

HOLDS = ("reproduced", "proxy")  # statuses of a claim whose bounds are kept
WORST_FIRST = ("failed", "error", "xpass", "variant", "xfail", "skipped", "not_applicable", "passed")


def worst_first(records):
    """Records by status; those of one status as they ran."""
    return sorted(records, key=lambda record: WORST_FIRST.index(record.status))


def title(report):
    """What was judged, and who."""
    return f"{report.target}: {' '.join(filter(None, (report.candidate['name'], report.candidate['version'])))}"


def sentence(report):
    """The verdict in one sentence."""
    asked = report.planned - sum(report.counts.get(status, 0) for status in ("skipped", "not_applicable"))
    whole = asked == report.planned
    text = {
        "conforms": "conforms" if whole else f"conforms where it was asked, in {asked} of {report.planned} checks",
        "deviates": "deviates from the paper's rule",
        "error": alike.no_answer(report),
        "nothing ran": alike.nothing_ran(report),
    }.get(report.verdict, report.verdict)
    diagnosis = report.diagnosis
    if diagnosis is None:
        return text + ("; no known mistake explains it" if report.verdict == "deviates" else "")
    if diagnosis.kind == "variant":
        return f"{text}: {diagnosis.hint}"
    if len(diagnosis.names) > 1:
        return f"{text}; these cases cannot tell apart the mistakes {', '.join(diagnosis.names)}"
    return f"{text}: {diagnosis.names[0]} ({diagnosis.hint})"


def at_seeds(status, seeds):
    """At how many seeds a claim holds; "" where one alone was asked for.

    Parameters
    ----------
    status : str
        Of the claim, which is that at the first seed.
    seeds : dict of str to str
        Seed -> status, or "not run".

    Returns
    -------
    str
        Goes on after the status and a comma.

    Examples
    --------
    >>> at_seeds("reproduced", {"0": "reproduced", "1": "reproduced"})
    'holds at 2 of 2 seeds'
    >>> at_seeds("reproduced", {"0": "reproduced", "1": "not reproduced"})
    'at 1 of 2 seeds'
    >>> at_seeds("not reproduced", {"0": "not reproduced", "1": "proxy", "2": "error", "3": "not run"})
    'holds at 1 of 3 seeds, error at seed 2, 1 not run'
    """
    if len(seeds) < 2:
        return ""
    run = [found for found in seeds.values() if found != "not run"]
    holding = sum(found in HOLDS for found in run)
    only = status in HOLDS and holding < len(run)  # the status says that it holds, but not everywhere
    parts = [f"{'' if only else 'holds '}at {holding or 'none'} of {len(run)} seeds"]
    if wrong := [seed for seed, found in seeds.items() if found == "error"]:
        parts.append(f"error at seed{'s' * (len(wrong) > 1)} {', '.join(wrong)}")
    if left := len(seeds) - len(run):
        parts.append(f"{left} not run")
    return ", ".join(parts)


def counts_line(report):
    """Planned checks, what became of them, and how many in a hundred passed (rounded down).

    Examples
    --------
    >>> from refimpl.oracle.judging.records import Report
    >>> counts_line(Report("lion", {}, "conforms", {"passed": 2, "failed": 0, "skipped": 1}, 3, ()))
    '3 planned = 2 passed + 1 skipped (66% passed)'
    """
    parts = " + ".join(f"{n} {status}" for status, n in report.counts.items() if n)
    return f"{report.planned} planned = {parts} ({percent(report)}% passed)" if parts else "0 planned"


def manners_lines(report):
    """What calls did beside answering, under a heading; nothing if they did nothing."""
    if not report.manners:
        return []
    heading = "bad manners (advice; --strict makes them count):"
    return [heading, *(f"- {slip.message} (first in {slip.case})" for slip in report.manners)]


def percent(report):
    """How many of a hundred planned checks passed, rounded down: what was skipped has not passed."""
    return 100 * report.counts["passed"] // max(report.planned, 1)


def describe(record):
    """All that a record tells, as lines of text: what differs first, by how much, what that means, how to rerun it."""
    lines = [f"{record.case} ({record.dtype}): {record.message or record.reason}"]
    if record.expected is not None:
        numbers = f"expected {record.expected!r}, got {record.got!r}; error {record.error:.3g}"
        lines.append(f"{numbers}, tolerance {record.tolerance:.3g}{_digits(record, '; {:.1f} agreeing digits')}")
    if len(record.digits_per_step) > 1:
        shown = " ".join(f"{d:g}" for d in record.digits_per_step[:12])
        lines.append(f"digits per step: {shown}{' ...' if len(record.digits_per_step) > 12 else ''}")
    if record.why and record.status != "passed":
        lines.append(f"what it tests: {record.why}")
    lines += filter(None, (record.traceback.strip(), record.stderr_tail.strip()))
    return [*lines, f"rerun: {record.repro}"]


def what(record):
    """What there is to say of a record, in a phrase."""
    return record.message or record.reason or _digits(record, "{:.1f} digits")


def _digits(record, text):
    return "" if record.digits is None else text.format(record.digits)
