"""What every spec must keep: its contract, a reference that conforms, mistakes that are killed and named.

The tests of one system run in one process, where they share the answers, which are dear. `make test` takes a few random
cases, float64 for the mistakes, float32 for the strict arrays (whose point is that nothing is promoted), few noisy runs
for the tolerances, and no long or large case for a mistake that an operation cannot show, as its spec says: they took
an eighth of the time. `make alarms` sets REFIMPL_SEEDS: as many random cases, both precisions, all runs, all cases.
"""

import re

import numpy as np
import pytest

from refimpl.core.backends import BACKENDS
from refimpl.oracle import catalog, check, edits
from refimpl.oracle.candidates import Function
from refimpl.oracle.candidates.process import MAX_LINE
from refimpl.oracle.diagnosis.listed import check_mutants, explained, hasty
from refimpl.oracle.judging import cases
from refimpl.oracle.judging.answers import right
from refimpl.oracle.judging.plans import Settings
from tests.crossings import most, watched
from tests.thorough import SEEDS, THOROUGH, sample, small, smallest

SYSTEMS = catalog.systems()
OPERATIONS = [op for system in SYSTEMS.values() for op in system.operations]


def grouped(name, rows, system_of, ids):
    """Parametrize, the rows of one system in one process."""
    marked = [pytest.param(row, marks=pytest.mark.xdist_group(f"spec-{system_of(row)}"), id=ids(row)) for row in rows]
    return pytest.mark.parametrize(name, marked)


systems = grouped("system", SYSTEMS.values(), lambda s: s.name, lambda s: s.name)
operations = grouped("operation", OPERATIONS, lambda op: op.system, lambda op: op.name)


def reference(operation, arrays="numpy"):
    return Function(operation.reference, operation=operation.name, arrays=arrays)


# Contract ----------------------------------------------------------------------------------------------------------


@systems
def test_cases_keep_the_contract(system):
    for operation in system.operations:
        for case in operation.cases:
            cases.validate(operation, case)
            if "large" not in case.flags:  # files of vectors show its inputs, and whoever reads them compares
                assert cases.digest_of(case) == cases.digest(case.inputs), case.slug


@systems
def test_the_committed_index_is_that_of_the_cases(system):
    """A slug is never renamed or reused: a changed case gets a new one."""
    committed = {name: x for name, x in catalog.case_index().items() if name.startswith(f"{system.name}.")}
    now = cases.index([system])
    differ = sorted(name for name in committed.keys() | now.keys() if committed.get(name) != now.get(name))
    assert not differ, f"new, changed or gone: {differ}; .venv/bin/python -m refimpl.oracle.judging.cases adds new ones"
    assert not now.keys() & set(catalog.retired_cases())


def test_the_committed_index_has_no_case_of_no_system():
    assert {name.partition(".")[0] for name in catalog.case_index()} == set(SYSTEMS)


@systems
def test_specs_are_complete(system):
    """With two laws, a long and a large case, or a reason why not."""
    for operation in system.operations:
        name, slugs = operation.name, {case.slug for case in operation.cases}
        assert len(operation.laws) >= 2, name
        assert len({law.slug for law in operation.laws}) == len(operation.laws), name
        for named in (*operation.cases, *operation.laws, *operation.errors):
            assert re.fullmatch(r"[A-Za-z0-9_-]+", named.slug), named.slug
        assert operation.exact_source, name
        assert name.startswith(f"{system.name}.")
        for law in operation.laws:
            assert set(law.cases) <= slugs, name
        for flag in ("long", "large"):
            there = any(flag in case.flags for case in operation.cases)
            assert there != (flag in operation.without), f"{name}, {flag}: either a case or a reason in `without`"
        assert all(reason.strip() for reason in operation.without.values()), name


@systems
def test_a_system_has_five_mistakes_and_ids_that_fit(system):
    known = edits.alternatives(system.name).values()
    assert sum(a.kind == "mistake" for a in known) >= 5
    names = {edits.short(operation) for operation in system.operations}
    for alternative in known:
        assert alternative.doc, alternative.slug
        assert set(alternative.functions) <= names, alternative.slug
        assert set(alternative.unseen) <= names, alternative.slug
        if alternative.kind == "mistake":
            assert alternative.origin == "" or alternative.origin.startswith("https://")
        else:
            assert alternative.origin, f"{alternative.slug} needs a source"
    assert all(claim.id.startswith(f"{system.name}.C") for claim in system.claims)


