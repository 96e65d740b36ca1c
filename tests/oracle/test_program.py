"""Programs as candidates: handshake, what is sent and what is not, probe, restarts, end; the command line."""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import referencing

from refimpl.oracle import catalog, cli
from refimpl.oracle.candidates import (
    CandidateError,
    NotApplicable,
    Program,
    Skipped,
    process,
    program,
    protocol,
    restarted,
    schema,
)
from refimpl.oracle.candidates.process import Process, _marked
from refimpl.oracle.candidates.protocol import ProtocolError
from refimpl.oracle.verdict import check

ROOT = Path(__file__).parents[2]
FAKES = Path(__file__).parent / "fakes"
LION, STEP = catalog.operation("lion.trajectory"), catalog.operation("lion.step")
INPUTS = dict(LION.cases[0].inputs)


@pytest.fixture
def scripted(fake):
    """Makes a `Program` of `fakes/scripted.py` with these settings."""

    def make(**settings):
        words = [json.dumps(settings)] if settings else []
        return fake("scripted", *words)

    return make


def requests(log):
    """What a fake has been asked, without its own notes."""
    return [x for x in map(json.loads, log.read_text().splitlines()) if isinstance(x, dict)]


def runs(candidate, count=1):
    """The first answers, or what was raised."""
    found = []
    for _ in range(count):
        try:
            found.append(candidate.run(LION, INPUTS)["thetas"].tolist())
        except (CandidateError, Skipped, NotApplicable) as error:
            found.append(error)
    return found


RIGHT = LION.cases[0].answer["thetas"].tolist()

# The handshake --------------------------------------------------------------------------------------------------


def test_a_conversation(scripted, tmp_path):
    """start, then runs, then stop; seq counts up; every message is what its schema says."""
    log = tmp_path / "log"
    candidate = scripted(log=str(log), start={"probe": True})
    report = check(candidate, "lion.trajectory", dtypes=("float64", "float32"), only=["*-gradients"], laws=False)
    candidate.close()
    cases = report.counts["passed"]
    assert report.verdict == "conforms in part"
    assert (cases, report.counts["not_applicable"]) == (4, 3)  # huge gradients exist in float64 alone
    assert candidate.note == ""
    sent = requests(log)
    assert [r["cmd"] for r in sent] == ["start", "probe", *["run"] * cases, "stop"]
    assert [r["seq"] for r in sent[:-1]] == list(range(1, cases + 3))
    for request in sent:
        valid(request, f"request-{request['cmd']}.json")
    text = log.read_text()
    assert not [slug for case in LION.cases if (slug := case.slug) in text], "the case is not told"
    assert "expected" not in text


def test_what_it_says_of_itself(scripted):
    told = {
        "name": "my\x1b[31m lion",
        "version": "2.1",
        "language": "COBOL",
        "source": "https://example.org/lion",
        "issues": "https://example.org/lion/issues",
    }
    candidate = scripted(start={"implementation": told})
    report = check(candidate, "lion.trajectory", only=["two-rates"], laws=False)
    assert report.candidate["name"] == "my\N{REPLACEMENT CHARACTER}[31m lion"
    assert (report.candidate["version"], report.candidate["language"]) == ("2.1", "COBOL")
    assert (candidate.source, candidate.issues) == (told["source"], told["issues"])


def test_the_caller_may_name_it(fake):
    candidate = fake("lion_fake", name="mine")
    assert runs(candidate) == [RIGHT]
    assert candidate.name == "mine"


