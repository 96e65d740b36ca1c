"""Parts of packages that ask for less than the whole does, so that a folder may have the package alone."""

import sys
from importlib.util import find_spec, module_from_spec
from unittest.mock import MagicMock


def bare(*names):
    """Packages without what their `__init__` would import, the outer one first."""
    for name in names:
        sys.modules[name] = module_from_spec(find_spec(name))


def absent(*names):
    """Stand-ins for modules that a part imports and does not use."""
    sys.modules.update({name: MagicMock() for name in names})
