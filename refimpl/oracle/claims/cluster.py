"""Runs jobs on a Dask cluster: each in a fresh process beside the Dask worker that was given it, one BLAS thread each.

A process of its own is what makes the result that of the local pool: nothing printed, drawn or left behind by one job
reaches another, and a job that dies takes its own process with it, not the worker. Dask is imported when asked for.
"""

import contextlib
import importlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from multiprocessing import Pipe, connection
from typing import Any, NamedTuple

import refimpl

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "REFIMPL_THREADS"), "1")
POLL = 0.05  # s
REFUSED = 5.0  # s
GREETING = 3.0  # s for a scheduler to say the first word, before it is asked whether it is a web server
SCHEMES = ("tcp", "tls")


class ClusterError(ValueError):
    """A cluster that cannot be used; the message is one sentence."""


class Job(NamedTuple):
    """A call to do somewhere."""

    name: str  # each once in a run
    function: str  # "module:function", which the workers can import
    arguments: tuple[Any, ...]


class Done(NamedTuple):
    """What came of a job."""

    name: str
    result: Any  # what the function returned, or None
    failure: str  # traceback, or how the process died; "" if it returned
    seconds: float


def death(code):
    """How a process ended, in words.

    Examples
    --------
    >>> death(3), death(-9)
    ('exit code 3', 'killed by SIGKILL (out of memory?)')
    """
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    return f"killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")


def call(function, *arguments):
    """Call a function by name.

    Examples
    --------
    >>> call("math:hypot", 3, 4)
    5.0
    """
    module, _, name = function.partition(":")
    return getattr(importlib.import_module(module), name)(*arguments)


# On the worker ------------------------------------------------------------------------------------------------

_children: dict[subprocess.Popen, str] = {}  # process -> the run that it belongs to
_ended: set[str] = set()  # runs that were cut short


def run(job, label):
    """Do a job in a new process of this machine; the body of a Dask task.

    Parameters
    ----------
    job : Job
        What to do.
    label : str
        Of the run that it belongs to, for `end`.

    Returns
    -------
    Done
        With a `failure` if the function raises, or its process dies.

    Examples
    --------
    >>> run(Job("root", "math:sqrt", (9,)), "doc").result
    3.0
    >>> run(Job("exit", "os:_exit", (3,)), "doc").failure
    'the worker process died: exit code 3'
    """
    start = time.perf_counter()
    ours, theirs = Pipe()
    path = os.pathsep.join(filter(None, sys.path))  # what the worker can import, the process can
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", f"from {__name__} import _child; _child({theirs.fileno()})"],
        env=os.environ | ONE_THREAD | {"PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        start_new_session=True,  # no Ctrl-C of a terminal
    )
    _children[process] = label
    try:
        theirs.close()  # the process's is then the only other end, and closes when it dies
        if label in _ended:
            process.kill()
        ours.send(job)
        result, failure = ours.recv()
    except (EOFError, OSError):
        result, failure = None, f"the worker process died: {death(process.wait())}"
    finally:
        process.kill()
        process.wait()
        ours.close()
        del _children[process]
    return Done(job.name, result, failure, time.perf_counter() - start)


def _child(number):
    """Body of the process."""
    pipe = connection.Connection(number)
    job = pipe.recv()

    def die_with_the_worker():
        connection.wait([pipe])  # nothing more is sent: it is readable once the other end is closed
        os._exit(1)

    threading.Thread(target=die_with_the_worker, daemon=True).start()
    try:
        answer = call(job.function, *job.arguments), ""
    except Exception:
        answer = None, traceback.format_exc()
    pipe.send(answer)


def end(label):
    """Kill what a run left on this worker.

    Examples
    --------
    >>> end("a run that left nothing")
    """
    _ended.add(label)
    for process, run_ in list(_children.items()):
        if run_ == label:
            process.kill()


def version():
    """Version of this package on a worker."""
    return refimpl.__version__