def named(name, version):
    return {"name": name, "version": version, "language": "C"}


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        ({"protocol": 2}, r"the program speaks protocol 2; refimpl [\d.]+ speaks 1$"),
        ({"protocol": "1"}, r"the program speaks protocol '1'; refimpl"),
        ({"protocol": True}, r"the program speaks protocol True; refimpl"),
        ({"implementation": {"name": "x", "language": "C"}}, r"^implementation lacks version$"),
        ({"implementation": named("x", "main")}, r"^implementation.version must be a version that names one state"),
        ({"implementation": named("", "1")}, r"^implementation.name must be a string that is not empty, got ''"),
        ({"implementation": "lion"}, r"^implementation must be an object, got 'lion'"),
        ({"operations": []}, r"^operations must be an array that is not empty, got \[\]"),
        ({"operations": None}, r"^the answer lacks operations"),
        ({"operations": "lion.trajectory"}, r"^operations must be an array that is not empty, got 'lion.trajectory'"),
        ({"dtypes": ["double"]}, r"^dtypes\[0\] must be \"float64\" or .*, got 'double'"),
        ({"accepts": {"lr": 1}}, r"^accepts.lr must be an array, got 1"),
        ({"accepts": {"lr": [None]}}, r"^accepts.lr\[0\] must be a number or a string, got None"),
        ({"author": "me"}, r"^the answer has 'author', which is not known; it may have seq, protocol"),
        ({"seq": 9}, r"^answered seq 9; asked was seq 1$"),
    ],
)  # fmt: skip
def test_a_wrong_handshake_is_told_and_nothing_is_judged(scripted, start, sentence):
    candidate = scripted(start=start)
    errors = runs(candidate, 3)
    assert {error.kind for error in errors} == {"garbage"}
    assert all(re.search(sentence, str(error)) for error in errors), str(errors[0])
    assert candidate._starts == 1


def test_right_in_version_2_only(scripted):
    verdicts = {}
    for version in ("1.0", "2.0"):
        candidate = scripted(start={"implementation": named("lion", version)}, version_1=version == "1.0")
        report = check(candidate, "lion.trajectory", laws=False, only=["two-rates", "decay-and-zero"])
        verdicts[report.candidate["version"]] = report.verdict
    assert verdicts == {"1.0": "deviates", "2.0": "conforms in part"}


# Only what is declared is sent -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "operation", "inputs", "sentence"),
    [
        ({}, STEP, STEP.cases[0].inputs, "the program does lion.trajectory only"),
        ({}, LION, INPUTS | {"grads": INPUTS["grads"].astype(np.float32)}, "the program takes float64 only"),
        ({"accepts": {"lr": [0.5, 2]}}, LION, INPUTS, "the program takes lr = 0.5, 2 only"),
        ({"accepts": {"grads": []}}, LION, INPUTS, "the program cannot be given grads"),
        ({"accepts": {"grads": [1]}}, LION, INPUTS, "the program takes grads = 1 only"),
    ],
)
def test_what_is_not_declared_is_not_applicable(scripted, tmp_path, start, operation, inputs, sentence):
    log = tmp_path / "log"
    candidate = scripted(start=start, log=str(log))
    with pytest.raises(NotApplicable, match=re.escape(sentence)):
        candidate.run(operation, inputs)
    assert [r["cmd"] for r in requests(log)] == ["start"]


def test_what_it_accepts_is_sent(scripted):
    assert runs(scripted(start={"accepts": {"lr": [1, 2], "weight_decay": [0]}})) == [RIGHT]


def test_counts_add_up_over_a_whole_system(scripted):
    report = check(scripted(), "lion", laws=False)
    others = sum(len(op.cases) for op in catalog.operations("lion") if op is not LION)
    assert report.verdict == "conforms in part"
    assert (report.planned, report.counts["not_applicable"]) == (len(LION.cases) + others, others)
    assert {r.reason for r in report.records if r.status == "not_applicable"} == {
        "the program does lion.trajectory only"
    }


def test_nothing_declared_that_was_asked_for_is_no_success(scripted):
    report = check(scripted(), "lion.step")
    assert (report.verdict, report.exit_code()) == ("nothing ran", 2)


def test_inputs_that_the_wire_cannot_carry(scripted):
    with pytest.raises(NotApplicable, match=r"cannot be sent to a program: inputs.lr must be an array .*, got None"):
        scripted().run(LION, INPUTS | {"lr": None})


