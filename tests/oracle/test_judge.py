"""The oracle on candidates whose verdict we know: right, wrong by a listed mistake, wrong in ways that no list has."""

import json
import os
import subprocess
import sys
import types

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from refimpl import __version__
from refimpl.core.backends import BACKENDS
from refimpl.oracle import catalog, edits
from refimpl.oracle.candidates import CandidateError, Function, NotApplicable, Skipped, python, reference
from refimpl.oracle.cli import main
from refimpl.oracle.diagnosis import listed
from refimpl.oracle.judging import tolerance
from refimpl.oracle.judging.answers import OF_A_LAW, forget
from refimpl.oracle.judging.checks import judge_law
from refimpl.oracle.output.words import counts_line, sentence
from refimpl.oracle.verdict import check
from refimpl.specs.base import Law

# Candidates of our own -----------------------------------------------------------------------------------------------


def my_lion(*, step=np.sign, decay=None, store=None, scale=1.0):
    """A Lion written apart from the library, with places for mistakes."""

    def trajectory(theta0, grads, lr, beta1, beta2, weight_decay):
        theta, m, out = theta0.copy(), np.zeros_like(theta0), []
        for g in grads:
            c = m + (1 - beta1) * (g - m)
            shrink = lr * weight_decay if decay is None else decay(lr, weight_decay)
            theta = theta * (1 - shrink) - scale * lr * step(c)
            m = m + (1 - beta2) * (g - m) if store is None else store(m, g, c, beta1, beta2)
            out.append(theta.copy())
        return np.array(out)

    return trajectory


def test_random_cases_under_a_word_are_others():
    wrong = lambda **inputs: np.zeros_like(inputs["grads"])
    runs = [check(wrong, "lion.trajectory", fuzz=2, explain=0, **more) for more in ({}, {"seed": "a"}, {"seed": "b"})]
    cases = [[r for r in run.records if r.why == "random inputs"] for run in runs]
    assert [[r.case.partition("/")[2].rpartition("-")[0] for r in some] for some in cases] == [
        ["fuzz-0", "fuzz-1"], ["seeded-0", "seeded-1"], ["seeded-0", "seeded-1"]
    ]  # fmt: skip
    assert len({r.case for some in cases for r in some}) == 6  # the digest of the inputs is part of the id
    assert all("seed=..." in r.repro for r in (*cases[1], *cases[2]))


@pytest.mark.parametrize("dtypes", [("float64",), ("float32",), ("float64", "float32")])
def test_another_right_implementation_conforms(dtypes):
    report = check(my_lion(), "lion.trajectory", dtypes=dtypes, fuzz=50)
    assert report.verdict == "conforms"
    assert report.exit_code() == 0


def test_a_listed_mistake_is_named_with_the_way_to_mend_it():
    report = check(my_lion(store=lambda m, g, c, b1, b2: c), "lion.trajectory")
    assert report.verdict == "deviates"
    assert report.diagnosis.names == ("one_rate_beta1",)
    assert "beta2" in report.diagnosis.hint
    assert report.exit_code() == 1


def test_two_mistakes_at_once_get_no_name():
    """Swapped weights and a decay without lr: neither name fits, and the first difference is exact."""
    wrong = my_lion(store=lambda m, g, c, b1, b2: b2 * g + (1 - b2) * m, decay=lambda lr, wd: wd)
    report = check(wrong, "lion.trajectory")
    assert report.verdict == "deviates"
    assert report.diagnosis is None
    record = next(r for r in report.records if "/decay-and-zero" in r.case)
    # By hand: theta0 = (1, -2, .5, 3), lr = .1, wd = .01: right 1 - .1 (1 + .01) = .899, wrong 1 (1 - .01) - .1 = .89.
    assert (record.output, record.step, record.component) == ("thetas", 1, (0,))
    assert record.expected == pytest.approx(0.899, abs=1e-15)
    assert record.got == pytest.approx(0.89, abs=1e-15)


