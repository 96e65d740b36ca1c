"""Claims on a pool of processes: a worker that dies costs its claim alone."""

import contextlib
import multiprocessing
import os
import signal
import time
from multiprocessing import connection, resource_tracker

from refimpl.oracle.claims import cluster
from refimpl.oracle.claims.experiment import Task, blank, run_by_id


class _Worker:
    """A process that runs one claim after the other, and what it is doing now."""

    def __init__(self, find):
        context = multiprocessing.get_context("spawn")  # so that NumPy loads anew, under the limits set here
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, find))
        with _limits():
            self.process.start()
        theirs.close()  # ours is then the only other end, and closes when the process dies
        self.task: Task | None = None
        self.started = 0.0

    def give(self, task):
        self.task, self.started = task, time.perf_counter()
        with contextlib.suppress(OSError):  # already dead: `take` tells
            self.connection.send((task.claim.id, task.seed, task.draw))

    def take(self):
        """The task that it was given, and the record, be it that of its death."""
        try:
            found = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            found = {
                "traceback": f"the worker process died: {cluster.death(self.process.exitcode)}",
                "seconds": time.perf_counter() - self.started,
            }
        task, self.task = self.task, None
        assert task is not None
        return task, blank(task.claim, task.seed) | found

    def end(self):
        self.process.kill()  # it holds nothing that needs saving
        self.process.join()
        self.connection.close()


@contextlib.contextmanager
def _limits():
    """What a process started here inherits: one BLAS thread, and no Ctrl-C.

    The terminal sends Ctrl-C to the workers too; the parent alone acts on it.
    """
    resource_tracker.ensure_running()  # it unblocks signals as it starts, so it must have started before
    before = {name: os.environ.get(name) for name in cluster.ONE_THREAD}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ.update(cluster.ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _serve(pipe, find):
    """Body of a worker: what `run_by_id` takes comes in, a record goes out, until the other end closes."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(run_by_id(find, *pipe.recv()))


def finished(tasks, jobs, find, caught, show):
    """Tasks and their records as they finish; ends early once a signal is caught."""
    waiting = list(tasks)
    workers: list[_Worker] = []
    try:
        while not caught:
            idle = [worker for worker in workers if worker.task is None]
            while waiting and (idle or len(workers) < jobs):
                if not idle:
                    idle = [_Worker(find)]
                    workers += idle
                idle.pop().give(waiting.pop(0))
            busy = [worker for worker in workers if worker.task]
            if not busy:
                return
            show({worker.task.name for worker in workers if worker.task})
            ready = connection.wait([worker.connection for worker in busy], timeout=0.1)
            for worker in busy:
                if worker.connection in ready:
                    yield worker.take()
                    if not worker.process.is_alive():
                        worker.end()
                        workers.remove(worker)
    finally:
        for worker in workers:
            worker.end()


def usable_cores():
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
