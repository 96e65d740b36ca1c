"""Educational reference implementations of machine-learning algorithms, with a test oracle."""

import os
import time

BEGAN = time.time_ns()  # a file of the package that is younger may be another than the one that was loaded

if "REFIMPL_IMPORTED" in os.environ:  # in the process of a candidate, or in one that it has started
    import refimpl.core.imported  # noqa: F401


def __getattr__(name):
    """The version is looked up when it is asked for: that takes longer than all that a command needs to listen."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("refimpl")