@pytest.mark.parametrize(
    "wrong",
    [
        my_lion(scale=1.0 + 1e-9),
        my_lion(scale=0.5),
        my_lion(step=np.tanh),
        my_lion(step=lambda c: np.sign(c) * (np.abs(c) > 1e-12)),
        my_lion(store=lambda m, g, c, b1, b2: b2 * m + g),
        my_lion(store=lambda m, g, c, b1, b2: b2 * m + (1 - b2) * np.abs(g)),
        my_lion(decay=lambda lr, wd: lr * wd / 2),
        my_lion(decay=lambda lr, wd: lr**2 * wd),
    ],
)
def test_a_mistake_that_no_list_has_is_unexplained(wrong):
    """Among them a relative error of 1e-9 in the step, and an epsilon inside the sign."""
    report = check(wrong, "lion.trajectory")
    assert report.verdict == "deviates"
    assert report.diagnosis is None


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("dga.mirror_step", "no_maximum"),  # an exponential overflows
        ("flat_mtl.aggregate", "own_length"),  # a square does
        ("hessian_alignment.penalty", "length_held_constant"),  # a length becomes 0
    ],
)
def test_a_mistake_is_named_where_single_precision_alone_overflows(name, slug):
    mistake = edits.alternatives(name.partition(".")[0])[slug]
    report = check(edits.runner(catalog.operation(name), mistake), name, dtypes=("float32",), laws=False, explain=False)
    assert slug in report.diagnosis.names


def test_float32_mistake_below_float64_precision_is_seen_in_float64():
    def single(theta0, grads, **rates):
        return my_lion()(theta0.astype(np.float32), grads.astype(np.float32), **rates)

    honest = check(single, "lion.trajectory", only=["gaussian-long"])
    assert honest.verdict == "error"
    assert "answered in float32 when asked in float64" in honest.records[0].message
    hidden = lambda **inputs: single(**inputs).astype(np.float64)
    assert check(hidden, "lion.trajectory", only=["gaussian-long"], laws=False).verdict == "deviates"
    assert (
        check(single, "lion.trajectory", only=["gaussian-long"], laws=False, dtypes=("float32",)).verdict
        == "conforms in part"
    )


def test_wrong_shape_and_nan_are_failures_with_a_sentence():
    report = check(lambda theta0, grads, **rates: my_lion()(theta0, grads, **rates)[:-1], "lion.trajectory", laws=False)
    assert {r.status for r in report.records} == {"failed"}
    assert "has shape" in report.records[0].message
    report = check(
        lambda theta0, grads, **rates: my_lion()(theta0, grads, **rates) * np.nan, "lion.trajectory", laws=False
    )
    assert {r.status for r in report.records} == {"failed"}
    assert report.diagnosis is None


@pytest.mark.parametrize("shape", [lambda x: x.T, np.ravel, lambda x: x[-1], lambda x: np.vstack([x[:1], x])])
def test_a_law_that_stumbles_over_a_shape_says_so(shape):
    report = check(lambda **inputs: shape(my_lion()(**inputs)), "lion.trajectory")
    assert report.verdict == "deviates"
    assert sum(report.counts.values()) == report.planned == len(report.records)
    assert any("/law:" in r.case and "has shape" in r.message for r in report.records)


@pytest.mark.parametrize("name", ["claps.cluster", "genai_engineering.segment", "random_sparse_search.select"])
def test_a_law_that_cannot_go_on_from_an_answer_says_so(name):
    """It looks up what the answer names, and there is no such entry."""
    operation = catalog.operation(name)

    def beyond(**inputs):
        answer = operation.reference(**inputs)
        return tuple(x + 1000 for x in answer) if isinstance(answer, tuple) else answer + 1000

    report = check(beyond, name, explain=False)
    assert report.verdict == "deviates"
    assert sum(report.counts.values()) == report.planned == len(report.records)
    assert any("it cannot go on from the answers: IndexError" in record.message for record in report.records)


def test_a_law_kept_to_the_last_digits_takes_no_noisy_run_and_one_that_is_not_does(monkeypatch):
    """Whatever noise allows, at least these digits are: the verdict is that of all runs."""
    runs, noisy_run = [], tolerance.noisy_run
    monkeypatch.setattr(tolerance, "noisy_run", lambda *given: runs.append(1) or noisy_run(*given))
    operation = catalog.operation("lion.trajectory")
    case = next(case for case in operation.cases if case.slug == "two-rates")

    def judged(factor, shape=np.shape):
        """Of a candidate whose second answer is another one: what is said, and how many noisy runs that took."""
        forget()
        law = Law("again", "...", lambda run, inputs: [(run(**inputs)["thetas"], run(**inputs)["thetas"])], ())
        factors = iter([1.0, factor])
        rows = lambda **inputs: operation.reference(**inputs).reshape(shape(inputs["grads"])) * next(factors)
        runs.clear()
        return judge_law(operation, law, case, "float64", Function(rows, operation=operation.name)), len(runs)

    for factor, status, count in (1.0, "passed", 0), (1 + 2**-51, "passed", 0), (1 + 2**-40, "failed", OF_A_LAW):
        said, taken = judged(factor)
        assert (said["status"], taken) == (status, count)
    said, taken = judged(1.0, lambda grads: (1, *grads.shape))
    assert said["status"] == "failed"
    assert "shape" in said["message"]
    assert taken > 0


