"""The fixture `backend`: a test that takes it runs on every array library, precision and device of the table.

The fixture `browser`: a test that takes it is skipped where there is none.
"""

import gc
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from refimpl.core.arrays import Array, to_numpy
from refimpl.core.backends import BACKENDS, Backend
from refimpl.oracle.diagnosis import listed
from tests import chromium
from tests.thorough import THOROUGH

gc.set_threshold(20_000, 10, 10)  # to look for garbage is dear among so much that stays

os.environ.setdefault("JAX_ENABLE_X64", "1")  # read when JAX is first imported
os.environ.setdefault("JAX_PLATFORMS", "cpu")

SPACE = 256 << 20  # bytes, more than is there at any time of `make test`

RUNS = [
    pytest.param(("numpy", "float64"), id="numpy-float64"),
    pytest.param(("numpy", "float32"), id="numpy-float32"),
    pytest.param(("strict", "float64"), id="strict-device1"),
    pytest.param(("torch", "float64"), id="torch", marks=pytest.mark.torch),
    pytest.param(("jax", "float64"), id="jax", marks=pytest.mark.jax),
    pytest.param(("dpnp", "float64"), id="dpnp", marks=pytest.mark.dpnp),
    pytest.param(("cupy", "float64"), id="cupy", marks=pytest.mark.gpu),
]


@dataclass(frozen=True)
class Run:
    """A backend in one precision."""

    backend: Backend
    precision: str  # "float64" or "float32"

    @property
    def name(self):
        return self.backend.name

    @property
    def xp(self):
        return self.backend.xp

    @property
    def dtype(self):
        """The floating dtype, in the words of the library."""
        return getattr(self.xp, self.precision)

    @property
    def tolerance(self):
        """Relative error that a few dozen roundings explain."""
        return {"float64": 1e-13, "float32": 1e-5}[self.precision]

    def asarray(self, values) -> Array:
        """Lists or a NumPy array, on the device; floating-point values in the precision of the run."""
        return self.backend.asarray(values, dtype=self.precision)

    def to_numpy(self, x):
        return to_numpy(x)


def _of_browser(fixture_name, config):
    """How long a browser stays: idle it takes its time of the processor, so only the site has one for all modules."""
    return "session" if "REFIMPL_SITE" in os.environ else "module"


@pytest.fixture(scope=_of_browser)
def browser(tmp_path_factory):
    """Headless Chromium that reaches files only."""
    if reason := chromium.missing():
        pytest.skip(reason)
    browser = chromium.Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


def declared(path, name):
    """Why the system whose tests are in `path` does not run on a backend, as its spec says; None if it does."""
    spec = f"refimpl.specs.{path.parent.name}.{path.stem.removeprefix('test_')}"
    try:
        return import_module(spec).SYSTEM.backends.get(name)
    except ModuleNotFoundError:  # tests of something else
        return None


@pytest.fixture(params=RUNS)
def backend(request):
    name, precision = request.param
    if reason := BACKENDS[name].missing() or declared(request.path, name):
        pytest.skip(reason)
    return Run(BACKENDS[name], precision)


@pytest.fixture(scope="session", autouse=True)
def _strict_arrays_are_not_written_to():
    """As JAX's, which compiles each operation for each shape, and so takes too long to be asked everything each time.

    `array_api_extra.at` may: it writes into a copy, and on JAX as JAX does.
    """
    kind = type(BACKENDS["strict"].xp.asarray(0.0))
    write = kind.__setitem__

    def guarded(x, key, value):
        if not sys._getframe(1).f_globals["__name__"].startswith("array_api_extra."):
            raise TypeError("the arrays of some libraries, such as JAX, cannot be written to")
        write(x, key, value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "__setitem__", guarded)
        yield


_last_system: list[str] = []


def group_of(item):
    """The tests that run in one process with this one; "" if any process will do."""
    return next((mark.args[0] if mark.args else mark.kwargs["name"] for mark in item.iter_markers("xdist_group")), "")


def left_out(config):
    """Marks of tests that need what is not here; none, where ``-m`` asks for some: those are skipped, and say so."""
    needs = {"torch": "torch", "jax": "jax", "dpnp": "dpnp", "gpu": "cupy"}
    return [] if config.option.markexpr else [mark for mark, name in needs.items() if BACKENDS[name].missing()]


def pytest_sessionstart(session):
    """A full disk would be told by hundreds of tests, each in other words; a test that runs tests has been let in."""
    if "PYTEST_CURRENT_TEST" in os.environ:
        return
    folder = Path(session.config.option.basetemp or tempfile.gettempdir())
    there = next(f for f in (folder, *folder.absolute().parents) if f.exists())
    if (free := shutil.disk_usage(there).free) < SPACE:
        reason = (
            f"the tests need {SPACE >> 20} MiB for their files, {there} has {free >> 20} free; TMPDIR names another"
        )
        raise pytest.UsageError(reason)


def pytest_report_header(config):
    """Thousands of skipped tests would only hide the others."""
    return f"left out, as their library is not here: {', '.join(left_out(config)) or 'none'}"


def _is_slow(item):
    """Whether it runs on dpnp, or on JAX as one of all backends, not as a peer."""
    on_jax = item.get_closest_marker("jax") and "backend" in item.fixturenames
    return bool(on_jax or item.get_closest_marker("dpnp"))


def pytest_collection_modifyitems(config, items):
    """Groups come first, whole, the longest way to go; then the others."""
    marks = left_out(config)
    items[:] = [item for item in items if not any(map(item.get_closest_marker, marks))]
    if not THOROUGH:  # dpnp starts each kernel by itself, JAX compiles it for each shape: training takes them too long
        items[:] = [item for item in items if item.path.parent.name in ("core", "oracle") or not _is_slow(item)]
    items.sort(key=lambda item: (not (group := group_of(item)), group))


def pytest_runtest_setup(item):
    """What is known of the answers of a system is dear, and large: it is kept while its tests run in this process."""
    group = group_of(item)
    if group.startswith("spec-") and [group] != _last_system:
        listed.forget()
        _last_system[:] = [group]
