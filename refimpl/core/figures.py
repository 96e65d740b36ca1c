"""The end of a tutorial: its figures go into a folder, and the reader is told where."""

import argparse
import io
import sys
from pathlib import Path
from types import NoneType

from refimpl.core import check, disk


def finish(name, arguments=None):
    """Write all open figures of pyplot to a folder, or show them in windows.

    Nothing is done in a notebook or while the site is built: there the figures are shown where they are drawn.

    Parameters
    ----------
    name : str
        Of the tutorial; the figures are called "<name>-1.png", "<name>-2.png", ...
    arguments : list of str, optional
        In place of those of the command line: ``--save DIR`` (default: build/tutorials/<name>) or ``--show``.

    Examples
    --------
    >>> import tempfile, matplotlib
    >>> matplotlib.use("Agg")
    >>> import matplotlib.pyplot as plt
    >>> figure = plt.figure()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     finish("parabola", ["--save", folder])
    1 figure in ...
    >>> plt.close(figure)
    """
    import matplotlib.pyplot as plt

    check.instance(str, name=name), check.instance((list, NoneType), arguments=arguments)
    if arguments is None and {"sphinx_gallery", "ipykernel"} & sys.modules.keys():
        return
    parser = argparse.ArgumentParser(description=f"Tutorial {name}")
    parser.add_argument("--save", type=Path, metavar="DIR", help="write the figures there (default: %(default)s)")
    parser.add_argument("--show", action="store_true", help="show them in windows instead")
    parser.set_defaults(save=Path("build", "tutorials", name))
    options = parser.parse_args(arguments)
    if options.show:
        plt.show()
        return
    options.save.mkdir(parents=True, exist_ok=True)
    numbers = plt.get_fignums()
    for i, number in enumerate(numbers, start=1):
        picture = io.BytesIO()
        plt.figure(number).savefig(picture, format="png", dpi=110)
        disk.write(options.save / f"{name}-{i}.png", picture.getvalue())
    print(f"{len(numbers)} figure{'s' * (len(numbers) != 1)} in {options.save.resolve()}")