# Answers that are no outputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        ({"skipped": "later", "issue": "https://example.org/1"}, Skipped, r"later \(https://example.org/1\)"),
        ({"skipped": ""}, Skipped, "no reason given"),
        ({"not_applicable": "no decay by design"}, NotApplicable, "no decay by design"),
        ({"error": "ValueError: lr"}, CandidateError, "ValueError: lr"),
        ({"skipped": "later", "traceback": "x"}, CandidateError, "the answer has traceback without error"),
        ({"error": "no", "issue": "x"}, CandidateError, "the answer has issue without skipped"),
        ({"skipped": None}, CandidateError, "skipped must be a reason, got None"),
        ({"seconds": 1}, CandidateError, "the answer has 'seconds', which is not known"),
    ],
)
def test_answers_without_outputs(scripted, answer, kind, sentence):
    (raised,) = runs(scripted(answer=answer))
    assert type(raised) is kind
    assert re.search(sentence, str(raised))


def test_an_error_brings_its_traceback(scripted):
    (error,) = runs(scripted(answer={"error": "boom", "traceback": 'File "lion.f90"\x1b[2J\n  line 3'}))
    assert error.kind == "error"
    assert error.traceback == 'File "lion.f90"\N{REPLACEMENT CHARACTER}[2J\n  line 3'


def test_true_is_no_seq_and_a_whole_number_is_one():
    with pytest.raises(ProtocolError, match="answered seq True; asked was seq 1"):
        protocol.read(b'{"seq": true, "skipped": "later"}', 1)
    assert protocol.read(b'{"seq": 1.0, "skipped": "later"}', 1)["skipped"] == "later"


# The probe --------------------------------------------------------------------------------------------------------

ALL = ["float64", "float32", "int64", "int32", "bool"]


def test_a_true_wire_passes_the_probe(scripted):
    assert runs(scripted(start={"probe": True, "dtypes": ALL})) == [RIGHT]


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("no negative zero", r"float64\[0\]\[0\] went out as -0.0 and came back as 0.0"),
        ("no subnormals", r"float64\[0\]\[1\] went out as 5e-324 and came back as 0.0"),
        ("no huge numbers", r"float64\[0\]\[2\] went out as 1.797e\+308 and came back as inf"),
        ("no nan", r"float64\[1\]\[0\] went out as nan and came back as 0.0"),
        ("null for nan", r'outputs.float64.data\[3\] must be a number, "NaN", .*, got None'),
        ("infinities clipped", r"float64\[1\]\[1\] went out as inf and came back as 1.79769"),
        ("15 digits", r"float64\[2\]\[1\] went out as 0.3333333333333333 and came back as 0.33333333333333"),
        ("integers are doubles", r"int64\[0\] went out as 9007199254740993 and came back as 9007199254740992"),
        ("no scalars", r"scalar went out with shape \(\) and came back with \(1,\)"),
        ("no empty arrays", r"empty went out with shape \(0, 3\) and came back with \(0,\)"),
        ("all float64", r"float32 went out with dtype float32 and came back with float64"),
        ("one is missing", r"scalar did not come back"),
    ],
)
def test_a_wire_that_alters_numbers_is_told(scripted, how, sentence):
    candidate = scripted(start={"probe": True, "dtypes": ALL}, probe=how)
    errors = runs(candidate, 2)
    assert all(re.search(sentence, str(error)) for error in errors), str(errors[0])
    assert {error.kind for error in errors} == {"garbage"}


def test_the_probe_looks_at_declared_dtypes_alone(scripted):
    assert runs(scripted(start={"probe": True}, probe="integers are doubles")) == [RIGHT]


