"""Thousands of bent messages: each is read or refused with a sentence, and our validator agrees with `jsonschema`."""

import copy
import json
import random
import sys

import jsonschema
import pytest
import referencing

from refimpl.oracle import catalog
from refimpl.oracle.candidates import CandidateError, NotApplicable, Skipped, program, protocol, restarted, schema
from refimpl.oracle.candidates.base import named_outputs
from refimpl.oracle.candidates.protocol import ProtocolError
from tests.thorough import THOROUGH

MESSAGES = 12_000 if THOROUGH else 6_000
LION = catalog.operation("lion.trajectory")
INPUTS = dict(LION.cases[0].inputs)
ALL = ["float64", "float32", "int64", "int32", "bool"]
NAMES = [f"{kind}.json" for kind in ("values", "request-start", "request-probe", "request-run", "request-stop",
                                     "answer-start", "answer-run")]  # fmt: skip
REGISTRY = referencing.Registry().with_resources(
    [(name, referencing.Resource.from_contents(schema.load(name))) for name in NAMES]
)
THEIRS = {name: jsonschema.Draft202012Validator(schema.load(name), registry=REGISTRY) for name in NAMES[1:]}

START = {
    "seq": 1,
    "protocol": 1,
    "implementation": {"name": "x", "version": "1", "language": "C", "source": "https://example.org"},
    "operations": ["lion.trajectory"],
    "dtypes": ["float64"],
    "accepts": {"weight_decay": [0, 0.5], "noise": []},
    "probe": True,
}
THETAS = {"dtype": "float64", "shape": [4, 2], "data": [-1, -1.0, -2, -2, -1, -3, -2, -4]}
ANSWERS = [
    {"seq": 3, "outputs": {"thetas": THETAS}},
    {"seq": 3, "outputs": {"thetas": [[-1, -1], [-2, -2], [-1, "NaN"], [-2, "Infinity"]]}},
    {"seq": 3, "outputs": {"thetas": 1.5}},
    {"seq": 3, "skipped": "later", "issue": "https://example.org/1"},
    {"seq": 3, "not_applicable": "by design"},
    {"seq": 3, "error": "boom", "traceback": "line 1"},
]
PROBED = protocol.probe(2, ALL)
CONVERSATION = [
    ("answer-start.json", START),
    ("answer-run.json", {"seq": 2, "outputs": PROBED["inputs"]}),
    *[("answer-run.json", answer) for answer in ANSWERS],
    ("request-start.json", protocol.start(1)),
    ("request-probe.json", PROBED),
    ("request-run.json", protocol.run(3, "lion.trajectory", INPUTS)),
    ("request-stop.json", protocol.STOP),
]

ODD = [None, True, False, 0, -1, 1, 1.0, 2.5, 1e308, -0.0, 2**53 + 1, 2**63, 10**400, "", "NaN", "nan", "Infinity",
       "seq", "\x00", "\ud800", "\u202e", "main", [], {}, [[]], [1, [2]], [[1], [2, 3]], {"shape": [], "data": [1]},
       {"shape": [2], "data": [1]}, {"dtype": "float16", "shape": [], "data": [1]}, [None], {"": {}}]  # fmt: skip


def bent(rng, value):
    """A message with a few of its parts replaced, removed, doubled or moved."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        places = list(parts(value))
        holder, key = rng.choice(places)
        what = rng.randrange(5)
        if what == 0:
            holder[key] = copy.deepcopy(rng.choice(ODD))
        elif what == 1:
            del holder[key]
        elif what == 2 and isinstance(holder, dict):
            holder[rng.choice(["seq", "outputs", "error", "dtype", "x", "protocol", "cmd"])] = copy.deepcopy(
                rng.choice(ODD)
            )
        elif what == 3:
            other, there = rng.choice(places)
            holder[key] = copy.deepcopy(other[there]) if has(other, there) else 0
        elif isinstance(holder, list):
            holder.insert(key, copy.deepcopy(rng.choice(ODD)))
        if not value:
            break
    return value


def has(holder, key):
    return key in holder if isinstance(holder, dict) else key < len(holder)


def parts(value):
    """(container, key) of everything inside."""
    for key, part in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(part, dict | list):
            yield from parts(part)


def torn(rng, line):
    """A line with some of its bytes replaced, removed, doubled or cut off."""
    line = bytearray(line)
    for _ in range(rng.choice([1, 1, 2, 5])):
        if not line:
            break
        i = rng.randrange(len(line))
        what = rng.randrange(5)
        if what == 0:
            line[i] = rng.randrange(256)
        elif what == 1:
            del line[i : i + rng.choice([1, 1, 5, 50])]
        elif what == 2:
            line[i:i] = rng.choice(
                [b"NaN", b"-", b"[" * 50, b"1e999", b"1" * 5000, b'"', b",", b"}", b"\\ud800", b"\xff"]
            )
        elif what == 3:
            del line[i:]
        else:
            j = rng.randrange(len(line))
            line[i:i] = line[min(i, j) : max(i, j)]
    return bytes(line)


@pytest.fixture(scope="module")
def corpus():
    """(schema, line) of bent messages; half bent as values, half torn as bytes, and a few left whole."""
    rng = random.Random(20)
    found = [(name, json.dumps(value).encode()) for name, value in CONVERSATION]
    while len(found) < MESSAGES:
        name, value = rng.choice(CONVERSATION)
        if rng.random() < 0.5:
            found.append((name, json.dumps(bent(rng, value)).encode()))
        else:
            found.append((name, torn(rng, json.dumps(value).encode())))
    return found


def test_every_message_is_read_or_refused_with_a_sentence(corpus):
    """Parsing, validation, arrays, and the choice between the answer's members."""
    outcomes = {"refused": 0, "read": 0}
    for name, line in corpus:
        try:
            if name == "answer-start.json":
                protocol.read_start(line, 1)
            else:
                answer = protocol.read(line, 3 if b'"seq": 3' in line else 2)
                named_outputs(LION, protocol.arrays(answer.get("outputs", {}), "float64"))
            outcomes["read"] += 1
        except (ProtocolError, CandidateError) as error:
            outcomes["refused" if str(error).strip() else "without a sentence"] += 1
    assert min(outcomes.values()) > MESSAGES / 100, outcomes


