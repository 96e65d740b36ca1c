"""What needs a package that is not there is not collected for its doctests."""

import linecache
import os
from importlib.util import find_spec
from pathlib import Path

import pytest

os.environ.setdefault("REFIMPL_EXPLAIN", "0")  # what is about the search for causes asks for it itself
os.environ.setdefault("REFIMPL_KEPT", str(Path(__file__).parent / "build" / "kept"))  # not among the caches of the user

collect_ignore = [] if find_spec("sklearn") else ["refimpl/convex/_sdl_estimator.py"]


def pytest_runtest_setup(item):
    """A doctest looks at first whether a file has changed that was ever read for its lines: there shall be few."""
    if isinstance(item, pytest.DoctestItem):
        linecache.clearcache()