# Bare programs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "note"),
    [
        ("crash", r"no answer to `start`: the program ended without an answer \(exit status 1\)"),
        ("error", r"its answer to `start` has no protocol number"),
        ("garbage", r"its answer to `start` has no protocol number"),
        ("silent", r"no answer to `start`: the program ended without an answer \(exit status 0\)"),
        ("deaf", r"no answer to `start`: no answer within"),
    ],
)
def test_a_bare_program_needs_no_flag(scripted, monkeypatch, tmp_path, mode, note):
    monkeypatch.setattr(program, "LISTEN", 0.3)
    log = tmp_path / "log"
    candidate = scripted(mode=mode, log=str(log))
    first_line = candidate._first_line

    def impatient(request):
        candidate._start_timeout, patient = 1.0, candidate._start_timeout
        try:
            return first_line(request)
        finally:
            candidate._start_timeout = patient

    if mode == "deaf":  # the one that is waited for until the end
        monkeypatch.setattr(candidate, "_first_line", impatient)
    report = check(candidate, "lion.trajectory", laws=False, only=["two-rates", "beta*"], dtypes=("float64", "float32"))
    candidate.close()
    assert report.counts["passed"] == report.planned
    assert re.search(f"^asked in the bare mode: {note}", candidate.note), candidate.note
    assert [r["cmd"] for r in requests(log)][:2] == ["start", "run"]
    assert {r["cmd"] for r in requests(log)[1:]} == {"run"}, "no stop either"


def test_a_slow_start_is_not_taken_for_a_bare_program(scripted, monkeypatch):
    monkeypatch.setattr(program, "LISTEN", 0.1)
    candidate = scripted(delay=0.4)
    assert runs(candidate, 2) == [RIGHT, RIGHT]
    assert (candidate.version, candidate.note, candidate._starts) == ("1.0", "", 2)


def test_a_program_for_one_answer_is_told_to_go_on(fake):
    """As from `head -n 1 | lion`; it is started again, but not for ever."""
    code = (
        f"import sys; sys.path.insert(0, {str(FAKES)!r}); import json, lion_fake; "
        "r = json.loads(sys.stdin.readline()); "
        "lion_fake.write({'seq': r['seq'], 'outputs': lion_fake.trajectory(**r['inputs'])})"
    )
    candidate = fake([sys.executable, "-c", code])
    found = runs(candidate, 15)
    assert found[:10] == [RIGHT] * 10
    assert all("it must go on until its input ends" in str(error) for error in found[10:])
    assert "not started again after 11 starts" in str(found[-1])


# Restarts ---------------------------------------------------------------------------------------------------------


def test_a_crash_costs_one_start_and_the_handshake_is_replayed(scripted, tmp_path):
    log = tmp_path / "log"
    candidate = scripted(log=str(log), crash_at=[1], start={"probe": True})
    assert runs(candidate, 3) == [RIGHT] * 3
    assert [r["cmd"] for r in requests(log)] == ["start", "probe", "run", "run", "start", "run", "run"]
    assert candidate.note == "it ended once before it had answered, and answered when it was started again"


def test_two_crashes_on_one_case_and_the_next_one_goes_on(scripted, tmp_path):
    candidate = scripted(log=str(tmp_path / "log"), crash_at=[1, 2])
    first, second, third = runs(candidate, 3)
    assert (first, third) == (RIGHT, RIGHT)
    assert str(second) == "the program ended without an answer (exit status 7)"
    assert candidate.note == ""


def test_restarts_are_bounded(scripted, tmp_path):
    candidate = scripted(log=str(tmp_path / "log"), crash_at=list(range(1, 100, 2)))
    found = runs(candidate, 20)
    assert found[:11] == [RIGHT] * 11
    assert all("not started again after 11 starts" in str(error) for error in found[11:])


def test_a_program_that_never_answers_is_soon_left_alone(scripted, tmp_path):
    candidate = scripted(log=str(tmp_path / "log"), crash_at=list(range(100)))
    found = runs(candidate, 20)
    assert {error.kind for error in found} == {"crash"}
    assert candidate._starts == 4
    assert "(exit status 7); not started again after 4 starts" in str(found[-1])


def test_it_may_not_change_when_started_again(scripted, tmp_path):
    turn = {"operations": ["lion.trajectory", "lion.step"]}
    candidate = scripted(log=str(tmp_path / "log"), crash_at=[0], turn=turn)
    assert "says something else of itself" in str(runs(candidate)[0])


