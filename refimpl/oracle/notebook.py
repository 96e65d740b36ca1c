"""The cell magic of notebooks: ``%load_ext refimpl.oracle``, then ``%%check lion.trajectory`` above a cell."""

import argparse
import ast
import shlex
from functools import partial
from types import SimpleNamespace

from refimpl.oracle import catalog
from refimpl.oracle.candidates import as_candidate
from refimpl.oracle.commands.options import add_checks, checks, seconds
from refimpl.oracle.request import Request
from refimpl.oracle.verdict import judged


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
        What stands behind ``%%check``: TARGET [--function NAME], and what chooses checks on the command line, from
        ``--dtype`` to ``--explain``.
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
    add_checks(parser)
    options = parser.parse_args(shlex.split(line))
    operations = catalog.operations(options.target)
    request = Request((options.target,), checks(options), explain=seconds(options))
    if not shell.run_cell(cell).success:
        return None
    candidate = _defined(shell.transform_cell(cell), options, operations, shell.user_ns)
    return judged(request, as_candidate(candidate, options.target))


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
