"""A report in words: what every kind of output has in common."""

from dataclasses import replace

from refimpl.oracle.output import alike, scope

HOLDS = ("reproduced", "proxy")  # statuses of a claim whose bounds are kept
WORST_FIRST = ("failed", "error", "xpass", "variant", "xfail", "skipped", "not_applicable", "passed")

COUNTED = {2: "two", 3: "three", 4: "four"}


def worst_first(records):
    """Records by status; those of one status as they ran."""
    return sorted(records, key=lambda record: WORST_FIRST.index(record.status))


def title(report):
    """What was judged, and who."""
    return f"{report.target}: {' '.join(filter(None, (report.candidate['name'], report.candidate['version'])))}"


def sentence(report):
    """The verdict in one sentence, with what it is about where that is not everything."""
    run = sum(record.reason != report.interrupted for record in report.records) if report.interrupted else 0
    text = {
        "deviates": "deviates from the paper's rule",
        "error": alike.no_answer(report),
        "nothing passed": f"nothing passed: {_others(report)}",
        "nothing ran": alike.nothing_ran(report),
        "interrupted": f"{report.interrupted} after {run} of {report.planned} checks",
    }.get(report.verdict, report.verdict)
    if report.verdict.startswith("conforms"):
        text = _conforms(report)
    if report.diagnosis is None:
        text += "; no known mistake explains it" * (report.verdict == "deviates")
    elif report.diagnosis.kind == "variant":
        text += f": {report.diagnosis.hint}"
    else:
        text += (";" if len(report.diagnosis.names) > 1 else ":") + f" {cause(report.diagnosis)}"
    about = scope.asked(report) if report.verdict in ("deviates", "error", "nothing passed") else ()
    return text + f"; asked: {', '.join(about)}" * bool(about)


def _conforms(report):
    """That it conforms, and in what."""
    text, manner = report.verdict.removesuffix(" in part"), scope.manner(report)
    if text == report.verdict:
        return text + manner
    answered = report.counts["passed"] + report.counts.get("variant", 0)
    left = scope.outputs_left_out(report)
    about = [phrase for phrase in scope.asked(report) if phrase not in left]
    if answered < report.planned:
        about.insert(
            bool(about) and "operations" in about[0], f"{answered} of {report.planned} checks ({_others(report)})"
        )
    return "; ".join([f"{text} in {', '.join(about) or 'part'}{manner}", *left])


def _others(report):
    """How many checks were not answered, or not as they should."""
    words = {"skipped": "skipped", "not_applicable": "not applicable", "xfail": "expected to fail"}
    return ", ".join(f"{n} {text}" for status, text in words.items() if (n := report.counts.get(status)))


def cause(diagnosis):
    """Why a candidate deviates, in one sentence.

    Examples
    --------
    >>> from refimpl.oracle.judging.records import Diagnosis
    >>> line = ("lion-1", "Algorithm 2", "c = beta1 * momentum + (1 - beta1) * grad", "c = momentum")
    >>> cause(Diagnosis("change", (), "", lines=(line,)))
    'as if (lion-1) read `c = momentum`'
    >>> cause(Diagnosis("use", (), "does not use lr: answers as for lr = 0"))
    'it does not use lr: answers as for lr = 0'
    """
    if diagnosis.within:
        return f"where {diagnosis.within}: {cause(replace(diagnosis, within=''))}"
    names, hint = diagnosis.names, diagnosis.hint
    changed = [f"{place(tag)} {reads(now)}" for tag, _, _, now in diagnosis.lines]
    match diagnosis.kind:
        case "repeat":
            return hint
        case "use":
            return f"it {hint}"
        case "change":
            return f"as if {' and '.join(changed)}" + f", {hint}" * bool(hint)
        case "several" if len(names) > 1:
            return f"{' and '.join(names)} at once ({hint})"
        case "several" if names:
            more = changed[-1:] if "; and it " not in hint else []
            if not more:
                return f"{names[0]} ({hint})"
            return f"like {names[0]}, with a change: as if {' and '.join(changed)}"
        case "several":
            things = [*(f"as if {t}" for t in changed), *([f"it {hint}"] if hint else [])]
            return f"{COUNTED.get(len(things), len(things))} things at once: {'; and '.join(things)}"
        case "near":
            like = f"{names[0]} ({hint})" if names else f"as if {' and '.join(changed)}" if changed else f"it {hint}"
            return f"mostly like this, but not everywhere: {like}"
        case "conditions":
            return hint
        case "choice":
            return f"it does what is documented as {names[0]} ({hint}), which is not the paper's rule"
    if len(names) > 1 and diagnosis.kind == "mistake":
        return f"these cases cannot tell apart the mistakes {', '.join(names)}"
    return f"{names[0]} ({hint})"


def place(tag):
    """A tagged line by its equation; another one by its function."""
    return f"({tag})" if "-" in tag else f"a line of {tag}"


