"""The oracle: judges whether an implementation, in any language, is the algorithm of its paper.

`check` and `parametrize_with_cases` are what Python users need.
"""

from importlib import import_module

_PUBLIC = {"check": "refimpl.oracle.verdict", "parametrize_with_cases": "refimpl.oracle.pytest_plugin"}
__all__ = list(_PUBLIC)


def load_ipython_extension(shell):
    """What ``%load_ext refimpl.oracle`` calls in a notebook."""
    import_module("refimpl.oracle.notebook").load(shell)


def __getattr__(name):
    """Import on first use: the pytest plugin is loaded by every run of pytest, and must cost nothing there."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
