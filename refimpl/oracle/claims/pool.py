"""Jobs on a pool of processes: a worker that dies costs its job alone, and takes with it what it has started."""

import contextlib
import math
import multiprocessing
import os
import signal
import threading
import time
import traceback
from multiprocessing import connection, resource_tracker

from refimpl.oracle import ending
from refimpl.oracle.claims import cluster
from refimpl.oracle.claims.cluster import Done, Job


class _Worker:
    """A process that does one job after the other, and what it is doing now."""

    def __init__(self):
        context = multiprocessing.get_context("spawn")  # so that NumPy loads anew, under the limits set here
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,))
        ending.running.add(self)
        with _limits():
            self.process.start()
        theirs.close()  # ours is then the only other end, and closes when the process dies
        self.job: Job | None = None
        self.started = 0.0

    def give(self, job):
        self.job, self.started = job, time.perf_counter()
        with contextlib.suppress(OSError):  # already dead: `take` tells
            self.connection.send(job)

    def take(self):
        """What came of its job, be it that it died of it."""
        assert self.job is not None
        try:
            result, failure = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            result, failure = None, f"the worker process died: {cluster.death(self.process.exitcode)}"
        return self._done(result, failure)

    def stop(self, limit):
        """Kill it, for its job has taken longer than it may."""
        self.end()
        return self._done(None, f"no end within {limit:g} s")

    def _done(self, result, failure):
        assert self.job is not None
        job, self.job = self.job, None
        return Done(job.name, result, failure, time.perf_counter() - self.started)

    def end(self):
        """Kill it and what it has started; it holds nothing that needs saving."""
        if self.process.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()  # it may not lead its group yet
            self.process.join()
        self.connection.close()
        ending.running.discard(self)


@contextlib.contextmanager
def _limits():
    """What a process started here inherits: one BLAS thread, and no signal of a terminal until it has left that."""
    resource_tracker.ensure_running()  # it unblocks signals as it starts, so it must have started before
    before = {name: os.environ.get(name) for name in cluster.ONE_THREAD}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ending.SIGNALS)
    os.environ.update(cluster.ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _serve(pipe):
    """Body of a worker: a job comes in, what came of it goes out, until the other end closes."""
    os.setsid()  # a group of its own, which no terminal reaches
    os.set_inheritable(pipe.fileno(), False)  # what is started here would hold it open when we are gone
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ending.SIGNALS)
    threading.Thread(target=_die_with_the_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            job = pipe.recv()
            try:
                answer = cluster.call(job.function, *job.arguments), ""
            except Exception:
                answer = None, traceback.format_exc()
            pipe.send(answer)


def _die_with_the_parent():
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os.killpg(0, signal.SIGKILL)


def finished(jobs, workers, caught, show=lambda running: None, *, limit=math.inf, fresh=False):
    """Do jobs on a pool of processes, each with one BLAS thread.

    Parameters
    ----------
    jobs : sequence of Job
        In the order in which they start.
    workers : int
        >= 1. Number of processes, at most.
    caught : sequence
        Once something is in there, the run ends early.
    show : callable, optional
        Gets the names of the jobs that are being done, again and again.
    limit : float, default: infinity
        Seconds after which a job is ended, with what it has started.
    fresh : bool, default: False
        Whether each job gets a process of its own.

    Yields
    ------
    Done
        As the jobs finish.
    """
    waiting = list(jobs)
    pool: list[_Worker] = []
    try:
        while not caught:
            idle = [worker for worker in pool if worker.job is None]
            while waiting and (idle or len(pool) < workers):
                if not idle:
                    idle = [_Worker()]
                    pool += idle
                idle.pop().give(waiting.pop(0))
            busy = [worker for worker in pool if worker.job]
            if not busy:
                return
            show({worker.job.name for worker in pool if worker.job})
            ready = connection.wait([worker.connection for worker in busy], timeout=0.1)
            for worker in busy:
                late = time.perf_counter() - worker.started > limit
                if worker.connection in ready or late:
                    done = worker.take() if worker.connection in ready else worker.stop(limit)
                    if fresh or not worker.process.is_alive():
                        worker.end()
                        pool.remove(worker)
                    yield done
    finally:
        for worker in pool:
            worker.end()


def usable_cores():
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