@operations
def test_closed_forms_agree_with_the_exact_answer(operation):
    """Answers worked out by hand or printed elsewhere (to ten digits) are those of the exact computation."""
    for case in operation.cases:
        if case.answer is not None:
            assert case.source
            answers = right(operation, case, "float64").answers
            for name, value in case.answer.items():
                np.testing.assert_allclose(answers[name], value, rtol=2e-10, atol=2e-10, err_msg=case.slug)


@systems
def test_every_right_answer_fits_in_a_line(system):
    """Of the protocol: each number as long as -1.2345678901234567e-100, and a comma and a blank after it."""
    for operation in system.operations:
        for case in operation.cases:
            answers = right(operation, case, case.dtypes[0]).answers
            assert 26 * sum(x.size for x in answers.values()) < MAX_LINE, f"{operation.name} {case.slug}"


def loosest(answers, tolerances):
    """The largest tolerance of an output, as a share of its largest entry; 0 where that is 0."""
    scales = {name: np.max(np.abs(value), initial=0.0) for name, value in answers.items()}
    return max(np.max(tolerances[name]) / max(s, 1e-300) if s != 0 else 0.0 for name, s in scales.items())


@operations
def test_tolerances_are_tight(operation):
    """No case is so badly conditioned that half of its digits are given away; one noisy run mostly tells."""
    for case in operation.cases:
        for dtype in case.dtypes if THOROUGH else case.dtypes[-1:]:  # float32 loses half of its digits sooner
            answer, most = right(operation, case, dtype), np.sqrt(np.finfo(dtype).eps)
            allowed = answer.tolerances if THOROUGH else answer.tolerances_after(1)
            if loosest(answer.answers, allowed) > most / 10:  # it may have been lucky
                allowed = answer.tolerances
            share = loosest(answer.answers, allowed)
            assert share <= most, f"{case.slug} in {dtype}: rounding moves an output by {share:g} of its size"


# The reference, the mistakes, the variants ---------------------------------------------------------------------------


KINDS_OF_ARRAYS = ["numpy", "strict", *(pytest.param(x, marks=getattr(pytest.mark, x)) for x in ("torch", "dpnp"))]


@pytest.mark.parametrize("backend", KINDS_OF_ARRAYS)
@operations
def test_the_reference_conforms(operation, backend):
    """Fixed cases and laws in both precisions, on every kind of array; of strict arrays what else they could refuse.

    Those are slow, and a long or large case runs the lines of a small one; dpnp's are slower. On both the results stay
    on the device of the arguments, and no more crosses to the host than is said.
    """
    if reason := BACKENDS[backend].missing():
        pytest.skip(reason)
    brief = backend in ("strict", "dpnp") and not THOROUGH
    single = any("float32" in case.dtypes for case in operation.cases)  # not where a solver stops at a gap
    dtypes, only = ("float64", "float32"), ()
    if brief and backend == "strict":
        dtypes, only = ("float32" if single else "float64",), small(operation)
    elif brief:
        only = smallest(operation)
    candidate, counts = reference(operation, backend), []
    if backend in ("strict", "dpnp"):
        candidate = Function(watched(operation, backend, counts), operation=operation.name, arrays=backend)
    report = check(candidate, operation.name, dtypes=dtypes, only=only, laws=not brief)
    assert report.verdict == ("conforms in part" if brief else "conforms"), [
        r for r in report.records if r.status != "passed"
    ]
    assert report.counts["passed"] == report.planned > 0
    assert report.manners == ()
    if (bound := most(operation)) is not None:
        assert all(len(crossed) <= bound for crossed in counts), max(counts, key=len)


@pytest.mark.parametrize("backends", [sample(["numpy"], ["strict"]), pytest.param(["torch"], marks=pytest.mark.torch)])
@operations
def test_no_false_alarm_in_random_cases(operation, backends):
    """Together: the exact answers are dear, and the same for every kind of array."""
    for backend in backends:
        if reason := BACKENDS[backend].missing():
            pytest.skip(reason)
        candidate, dtypes = reference(operation, backend), ("float64", "float32")
        report = check(candidate, operation.name, dtypes=dtypes, fuzz=SEEDS, only=["fuzz-*"], laws=False)
        failed = [record for record in report.records if record.status != "passed"]
        assert report.planned == report.counts["passed"] == 2 * SEEDS, failed[:3]