def test_what_is_installed_is_not_read_before_a_version_is_asked_for(monkeypatch):
    read = lambda: {}["all that is installed"]
    monkeypatch.setattr(python, "_distributions", read)
    assert reference("lion").version == __version__
    candidate = Function(lambda **inputs: 0, operation="lion.step")
    with pytest.raises(KeyError):
        _ = candidate.version


def test_a_candidate_cannot_end_the_run_or_write_between_the_lines(capsys):
    def quits(**inputs):
        print("on my way out")
        sys.exit(0)

    report = check(quits, "lion.trajectory")
    assert report.verdict == "error"
    assert report.records[0].message == "SystemExit: 0"
    assert capsys.readouterr().out == ""


def test_a_mistake_in_one_operation_is_named_though_others_are_right():
    lion = catalog.system("lion").operations
    step = next(op for op in lion if op.name == "lion.step")
    mistake = edits.alternatives("lion")["fresh_momentum"]
    mixed = types.SimpleNamespace(trajectory=lion[0].reference, step=edits.runner(step, mistake))
    assert check(mixed, "lion").diagnosis.names == ("fresh_momentum",)


def test_a_jump_of_a_mistake_explains_no_answer():
    """Where weights are integers, rounding decides between 0 and 1: no licence for any other answer."""
    consensus = catalog.operation("cbo.consensus")
    mistake = edits.alternatives("cbo")["integer_sum"]
    case = next(c for c in consensus.cases if c.slug == "alpha-zero")
    alternative = listed.Answer(edits.runner(consensus, mistake), consensus, case, "float64")
    assert alternative.explains(alternative.outputs)
    assert not alternative.explains({name: x + 0.1 for name, x in alternative.outputs.items()})


def test_what_was_not_asked_is_said():
    def partial_lion(weight_decay, **inputs):
        if weight_decay:
            raise NotApplicable("no decay here")
        return my_lion()(weight_decay=weight_decay, **inputs)

    report = check(partial_lion, "lion.trajectory")
    assert (report.verdict, report.complete) == ("conforms in part", False)
    assert [report.exit_code(), report.exit_code(complete=True), report.exit_code(strict=True)] == [0, 1, 1]
    assert report.exit_code(strict=True, complete=False) == 0
    asked, not_asked = report.counts["passed"], report.counts["not_applicable"]
    assert sentence(report) == f"conforms in {asked} of {report.planned} checks ({not_asked} not applicable)"


def test_an_exception_is_an_error_with_its_traceback_and_the_rest_goes_on():
    def touchy(theta0, grads, **rates):
        if grads.shape == (1, 1):
            raise ZeroDivisionError("one coordinate")
        return my_lion()(theta0, grads, **rates)

    report = check(touchy, "lion.trajectory", laws=False)
    assert report.verdict == "error"
    assert report.exit_code() == 2
    assert report.counts["error"] == 1
    assert report.counts["passed"] == report.planned - 1
    record = next(r for r in report.records if r.status == "error")
    assert record.message == "ZeroDivisionError: one coordinate"
    assert "touchy" in record.traceback


def test_candidates_may_change_their_inputs_and_reuse_their_output():
    buffer = {}

    def sloppy(theta0, grads, **rates):
        out = buffer.setdefault(grads.shape, np.empty_like(grads))
        out[...] = my_lion()(theta0, grads, **rates)
        theta0[...] = grads[...] = np.nan
        return out

    assert check(sloppy, "lion.trajectory").verdict == "conforms"


@pytest.mark.parametrize("error", [Skipped("later"), NotApplicable("by design")])
def test_nothing_ran_is_not_a_success(error):
    class Absent(Function):
        def run(self, operation, inputs):
            raise error

    report = check(Absent(my_lion(), operation="lion.trajectory"), "lion.trajectory", laws=False)
    assert report.verdict == "nothing ran"
    assert report.exit_code() == 2
    assert sum(report.counts.values()) == report.planned


