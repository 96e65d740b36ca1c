"""Educational reference implementations of machine-learning algorithms, with a test oracle."""


def __getattr__(name):
    """The version is looked up when it is asked for: that takes longer than all that a command needs to listen."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("refimpl")
