"""The pages of the systems, as far as the oracle quotes them: their equations."""

import re
import textwrap
from functools import cache
from pathlib import Path

import refimpl
from refimpl.oracle import catalog

FOLDER = Path(refimpl.__path__[0])
DOCS = FOLDER.parent / "docs" if (FOLDER.parent / "docs/conf.py").is_file() else FOLDER / "_pages"  # of a wheel


@cache
def equations(name):
    """The labelled equations of a system's page.

    Parameters
    ----------
    name : str
        Of the system.

    Returns
    -------
    dict of str to str
        Tag -> LaTeX, in the order of the page; empty if the page is not there.

    Examples
    --------
    >>> equations("lion")["lion-1"]
    'c_t = \\\\beta_1 m_{t-1} + (1 - \\\\beta_1)\\\\, g_t'
    """
    path = DOCS / catalog.system(name).chapter / f"{name}.rst"
    if not path.is_file():
        return {}
    block = rf"^( *)\.\. math::\n +:label: ({name}-\w+)\n\n((?:\1 +\S.*\n|\n(?=\1 ))+)"
    found = re.findall(block, path.read_text(encoding="utf-8"), re.MULTILINE)
    return {tag: re.sub(r"\s*\n\s*", " ", textwrap.dedent(text)).strip() for _, tag, text in found}