# On the client ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def connected(address, timeout=60.0):
    """A client of the scheduler at an address.

    Parameters
    ----------
    address : str
        Such as ``tcp://127.0.0.1:8786``.
    timeout : float, default: 60.0
        Seconds for the scheduler to answer, and then for the first worker to be there. An address that refuses is
        tried for `REFUSED` seconds: there is no scheduler, or it has just been started.

    Yields
    ------
    distributed.Client
        Closed at the end.

    Raises
    ------
    ClusterError
        If Dask is not installed, no scheduler answers, or its workers lack this version of refimpl.
    """
    try:
        import distributed
    except ImportError as error:
        raise ClusterError("--dask needs Dask: pip install 'refimpl[cluster]'") from error
    try:
        _knock(address)
        client = distributed.Client(address, timeout=timeout, set_as_default=False)
    except ClusterError:
        raise
    except Exception as error:  # Dask has many for an address that is none
        raise ClusterError(f"no Dask scheduler answers at {address}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=timeout)
            versions = set(client.run(version).values())
        except TimeoutError as error:
            raise ClusterError(f"the Dask scheduler at {address} has no workers") from error
        except Exception as error:
            raise ClusterError(f"the Dask workers at {address} cannot run refimpl ({error!r})") from error
        if versions != {refimpl.__version__}:
            found = ", ".join(sorted(versions))
            raise ClusterError(f"the Dask workers at {address} have refimpl {found}, not {refimpl.__version__}")
        yield client


def _knock(address):
    """Refuse what is no address of a scheduler, and where nobody listens; Dask would go on trying for a minute or two.

    Raises
    ------
    ClusterError
        For another scheme, and for a web server.
    ConnectionRefusedError
        Where nobody listens.
    """
    from distributed.comm.addressing import parse_address, parse_host_port

    scheme, place = parse_address(address)
    if scheme not in SCHEMES:
        page = ", not that of its dashboard" * scheme.startswith("http")
        raise ClusterError(
            f"--dask takes the address of a scheduler, tcp://HOST:PORT or tls://HOST:PORT{page}; got {address}"
        )
    deadline = time.monotonic() + REFUSED
    while True:
        try:
            with socket.create_connection(parse_host_port(place), timeout=REFUSED) as channel:
                if _is_web(channel):
                    raise ClusterError(f"a web server answers at {address}: the dashboard is not the scheduler")
                return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
        except OSError:  # slow, or not to be reached: Dask tells
            return
        time.sleep(POLL)


def _is_web(channel):
    """Whether a web server is at the other end; a Dask scheduler, which may be busy, speaks first."""
    try:
        if connection.wait([channel], GREETING):
            return False
        channel.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
        return bool(connection.wait([channel], GREETING)) and channel.recv(5) == b"HTTP/"
    except OSError:
        return False


def finished(client, jobs, caught=(), show: Callable[[set[str]], None] = lambda running: None):
    """Do jobs on a cluster.

    As many are on their way as the cluster has threads. Dask does the job of a worker that is lost again on another.
    What was there as often as Dask allows when workers were lost is tried once more alone, at the end: only what
    then loses its workers again is a failure, not what ran beside it.

    Parameters
    ----------
    client : distributed.Client
        From `connected`.
    jobs : sequence of Job
        In the order in which they start.
    caught : sequence
        Once something is in there, the run ends early.
    show : callable, optional
        Gets the names of the jobs that are on their way, again and again.

    Yields
    ------
    Done
        As the jobs finish.

    Raises
    ------
    ClusterError
        If the scheduler is lost.
    """
    label = uuid.uuid4().hex
    waiting = list(jobs)
    suspects: list[Job] = []
    futures: dict[Any, tuple[Job, bool]] = {}
    try:
        while not caught and (waiting or suspects or futures):
            while waiting and len(futures) < max(1, sum(client.nthreads().values())):
                job = waiting.pop(0)
                futures[_submitted(client, job, label)] = job, False
            if suspects and not futures:
                job = suspects.pop(0)
                futures[_submitted(client, job, label)] = job, True
            show({job.name for job, _ in futures.values()})
            for future in [future for future in futures if future.done()]:
                done, lost = _outcome(future, futures[future][0])
                if done is None and not lost:
                    continue  # its result went with its worker; Dask does it again
                job, alone = futures.pop(future)
                if lost and not alone:
                    suspects.append(job)
                else:
                    yield done or Done(job.name, None, f"its Dask workers died of it, again and again: {lost}", 0.0)
            time.sleep(POLL)
    except OSError as error:
        raise ClusterError(f"the connection to the Dask scheduler broke ({error})") from error
    finally:
        if futures:
            _cut_short(client, futures, label)


def _submitted(client, job, label):
    return client.submit(run, job, label, key=f"{job.name}-{uuid.uuid4().hex}", pure=False)


def _outcome(future, job):
    """(what came of it or None, how it was lost or "")."""
    from distributed import CancelledError, KilledWorker

    try:
        return future.result(timeout=5), ""
    except TimeoutError:
        return None, ""
    except (KilledWorker, CancelledError) as error:
        return None, type(error).__name__
    except Exception as error:
        return Done(job.name, None, "".join(traceback.format_exception(error)), 0.0), ""


def _cut_short(client, futures, label):
    """Cancel what waits and kill what runs; within seconds, whatever the cluster does."""

    def stop():
        with contextlib.suppress(Exception):
            client.cancel(list(futures))
            client.run(end, label, on_error="ignore")

    thread = threading.Thread(target=stop, daemon=True)
    thread.start()
    thread.join(10)
