"""How the benchmarks measure, and what a workload reports."""

import math
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from refimpl.core.elementwise import threads

Functions = dict[str, Callable[[], object]]  # who -> one step


@dataclass
class Row:
    """One contender; times in seconds, memory in bytes, None where there is nothing to tell."""

    who: str
    best: float | None = None
    median: float | None = None
    temporaries: int | None = None  # most memory held at a time beyond arguments and results
    note: str = ""


@dataclass
class Growth:
    """How the time of ours grows: t ~ size**exponent."""

    variable: str
    sizes: list[int]
    seconds: list[float]
    theory: float
    exponent: float = field(init=False)

    def __post_init__(self):
        self.exponent = float(np.polyfit(np.log(self.sizes), np.log(self.seconds), 1)[0])


@dataclass
class Workload:
    """A table: the first row is ours, against which the others are set."""

    title: str
    rows: list[Row]
    growth: list[Growth] = field(default_factory=list)
    note: str = ""


def interleave(functions: Functions, repeats: int) -> dict[str, list[float]]:
    """Seconds of each function, called in turn so that a busy machine slows all; one call each to warm up."""
    seconds: dict[str, list[float]] = {who: [] for who in functions}
    for function in functions.values():
        function()
    for _ in range(repeats):
        for who, function in functions.items():
            start = time.perf_counter()
            function()
            seconds[who].append(time.perf_counter() - start)
    return seconds


def rows(functions: Functions, repeats: int, held: Functions | None = None) -> list[Row]:
    """Timed rows; the memory is that of `held`, by default of the same functions."""
    seconds = interleave(functions, repeats)
    return [
        Row(who, min(times), statistics.median(times), temporaries((held or functions).get(who)))
        for who, times in seconds.items()
    ]


def temporaries(function: Callable[[], object] | None) -> int | None:
    """Most memory that `function` holds beyond what there was before or is kept by its result.

    The larger of two figures: what NumPy and Python allocate, to the byte, and (Linux only) the high-water mark of the
    process, which sees other libraries too, but no memory that was freed before and is used again.
    """
    if function is None:
        return None
    tracemalloc.start()
    before = _resident(reset=True)
    result = function()
    kept, peak = tracemalloc.get_traced_memory()  # of what was allocated since the start
    after = _resident()
    tracemalloc.stop()
    del result
    return max(peak - kept, after["VmHWM"] - max(before["VmRSS"], after["VmRSS"]))


def _resident(reset=False) -> dict[str, int]:
    """Bytes of memory in use and their high-water mark, which falls to the former if `reset`."""
    clear, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    if not clear.exists():
        return {"VmRSS": 0, "VmHWM": 0}
    if reset:
        clear.write_text("5")
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return {key: int(lines[key].split()[0]) * 1024 for key in ("VmRSS", "VmHWM")}


def growth(variable: str, sizes: list[int], step_of: Callable[[int], Callable[[], object]], theory: float) -> Growth:
    """Fit the exponent to the best of several timings at each size."""
    steps = {str(size): step_of(size) for size in sizes}
    seconds = interleave(steps, repeats=9)
    return Growth(variable, sizes, [min(times) for times in seconds.values()], theory)


class Traffic:
    """256 MB read and as much written over our threads, as a step: what memory allows here.

    Parameters
    ----------
    in_place : bool
        Whether the memory that is read is that which is written. A copy is slower, up to twice: the lines that it
        writes are fetched first.
    """

    def __init__(self, in_place: bool):
        source = np.ones(2**25)
        target = source if in_place else np.zeros_like(source)
        self.nbytes = 2 * source.nbytes
        self._parts = [np.split(x, 64) for x in (source, target)]
        self._move = np.negative if in_place else lambda x, out: np.copyto(out, x)
        self._pool = ThreadPoolExecutor(threads())

    def __call__(self):
        for _ in self._pool.map(self._move, *self._parts):
            pass


def bandwidth() -> float:
    """Bytes per second, read and written, of a copy over our threads."""
    copy = Traffic(in_place=False)
    return copy.nbytes / min(interleave({"copy": copy}, repeats=9)["copy"])


def limit(nbytes: int, what: str) -> Row:
    """The row of the hardware: the time to move `nbytes` at the bandwidth of a copy."""
    rate = bandwidth()
    return Row("hardware limit", nbytes / rate, None, None, f"{what} at the {rate / 1e9:.0f} GB/s of a threaded copy")


def folder(release: str) -> None:
    """Let a package be imported that `make bench` has put in a folder of its own."""
    sys.path.append(f".peers/{release}")


def peers(makers: dict[str, Callable[[], Callable[[], object]]]) -> tuple[Functions, list[Row]]:
    """Steps of the public packages, and for each one that is not there a row with the reason."""
    found, missing = {}, []
    for who, make in makers.items():
        try:
            step = make()
            step()
            found[who] = step
        except Exception as error:  # not installed, or a release with another interface
            missing.append(Row(who, note=f"{type(error).__name__}: {error}"))
    return found, missing


def milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{1e3 * seconds:.{max(0, 2 - math.floor(math.log10(1e3 * seconds)))}f}"
