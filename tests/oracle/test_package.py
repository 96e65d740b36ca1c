"""The package as a stranger gets it: built, installed where there are its run-time dependencies alone, and used."""

import inspect
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

import refimpl
from refimpl.oracle import catalog

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("wheel")  # which is built once in a process


def required(name):
    """Names of the distributions that one needs at run time, its own not among them."""
    found = set()
    for text in metadata.requires(name) or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found |= {requirement.name} | required(requirement.name)
    return found


def link(name, site):
    """Put links to what a distribution installed, and to nothing else, into a folder of site-packages."""
    purelib = Path(sysconfig.get_path("purelib"))
    for top in {file.parts[0] for file in metadata.files(name)} - {"..", "__pycache__"}:
        if not (site / top).exists():
            (site / top).symlink_to(purelib / top)


@pytest.fixture(scope="module")
def here(installed, tmp_path_factory):
    """Runs a command of an environment that sees the wheel and its run-time dependencies alone."""
    folder = tmp_path_factory.mktemp("package")
    python, site = installed
    for name in () if "REFIMPL_DIST" in os.environ else required("refimpl"):
        link(name, site)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}

    def run(program, *words, **settings):
        command = [python.parent / program, *words]
        settings = {"cwd": folder, "env": environment | {"COLUMNS": "120"}} | settings
        return subprocess.run(command, capture_output=True, text=True, **settings)

    return run


def lion(theta0, grads, lr, beta1, beta2, weight_decay):
    theta, m, out = theta0, 0 * theta0, []
    for g in grads:
        theta = theta - lr * (np.sign(beta1 * m + (1 - beta1) * g) + weight_decay * theta)
        m = beta2 * m + (1 - beta2) * g
        out.append(theta)
    return np.array(out)


# What is inside -------------------------------------------------------------------------------------------------------


def tracked(*folders):
    """Files under version control; where there is none (in the sdist), those that are there."""
    git = ["git", "ls-files", "-z", "--", *folders]
    done = subprocess.run(git, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("needs git, to know which files belong to the package")
    return {name for name in done.stdout.split("\0") if name and (ROOT / name).exists()}


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert tracked("refimpl") <= names
    assert {name.partition("/")[0] for name in names} == {"refimpl"}
    assert not [name for name in names if name.endswith(".pyc")]
    assert {f"refimpl/_pages/{system.chapter}/{system.name}.rst" for system in catalog.systems().values()} <= names
    for name in (
        "problems/data/breast_cancer.npz",
        "problems/data/breast_cancer.txt",
        "problems/data/digits.npz",
        "specs/cases.json",
        "specs/papers.toml",
        "oracle/candidates/schemas/vectors.json",
        "oracle/output/page.css",
        "oracle/output/page.js",
        "oracle/templates/source.py.txt",
    ):
        assert f"refimpl/{name}" in names
    assert wheel.name == f"refimpl-{refimpl.__version__}-py3-none-any.whl"


def test_the_sdist_builds_the_same_wheel(wheel, sdist, build, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    assert build(source, "wheel", tmp_path).read_bytes() == wheel.read_bytes()


def test_an_editable_installation_holds_no_copy(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel:editable", "--directory", tmp_path]
    subprocess.run(build, check=True, capture_output=True, cwd=ROOT)
    (path,) = tmp_path.glob("*.whl")
    archive = zipfile.ZipFile(path)
    (pointer,) = (name for name in archive.namelist() if ".dist-info/" not in name)
    assert archive.read(pointer).decode() == str(ROOT)


def test_the_sdist_holds_the_other_wings_too(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wings = ("refimpl", "tests", "docs", "tutorials", "benchmarks")
    assert tracked(*wings, "Makefile", "requirements", "README.md", "LICENSE", "CITATION.cff", "CHANGELOG.md") <= names
    assert "pyproject.toml" in names
    assert not [name for name in names if name.startswith((".venv", "build/", ".peers")) or "/_generated/" in name]


# In use ---------------------------------------------------------------------------------------------------------------


def test_there_is_nothing_but_the_runtime_dependencies(here):
    missing = ("pytest", "hypothesis", "jsonschema", "sympy", "torch", "sklearn", "dask", "array_api_strict", "pip")
    code = f"import importlib.util as u; print([n for n in {missing} if u.find_spec(n)])\nimport refimpl\n"
    done = here("python", "-c", code + "print(refimpl.__file__)")
    assert done.stderr == ""
    found, place = done.stdout.splitlines()
    assert found == "[]"
    assert "site-packages" in place
    assert str(ROOT) not in place


def test_no_module_needs_more_but_those_that_are_for_another_package(here):
    code = """
import importlib, pkgutil, refimpl
for module in pkgutil.walk_packages(refimpl.__path__, "refimpl."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            print(error.name)
"""
    done = here("python", "-W", "error", "-c", code)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= {"pytest", "sklearn"}  # the plugin, an estimator


def test_help_names_every_command(here):
    done = here("refimpl", "--help")
    assert done.returncode == 0, done.stderr
    for name in ("list", "show", "check", "diff", "vectors", "claims", "new", "report", "oracle"):
        assert re.search(rf"^ +{name} ", done.stdout, re.MULTILINE), name


def test_list_is_that_of_the_catalog(here):
    done = here("refimpl", "list", "--format", "json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["system"] for row in rows] == [
        entry.name for entry in (*catalog.papers(), *catalog.baselines().values())
    ]
    assert [row["baseline"] for row in rows].count(False) == 44
    assert all(row["operations"] for row in rows)


def test_check_judges_a_right_and_a_wrong_function(here, tmp_path):
    source = inspect.getsource(lion)
    (tmp_path / "right.py").write_text("import numpy as np\n\n\n" + source)
    wrong = source.replace("m = beta2 * m + (1 - beta2)", "m = beta1 * m + (1 - beta1)")
    (tmp_path / "wrong.py").write_text("import numpy as np\n\n\n" + wrong)
    assert here("refimpl", "check", "lion", "--only", "two-rates", "--only", "both-agree").returncode == 0
    right = here("refimpl", "check", "lion", "--no-laws", "--python", f"{tmp_path / 'right.py'}:lion")
    assert right.returncode == 0, right.stderr
    assert "verdict: conforms" in right.stdout
    wrong = here("refimpl", "check", "lion", "--no-laws", "--in-process", "--python", f"{tmp_path / 'wrong.py'}:lion")
    assert wrong.returncode == 1, wrong.stderr
    assert "one_rate_beta1" in wrong.stdout


def test_a_claim_runs_and_data_are_read(here, tmp_path):
    done = here("refimpl", "claims", "lion.C1", "--jobs", "1", "--quiet", "--out", tmp_path / "claims")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "claims" / "claims.jsonl").exists()
    done = here("refimpl", "vectors", "lion.step", "--out", tmp_path / "vectors")
    assert done.returncode == 0, done.stderr
    done = here("python", "-c", "from refimpl.problems._data import stored; print(stored('digits')['images'].shape)")
    assert done.stdout == "(1797, 64)\n", done.stderr


def test_practice_quotes_the_equations(here, tmp_path):
    done = here("refimpl", "practice", "lion", "--out", tmp_path / "mine.py")
    assert done.returncode == 0, done.stderr
    assert r"(lion-1) c_t = \beta_1 m_{t-1}" in (tmp_path / "mine.py").read_text()


def test_dask_is_asked_for_in_one_sentence(here):
    done = here("refimpl", "claims", "lion.C1", "--dask", "tcp://127.0.0.1:9")
    assert done.returncode == 2
    assert done.stderr == "refimpl claims: --dask needs Dask: pip install 'refimpl[cluster]'\n"