def test_expected_failures():
    wrong = my_lion(decay=lambda lr, wd: wd)
    failing = {r.case for r in check(wrong, "lion.trajectory", laws=False).records if r.status == "failed"}
    excused = dict.fromkeys(failing, "bug 17")
    report = check(wrong, "lion.trajectory", laws=False, expected_failures=excused)
    assert (report.verdict, report.counts["xfail"], report.exit_code()) == ("conforms in part", len(failing), 0)
    assert report.exit_code(complete=True) == 1
    nothing = check(wrong, "lion.trajectory", laws=False, expected_failures=excused, only=sorted(failing))
    assert (nothing.verdict, nothing.exit_code()) == ("nothing passed", 2)
    assert sentence(nothing).startswith(f"nothing passed: {len(failing)} expected to fail: it does what")
    stale = check(my_lion(), "lion.trajectory", laws=False, expected_failures={"two-rates": "bug 17"})
    assert (stale.verdict, stale.counts["xpass"], stale.exit_code()) == ("deviates", 1, 1)
    unknown = check(my_lion(), "lion.trajectory", laws=False, expected_failures={"two-rats": "bug 17"})
    assert unknown.exit_code() == 1
    assert "two-rats" in unknown.problems[0]


def test_a_module_serves_several_operations():
    lion = catalog.system("lion").operations
    module = types.SimpleNamespace(**{op.name.partition(".")[2]: op.reference for op in lion})
    report = check(Function(module, name="mine"), "lion")
    assert report.verdict == "conforms"
    assert {r.operation for r in report.records} == {op.name for op in lion}
    only_step = types.SimpleNamespace(step=lion[1].reference)
    report = check(Function(only_step, name="mine"), "lion")
    assert {r.operation for r in report.records if r.status != "not_applicable"} == {"lion.step"}
    with pytest.raises(ValueError, match="offers no operation"):
        check(Function(types.SimpleNamespace(), name="mine"), "lion")


def test_outputs_are_checked_for_kind():
    with pytest.raises(CandidateError, match="no array of real numbers"):
        Function(lambda **_: "text", operation="lion.trajectory").run(
            catalog.operation("lion"), catalog.operation("lion").cases[0].inputs
        )


# The command line ---------------------------------------------------------------------------------------------

