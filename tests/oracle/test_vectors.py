"""Test vectors: what is written keeps the schema, comes back, and is replayed by a program that is not Python."""

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from refimpl.oracle import catalog
from refimpl.oracle.candidates import schema
from refimpl.oracle.cli import main
from refimpl.oracle.judging import answers, cases
from refimpl.oracle.judging.answers import expected
from refimpl.oracle.output import vectors
from tests.thorough import THOROUGH, some

ROOT = Path(__file__).parents[2]
LION = sum("large" not in case.flags for case in catalog.operation("lion.trajectory").cases)
ERRORS = len(catalog.operation("lion.trajectory").errors)
VALIDATOR = jsonschema.Draft202012Validator(schema.load("vectors.json"))


pytestmark = pytest.mark.xdist_group("vectors")  # which are written once in a process


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Lion's files."""
    folder = tmp_path_factory.mktemp("vectors")
    vectors.write_vectors("lion", folder)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    """A copy of them, to be damaged."""
    return shutil.copytree(written, tmp_path, dirs_exist_ok=True)


def shown(operation):
    """The cases that are written: large ones would be megabytes of repeated numbers."""
    return [case for case in operation.cases if "large" not in case.flags]


def edit(path, change):
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")


def objects(part):
    """Every object of the schema that has properties."""
    if isinstance(part, dict):
        if "properties" in part:
            yield part
        for value in part.values():
            yield from objects(value)


def test_the_schema_is_one_and_closed():
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)
    found = list(objects(VALIDATOR.schema))
    assert len(found) > 5
    assert all(part["additionalProperties"] is False for part in found)


@pytest.mark.parametrize("system", some(catalog.systems()))
def test_the_files_of_every_system_keep_the_schema(system, tmp_path, monkeypatch):
    """But for the answers, which take long: zeros stand for them."""

    def zeros(operation, inputs, dtype):
        outputs = {entry.name: np.zeros(2) for entry in operation.outputs}
        return outputs, outputs

    monkeypatch.setattr(vectors, "expected", zeros)
    paths = vectors.write_vectors(system, tmp_path)
    assert sorted(paths) == sorted(tmp_path.iterdir())
    for operation, path in zip(catalog.operations(system), paths, strict=True):
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
        if not THOROUGH:  # our reader, which is much faster, looks at all of them
            data |= {key: data[key][:3] for key in ("cases", "errorCases")}
        VALIDATOR.validate(data)
        back = vectors.read_vectors(path)
        assert path.stem == back.header["operation"] == operation.name
        assert [case["id"] for case in back.cases] == [cases.case_id(operation, case) for case in shown(operation)]
        assert len(back.errors) == len(operation.errors)
        assert back.header["notes"].keys() == {flag for case in shown(operation) for flag in case.flags}
        for entry, case in zip(back.cases, shown(operation), strict=True):
            assert entry["expected"].keys() == set(case.dtypes)
            for name, value in case.inputs.items():
                np.testing.assert_array_equal(entry["inputs"][name], value)


@pytest.mark.parametrize("name", ["lion.trajectory", "lion.step", "cbo.consensus"])
def test_the_answers_are_those_that_the_oracle_judges_by(name, tmp_path):
    operation = catalog.operation(name)
    (path,) = vectors.write_vectors(name, tmp_path)
    for entry, case in zip(vectors.read_vectors(path).cases, shown(operation), strict=True):
        for dtype, told in entry["expected"].items():
            outputs, tolerances = expected(operation, case, dtype)
            for output, value in outputs.items():
                assert told["outputs"][output].tobytes() == value.tobytes()
                allowed = told["tolerances"][output]
                assert (allowed >= tolerances[output]).all()
                assert (allowed <= 1.1 * tolerances[output]).all()


def test_they_are_the_same_each_time(written, tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "_known", {})
    for path in vectors.write_vectors("lion" if THOROUGH else "lion.step", tmp_path):
        assert path.read_bytes() == (written / path.name).read_bytes()


def test_check_accepts_what_was_written_and_counts(folder, capsys):
    assert main(["vectors", "lion", "--out", str(folder), "--check"]) == 0
    assert f"{LION} cases, {ERRORS} error cases, as the code writes them" in capsys.readouterr().out


def an_answer(data):
    values = data["cases"][3]["expected"]["float64"]["outputs"]["thetas"]["data"]
    values[7] = float(np.nextafter(values[7], 1))


def an_input(data):
    data["cases"][0]["inputs"]["lr"] = 2.0


def a_sign(data):
    case = next(case for case in data["cases"] if case["id"].startswith("lion.trajectory/zero-gradients-"))
    case["inputs"]["grads"]["data"][0] = -0.0


def a_wide_tolerance(data):
    data["cases"][0]["expected"]["float32"]["tolerances"]["thetas"]["data"][0] *= 3


def a_case_less(data):
    del data["cases"][1]
    data["numberOfCases"] -= 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (an_answer, "cases[lion.trajectory/gaussian-long-66f12ea8].expected.float64.outputs.thetas.data[7] is "),
        (an_input, "cases[lion.trajectory/two-rates-39786c4f].inputs.lr is 2.0; the code writes 1.0"),
        (a_sign, "grads.data[0] is -0.0; the code writes 0.0"),
        (a_wide_tolerance, "tolerances.thetas.data[0] is "),
        (a_case_less, f"numberOfCases is {LION - 1}; the code writes {LION}"),
        (lambda data: data.update(numberOfCases=LION + 1), f"numberOfCases is {LION + 1}, but there are {LION}"),
        (lambda data: data.update(suiteVersion="0.0.0"), "suiteVersion is "),
    ],
)
def test_check_names_the_first_difference(folder, capsys, change, place):
    edit(folder / "lion.trajectory.json", change)
    assert main(["vectors", "lion", "--out", str(folder), "--check"]) == 1
    out = capsys.readouterr().out
    assert out.startswith(str(folder / "lion.trajectory.json"))
    assert place in out


