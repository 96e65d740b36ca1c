"""A report in a notebook: the cell magic in a real kernel, and that nothing of a candidate is read as markup."""

import pickle

import numpy as np
import pytest

from refimpl.optimizers import lion
from refimpl.oracle import check
from refimpl.oracle.output.notebook import html
from refimpl.oracle.output.results import diff

pytest.importorskip("IPython", reason="needs IPython: `make docs` installs it")

MINE = """
def mine(theta0, grads, lr, beta1, beta2, weight_decay):
    theta, c, rows = theta0, 0 * theta0, []
    for g in grads:
        theta = theta - lr * np.sign(beta1 * c + (1 - beta1) * g)
        c = beta2 * c + (1 - beta2) * g
        rows.append(theta)
    return np.array(rows).reshape(grads.shape)
"""


def right(theta0, grads, lr, beta1, beta2, weight_decay):
    theta, state, rows = theta0, lion.init(theta0), []
    for g in grads:
        theta, state = lion.update(theta, state, g, lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay)
        rows.append(theta)
    return np.stack(rows) if rows else grads


def without_decay(weight_decay, **inputs):
    return right(weight_decay=0.0, **inputs)


@pytest.fixture
def shell():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "refimpl.oracle")
    shell.run_cell("import numpy as np")
    return shell


def test_a_real_kernel_shows_the_verdict_and_the_changed_line(tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    cells = ["import numpy as np\n%load_ext refimpl.oracle", f"%%check lion.trajectory --explain 5{MINE}"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    (output,) = [out for out in notebook.cells[1].outputs if out.output_type == "execute_result"]
    assert "no_decay" in output.data["text/html"]
    assert "<img" in output.data["text/html"]
    assert "**deviates" in output.data["text/markdown"]
    assert "as if        params = params - lr * xp.sign(c)" in output.data["text/plain"]


def test_the_magic_takes_the_last_function_one_by_name_or_those_of_a_system(shell):
    report = shell.run_cell_magic("check", "lion.trajectory --explain 0", MINE)
    assert report.verdict == "deviates"
    other = shell.run_cell_magic("check", "lion.trajectory --function mine --explain 0", "def other(): pass")
    assert other.counts == report.counts
    part = shell.run_cell_magic("check", "lion.trajectory --only two-rates --skip 'two-rates=no time'", MINE)
    assert (part.planned, part.counts["skipped"]) == (1, 1)
    step = "from refimpl.oracle import catalog\ndef step(**x): return catalog.operation('lion.step').reference(**x)"
    report = shell.run_cell_magic("check", "lion --dtype float32 --explain 0", step)
    assert report.verdict == "conforms in part"
    assert {record.dtype for record in report.records} == {"float32"}


@pytest.mark.parametrize(
    ("line", "cell", "named"),
    [
        ("lion.trajectory", "x = 1", "must define a function"),
        ("lion.trajectory --function nobody", "x = 1", "nobody"),
        ("lion.trajectory --seconds 3", MINE, "--seconds"),
        ("lion.tajectory", MINE, "tajectory"),
        ("lion.trajectory --dtype float16", MINE, "float16"),
    ],
)
def test_what_cannot_be_asked_is_refused(shell, line, cell, named):
    with pytest.raises(ValueError, match=named):
        shell.run_cell_magic("check", line, cell)


def test_a_cell_that_raises_is_not_judged(shell, capsys):
    assert shell.run_cell_magic("check", "lion.trajectory", "1 / 0") is None
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_nothing_of_a_candidate_is_markup():
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"

    def hostile(**inputs):
        raise ValueError(bad)

    hostile.__name__ = hostile.__qualname__ = bad
    report = check(hostile, "lion.step", explain=0)
    text = html(report)
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text


def test_a_report_is_short_travels_and_is_compared():
    wrong, fine = (check(candidate, "lion.trajectory", explain=0) for candidate in (without_decay, right))
    assert len(repr(wrong)) < 2000
    assert pickle.loads(pickle.dumps(wrong)) == wrong
    assert "<img" in wrong._repr_html_()
    assert "<img" not in fine._repr_html_()
    text = diff(fine, wrong)._repr_html_()
    assert "conforms &rarr; deviates: no_decay" in text
    assert "passed -&gt; failed" in text