def reads(text):
    """What a line reads as edited."""
    return "were left out" if text == "pass" else f"read `{text}`"


def evidence(diagnosis):
    """On how much a cause rests; "" where that was not counted."""
    if diagnosis.kind in ("conditions", "statistics") or not diagnosis.cases:
        return ""
    if diagnosis.kind == "near":
        return f"explains {diagnosis.cases} of the cases that fail"
    further = f" and {diagnosis.further} further inputs" if diagnosis.further else ""
    return f"it answers the same on all {diagnosis.cases} cases{further}"


def explained(diagnosis):
    """All that is said of a cause beside its sentence, as lines of text.

    Examples
    --------
    >>> from refimpl.oracle.judging.records import Diagnosis
    >>> line = ("lion-1", "Algorithm 2, line 5", "c = beta1 * momentum + (1 - beta1) * grad", "c = momentum")
    >>> print(*explained(Diagnosis("change", (), "", lines=(line,), cases=15, further=55)), sep="\\n")
    (lion-1), Algorithm 2, line 5:
      the rule     c = beta1 * momentum + (1 - beta1) * grad
      as if        c = momentum
    it answers the same on all 15 cases and 55 further inputs
    """
    lines = []
    for tag, where, was, now in diagnosis.lines:
        lines.append(" ".join(f"{place(tag)}{f', {where}' if where else ''}:".split()))
        lines += [
            f"  the rule     {row}" if k == 0 else f"               {row}" for k, row in enumerate(was.splitlines())
        ]
        now = "(left out)" if now == "pass" else now
        lines += [
            f"  as if        {row}" if k == 0 else f"               {row}" for k, row in enumerate(now.splitlines())
        ]
    return lines + beside(diagnosis)


def beside(diagnosis):
    """What is said of a cause beside its sentence and its lines, as lines of text.

    Examples
    --------
    >>> from refimpl.oracle.judging.records import Diagnosis
    >>> beside(Diagnosis("use", (), "does not use lr", cases=15, others=("takes 0 for lr",)))
    ['it answers the same on all 15 cases', 'not told apart from: takes 0 for lr']
    """
    lines = list(filter(None, [evidence(diagnosis)]))
    if diagnosis.kind in ("conditions", "near"):
        return lines + [f"also: {text}" for text in diagnosis.others]
    return lines + ([f"not told apart from: {'; '.join(diagnosis.others)}"] if diagnosis.others else [])


def told(report):
    """The verdict with all that is said of its cause, as lines of text."""
    lines = [f"verdict: {sentence(report)}"]
    for diagnosis in filter(None, (report.diagnosis, *report.findings)):
        if diagnosis is not report.diagnosis:
            lines.append(f"{', '.join(diagnosis.operations)}: {cause(diagnosis)}")
        lines += explained(diagnosis)
        lines += [f"see {diagnosis.origin}"] if diagnosis.origin else []
    return lines + (
        ["", *smallest_input(report.smallest, report.candidate.get("language", ""))] if report.smallest else []
    )


def smallest_input(smallest, language=""):
    """The smallest input that shows a difference, ready to paste into that language, as lines of text.

    Examples
    --------
    >>> from refimpl.oracle.judging.records import Smallest
    >>> print(*smallest_input(Smallest("gd.step", {"x": [1.0], "lr": 0.5}, "new_x", [0.5], [1.5])), sep="\\n")
    smallest input that shows it (gd.step):
      x=np.array([1.0]), lr=0.5
      {"x": [1.0], "lr": 0.5}
      new_x: expected [0.5], got [1.5]
    """
    end = f"raised {smallest.message}" if smallest.got is None else f"expected {smallest.expected}, got {smallest.got}"
    after = f", by ({smallest.equation})" if "-" in smallest.equation else ""
    here = language.startswith("Python")
    pasted = [smallest.python] * (here or not language) + [smallest.json] * (not here)
    lines = [f"smallest input that shows it ({smallest.operation}):", *(f"  {text}" for text in pasted)]
    lines.append(f"  {smallest.output}: {end}{after}")
    if smallest.free:
        lines.append(f"  whatever the values of {', '.join(smallest.free)}")
    return lines


def of_control(showed):
    """What stands beside the status of a claim with a control.

    Examples
    --------
    >>> of_control("as good"), of_control("")
    ('control as good', '')
    """
    return showed and f"control {showed}"


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
    for text in (record.traceback, record.stderr_tail):  # marked, so that none of it passes for a line of ours
        lines += [f"| {line}" for line in text.strip().splitlines()]
    return [*lines, f"rerun: {record.repro}"]


def what(record):
    """What there is to say of a record, in a phrase."""
    return record.message or record.reason or _digits(record, "{:.1f} digits")


def _digits(record, text):
    return "" if record.digits is None else text.format(record.digits)
