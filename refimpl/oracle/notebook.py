"""The cell magic of notebooks: ``%load_ext refimpl.oracle``, then ``%%check lion.trajectory`` above a cell."""

import argparse
import ast
import shlex
from functools import partial
from types import SimpleNamespace

from refimpl.oracle import catalog
from refimpl.oracle.judging.records import DTYPES
from refimpl.oracle.verdict import check


class _Parser(argparse.ArgumentParser):
    """One that raises where others leave the process, which here is that of the notebook."""

    def error(self, message):
        raise ValueError(f"%%check: {message}")


def load(shell):
    """Give a shell of IPython the magic ``%%check``.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
        The shell.
    """
    shell.register_magic_function(partial(check_cell, shell), "cell", "check")


def check_cell(shell, line, cell):
    """Run a cell, and judge the function that it defines last.

    Of a system as the target it judges the functions that are named like its operations; `--function` names another.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
        In whose names the cell runs.
    line : str
        What stands behind ``%%check``: TARGET [--function NAME] [--dtype float32] [--explain SECONDS] [--fuzz N].
    cell : str
        The cell.

    Returns
    -------
    Report or None
        As `check` makes it; None if the cell raised, which is shown as ever.

    Raises
    ------
    ValueError
        If the line cannot be read, the target is unknown, or the cell defines no function.
    """
    parser = _Parser(prog="%%check", add_help=False)
    parser.add_argument("target")
    parser.add_argument("--function")
    parser.add_argument("--dtype", action="append", choices=DTYPES)
    parser.add_argument("--explain", type=float)
    parser.add_argument("--fuzz", type=int, default=0)
    options = parser.parse_args(shlex.split(line))
    operations = catalog.operations(options.target)
    if not shell.run_cell(cell).success:
        return None
    candidate = _defined(shell.transform_cell(cell), options, operations, shell.user_ns)
    dtypes = tuple(options.dtype or ("float64",))
    return check(candidate, options.target, dtypes=dtypes, explain=options.explain, fuzz=options.fuzz)


def _defined(cell, options, operations, names):
    """The function, or functions, that a cell has defined."""
    found = [n.name for n in ast.parse(cell).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    if options.function:
        if options.function not in names:
            raise ValueError(f"%%check: --function must be a name of the notebook, got {options.function!r}")
        return names[options.function]
    alike = [o.name.partition(".")[2] for o in operations if o.name.partition(".")[2] in found]
    if "." not in options.target and alike:
        return SimpleNamespace(**{name: names[name] for name in alike})
    if not found:
        raise ValueError(f"%%check {options.target}: the cell must define a function")
    return names[found[-1]]
