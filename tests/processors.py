"""Other processors, on this one: the suite, or what can differ of it, with other kernels of NumPy and OpenBLAS.

``python -m tests.processors`` runs what can differ (the index of the cases, the right answers and the references of all
operations, doctests) on two of them; with names of processors on these, with ``--all`` the whole suite.
"""

import argparse
import os
import subprocess
import sys

import numpy as np

ALIKE = ("tests/oracle/test_specs.py", "-k", "index or closed_forms or tight or (reference_conforms and numpy)")
WHAT_CAN_DIFFER = (
    ("the cases, their answers, the references", ALIKE),
    ("doctests of pages and sources", ("refimpl", "docs")),
)


def features(least):
    """Features that NumPy finds here and has kernels for, from one on, by name."""
    core = np._core._multiarray_umath  # type: ignore[attr-defined]
    there = [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]
    first = next((i for i, name in enumerate(there) if name in least), len(there))
    return " ".join(there[first:])


def processors():
    """Name -> environment variables, of those that this machine can stand for."""
    old = features(("X86_V3", "AVX", "SSE41", "SSE3"))  # names of NumPy 2.4 and of older releases
    middle = features(("X86_V4", "AVX512F"))
    found = {
        "old": {"NPY_DISABLE_CPU_FEATURES": old, "OPENBLAS_CORETYPE": "Nehalem"},
        "avx2": {"NPY_DISABLE_CPU_FEATURES": middle, "OPENBLAS_CORETYPE": "Haswell"},
        "zen": {"NPY_DISABLE_CPU_FEATURES": middle, "OPENBLAS_CORETYPE": "Zen"},
        "mixed": {"OPENBLAS_CORETYPE": "Nehalem"},
    }
    return {name: {k: v for k, v in variables.items() if v} for name, variables in found.items()}


def main(words):
    """Run; the exit status is that of the first run that failed."""
    known, status = processors(), 0
    parser = argparse.ArgumentParser(prog="python -m tests.processors", description="The tests on other processors.")
    parser.add_argument("names", nargs="*", metavar="PROCESSOR", help=f"of {', '.join(known)}; default: old avx2")
    parser.add_argument("--all", action="store_true", help="the whole suite")
    options = parser.parse_args(words)
    for name in options.names or ("old", "avx2"):
        if name not in known:
            parser.error(f"PROCESSOR must be one of {', '.join(known)}, got {name!r}")
        for title, where in (("the whole suite", ()),) if options.all else WHAT_CAN_DIFFER:
            said = " ".join(f"{key}={value!r}" for key, value in known[name].items())
            print(f"processor {name} ({said}): {title}", flush=True)
            command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", *where]
            run = subprocess.run(command, env=os.environ | known[name], check=False)
            status = status or run.returncode
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