def test_our_validator_agrees_with_jsonschema(corpus):
    """On every third message, if it is JSON at all, against its own schema; both say yes and no often enough."""
    said = {True: 0, False: 0}
    for name, line in corpus[::3]:
        try:
            message = protocol.parse(line)
        except ProtocolError:
            continue
        ours = schema.mismatch(message, schema.load(name))
        assert (ours is None) == THEIRS[name].is_valid(message), (name, line, ours)
        assert ours is None or (ours.strip() and len(ours) < 1000)
        said[ours is None] += 1
    assert min(said.values()) > 300, said


class Replay:
    """In place of a process: answers with the lines that it is given, with the right `seq` where they have one."""

    lines: list[bytes] = []
    stderr = ""
    imported = ()

    def __init__(self, command, path=(), **options):
        self.started = False

    def ask(self, line, seconds):
        request = json.loads(line)
        if not self.started and Replay.mode == "full" and request["cmd"] == "start":
            self.started = True
            return json.dumps({key: x for key, x in START.items() if key != "probe"} | {"seq": request["seq"]}).encode()
        return Replay.lines.pop().replace(b'"seq": 3', b'"seq": %d' % request["seq"])

    def close_input(self):
        pass

    def end(self, last_line=b"", *, patience=0):
        pass


@pytest.mark.parametrize("mode", ["full", "unknown"])
def test_the_conversation_survives(corpus, monkeypatch, mode):
    """A `Program` that hears bent answers, at the start as well, raises what candidates may raise."""
    monkeypatch.setattr(restarted, "Process", Replay)
    monkeypatch.setattr(Replay, "mode", mode, raising=False)
    monkeypatch.setattr(Replay, "lines", [line for name, line in corpus[::3] if name.startswith("answer")])
    outcomes = set()
    while len(Replay.lines) > 50:
        candidate = program.Program([sys.executable])
        for _ in range(4):
            try:
                candidate.run(LION, INPUTS)
                outcomes.add("answer")
            except (CandidateError, Skipped, NotApplicable) as error:
                outcomes.add(getattr(error, "kind", type(error).__name__))
        candidate.close()
    assert {"answer", "garbage", "error", "Skipped", "NotApplicable"} <= outcomes


def test_a_real_process_that_prints_bent_answers(corpus, fake, tmp_path):
    """The same through pipes, fifty of them."""
    path = tmp_path / "lines"
    lines = [line for name, line in corpus if name == "answer-run.json" and b"\n" not in line][:150]
    path.write_bytes(b"\n".join(lines))
    code = f"""
import itertools, json, pathlib, sys
place = pathlib.Path({str(tmp_path / "place")!r})
lines = open({str(path)!r}, "rb").read().split(b"\\n")
start = {START!r}
del start["probe"]
for request in map(json.loads, sys.stdin):
    if request["cmd"] == "start":
        sys.stdout.write(json.dumps(start | {{"seq": request["seq"]}}) + "\\n")
    elif request["cmd"] == "run":
        n = int(place.read_text()) if place.exists() else 0
        place.write_text(str(n + 1))
        sys.stdout.buffer.write(lines[n].replace(b'"seq": 3', b'"seq": %d' % request["seq"]) + b"\\n")
    sys.stdout.flush()
"""
    outcomes = []
    while not (tmp_path / "place").exists() or int((tmp_path / "place").read_text()) < 50:
        candidate = fake([sys.executable, "-c", code])
        for _ in range(20):
            try:
                candidate.run(LION, INPUTS)
                outcomes.append("answer")
            except (CandidateError, Skipped, NotApplicable) as error:
                outcomes.append(getattr(error, "kind", type(error).__name__))
        candidate.close()
    assert {"answer", "garbage", "error", "Skipped", "NotApplicable"} <= set(outcomes)
    assert "timeout" not in outcomes