def test_hanging_from_the_first_line_on(fake, monkeypatch):
    monkeypatch.setattr(program, "LISTEN", 0.1)
    candidate = fake([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2, start_timeout=0.3)
    found = runs(candidate, 10)
    assert {error.kind for error in found[:2]} == {"timeout"}
    assert "not started again after 5 starts" in str(found[-1])


def test_a_first_case_that_crashes_a_bare_program_is_not_the_end(fake):
    code = """import os, sys
import json
for line in sys.stdin:
    inputs = json.loads(line)["inputs"]
    if inputs["theta0"]["shape"] == [2]:
        os._exit(9)
    print(json.dumps({"seq": json.loads(line)["seq"], "skipped": "alive"}), flush=True)"""
    candidate = fake([sys.executable, "-c", code])
    report = check(candidate, "lion.trajectory", only=["two-rates", "one-step-one-*"], laws=False)
    assert [record.status for record in report.records] == ["error", "skipped"]


def test_a_banner_is_told(fake):
    candidate = fake([sys.executable, "-c", "import sys\nprint('Lion 1.0', flush=True)\nsys.stdin.read()"])
    (error,) = runs(candidate)
    late = "not a line of JSON: b'Lion 1.0'; standard output is for answers alone"
    early = "wrote b'Lion 1.0\\n' without being asked"  # before the first question, on a busy machine
    assert str(error).startswith((late, early))


def test_a_file_that_is_no_program(fake, tmp_path):
    path = tmp_path / "lion"
    path.write_bytes(b"\x7fnothing")
    path.chmod(0o755)
    assert {str(error) for error in runs(fake([str(path)]), 3)} == {f"cannot start '{path}': Exec format error"}


def test_output_names_are_cut_short(scripted):
    (error,) = runs(scripted(answer={"outputs": {"x\x1b" * 10**4: 1}}))
    assert str(error).startswith("returned no output thetas; got x\N{REPLACEMENT CHARACTER}")
    assert len(str(error)) <= 400


@pytest.mark.parametrize(
    ("command", "sentence"),
    [("", "got an empty string"), ("no-such-program --x", "there is no 'no-such-program'"), ('lion "', "quotation")],
)
def test_commands_that_name_no_program(command, sentence):
    with pytest.raises(ValueError, match=sentence):
        Program(command)


def test_what_never_ends_a_line_ends_at_the_time_that_is_given():
    """Also its first answer, which has a minute where no time is given."""
    code = "import sys, time\nsys.stdin.readline()\nwhile True: print('x', end='', flush=True), time.sleep(0.01)"
    candidate = Program([sys.executable, "-c", code], timeout=0.5)
    assert (candidate._start_timeout, Program([sys.executable])._start_timeout) == (0.5, program.START_TIMEOUT)
    assert Program([sys.executable], timeout=90)._start_timeout == 90
    asked = []
    whole = Process.ask
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Process, "ask", lambda self, line, seconds: asked.append(seconds) or whole(self, line, seconds))
        report = check(candidate, "lion.trajectory", only=["two-rates", "beta1-zero"], laws=False)
    candidate.close()
    assert report.verdict == "error"
    assert all("timeout: no answer within" in record.message for record in report.records)
    assert max(asked) <= 0.5


VERSIONS = [
    "Latest",
    "LATEST",
    "latest",
    "Main",
    "MASTER",
    "head",
    "HEAD ",
    "trunk",
    "origin/main",
    "refs/heads/Master",
]


@pytest.mark.parametrize("version", [*VERSIONS, "Nightly", "develop", " ", "\t"])
def test_a_branch_is_no_version(version):
    about = {"name": "mine", "version": version, "language": "C"}
    answer = {"seq": 1, "protocol": 1, "implementation": about, "operations": ["lion.step"], "dtypes": ["float64"]}
    with pytest.raises(protocol.ProtocolError, match="a version that names one state of the code, not a branch"):
        protocol.read_start(json.dumps(answer).encode(), 1)
    for right in ("1.0", "latest-3", "main.2024", "v2", "0.1.0+head"):
        assert protocol.read_start(json.dumps(answer | {"implementation": about | {"version": right}}).encode(), 1)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_times_that_are_none(timeout):
    with pytest.raises(ValueError, match="timeout"):
        Program([sys.executable], timeout=timeout)


