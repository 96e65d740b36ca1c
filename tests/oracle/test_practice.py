"""`refimpl practice`: the file is refused politely as it is, and conforms once the body is written."""

import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from refimpl.oracle import catalog, pages
from refimpl.oracle.candidates.base import Skipped
from refimpl.oracle.candidates.program import Program
from refimpl.oracle.cli import main
from refimpl.oracle.commands import practice
from refimpl.oracle.commands.practice import LANGUAGES
from refimpl.specs.base import array, choice, integer
from refimpl.specs.domains import MASK, WHOLE
from tests.thorough import THOROUGH, some

MARKED = r".*write the body of compute.*\n"
SOLUTIONS = {  # what stands in place of the marked lines, in each language
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
        MARKED,
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
  return [thetas];
""",
    ),
    "r": (
        MARKED,
        """\
  theta <- theta0
  momentum <- 0 * theta0
  thetas <- grads
  for (t in seq_len(nrow(grads))) {
    theta <- theta - lr * (sign(beta1 * momentum + (1 - beta1) * grads[t, ]) + weight_decay * theta)
    momentum <- beta2 * momentum + (1 - beta2) * grads[t, ]
    thetas[t, ] <- theta
  }
  list(thetas)
""",
    ),
    "julia": (
        MARKED,
        """\
    theta, momentum, thetas = theta0, zero(theta0), similar(grads)
    for t in axes(grads, 1)
        g = grads[t, :]
        theta = theta .- lr .* (sign.(beta1 .* momentum .+ (1 - beta1) .* g) .+ weight_decay .* theta)
        momentum = beta2 .* momentum .+ (1 - beta2) .* g
        thetas[t, :] = theta
    end
    return (thetas,)
""",
    ),
    "c": (
        MARKED,
        """\
    const long steps = grads.shape[0], d = grads.shape[1];
    Array momentum = make(1, theta0.shape), thetas = make(2, grads.shape);
    for (long t = 0; t < steps; t++)
        for (long i = 0; i < d; i++) {
            const double g = grads.data[t * d + i], c = beta1 * momentum.data[i] + (1 - beta1) * g;
            theta0.data[i] -= lr * ((c > 0) - (c < 0) + weight_decay * theta0.data[i]);
            momentum.data[i] = beta2 * momentum.data[i] + (1 - beta2) * g;
            thetas.data[t * d + i] = theta0.data[i];
        }
    outputs[0] = thetas;
    return NULL;
""",
    ),
    "go": (
        MARKED,
        """\
	steps, d := grads.Shape[0], grads.Shape[1]
	momentum, thetas := zeros(d), zeros(steps, d)
	for t := 0; t < steps; t++ {
		for i, theta := range theta0.Data {
			g := grads.Data[t*d+i]
			c, sign := beta1*momentum.Data[i]+(1-beta1)*g, 0.0
			if c != 0 {
				sign = math.Copysign(1, c)
			}
			theta0.Data[i] = theta - lr*(sign+weight_decay*theta)
			momentum.Data[i] = beta2*momentum.Data[i] + (1-beta2)*g
			thetas.Data[t*d+i] = theta0.Data[i]
		}
	}
	return []Array{thetas}, errors.Join()
""",
    ),
    "rust": (
        MARKED,
        """\
    let (steps, d) = (grads.shape[0], grads.shape[1]);
    let (mut theta, mut momentum, mut thetas) = (theta0.data, vec![0.0; d], zeros(&[steps, d]));
    for t in 0..steps {
        for i in 0..d {
            let g = grads.data[t * d + i];
            let c: f64 = beta1 * momentum[i] + (1.0 - beta1) * g;
            let sign = if c == 0.0 { 0.0 } else { c.signum() };
            theta[i] -= lr * (sign + weight_decay * theta[i]);
            momentum[i] = beta2 * momentum[i] + (1.0 - beta2) * g;
            thetas.data[t * d + i] = theta[i];
        }
    }
    Ok(vec![thetas])
""",
    ),
}
ECHO = {  # a body that sends an array back if a number is 7, and else a word
    "js": "  return data === 7 ? [x] : word;\n",
    "r": "  if (data == 7) list(x) else word\n",
    "julia": "    return data == 7 ? (x,) : word\n",
    "c": "    outputs[0] = x;\n    return data == 7 ? NULL : word;\n",
    "go": "\tif data == 7 {\n\t\treturn []Array{x}, nil\n\t}\n\treturn nil, errors.New(word)\n",
    "rust": "    if data == 7 { Ok(vec![x]) } else { Err(word) }\n",
}
STRICT = {  # what a compiler is to refuse beside what is wrong
    "c": ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-unused-function"),
    "rust": ("-D", "warnings"),
}
# Languages in which a file can be looked at without being run: the command, with {} for the file.
LOOKED_AT = {
    "js": "node --check {}",
    "r": "Rscript -e invisible(parse('{}'))",
    "c": f"cc {' '.join(STRICT['c'])} -fsyntax-only {{}}",
    "rust": "rustc --edition 2021 -D warnings --emit metadata --out-dir . {}",
    "go": "go vet {}",
}


def needs(language):
    """Skips where the language's tool is not there."""
    tool = (LANGUAGES[language].build or LANGUAGES[language].run or ("python",))[0]
    if tool != "python" and shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")


@pytest.fixture
def refimpl(tmp_path, monkeypatch, capsys):
    """Runs the command line in a folder."""
    monkeypatch.chdir(tmp_path)

    def refimpl(*words):
        status = main(list(words))
        return status, "".join(capsys.readouterr())

    return refimpl


def judged(refimpl, language, commands):
    """What the printed commands come to: they build, and have it judged."""
    *build, check = map(shlex.split, commands)
    for command in build:
        subprocess.run(
            [command[0], *STRICT.get(language, ()), *command[1:]] if language != "go" else command, check=True
        )
    return refimpl(*check[1:])


@pytest.mark.parametrize("language", SOLUTIONS)
def test_the_template_is_refused_politely_and_a_solution_conforms(language, tmp_path, refimpl):
    needs(language)
    code, printed = refimpl("practice", "lion", "--language", language)
    assert code == 0, printed
    (path,) = tmp_path.iterdir()
    commands = printed.splitlines()[1:]
    assert all(command in path.read_text() for command in commands)
    code, text = judged(refimpl, language, commands)
    assert code == 2, text
    assert "write the body of" in text
    assert "skipped" in text
    assert "bad input" not in text  # it refuses whatever it is given
    assert "crash" not in text
    assert "Traceback" not in text
    pattern, body = SOLUTIONS[language]
    solved, count = re.subn(pattern, lambda _: body, path.read_text())
    assert count == 1
    path.write_text(solved)
    code, text = judged(refimpl, language, commands)
    assert code == 0, text
    assert "verdict: conforms" in text


@pytest.mark.parametrize("language", ECHO)
def test_numbers_and_words_come_and_go_whole(language, tmp_path):
    """Also where an input is called `data`, as a part of an array is, and a word is JSON itself."""
    needs(language)
    asked = array("x", "a b c", "")
    echo = replace(
        catalog.operation("lion.step"),
        inputs=(asked, array("mask", "n", "", MASK), integer("data", "", WHOLE), choice("word", (), "", open=True)),
        outputs=(array("y", "a b c", ""),),
    )
    path = tmp_path / f"echo.{LANGUAGES[language].ending}"
    path.write_text(re.sub(MARKED, lambda _: ECHO[language], practice.template(echo, language, path)))
    *build, check = map(shlex.split, practice.commands(echo, LANGUAGES[language], path))
    for command in build:
        subprocess.run(command, check=True)
    x = np.array([[[-0.0, np.nan, 1 / 3]], [[np.inf, -np.inf, 1.5e300]]])
    program, word = Program(check[-1]), '["Or", ["A\\\\B", [0.5]]]'
    inputs = {"x": x, "mask": np.array([True, False]), "data": 7, "word": word}
    np.testing.assert_array_equal(program.run(echo, inputs)["y"], x)
    with pytest.raises(Skipped) as reason:
        program.run(echo, inputs | {"data": 8})
    assert str(reason.value) == word
    program.close()


def test_every_language_has_a_solution():
    assert SOLUTIONS.keys() == LANGUAGES.keys() - {"torch"}  # which differs from Python by its import


def test_torch_tensors_are_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["practice", "lion", "--operation", "step", "--language", "torch", "--out", "mine.py"]) == 0
    assert "refimpl check lion.step --python mine.py:step --arrays torch" in capsys.readouterr().out
    assert "import torch\n" in (tmp_path / "mine.py").read_text()


