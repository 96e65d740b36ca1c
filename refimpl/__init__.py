"""Educational reference implementations of machine-learning algorithms, with a test oracle."""

from importlib.metadata import version

__version__ = version("refimpl")
