"""What a verdict is about, where that is less than all that there is: operations, checks, outputs, precision."""

from collections import Counter


def asked(report):
    """What was asked, as far as that is not everything: phrases to be put behind a verdict.

    Parameters
    ----------
    report : Report
        Of whatever verdict.

    Returns
    -------
    list of str
        Empty for a run of every check of every operation of the target, answered in all outputs.

    Examples
    --------
    >>> from refimpl.oracle.judging.records import Record, Report
    >>> passed = Record("lion.trajectory", "lion.trajectory/a", "float64", "passed")
    >>> other = Record("lion.step", "lion.step/b", "float64", "not_applicable")
    >>> asked(Report.of([passed, other], target="lion", candidate={}, checks=29))
    ['1 of 2 operations', '2 of 29 checks chosen']
    >>> part = Record("lion.step", "lion.step/a", "float64", "passed", without=("new_momentum",))
    >>> asked(Report.of([part], target="lion.step", candidate={}))
    ['new_theta alone, without new_momentum']
    """
    operations = report.operations
    served = [name for name, applies in operations.items() if applies]
    found = [f"{len(served)} of {len(operations)} operations"] * (0 < len(served) < len(operations))
    found += [f"{report.planned} of {report.checks} checks chosen"] * bool(report.checks)
    return found + outputs_left_out(report)


def outputs_left_out(report):
    """Of each operation whose answers leave out outputs: which."""
    answered = [r for r in report.records if r.status in ("passed", "failed", "variant", "xfail", "xpass")]
    several = len({record.operation for record in answered}) > 1
    found = []
    for name in dict.fromkeys(record.operation for record in answered if record.without):
        cases = [r for r in answered if r.operation == name and not r.case.partition("/")[2].startswith(NO_CASE)]
        missing = Counter(output for record in cases for output in record.without)
        always = [output for output, times in missing.items() if times == len(cases)]
        told = [f"without {_and(always)}"] if always else []
        told += [f"without {o} in {n} of {len(cases)} cases" for o, n in missing.items() if o not in always]
        kept = [output for output in _outputs(name) if output not in missing]
        alone = f"{_and(kept)} alone, " * bool(kept)
        found.append(alone + ", ".join(told) + f" of {name}" * several)
    return found if len(found) < MANY else [f"outputs left out in {len(found)} operations"]


MANY = 3  # operations of which it is not said which outputs are left out
NO_CASE = ("law:", "manners:", "refuses:")


def _outputs(name):
    """Outputs of an operation; none where it is not known, as in the report of another release."""
    from refimpl.oracle import catalog  # not before it is needed: `refimpl --help` should not wait for NumPy

    try:
        return [entry.name for entry in catalog.operation(name).outputs]
    except catalog.UnknownNameError:
        return []


def _and(names):
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def manner(report):
    """How it was asked, where that is not by its answers in double precision: half a sentence, else "".

    Examples
    --------
    >>> from refimpl.oracle.judging.records import Record, Report
    >>> manner(Report.of([Record("lion.step", "a", "float32", "passed")], target="lion.step", candidate={}))
    ' in float32'
    """
    if any(getattr(record, "samples", 0) for record in report.records):
        return " by the law of its draws"
    return " in float32" * ({record.dtype for record in report.records} == {"float32"})