# One process ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def python(code):
    one = Process([sys.executable, "-c", code])
    try:
        yield one
    finally:
        one.end(patience=0)


def test_a_large_request_that_nobody_reads():
    with python("import time; time.sleep(60)") as one, pytest.raises(CandidateError, match="it has not read the req"):
        one.ask(b"x" * 2**20 + b"\n", 0.3)


def test_large_requests_and_answers_cross():
    with python("import sys\nfor line in sys.stdin: sys.stdout.write(line); sys.stdout.flush()") as one:
        for size in (1, 2**16, 2**21):
            assert one.ask(b"y" * size + b"\n", 60) == b"y" * size


def test_an_answer_byte_by_byte():
    writing = "for c in 'slow\\n': sys.stdout.write(c); sys.stdout.flush(); time.sleep(0.01)"
    code = f"import sys, time\nsys.stdin.readline()  # or a busy machine has it write before it is asked\n{writing}"
    with python(code) as one:
        assert one.ask(b"go\n", 60) == b"slow"


def test_the_end_is_gentle_first(tmp_path, monkeypatch):
    """A program may tidy up: at the end of its input, and when it is terminated."""
    notes = tmp_path / "notes"
    code = f"""
import pathlib, signal, sys, time
note = lambda text: pathlib.Path({str(notes)!r}).open("a").write(text)
signal.signal(signal.SIGTERM, lambda *_: (note("terminated "), sys.exit()))
print("ready", flush=True)
note(sys.stdin.read())
time.sleep(60)
"""
    one = Process([sys.executable, "-c", code])
    one.ask(b"", 60)
    monkeypatch.setattr(process, "PATIENCE", 60)  # it goes at once when it is terminated
    wait = one._wait

    def until_noted(seconds):
        """As patient as it takes on a busy machine, and no longer."""
        monkeypatch.setattr(one, "_wait", wait)
        while not (notes.exists() and notes.read_text() == "stop "):
            one._pump(0.01)

    monkeypatch.setattr(one, "_wait", until_noted)
    one.end(b"stop ")
    assert notes.read_text() == "stop terminated "


def test_a_fork_bomb_of_daemons_is_swept_up():
    code = """
import os, sys
print("ready", flush=True)
for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for _ in range(600): import time; time.sleep(0.1)
        os._exit(0)
import time; time.sleep(60)
"""
    one = Process([sys.executable, "-c", code])
    one.ask(b"", 60)
    while os.path.isdir("/proc") and len(list(_marked(one._mark))) <= 10:
        time.sleep(0.01)
    one.end(patience=0)
    assert not list(_marked(one._mark))


# The page and the schemas ---------------------------------------------------------------------------------------

PAGE = (ROOT / "docs/oracle/protocol.rst").read_text(encoding="utf-8")
SCHEMAS = sorted(path.name for path in (ROOT / "refimpl/oracle/candidates/schemas").glob("*.json"))


def blocks(language):
    """(caption, text) of the code blocks of the page."""
    pattern = rf"\.\. code-block:: {language}\n   :caption: (.*)\n\n((?:   .*\n|\n)+)"
    return [(caption, re.sub("^   ", "", text, flags=re.M)) for caption, text in re.findall(pattern, PAGE)]


def valid(message, name):
    """Whether `jsonschema` and our own validator accept a message; they must agree."""
    registry = referencing.Registry().with_resources(
        [
            (n, referencing.Resource.from_contents(schema.load(n)))
            for n in SCHEMAS
            if n.startswith(("values", "request-", "answer-"))
        ]
    )
    theirs = jsonschema.Draft202012Validator(schema.load(name), registry=registry).is_valid(message)
    assert theirs == (schema.mismatch(message, schema.load(name)) is None)
    return theirs


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_schemas(name):
    jsonschema.Draft202012Validator.check_schema(schema.load(name))