@operations
def test_the_reference_keeps_its_digits_at_both_ends_of_the_range(operation):
    only = [f"law:{law.slug}:*" for law in operation.laws if law.extreme]
    if only:
        dtypes = ("float64", "float32")
        report = check(reference(operation), operation.name, dtypes=dtypes, only=only, errors=True)
        assert report.counts["passed"] == report.planned > 0, [r for r in report.records if r.status != "passed"]


@operations
def test_bad_input_is_refused(operation):
    report = check(reference(operation), operation.name, only=["refuses:*"], errors=True)
    assert report.counts["passed"] == report.planned == len(operation.errors), [
        r for r in report.records if r.status != "passed"
    ]
    for case in operation.errors:
        with pytest.raises(case.raises, match=case.names):
            operation.reference(**{**operation.cases[0].inputs, **case.inputs})


@pytest.mark.parametrize("dtype", ["float64", "float32"] if THOROUGH else ["float64"])
@systems
def test_every_mistake_is_killed_and_named(system, dtype):
    """In every operation that runs its lines; in one of them at least it has no namesake.

    In float32 some need digits, or cases, that are not there, and two of them may be one: most are named, and none is
    called by another's name.
    """
    rows = check_mutants(system.name, dtypes=(dtype,), dear=THOROUGH)
    if dtype == "float32":
        killed = [row for row in rows if row["killed"]]
        assert [row for row in killed if row["names"] and not row["named"]] == []
        assert sum(row["named"] for row in killed) >= 0.9 * len(killed)
        return
    assert [row for row in rows if not row["good"]] == []
    alone = {row["slug"] for row in rows if row["alone"]}
    everywhere_unseen = {row["slug"] for row in rows} - {row["slug"] for row in rows if not row["equivalent"]}
    assert {row["slug"] for row in rows} - alone - everywhere_unseen == set()


@systems
def test_variants_and_choices_are_named_as_such(system):
    """In every operation; what that means for the verdict, once for each kind."""
    judged = set()
    for operation in system.operations:
        planned = Settings(laws=False, only=sample(small(operation), ["*"])).plans([operation])
        for variant in edits.shown_in(operation.name, "variant", "choice"):
            candidate = Function(edits.runner(operation, variant), operation=operation.name)
            diagnosis, records = explained(hasty(candidate, planned))
            assert diagnosis is not None, f"{operation.name} {variant.slug} is not told"
            assert (diagnosis.kind, diagnosis.names[0]) == (variant.kind, variant.slug)
            assert variant.kind == "choice" or {r.status for r in records} <= {"passed", "variant"}
            if variant.kind not in judged:
                report = check(candidate, operation.name, only=small(operation))
                assert report.diagnosis == diagnosis
                conforms = f"conforms to variant {variant.slug} in part"  # the small cases alone
                assert report.verdict == (conforms if variant.kind == "variant" else "deviates")
                assert report.exit_code() == (variant.kind == "choice")
                assert report.exit_code(strict=True) == 1
                judged.add(variant.kind)


ALIKE = {  # the second shows in few cases, and in the others the first overflows where the third does
    ("dga.weights_run", "minimum_subtracted", "weights_kept"): {"no_maximum"}
}


@operations
def test_any_two_mistakes_at_once_are_never_called_by_a_third_name(operation):
    """On each operation, a candidate that is one mistake on half of the cases and another on the rest."""
    live = edits.shown_in(operation.name, "mistake")
    couples = list(zip(live, live[1:] + live[:1], strict=True))
    planned = Settings(laws=False, only=() if THOROUGH else small(operation)).plans([operation])
    for couple in couples if THOROUGH else couples[::16]:
        functions, calls = [edits.runner(operation, mistake) for mistake in couple], iter(range(10**6))

        def mixed(functions=functions, calls=calls, **inputs):
            return functions[next(calls) % 2](**inputs)

        diagnosis, _ = explained(hasty(Function(mixed, operation=operation.name), planned))
        if diagnosis is not None and diagnosis.kind == "mistake":
            names = {mistake.slug for mistake in couple}  # right only if one of them explains every answer
            names |= ALIKE.get((operation.name, *sorted(names)), set())
            assert names & set(diagnosis.names), (names, diagnosis.names)
