"""Problems that are convex, or become so in other variables: the global minimum is known."""

from importlib import import_module


def __getattr__(name):
    """`SDLClassifier`, an estimator on `sdl`, is loaded when it is asked for: it needs scikit-learn."""
    if name == "SDLClassifier":
        return import_module("refimpl.convex._sdl_estimator").SDLClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
