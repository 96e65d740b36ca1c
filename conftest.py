"""What needs a package that is not there is not collected for its doctests."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("sklearn") else ["refimpl/convex/_sdl_estimator.py"]