def test_the_command_holds_for_any_folder(tmp_path, refimpl):
    folder = tmp_path / "my work"
    folder.mkdir()
    code, printed = refimpl("practice", "lion", "--language", "js", "--out", "my work/it's.js")
    assert code == 0, printed
    needs("js")
    assert "write the body of compute" in refimpl(*shlex.split(printed.splitlines()[-1])[1:])[1]


def test_no_file_is_written_over(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lion_trajectory.py").write_text("mine")
    assert main(["practice", "lion"]) == 2
    assert "lion_trajectory.py" in capsys.readouterr().err
    assert (tmp_path / "lion_trajectory.py").read_text() == "mine"
    assert main(["practice", "lion", "--out", "a\nb.py"]) == 2
    assert "--out must be a name in printable characters, got 'a\\nb.py'" in capsys.readouterr().err


@pytest.mark.parametrize("name", some(catalog.systems()))
def test_every_operation_has_a_template_with_its_equations(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert pages.equations(name)
    operations = catalog.operations(name)
    operations = operations if THOROUGH else operations[:2]
    for operation in operations:
        short = operation.name.partition(".")[2]
        for language in LANGUAGES.keys() - {"torch"}:
            assert main(["practice", name, "--operation", short, "--language", language]) == 0
        compile((tmp_path / f"{name}_{short}.py").read_text(), short, "exec")
    if shutil.which("cc"):
        sources = sorted(path.name for path in tmp_path.glob("*.c"))
        assert len(sources) == len(operations)
        looked_at("c", " ".join(sources))


def looked_at(language, file):
    words = LOOKED_AT[language].format(file).split()
    run = subprocess.run(words, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("language", LOOKED_AT)
def test_every_language_can_have_every_name(language, tmp_path, monkeypatch):
    """`new`, `null` and `function` are inputs, and words of languages: a signature with all names that there are."""
    needs(language)
    monkeypatch.chdir(tmp_path)
    everything = [operation for name in catalog.systems() for operation in catalog.operations(name)]
    fields = {
        kind: {f.name: f for o in everything for f in getattr(o, kind)}.values() for kind in ("inputs", "outputs")
    }
    assert {"new", "null", "function", "data"} < {f.name for f in fields["inputs"]}
    whole = replace(catalog.operation("lion.step"), **{kind: tuple(found) for kind, found in fields.items()})
    path = Path(f"names.{LANGUAGES[language].ending}")
    path.write_text(practice.template(whole, language, path))
    looked_at(language, str(path))
