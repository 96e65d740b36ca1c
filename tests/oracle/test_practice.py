"""`refimpl practice`: the file is refused politely as it is, and conforms once the body is written."""

import re
import shutil
import subprocess

import pytest

from refimpl.oracle import catalog, pages
from refimpl.oracle.cli import main
from tests.thorough import THOROUGH, some

SOLUTIONS = {  # what stands in place of the marked line, in each language
    "python": (
        r"    raise NotImplementedError\(.*\)\n    # return thetas",
        """\
    theta, momentum, thetas = theta0, 0 * theta0, []
    for g in grads:
        theta = theta - lr * (np.sign(beta1 * momentum + (1 - beta1) * g) + weight_decay * theta)
        momentum = beta2 * momentum + (1 - beta2) * g
        thetas.append(theta)
    return np.stack(thetas)""",
    ),
    "js": (
        r"  throw new Error\(.*\);\n.*\n",
        """\
  const [steps, d] = grads.shape;
  const theta = [...theta0.data], momentum = new Array(d).fill(0), thetas = [];
  for (let t = 0; t < steps; t++) {
    for (let i = 0; i < d; i++) {
      const g = grads.data[t * d + i];
      const c = beta1 * momentum[i] + (1 - beta1) * g;
      theta[i] -= lr * (Math.sign(c) + weight_decay * theta[i]);
      momentum[i] = beta2 * momentum[i] + (1 - beta2) * g;
    }
    thetas.push([...theta]);
  }
  return { thetas };
""",
    ),
    "c": (
        r"    return \"write the body.*\n",
        """\
    const long steps = grads.shape[0], d = grads.shape[1];
    Array momentum = make(1, theta0.shape);
    *thetas = make(2, grads.shape);
    for (long t = 0; t < steps; t++)
        for (long i = 0; i < d; i++) {
            const double g = grads.data[t * d + i], c = beta1 * momentum.data[i] + (1 - beta1) * g;
            theta0.data[i] -= lr * ((c > 0) - (c < 0) + weight_decay * theta0.data[i]);
            momentum.data[i] = beta2 * momentum.data[i] + (1 - beta2) * g;
            thetas->data[t * d + i] = theta0.data[i];
        }
    return NULL;
""",
    ),
}
TOOLS = {"js": "node", "c": "cc"}


@pytest.fixture
def refimpl(tmp_path, monkeypatch, capsys):
    """Runs the command line in a folder."""
    monkeypatch.chdir(tmp_path)

    def refimpl(*words):
        status = main(list(words))
        return status, "".join(capsys.readouterr())

    return refimpl


def judged(refimpl, language, command):
    if language == "c":
        build = ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-O2"]
        subprocess.run([*build, "-o", "lion_trajectory", "lion_trajectory.c", "-lm"], check=True)
    words = command.removeprefix("refimpl ").split()
    if "--exec" in words:
        words = [*words[: words.index("--exec") + 1], command.partition("--exec ")[2].strip('"')]
    return refimpl(*words)


@pytest.mark.parametrize("language", SOLUTIONS)
def test_the_template_is_refused_politely_and_a_solution_conforms(language, tmp_path, refimpl):
    if language in TOOLS and shutil.which(TOOLS[language]) is None:
        pytest.skip(f"{TOOLS[language]} is not installed")
    code, printed = refimpl("practice", "lion", "--language", language)
    assert code == 0, printed
    (path,) = tmp_path.iterdir()
    command = printed.splitlines()[-1]
    assert command in path.read_text()
    code, text = judged(refimpl, language, command)
    assert code == 2, text
    assert "write the body of trajectory" in text
    assert "Traceback" not in text
    pattern, body = SOLUTIONS[language]
    solved, count = re.subn(pattern, lambda _: body, path.read_text())
    assert count == 1
    path.write_text(solved)
    code, text = judged(refimpl, language, command)
    assert code == 0, text
    assert "verdict: conforms" in text


def test_torch_tensors_are_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["practice", "lion", "--operation", "step", "--language", "torch", "--out", "mine.py"]) == 0
    assert "refimpl check lion.step --python mine.py:step --arrays torch" in capsys.readouterr().out
    assert "import torch\n" in (tmp_path / "mine.py").read_text()


def test_no_file_is_written_over(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lion_trajectory.py").write_text("mine")
    assert main(["practice", "lion"]) == 2
    assert "lion_trajectory.py" in capsys.readouterr().err
    assert (tmp_path / "lion_trajectory.py").read_text() == "mine"


@pytest.mark.parametrize("name", some(catalog.systems()))
def test_every_operation_has_a_template_with_its_equations(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert pages.equations(name)
    operations = catalog.operations(name)
    operations = operations if THOROUGH else operations[:2]
    for operation in operations:
        short = operation.name.partition(".")[2]
        for language in ("python", "js", "c"):
            assert main(["practice", name, "--operation", short, "--language", language]) == 0
        compile((tmp_path / f"{name}_{short}.py").read_text(), short, "exec")
    if shutil.which("cc"):
        sources = sorted(path.name for path in tmp_path.glob("*.c"))
        assert len(sources) == len(operations)
        flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-fsyntax-only"]
        run = subprocess.run(["cc", *flags, *sources], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", ["bsvrb.msvr", "bsvrb.psd_floor", "diffgrad.slope", "diffusion.drop_labels"])
def test_a_name_that_a_language_cannot_have_is_changed(name, tmp_path, monkeypatch, capsys):
    """`new`, `null` and `function` are words of JavaScript; one name for an input and an output is an error in C."""
    monkeypatch.chdir(tmp_path)
    system, _, operation = name.partition(".")
    checks = {"js": ["node", "--check"], "c": ["cc", "-std=c11", "-Wall", "-Werror", "-fsyntax-only"]}
    for language, check in checks.items():
        if shutil.which(check[0]):
            assert main(["practice", system, "--operation", operation, "--language", language]) == 0
            run = subprocess.run([*check, f"{system}_{operation}.{language}"], capture_output=True, text=True)
            assert run.returncode == 0, run.stderr
