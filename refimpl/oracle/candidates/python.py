"""Python functions, fed with arrays of the library of their choice."""

import functools
import importlib
import importlib.util
import inspect
import sys
import traceback
import warnings
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

import numpy as np

from refimpl.core.arrays import is_array, to_numpy
from refimpl.core.backends import BACKENDS
from refimpl.oracle.candidates.base import Candidate, CandidateError, NotApplicable, named_outputs, words_for


def load(reference):
    """The object that "package.module:name" or "path/to/file.py:name" stands for.

    Parameters
    ----------
    reference : str
        Without ":name" the module itself.

    Returns
    -------
    object
        Whatever has that name.

    Raises
    ------
    ValueError
        If there is no such module, file or name.

    Examples
    --------
    >>> load("math:sqrt")(4.0)
    2.0
    """
    place, _, name = reference.partition(":")
    try:
        if place.endswith(".py"):
            path = Path(place).resolve()
            spec = importlib.util.spec_from_file_location(path.stem, path)
            if spec is None or spec.loader is None or not path.is_file():
                raise ValueError(f"there is no file {path}")
            module = importlib.util.module_from_spec(spec)
            sys.path.insert(0, str(path.parent))  # its own imports, as when it is run as a script
            spec.loader.exec_module(module)
        else:
            sys.path.insert(0, str(Path.cwd()))  # a package beside the caller, as with python -m
            module = importlib.import_module(place)
    except ModuleNotFoundError as error:
        raise ValueError(f"cannot load {reference!r}: {error}") from error
    finally:
        if sys.path[0] in (str(Path.cwd()), str(Path(place).resolve().parent)):
            del sys.path[0]
    target = module
    for part in filter(None, name.split(".")):
        if not hasattr(target, part):
            raise ValueError(f"cannot load {reference!r}: {place} has no {part!r}")
        target = getattr(target, part)
    return target


_distributions = functools.cache(packages_distributions)  # it reads the file lists of all that is installed


def package_version(module_name):
    """Version of the installed distribution that a module belongs to, or ""."""
    for distribution in _distributions().get(module_name.partition(".")[0], ()):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return ""


class Function(Candidate):
    """A Python function with the signature of an operation, or a module of functions named like operations.

    Parameters
    ----------
    target : callable or module
        A callable serves one operation; of anything else, the attribute "<operation>" is looked up
        ("trajectory" for "lion.trajectory").
    operation : str, optional
        The operation that a callable serves.
    arrays : str, default: "numpy"
        Library of the arrays that it is fed with: a key of `core.backends.BACKENDS`.
    name : str, optional
        How reports call it.
    repro : tuple of str, optional
        The command-line words that name it; default: those that import it, if it can be imported.

    Examples
    --------
    >>> from refimpl.oracle.catalog import operation
    >>> lion = operation("lion.trajectory")
    >>> candidate = Function(lion.reference, operation=lion.name)
    >>> sorted(candidate.run(lion, lion.cases[0].inputs))
    ['thetas']
    """

    language = "Python"
    refuses = True

    def __init__(self, target, *, operation=None, arrays="numpy", name=None, repro=None):
        self._target, self._operation = target, operation
        self._backend = BACKENDS[arrays]
        module = getattr(target, "__module__", None) or getattr(target, "__name__", "")
        self.name = name or ":".join(filter(None, (module, getattr(target, "__qualname__", ""))))
        self.version = package_version(module)
        named = words_for("--python", target) if repro is None else tuple(repro)
        self.repro = (*named, "--arrays", arrays) if named and repro is None and arrays != "numpy" else named

    def _function(self, operation):
        if callable(self._target):
            return self._target if operation.name == self._operation else None
        return getattr(self._target, operation.name.partition(".")[2], None)

    def offers(self, operation):
        """See `Candidate`."""
        return self._function(operation) is not None

    def takes(self, operation, name):
        """See `Candidate`; an argument counts if the function names it."""
        try:
            return name in inspect.signature(self._function(operation)).parameters
        except (TypeError, ValueError):  # a builtin that does not tell
            return False

    def run(self, operation, inputs):
        """See `Candidate`."""
        function = self._function(operation)
        assert function is not None, "asked for an operation that it does not offer"
        arguments = {
            name: self._backend.asarray(value.copy()) if isinstance(value, np.ndarray) else value
            for name, value in inputs.items()
        }
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result = function(**arguments)
                if isinstance(result, dict):
                    result = {key: to_numpy(x) if is_array(x) else x for key, x in result.items()}
                elif isinstance(result, tuple | list) and len(operation.outputs) > 1:
                    result = tuple(to_numpy(x) if is_array(x) else x for x in result)
                else:
                    result = to_numpy(result) if is_array(result) else result
                return named_outputs(operation, result)
        except (CandidateError, NotApplicable):
            raise
        except Exception as error:
            raise CandidateError(f"{type(error).__name__}: {error}", traceback=traceback.format_exc()) from error
