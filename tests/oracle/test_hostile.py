"""Programs that mean harm, or are merely broken: a sentence and the case id each time, and the rest of the run goes on.

Each is a right Lion in `fakes/hostile.py` that misbehaves on one case of four.
"""

import re

import pytest

from refimpl.oracle.candidates import process
from refimpl.oracle.verdict import check

CASES = ["two-rates", "one-step-one-coordinate", "beta1-zero", "zero-gradients"]
MEMORY = 64  # MiB: a line of 4 MiB, and what Python makes of the worst of them

# Kind -> status and sentence of the record of its case.
KINDS = {
    "hang": ("error", r"timeout: no answer within 1 s; does it flush"),
    "hang_without_end_of_line": ("error", r"timeout: .* it wrote b'\{\"seq\".* without an end of line"),
    "ignore_sigterm": ("error", r"timeout: no answer within 1 s"),
    "stop_reading": ("error", r"timeout: no answer within 1 s"),
    "crash": ("error", r"crash: the program ended without an answer \(signal 11, Segmentation fault\)"),
    "crash_with_traceback": ("error", r"crash: the program ended without an answer \(exit status 1\)"),
    "exit_early": ("error", r"crash: .*\(exit status 0; it must go on until its input ends\)"),
    "exit_in_a_line": ("error", r"crash: .* in the middle of a line \(exit status 3\)"),
    "close_output": ("error", r"crash: the program closed its standard output without an answer, and runs on"),
    "line_of_a_gigabyte": ("error", r"garbage: an answer of more than 16 MiB"),
    "endless_output": ("error", r"garbage: an answer of more than 16 MiB"),
    "endless_blank_lines": ("error", r"garbage: not a line of JSON: b''"),
    "endless_stderr": ("error", r"garbage: more than 256 MiB of output|timeout: no answer"),
    "bomb_of_lists": ("error", r"garbage: more than 100000 lists and objects in one line"),
    "bomb_of_objects": ("error", r"garbage: more than 100000 lists and objects in one line"),
    "many_lists": ("failed", r"thetas has shape \(99001, 0\); expected \(1, 1\)"),
    "deep_nesting": ("error", r"garbage: nested too deeply"),
    "nesting_that_parses": ("error", r"garbage: (thetas has more than 32 dimensions|nested too deeply)"),
    "huge_integer": ("error", r"garbage: Exceeds the limit .* digits"),
    "large_integer": ("error", r"garbage: thetas holds a number, or has a size, that does not fit float64"),
    "answer_the_next": ("error", r"garbage: answered seq 5; asked was seq 4"),
    "seq_as_text": ("error", r"garbage: answered seq '4'; asked was seq 4"),
    "seq_is_true": ("error", r"garbage: answered seq True; asked was seq 4"),
    "no_seq": ("error", r"garbage: answered seq None; asked was seq 4"),
    "invalid_json": ("error", r"garbage: not a line of JSON: b'theta is 3'; standard output is for answers alone"),
    "invalid_utf8": ("error", r"garbage: not UTF-8 at byte 9"),
    "nan_without_quotes": ("error", r'garbage: NaN is not JSON; write "NaN", a string'),
    "key_twice": ("error", r"garbage: the key 'seq' is there twice"),
    "list_for_answer": ("error", r"garbage: an answer must be a JSON object"),
    "unknown_key": ("error", r"garbage: the answer has 'seconds', which is not known; it may have seq, outputs"),
    "outputs_and_error": ("error", r"garbage: the answer must have exactly one of .*; it has outputs and error"),
    "outputs_are_a_list": ("error", r"garbage: outputs must be an object, got \[1\]"),
    "no_such_output": ("error", r"garbage: returned no output thetas; got theta"),
    "null_for_number": ("error", r'garbage: outputs.thetas.data\[0\] must be a number, "NaN", .*, got None'),
    "wrong_count": ("error", r"garbage: thetas has 1 entries; its shape \[7, 1\] asks for a flat list of 7"),
    "wrong_shape": ("failed", r"thetas has shape \(1, 1, 1\); expected \(1, 1\) = \[T d\]"),
    "huge_shape": ("error", r"garbage: thetas holds a number, or has a size, that does not fit float64"),
    "unknown_dtype": ("error", r'garbage: outputs.thetas.dtype must be "float64" or .*, got \'float16\''),
    "narrow_dtype": ("error", r"garbage: thetas is float32; asked in float64, answer in float64"),
    "beyond_dtype": ("error", r"garbage: thetas holds a number, or has a size, that does not fit int32"),
    "overflowing_literal": ("error", r'garbage: thetas holds a number beyond the largest double; write "Infinity"'),
    "nan": ("failed", r"thetas\[0\] differs first at step 1"),
    "terminal_escapes": ("error", "^\ufffd.31mred\ufffd \ufffd$"),
    "leave_a_child": ("passed", ""),
    "leave_a_daemon": ("passed", ""),
    "leave_a_daemon_and_die": ("passed", ""),
    "much_stderr": ("passed", ""),
}  # fmt: skip