@pytest.mark.parametrize(("caption", "text"), blocks("json"))
def test_examples_of_the_page_are_valid(caption, text):
    assert valid(json.loads(text), caption)


def test_every_message_has_an_example_on_the_page():
    messages = {name for name in SCHEMAS if name.startswith(("request-", "answer-"))}
    assert {caption for caption, _ in blocks("json")} == messages


def test_the_page_says_the_limits_that_hold():
    for words in (
        f"{process.MAX_LINE >> 20} MiB",
        f"{process.MAX_OUTPUT >> 20} MiB",
        f"{protocol.MAX_PARTS:,}",
        f"{program.TIMEOUT:g} s",
        f"{program.START_TIMEOUT:g} s",
        f"{program.LISTEN:g} s",
        f"{restarted.RESTARTS} times",
        process.MARK,
    ):
        assert words in PAGE, words


def test_the_bare_example_of_the_page_conforms(fake, tmp_path):
    ((_, code),) = blocks("python")
    assert len(code.strip().splitlines()) == 13
    assert "The bare mode: thirteen lines\n" in PAGE
    path = tmp_path / "bare.py"
    path.write_text(code)
    candidate = fake([sys.executable, str(path)])
    small = [case.slug for case in LION.cases if not case.dear]
    report = check(candidate, "lion.trajectory", dtypes=("float64", "float32"), only=[*small, "law:*", "manners:*"])
    assert report.counts["passed"] == report.planned
    assert "bare mode" in candidate.note


# The command line -------------------------------------------------------------------------------------------------


def executable(name, *words):
    return shlex.join([sys.executable, str(FAKES / f"{name}.py"), *words])


QUICK = ["--only", "two-rates", "--only", "beta1-zero"]


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (executable("lion_fake"), 0, ["verdict: conforms", "fake lion 1.0"]),
        (executable("scripted", '{"version_1": true}'), 1, ["differs first at step", "rerun: refimpl check"]),
        (executable("scripted", '{"answer": {"error": "it\'s bad"}}'), 2, ["it's bad", "verdict: gave no answer"]),
        (executable("scripted", '{"answer": {"skipped": "later"}}'), 2, ["verdict: nothing ran"]),
        (executable("scripted", '{"mode": "error"}'), 0, ["note: asked in the bare mode", "verdict: conforms"]),
        ("no-such-program", 2, ["there is no 'no-such-program'"]),
    ],
)  # fmt: skip
def test_exit_codes_and_words(capsys, command, status, words):
    assert cli.main(["check", "lion.trajectory", "--exec", command, *QUICK]) == status
    told = "".join(capsys.readouterr())
    for text in words:
        assert text in told


def test_the_rerun_line_works_when_pasted(capsys):
    """In a shell, with quotes and all; it reruns one case with the same outcome."""
    told = {"name": 'it\'s "broken" & $HOME', "version": "1", "language": "C"}
    command = executable("scripted", json.dumps({"version_1": True, "start": {"implementation": told}}))
    cli.main(["check", "lion.trajectory", "--exec", command, *QUICK, "--timeout", "7", "--format", "json"])
    record = json.loads(capsys.readouterr().out)["records"][1]
    assert record["status"] == "failed"
    assert "--timeout 7" in record["repro"]
    line = record["repro"].replace("refimpl", f"{shlex.quote(sys.executable)} -m refimpl", 1) + " --format json"
    again = subprocess.run(["sh", "-c", line], capture_output=True, text=True, cwd=ROOT)
    (same,) = json.loads(again.stdout)["records"]
    for key in ("case", "status", "message", "got"):
        assert same[key] == record[key]


def test_json_report_tells_who_was_judged(capsys):
    told = {"name": "lion", "version": "3", "language": "C", "issues": "https://example.org/issues"}
    command = executable("scripted", json.dumps({"start": {"implementation": told}}))
    assert cli.main(["check", "lion.trajectory", "--exec", command, *QUICK, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["candidate"] == told
