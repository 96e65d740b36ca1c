"""Python functions, fed with arrays of the library of their choice."""

import contextlib
import functools
import importlib
import importlib.util
import inspect
import sys
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import numpy as np

from refimpl import __version__
from refimpl.core.arrays import is_array, to_numpy
from refimpl.core.backends import BACKENDS
from refimpl.oracle import catalog
from refimpl.oracle.candidates.base import CandidateError, InProcess, Skipped, said, words_for


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
        If there is no such module, file or name, or it cannot be imported.

    Examples
    --------
    >>> load("math:sqrt")(4.0)
    2.0
    """
    place, name = parted(reference)
    path = Path(place).resolve()
    folder = str(path.parent if place.endswith(".py") else Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)  # and it stays: a function may import its neighbours when it is called
    try:
        with contextlib.redirect_stdout(sys.stderr):
            module = _from_file(path) if place.endswith(".py") else importlib.import_module(place)
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise ValueError(f"cannot load {reference!r}: {error}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a module does when it is imported
        raise ValueError(f"cannot load {reference!r}: {said(error)}") from error
    target = module
    for part in filter(None, name.split(".")):
        try:
            target = getattr(target, part)
        except AttributeError as error:
            raise ValueError(f"cannot load {reference!r}: {place} has no {part!r}") from error
        except (Exception, SystemExit) as error:
            raise ValueError(f"cannot load {reference!r}: {said(error)}") from error
    return target


def parted(reference):
    """("place", "name") of "place:name"; a colon may stand in a path too."""
    place, _, name = reference.rpartition(":")
    if not place or not all(part.isidentifier() for part in name.split(".")):
        place, name = reference.removesuffix(":"), ""
    if not place or place.startswith(":"):
        raise ValueError(f"a function is given as MODULE:NAME or FILE.py:NAME, got {reference!r}")
    return place, name


def _from_file(path):
    """The module in a file, under a name by which dataclasses, pickle and the processes of a pool find it again."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    there = sys.modules.get(name := path.stem)
    if there is not None and getattr(there, "__file__", None) != str(path):
        name = str(path).replace(".", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "the name of the file ends with .py"
    assert spec.loader is not None, "so it has a loader"
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


_distributions = functools.cache(packages_distributions)  # it reads the file lists of all that is installed


def package_version(module_name):
    """Version of the installed distribution that a module belongs to, or ""."""
    top = module_name.partition(".")[0]
    for name in _distributions().get(top, ()):
        with contextlib.suppress(PackageNotFoundError):
            if _is_of(distribution(name), getattr(sys.modules.get(top), "__file__", None)):
                return distribution(name).version
    return ""


def _is_of(found, file):
    """Whether a module's file is that of a distribution, and not of a checkout that was put in front of it."""
    if file is None or '"editable"' in (found.read_text("direct_url.json") or ""):
        return True
    return Path(file).resolve().is_relative_to(Path(found.locate_file("")).resolve())


class Function(InProcess):
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

    @classmethod
    def lacks(cls, names):
        """See `Candidate`."""
        return f"it has none of {names}"

    def __init__(self, target, *, operation=None, arrays="numpy", name=None, repro=None):
        self._target, self._operation = target, operation
        self._backend = BACKENDS[arrays]
        if reason := self._backend.missing():
            raise ValueError(f"arrays={arrays!r} cannot be had: {reason}")
        self._module = getattr(target, "__module__", None) or getattr(target, "__name__", "")
        self.name = name or ":".join(filter(None, (self._module, getattr(target, "__qualname__", ""))))
        named = words_for("--python", target) if repro is None else tuple(repro)
        self.repro = (*named, "--arrays", arrays) if named and repro is None and arrays != "numpy" else named

    @functools.cached_property
    def version(self):  # type: ignore[override]  # set once, or looked up
        """Of the package that it is in, looked up when a report asks: that reads what all is installed."""
        return package_version(self._module)

    def function(self, operation):
        """What is called for an operation; None if there is nothing."""
        named = getattr(self._target, operation.name.partition(".")[2], None)
        if callable(named) or not callable(self._target):
            return named
        return self._target if operation.name == self._operation else None

    def offers(self, operation):
        """See `Candidate`."""
        return self.function(operation) is not None

    def takes(self, operation, name):
        """See `Candidate`; an argument counts if the function names it."""
        try:
            return name in inspect.signature(self.function(operation)).parameters
        except (TypeError, ValueError):  # a builtin that does not tell
            return False

    def answer(self, operation, inputs):
        """See `InProcess`."""
        function = self.function(operation)
        assert function is not None, "asked for an operation that it does not offer"
        arguments = {
            name: self._backend.asarray(value.copy(order="K")) if isinstance(value, np.ndarray) else value
            for name, value in inputs.items()
        }
        try:
            result = function(**arguments)
        except NotImplementedError as error:  # what Python says of a body that is still to be written
            raise Skipped(str(error) or "not implemented") from error
        if self.watch:
            self.watch.answered(operation, inputs, arguments, result)
        wide = all(x.dtype != np.float32 for x in inputs.values() if isinstance(x, np.ndarray))
        read = functools.partial(_read, wide=wide)
        if isinstance(result, dict):
            return {key: read(x) for key, x in result.items()}
        if isinstance(result, tuple | list) and len(operation.outputs) > 1:
            return tuple(map(read, result))
        return read(result)


def _read(answer, *, wide):
    """An answer as a NumPy array, if it is an array; to a question in double precision (`wide`) none in single."""
    if not is_array(answer):
        return answer
    library, answer = type(answer).__module__, to_numpy(answer)
    if wide and answer.dtype == np.float32:
        jax = ": JAX does so unless JAX_ENABLE_X64=1 is set; set it, or" * library.startswith("jax")
        said = f"answered in float32 when asked in float64{jax or ';'} ask in single precision, --dtype float32"
        raise CandidateError(said)
    return answer


def as_candidate(thing, target):
    """A `Candidate` as it is; a function, or a module of functions, as one.

    Examples
    --------
    >>> as_candidate(lambda **inputs: 0, "lion").offers(catalog.operation("lion.step"))
    False
    """
    return thing if hasattr(thing, "offers") else Function(thing, operation=catalog.operation(target).name)


def reference(target, arrays="numpy"):
    """Our own source as a candidate: what `refimpl check SYSTEM` judges when it is given nothing else."""
    operations = catalog.operations(target)
    table = type("reference", (), {op.name.partition(".")[2]: staticmethod(op.reference) for op in operations})()
    repro = () if arrays == "numpy" else ("--arrays", arrays)
    candidate = Function(table, arrays=arrays, name="refimpl", repro=repro)
    candidate.version = __version__
    return candidate
