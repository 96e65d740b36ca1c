"""How long a search may take."""

import contextlib
import time

import numpy as np


class Spent:
    """Seconds of the processor that were spent, and those for which a candidate in another process was waited for.

    On a busy machine the same search comes as far.
    """

    def __init__(self):
        self._waited = 0.0

    def __call__(self):
        return time.process_time() + self._waited

    @contextlib.contextmanager
    def waiting(self):
        """Count what happens inside as waiting, but for what this process does meanwhile."""
        real, own = time.monotonic(), time.process_time()
        try:
            yield
        finally:
            self._waited += max(0.0, time.monotonic() - real - (time.process_time() - own))


class Clock:
    """Time that may be spent, by a function that tells it; `part` is a share of what is left."""

    def __init__(self, seconds, now=time.monotonic):
        self._now, self._end = now, now() + seconds

    @property
    def left(self):
        """Seconds, not below 0."""
        return max(0.0, self._end - self._now())

    @property
    def over(self):
        """Whether nothing is left."""
        return self._now() >= self._end

    def part(self, share, most=np.inf):
        """Clock of a share of what is left, of `most` seconds at most."""
        return Clock(min(share * self.left, most), self._now)
