"""What adapters share whose candidate is made anew for each case: by a class or a function, with settings."""

from refimpl.oracle.candidates.base import InProcess, words_for
from refimpl.oracle.candidates.python import package_version


class Made(InProcess):
    """Base of these adapters.

    Parameters
    ----------
    thing : callable
        The class or function that makes it.
    settings : dict, optional
        Arguments beside those that the operation's inputs give, or instead of them.
    name : str, optional
        How reports call it.
    repro : tuple of str, optional
        The command-line words that name it; default: those that import it, if it can be imported.
    """

    def __init__(self, thing, *, settings=None, name=None, repro=None):
        self._make, self._settings = thing, dict(settings or {})
        made = getattr(thing, "func", thing)  # of a functools.partial
        made = made if hasattr(made, "__name__") else type(made)
        self.name = name or f"{made.__module__.partition('.')[0]}.{made.__name__}"
        self.version = package_version(made.__module__)
        self.repro = repro or words_for(self.option, thing, self._settings)

    def offers(self, operation):
        """See `Candidate`."""
        return self.serves(operation)


class Driven(Made):
    """Base of those that take one step per gradient.

    Parameters
    ----------
    thing : callable
        As for `Made`.
    operation : str, optional
        The operation that is asked for, if it is a single one: some rules are driven only where they are named.
    **more
        Settings, name and repro, as for `Made`.
    """

    def __init__(self, thing, *, operation=None, **more):
        super().__init__(thing, **more)
        self._operation = operation

    def offers(self, operation):
        """See `Candidate`."""
        return self.serves(operation) and (not operation.drive.by_name or operation.name == self._operation)