CANDIDATE = """
import numpy as np

def right(theta0, grads, lr, beta1, beta2, weight_decay):
    theta, m, out = theta0, 0 * theta0, []
    for g in grads:
        theta = theta - lr * (np.sign(beta1 * m + (1 - beta1) * g) + weight_decay * theta)
        m = beta2 * m + (1 - beta2) * g
        out.append(theta)
    return np.array(out)

def wrong(theta0, grads, lr, beta1, beta2, weight_decay):
    return right(theta0, grads, lr, beta2, beta1, weight_decay)
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(CANDIDATE)
    return path


def process(*words):
    """The command line as it is started by a shell."""
    return subprocess.run([sys.executable, "-m", "refimpl", *map(str, words)], capture_output=True, text=True)


@pytest.fixture
def run(capsys, monkeypatch):
    """The command line in this process: what it says is the same, and it costs no start of Python."""
    monkeypatch.setattr(sys, "path", [*sys.path])  # a candidate's folder is put there

    def run(*words):
        status = main([str(word) for word in words])
        said = capsys.readouterr()
        return types.SimpleNamespace(returncode=status, stdout=said.out, stderr=said.err)

    return run


def test_command_line(mine, run):
    good = run("check", "lion.trajectory", "--python", f"{mine}:right", "--dtype", "float64,float32")
    assert good.returncode == 0, good.stderr
    assert "verdict: conforms" in good.stdout
    bad = process("check", "lion.trajectory", "--python", f"{mine}:wrong", "--format", "json")
    assert bad.returncode == 1, bad.stderr
    report = json.loads(bad.stdout)
    assert report["diagnosis"]["names"] == ["swapped_betas"]
    assert sum(report["counts"].values()) == report["planned"] == len(report["records"])
    none = run("check", "loin")
    assert none.returncode == 2
    assert none.stderr.startswith("refimpl check: ")


def test_repro_line_reruns_the_case_alone(mine, run):
    first = json.loads(run("check", "lion.trajectory", "--python", f"{mine}:wrong", "--format", "json").stdout)
    record = next(r for r in first["records"] if r["status"] == "failed")
    words = record["repro"].split()
    assert words[0] == "refimpl"
    again = json.loads(run(*words[1:], "--format", "json").stdout)
    assert [r["case"] for r in again["records"]] == [record["case"]]
    assert again["records"][0]["got"] == record["got"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check", "loin"), "did you mean lion"),
        (("check", "lion.trajectori"), "did you mean lion.trajectory"),
        (("check", "lion", "--in-process", "--python", "no.such:thing"), "cannot load"),
        (("check", "lion", "--in-process", "--python", "math:nothing"), "has no 'nothing'"),
        (("check", "lion", "--dtype", "float16"), "float64"),
        (("show", "lion", "--case", "nope"), "has no case"),
        (("show", "qqq"), "known: adadagrad, "),
        (("check", "lion", "--fuzz", "-1"), "fuzz must be from 0 to 10000, got -1"),
        (("check", "lion", "cbo", "--timeout", "3"), "--timeout and --path are for a candidate"),
        (("check", "lion", "--exec", "true", "--arrays", "strict"), "--arrays goes with --python"),
        (("check", "lion", "--mutants", "--only", "x"), "--mutants goes with"),
        (("check", "lion", "--in-process", "--python", "{folder}/syntax.py:f"), "SyntaxError"),
        (("check", "lion", "--python", "{folder}/raises.py:f"), "RuntimeError: boom"),
        (("check", "lion", "--in-process", "--python", "{folder}/quits.py:f"), "SystemExit: 0"),
        (("check", "lion", "--expect", "{folder}/syntax.py"), "syntax.py: "),
    ],
)
def test_mistakes_on_the_command_line_get_a_sentence(words, message, tmp_path, run):
    for name, text in (("syntax", "def"), ("raises", "raise RuntimeError('boom')"), ("quits", "raise SystemExit(0)")):
        (tmp_path / f"{name}.py").write_text(text)
    result = run(*(word.format(folder=tmp_path) for word in words))
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_function_may_import_its_neighbours_when_it_is_called(tmp_path, run):
    (tmp_path / "neighbour.py").write_text(CANDIDATE)
    lazy = tmp_path / "lazy.py"
    lazy.write_text("def trajectory(**inputs):\n    from neighbour import right\n    return right(**inputs)\n")
    assert run("check", "lion.trajectory", "--python", f"{lazy}:trajectory", "--only", "two-rates").returncode == 0


def test_an_object_that_is_callable_still_serves_by_its_attributes():
    class Everything:
        trajectory = staticmethod(my_lion())

        def __call__(self):
            raise AssertionError

    assert check(Everything(), "lion.trajectory").verdict == "conforms"


def test_other_libraries_are_asked_for_before_they_are_used(monkeypatch):
    for backend in BACKENDS.values():
        if reason := backend.missing():
            with pytest.raises(ValueError, match="cannot be had"):
                Function(my_lion(), operation="lion.trajectory", arrays=backend.name)
            assert reason


def test_list_and_show(run):
    listing = json.loads(run("list", "--format", "json").stdout)
    assert [row["baseline"] for row in listing].count(False) == 44
    assert {row["system"] for row in listing if row["operations"]} == set(catalog.systems())
    shown = run("show", "lion")
    assert shown.returncode == 0
    assert "24 known mistakes" in shown.stdout
    assert len(shown.stdout.splitlines()) < 30  # a screen; the rest is asked for
    assert "two-rates" in run("show", "lion", "--cases").stdout
    everything = run("show", "lion.trajectory", "--all").stdout
    assert all(word in everything for word in ("two-rates", "swapped_betas", "theta0: start"))
    case = json.loads(run("show", "lion", "--case", "two-rates").stdout)
    assert case["outputs"]["thetas"]["data"] == [-1, -1, -2, -2, -1, -3, -2, -4]


def test_rich_report_shows_the_first_difference_and_the_rerun(mine, run):
    text = run("check", "lion.trajectory", "--python", f"{mine}:wrong").stdout
    for part in ("differs first at step", "expected", "tolerance", "rerun: refimpl check lion.trajectory", "swapped"):
        assert part in text


def test_counts_line_adds_up():
    report = check(my_lion(scale=2.0), "lion.trajectory")
    line = counts_line(report)
    numbers = [int(word) for word in line.replace("=", " ").replace("+", " ").split() if word.isdigit()]
    assert numbers[0] == sum(numbers[1:])


def test_blas_has_one_thread_while_a_candidate_is_asked():
    asked = set()
    threads = lambda: {lib["filepath"]: lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}

    def mine(**inputs):
        asked.update(threads().values())
        return my_lion(scale=2.0)(**inputs)

    with threadpool_limits(2, user_api="blas"):
        before = threads()
        assert check(mine, "lion.trajectory", explain=1).verdict != "conforms"
        assert 2 in before.values()  # one built for a single thread, which another test brought, stays at 1
        after = threads()
        assert {path: after[path] for path in before} == before  # others may have been loaded since
    assert asked == {1}


LATE = """
import sys
from threadpoolctl import threadpool_info
from refimpl.oracle import check

assert "scipy.linalg" not in sys.modules
asked = []

def mine(**inputs):
    import scipy.linalg  # brings a BLAS of its own
    asked.append([library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"])

check(mine, "lion.trajectory", explain=0)
print(asked[-1])
"""


def test_blas_that_is_loaded_by_a_check_has_one_thread_in_the_next():
    more = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", LATE], env=os.environ | more, capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout)) == {1}
