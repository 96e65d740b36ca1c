"""The step, the hook and the test file with which other projects run the oracle on their own code."""

import json
import os
import re
import shlex
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from refimpl.oracle import catalog
from refimpl.oracle.cli import main

ROOT = Path(__file__).parents[2]
yaml = pytest.importorskip("ruamel.yaml").YAML(typ="safe", pure=True).load
LION = """
import numpy as np


def lion(theta0, grads, lr, beta1, beta2, weight_decay):
    theta, m, thetas = theta0, np.zeros_like(theta0), []
    for g in grads:
        theta = theta - lr * (np.sign(beta1 * m + (1 - beta1) * g) + weight_decay * theta)
        m = beta2 * m + (1 - beta2) * g
        thetas.append(theta)
    return np.stack(thetas)
"""


@pytest.fixture
def project(tmp_path):
    """A checkout of somebody's package: one function right, one wrong."""
    (tmp_path / "right one.py").write_text(LION)
    (tmp_path / "wrong.py").write_text(LION.replace("m = beta2 * m + (1 - beta2)", "m = beta1 * m + (1 - beta1)"))
    return tmp_path


def judged(project, arguments, target="lion.trajectory"):
    """The last step of the action, as a runner would do it: exit status, summary, outputs."""
    step = yaml(ROOT / "action.yml")["runs"]["steps"][-1]
    given = {"python": sys.executable, "target": target, "arguments": arguments, "report": "r.jsonl", "badge": "b.json"}
    asked = {name: text.replace("${{ inputs.", "").rstrip(" }") for name, text in step["env"].items()}
    out = {name: project / name.lower() for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    env = {name: given[key] for name, key in asked.items()} | {name: str(path) for name, path in out.items()}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=project, env=os.environ | env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    told = [path.read_text() if path.exists() else "" for path in out.values()]
    return done, *told


def test_the_step_passes_what_conforms(project):
    done, summary, output = judged(project, "--python 'right one.py:lion' --only two-rates\n  --no-laws")
    assert done.returncode == 0, done.stderr
    assert "**conforms in 1 of 28 checks" in summary.replace("\\", "")
    assert output == "verdict=conforms in part, 1 of 1, 1 of 28 checks chosen\n"
    assert json.loads((project / "b.json").read_text())["schemaVersion"] == 1
    assert (project / "r.jsonl").is_file()


def test_the_step_fails_with_the_status_of_the_oracle(project):
    done, summary, output = judged(project, "--python wrong.py:lion --no-laws --explain 0")
    assert done.returncode == 1
    assert "one_rate_beta1" in summary.replace("\\", "")
    assert output.startswith("verdict=deviates")
    done, *_ = judged(project, "--python wrong.py:nothing")
    assert done.returncode == 2


def test_an_argument_is_never_run(project):
    done, *_ = judged(project, "--python wrong.py:lion '--badge=$(touch ran)' ; touch ran")
    assert done.returncode == 2
    assert not (project / "ran").exists()


def test_the_action_installs_the_checkout_that_it_is_in():
    action = yaml(ROOT / "action.yml")
    assert action["runs"]["using"] == "composite"
    assert '"$GITHUB_ACTION_PATH"' in action["runs"]["steps"][0]["run"]
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]  # what a user writes is data, never part of a program
        used = {text.removeprefix("${{ inputs.").removesuffix(" }}") for text in step["env"].values()}
        assert used <= action["inputs"].keys()


def test_the_hook_runs_the_command(project, capsys):
    (hook,) = yaml(ROOT / ".pre-commit-hooks.yaml")
    assert hook["pass_filenames"] is False
    program, *words = shlex.split(hook["entry"])
    assert program == "refimpl"
    assert main([*words, "lion.trajectory", "--python", f"{project / 'right one.py'}:lion", "--only", "two-rates"]) == 0
    assert "conforms" in capsys.readouterr().out


def test_the_file_of_tests_names_what_there_is():
    text = (ROOT / "docs/oracle/ci/test_conformance.py.txt").read_text()
    named = re.findall(r'@parametrize_with_cases\("([\w.]+)"', text)
    slugs = {case.slug for name in named for case in catalog.operation(name).cases}
    assert len(named) == 2
    assert set(re.findall(r'^KNOWN = {"([\w-]+)"', text, re.MULTILINE)) < slugs


def test_the_hooks_are_as_their_schema_says():
    known = files("check_jsonschema").joinpath("builtin_schemas/vendor")
    schema = json.loads((known / "github-actions.json").read_text("utf-8"))
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validators.validator_for(schema)(schema).validate(yaml(ROOT / "action.yml"))
