"""A permanent name means the same bits on every machine: the inputs of all cases, made in other ways than here."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from refimpl.oracle import catalog
from tests.processors import processors

MAKE = "import json; from refimpl.oracle.judging.cases import index; print(json.dumps(index()))"
HOSTILE = Path(__file__).with_name("fakes") / "hostile_libm.c"


def differing(**environment):
    """Names of the cases whose inputs come out otherwise in a process of this environment."""
    command = [sys.executable, "-c", MAKE]
    run = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    made, committed = json.loads(run.stdout), catalog.case_index()
    return sorted(name for name in made.keys() | committed.keys() if made.get(name) != committed.get(name))


@pytest.mark.parametrize("name", ["avx2", "zen"])
def test_the_cases_have_the_same_bits_on_another_processor(name):
    assert differing(**processors()[name]) == []


def test_the_cases_have_the_same_bits_with_other_last_bits_of_functions(tmp_path):
    """With NumPy's own kernels switched off it asks the mathematical library of the system, here one that is wrong."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        assert differing(**processors()["old"]) == []
        pytest.skip("no C compiler, or no Linux: checked with other kernels alone")
    library = tmp_path / "libhostile.so"
    subprocess.run(
        [compiler, "-O1", "-fno-builtin", "-shared", "-fPIC", "-o", library, HOSTILE, "-ldl", "-lm"], check=True
    )
    probe = [sys.executable, "-c", "import math; print(math.exp(0.5).hex())"]
    seen = [
        subprocess.run(probe, env=os.environ | more, capture_output=True, text=True, check=True).stdout
        for more in ({}, {"LD_PRELOAD": str(library)})
    ]
    assert seen[0] != seen[1], "the library is not read first"
    assert differing(**processors()["old"], LD_PRELOAD=str(library)) == []
