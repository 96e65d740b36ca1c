"""All vectors as one archive: whole, the same whenever it is made, and read in six languages."""

import json
import math
import shutil
import subprocess
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from refimpl.oracle.cli import main
from refimpl.oracle.output.archive import write_archive

READERS = Path(__file__).parents[2] / "refimpl/oracle/templates/readers"
# Language -> the program that is needed, how to build (if at all) and how to run.
LANGUAGES = {
    "js": ("node", None, ["node", "{source}"]),
    "c": (
        "cc",
        ["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", "{built}", "{source}", "-lm"],
        ["{built}"],
    ),
    "rs": ("rustc", ["rustc", "-O", "--edition", "2021", "-D", "warnings", "-o", "{built}", "{source}"], ["{built}"]),
    "R": ("Rscript", None, ["Rscript", "{source}"]),
    "jl": ("julia", None, ["julia", "{source}"]),
    "go": ("go", ["go", "build", "-o", "{built}", "{source}"], ["{built}"]),
}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    assert main(["vectors", "--all", "lion", "cbo", "--out", str(folder / "all.zip")]) == 0
    with zipfile.ZipFile(folder / "all.zip") as archive:
        archive.extractall(folder)
    return folder / "refimpl-vectors"


def test_it_is_whole_and_the_same_each_time(unpacked, tmp_path):
    lines = (unpacked / "SHA256SUMS").read_text().splitlines()
    there = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert {line.split("  ")[1] for line in lines} == there - {"SHA256SUMS"}
    for line in lines:
        digest, name = line.split("  ")
        assert sha256((unpacked / name).read_bytes()).hexdigest() == digest
    assert {"README.txt", "vectors/schema.json", "vectors/lion.step.json"} < there
    assert {f"readers/read.{language}" for language in LANGUAGES} < there
    assert "2 systems" in (unpacked / "README.txt").read_text()
    write_archive(tmp_path / "a.zip", ["lion"]), write_archive(tmp_path / "b.zip", ["lion"])
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def numbers(value):
    """Finite numbers of an input or output, as the readers count them."""
    values = value["data"] if isinstance(value, dict) else [value]
    return [float(x) for x in values if not isinstance(x, str)]


def total(group):
    return math.fsum(x for value in group.values() for x in numbers(value))


@pytest.mark.parametrize("language", LANGUAGES)
def test_readers_find_the_same_numbers(unpacked, language, tmp_path):
    tool, build, run = LANGUAGES[language]
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    if language == "R" and subprocess.run(["Rscript", "-e", "library(jsonlite)"], capture_output=True).returncode:
        pytest.skip("the package jsonlite is not installed")
    source = READERS / f"read.{language}"
    assert len(source.read_text().splitlines()) <= 60
    words = {"source": str(source), "built": str(tmp_path / "read")}
    if build:
        subprocess.run([word.format(**words) for word in build], check=True, capture_output=True)
    for name in ("lion.trajectory", "cbo.step"):
        path = unpacked / f"vectors/{name}.json"
        done = subprocess.run(
            [*(word.format(**words) for word in run), path], capture_output=True, text=True, check=True
        )
        found = {tuple(line.split()[:2]): float(line.split()[2]) for line in done.stdout.splitlines()}
        cases = json.loads(path.read_text())["cases"]
        right = {
            (case["id"], dtype): total(case["inputs"]) + total(answer["outputs"])
            for case in cases
            for dtype, answer in case["expected"].items()
        }
        assert found == pytest.approx(right, rel=1e-12, abs=1e-12)


def test_bad_requests_are_named(tmp_path, capsys):
    (tmp_path / "thesis.zip").write_text("chapter 1")
    for words, message in (
        (["--all", "--out", "vectors"], "ends in .zip"),
        (["--all", "--out", str(tmp_path / "thesis.zip")], "is no archive of vectors"),
        (["--all", "loin", "--out", str(tmp_path / "a.zip")], "did you mean lion"),
        (["--out", str(tmp_path)], "name a system or an operation, or take --all"),
    ):
        assert main(["vectors", *words]) == 2
        assert message in capsys.readouterr().err
    assert (tmp_path / "thesis.zip").read_text() == "chapter 1"