def test_check_lets_tolerances_vary_as_measurements_do(folder):
    def change(data):
        data["cases"][0]["expected"]["float32"]["tolerances"]["thetas"]["data"][0] *= 1.5

    edit(folder / "lion.trajectory.json", change)
    assert vectors.check_vectors("lion", folder) == ""


def test_check_notices_missing_and_foreign_files(folder):
    (folder / "lion.dance.json").write_text("{}")
    assert "lion.dance.json: no operation of lion" in vectors.check_vectors("lion", folder)
    (folder / "lion.dance.json").rename(folder / "tiger.dance.json")
    assert vectors.check_vectors("lion", folder) == ""
    (folder / "lion.step.json").unlink()
    assert "lion.step.json: is not there" in vectors.check_vectors("lion", folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.update(schema="urn:refimpl:vectors:1"), "schema must be .*vectors:2.*got.*vectors:1"),
        (lambda data: data["cases"].pop(), f"numberOfCases is {LION}, but there are {LION - 1}"),
        (lambda data: data["errorCases"].pop(), f"numberOfErrorCases is {ERRORS}, but there are {ERRORS - 1}"),
        (lambda data: data["cases"].__setitem__(2, data["cases"][0]), "two-rates.* is there 2 times"),
        (an_input, "the inputs of lion.trajectory/two-rates-.* are not those"),
        (lambda data: data["cases"][0].update(flag="basic"), "has 'flag', which is not known"),
        (lambda data: data["cases"][0]["inputs"]["grads"]["data"].pop(), "grads has 7 entries"),
        (lambda data: data.pop("cases"), "lacks cases"),
    ],
)
def test_the_reader_refuses(folder, change, message):
    path = folder / "lion.trajectory.json"
    edit(path, change)
    with pytest.raises(vectors.VectorsError, match=message):
        vectors.read_vectors(path)


@pytest.mark.parametrize(
    "damage", [lambda text: text[: len(text) // 2], lambda text: b"\xff" + text, lambda text: b"[]"]
)
def test_the_reader_refuses_other_files(folder, damage):
    path = folder / "lion.step.json"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(vectors.VectorsError, match=r"lion\.step\.json"):
        vectors.read_vectors(path)


def test_one_digit_is_a_diff_of_one_line(folder):
    path = folder / "lion.step.json"
    before = path.read_text(encoding="utf-8")
    edited = before.replace("-1.84", "-1.85", 1)
    changed = [i for i, (a, b) in enumerate(zip(before.splitlines(), edited.splitlines(), strict=True)) if a != b]
    assert len(changed) == 1
    assert max(map(len, before.splitlines())) < 2000


def test_command_refuses_unknown_systems(tmp_path, capsys):
    assert main(["vectors", "loin", "--out", str(tmp_path)]) == 2
    assert "did you mean lion" in capsys.readouterr().err


def test_a_folder_that_cannot_be_is_told_in_a_sentence(tmp_path, capsys):
    file = tmp_path / "file"
    file.touch()
    (tmp_path / "lion.step.json").mkdir()
    for folder, told in (
        (file, f"{file}: File exists"),
        (file / "below", f"{file / 'below'}: Not a directory"),
        (tmp_path, f"{tmp_path / 'lion.step.json'}: Is a directory"),
    ):
        assert main(["vectors", "lion.step", "--out", str(folder)]) == 2
        said = capsys.readouterr().err
        assert told in said.replace("\n", "")
        assert "Errno" not in said


def test_the_page_counts_the_cases_that_there_are():
    page = (ROOT / "docs/oracle/vectors.rst").read_text(encoding="utf-8")
    checks = sum(len(case.dtypes) for case in shown(catalog.operation("lion.trajectory")))
    assert f'"numberOfCases": {LION},' in page
    assert f"{checks} checked = {checks} passed + 0 failed" in page


def test_error_cases_name_a_word_of_the_message():
    for operation in catalog.operations("lion"):
        for case in operation.errors:
            inputs = {**operation.cases[0].inputs, **case.inputs}
            with pytest.raises(case.raises, match=case.names):
                operation.reference(**inputs)


# JavaScript -----------------------------------------------------------------------------------------------------------


def replay(path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = ROOT / "tutorials/other_languages/replay_vectors.js"
    return subprocess.run([node, script, path], capture_output=True, text=True, timeout=120)


def test_javascript_passes_every_case_in_both_precisions(folder):
    planned = sum(len(case.dtypes) for case in shown(catalog.operation("lion.trajectory")))
    result = replay(folder / "lion.trajectory.json")
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{planned} checked = {planned} passed + 0 failed\n"


def test_javascript_sees_a_wrong_answer_of_a_millionth(folder):
    def change(data):
        values = data["cases"][3]["expected"]["float64"]["outputs"]["thetas"]["data"]
        values[7] *= 1 + 1e-6

    edit(folder / "lion.trajectory.json", change)
    result = replay(folder / "lion.trajectory.json")
    assert result.returncode == 1
    assert "lion.trajectory/gaussian-long-66f12ea8 float64: thetas[7] is" in result.stdout


def test_javascript_refuses_a_short_file(folder):
    edit(folder / "lion.trajectory.json", lambda data: data["cases"].pop())
    assert "not all of them" in replay(folder / "lion.trajectory.json").stderr
