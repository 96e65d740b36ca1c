"""What needs a package that is not there is not collected for its doctests."""

import os
from importlib.util import find_spec

os.environ.setdefault("REFIMPL_EXPLAIN", "0")  # what is about the search for causes asks for it itself

collect_ignore = [] if find_spec("sklearn") else ["refimpl/convex/_sdl_estimator.py"]
