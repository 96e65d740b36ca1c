"""The array libraries that the package is tested on: how to make their arrays, and why one may be missing.

Declared here once; the tests, the oracle's `--arrays` option and the table in the documentation read it.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import Array, describe


@dataclass(frozen=True)
class Backend:
    """An array library on one device."""

    name: str
    what_for: str  # half a sentence for the documentation
    module: str  # its namespace of the array API standard
    package: str  # what must be installed
    device: Callable[[Any], Any] = lambda xp: None  # namespace -> device of the arrays
    usable: Callable[[], str | None] = lambda: None  # why an installed package does not run, or None

    def missing(self) -> str | None:
        """Why it cannot be used here, or None.

        Examples
        --------
        >>> BACKENDS["numpy"].missing() is None
        True
        """
        if find_spec(self.package) is None:
            return f"{self.package} is not installed"
        return self.usable()

    @property
    def xp(self):
        """Its namespace."""
        return import_module(self.module)

    def asarray(self, values, dtype=None) -> Array:
        """`values` as an array of this library, on its device.

        Parameters
        ----------
        values : numpy.ndarray or nested lists of numbers
            The dtype is kept, unless `dtype` is given.
        dtype : str, optional
            Such as "float32": the dtype for floating-point values; integers and booleans keep theirs.

        Returns
        -------
        array
            A copy, of the same shape.

        Examples
        --------
        >>> x = BACKENDS["strict"].asarray([1.0, 2.0], dtype="float32")
        >>> x.dtype, x.device
        (array_api_strict.float32, array_api_strict.Device('device1'))
        """
        values = np.array(values)
        check.array(values=values)
        if not (dtype is None or (isinstance(dtype, str) and dtype in np.sctypeDict)):
            raise ValueError(f"dtype must be the name of a dtype or None, got {describe(dtype)}")
        if dtype is not None and np.issubdtype(values.dtype, np.floating):
            values = values.astype(dtype)
        return self.xp.asarray(values, device=self.device(self.xp))


def _no_gpu():
    """Why the installed CuPy does not run, or None."""
    try:
        import_module("cupy").cuda.Device().compute_capability  # noqa: B018
    except Exception as error:  # no driver, no device, a broken installation: many types
        return f"CuPy finds no GPU: {error}"
    return None


def _half_jax():
    """Why the installed JAX does not make 64-bit arrays, or None."""
    if not import_module("jax").config.jax_enable_x64:
        return "JAX has its 64-bit numbers switched off; set JAX_ENABLE_X64=1"
    return None


def _no_sycl():
    """Why the installed dpnp does not run, or None.

    Intel's OpenCL for the CPU, if it was installed beside it, is shown to the loader. And dpnp gets more threads for
    what waits for Python's lock: 0.20 stands still where its usual few all wait for the caller, and the caller for one
    more of them (https://github.com/IntelPython/dpctl/pull/2359).
    """
    runtime = next(Path(sys.prefix, "lib").glob("libintelocl.so"), None)
    os.environ.setdefault("SYCL_QUEUE_THREAD_POOL_SIZE", "64")
    if runtime:
        os.environ.setdefault("OCL_ICD_FILENAMES", str(runtime))
    try:
        device = import_module("dpnp").zeros(1).sycl_device
    except Exception as error:  # no driver, no device, a broken installation: many types
        hint = "" if runtime else "; `pip install intel-opencl-rt` makes one of the CPU"
        return f"dpnp finds no device: {error}{hint}"
    return None if device.has_aspect_fp64 else f"dpnp's device has no double precision: {device.name}"


BACKENDS = {
    backend.name: backend
    for backend in (
        Backend("numpy", "the default", "array_api_compat.numpy", "numpy"),
        Backend(
            "strict",
            "a pretended GPU: nothing but the standard, and no silent way to the host",
            "array_api_strict",
            "array_api_strict",
            device=lambda xp: xp.Device("device1"),
        ),
        Backend("torch", "PyTorch tensors on the CPU", "array_api_compat.torch", "torch"),
        Backend("jax", "JAX arrays on the CPU; immutable", "jax.numpy", "jax", usable=_half_jax),
        Backend(
            "dpnp", "SYCL arrays, on a CPU or an Intel GPU; no silent way to the host", "dpnp", "dpnp", usable=_no_sycl
        ),
        Backend("cupy", "NVIDIA GPUs", "array_api_compat.cupy", "cupy", usable=_no_gpu),
    )
}