# The first answer is right; what follows it is noticed at the next case.
AFTERWARDS = {
    "answer_twice": r"garbage: wrote .* without being asked; each request has one answer",
    # The next of its lines may come before or after the next request.
    "endless_lines": r"garbage: (wrote .* without being asked; each request has one answer|answered seq 4; .* seq 5)",
}


@pytest.fixture
def judged(fake, memory, monkeypatch, tmp_path):
    """Records by slug, and the program, of a hostile kind; judged within bounded memory.

    Only the bad answer is waited for so briefly that one that never comes is noticed.
    """
    monkeypatch.setenv("PIDS", str(tmp_path / "pids"))

    def judge(kind, timeout=60.0):
        candidate = fake("hostile", kind)
        check(candidate, "lion.trajectory", only=CASES[:1], laws=False)  # what judging takes for itself

        def wait_less_for_the_second(record):
            candidate._timeout = timeout if record.case.startswith(f"lion.trajectory/{CASES[0]}") else 60.0

        used = memory()
        settings = {"only": CASES, "laws": False}
        report = check(candidate, "lion.trajectory", **settings, callback=wait_less_for_the_second)
        candidate.close()
        assert used.growth < MEMORY
        assert sum(report.counts.values()) == report.planned == len(CASES)
        ids = [record.case for record in report.records]
        assert [name.removeprefix("lion.trajectory/").rpartition("-")[0] for name in ids] == CASES
        return dict(zip(CASES, report.records, strict=True)), candidate

    return judge


@pytest.mark.parametrize("kind", KINDS)
def test_one_bad_answer(kind, judged, monkeypatch):
    status, sentence = KINDS[kind]
    if kind == "close_output":  # the one that runs on: others end, and are waited for on a busy machine too
        monkeypatch.setattr(process, "END", 0.1)
    records, _ = judged(kind, 1.0 if "timeout: " in sentence else 60.0)
    bad = records.pop("one-step-one-coordinate")
    assert bad.status == status
    assert re.search(sentence, bad.message), bad.message
    assert len(bad.message) < 500
    assert {record.status for record in records.values()} == {"passed"}


@pytest.mark.parametrize("kind", AFTERWARDS)
def test_too_many_answers(kind, judged):
    records, _ = judged(kind)
    assert [record.status for record in records.values()] == ["passed", "passed", "error", "passed"]
    assert re.search(AFTERWARDS[kind], records["beta1-zero"].message), records["beta1-zero"].message


def test_stderr_is_kept_and_no_verdict(judged):
    records, _ = judged("crash_with_traceback")
    bad = records["one-step-one-coordinate"]
    assert bad.stderr_tail.rstrip().endswith("ZeroDivisionError: one coordinate")


def test_output_is_limited_in_all(judged, monkeypatch):
    monkeypatch.setattr(process, "MAX_OUTPUT", 8 * 2**20)
    records, _ = judged("endless_stderr")
    assert records["one-step-one-coordinate"].message == "garbage: more than 8 MiB of output"


def test_a_daemon_that_holds_the_pipes_does_not_hold_us(judged):
    records, candidate = judged("leave_a_daemon_and_die")
    assert {record.status for record in records.values()} == {"passed"}
    assert "ended once before it had answered" in candidate.note
