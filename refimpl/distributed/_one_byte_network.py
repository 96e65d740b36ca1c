"""One byte per gradient among processes: what machines and a barrier say to each other, over sockets, MPI or Dask.

The method asks one thing of a network: that all machines that go on hold the same bytes of an iteration. Here a barrier
sees to that. It computes nothing and knows neither data nor parameters: it waits for a byte string from each machine,
drops whoever is gone or silent, and gives everybody what came. It must survive; machines need not.

    python -m refimpl.distributed._one_byte_network sockets         four processes; one is killed, one joins late
    mpiexec -n 6 python -m refimpl.distributed._one_byte_network mpi          the same, one falls silent instead
    python -m refimpl.distributed._one_byte_network dask            the same on a Dask cluster; one is killed
"""

import argparse
import contextlib
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from refimpl.core import check
from refimpl.distributed import _one_byte_baselines as baselines
from refimpl.distributed import one_byte

_HEAD = struct.Struct("<IHH")  # iteration, machine, number of bytes that follow
_HELLO, _ROUND, _DROPPED = b"h", b"r", b"d"
_OVER = _DROPPED + b"steps are done: too late to join"


class Link(Protocol):
    """A machine's end of a network."""

    def send(self, frame: bytes) -> None:
        """To the barrier."""

    def receive(self) -> bytes:
        """The next frame of the barrier."""


class Hub(Protocol):
    """The barrier's end."""

    def receive(self, seconds: float) -> tuple[Any, bytes | None] | None:
        """The next frame and whose it is; (who, None) if that machine has died; None after so many seconds."""

    def send(self, who: Any, frame: bytes) -> None:
        """To one machine, which may have died."""


def pack(t, messages):
    """The messages of an iteration as bytes: eight of address before those of each machine.

    Parameters
    ----------
    t : int
        Iteration.
    messages : mapping of int to bytes
        As for `one_byte.update`.

    Returns
    -------
    bytes
        A log is such strings end to end.

    Examples
    --------
    >>> pack(2, {0: b"\\x60", 1: b"\\xe0"}).hex(" ", 1)
    '02 00 00 00 00 00 01 00 60 02 00 00 00 01 00 01 00 e0'
    """
    check.integer(t=t), check.instance(dict, messages=messages)
    return b"".join(_HEAD.pack(t, m, len(payload)) + payload for m, payload in messages.items())


def unpack(data):
    """What `pack` has packed, of any number of iterations.

    Parameters
    ----------
    data : bytes
        From `pack`, end to end.

    Returns
    -------
    dict of int to dict of int to bytes
        Iteration -> machine -> bytes.

    Raises
    ------
    ValueError
        If it ends in the middle of a message.

    Examples
    --------
    >>> unpack(pack(2, {0: b"a", 1: b"bc"}) + pack(3, {1: b"d"}))
    {2: {0: b'a', 1: b'bc'}, 3: {1: b'd'}}
    """
    check.instance(bytes, data=data)
    found: dict[int, dict[int, bytes]] = {}
    place = 0
    while place < len(data):
        if place + _HEAD.size > len(data):
            raise ValueError(f"data must end with a message, got {len(data) - place} bytes more")
        t, m, size = _HEAD.unpack_from(data, place)
        place += _HEAD.size + size
        if place > len(data):
            raise ValueError(
                f"data must hold {size} bytes of machine {m} in iteration {t}, got {len(data) - place + size}"
            )
        found.setdefault(t, {})[m] = data[place - size : place]
    return found


# A machine ------------------------------------------------------------------------------------------------------------


class Settings(NamedTuple):
    """What all machines of a run share."""

    steps: int  # iterations
    seed: int  # public, of the directions
    eta: float = 0.05
    norm: str = "sqrt"
    eps: float = 1e-3
    samples: int = 1

    def rates(self):
        """Those of `one_byte.update`."""
        return {"eta": self.eta, "norm": self.norm}


def take_part(link, w0, losses, settings, *, silent=None, rejoin=False, called=False):
    """What a machine does: say hello, catch up from the log, then probe, send, receive and move until the end.

    Parameters
    ----------
    link : Link
        To the barrier.
    w0 : array [d]
        The public start.
    losses : callable
        ``losses(samples) -> list``, the private losses of one iteration.
    settings : Settings
        Of the run.
    silent : int, optional
        Iteration in which it does not send anything, for a test.
    rejoin : bool, default: False
        Whether it comes back, under a new id, when it has been dropped. It goes on from where it was.
    called : bool, default: False
        Whether it waits for a frame of the barrier before it says hello.

    Returns
    -------
    one_byte.Machine
        After the last iteration that it took part in.

    Raises
    ------
    ValueError
        If the barrier refuses it; the reason is the barrier's.

    Examples
    --------
    See `hold`.
    """
    check.flag(rejoin=rejoin, called=called)
    draw, rates = one_byte.directions(settings.seed, like=w0), settings.rates()
    machine = one_byte.start(0, w0)
    if called:
        link.receive()
    while True:
        shared = f"w0 {tuple(w0.shape)} {w0.dtype} {one_byte.digest(w0)}, {settings.seed=}, {rates}"
        link.send(_HELLO + f"{machine.t} {shared}".encode())
        answer = link.receive()
        if answer[:1] != _ROUND:
            raise ValueError(answer[1:].decode())
        (id,) = struct.unpack_from("<H", answer, 1)
        log = unpack(answer[3:])
        machine = machine._replace(id=id)
        for t in sorted(log):
            machine = one_byte.update(machine, log[t], draw, **rates)
        dropped = False
        while machine.t < settings.steps and not dropped:
            if machine.t != silent:
                payload = one_byte.probe(machine, losses(settings.samples), draw, eps=settings.eps)
                link.send(_ROUND + pack(machine.t, {machine.id: payload}))
            silent = None if machine.t == silent else silent
            answer = link.receive()
            dropped = answer[:1] == _DROPPED
            if len(answer) > 1 and dropped:
                raise ValueError(answer[1:].decode())
            if not dropped:
                ((t, messages),) = unpack(answer[1:]).items()
                if t != machine.t:
                    raise ValueError(f"the round must be {machine.t}, got {t}")
                machine = one_byte.update(machine, messages, draw, **rates)
        if not (dropped and rejoin):
            return machine


# The barrier ----------------------------------------------------------------------------------------------------------


class Held(NamedTuple):
    """What a barrier has seen."""

    log: list[dict[int, bytes]]  # messages of each iteration
    payload: list[int]  # bytes of slopes that came in each iteration: one a sample
    up: int  # bytes that machines sent, addresses included
    down: int  # bytes that the barrier sent: everybody gets what all sent
    catching_up: int  # of these, those of logs for newcomers
    dropped: dict[int, int]  # id -> iteration at whose barrier it was missing
    joined: dict[int, int]  # id -> first iteration


def hold(hub, *, steps, machines, patience=60.0, between: Callable[[int], None] = lambda t: None):
    """The barrier: who is in, and what counts.

    Parameters
    ----------
    hub : Hub
        To the machines.
    steps : int
        >= 0. Iterations.
    machines : int
        >= 1. How many must have said hello before the first.
    patience : float, default: 60
        Seconds > 0 after which a silent machine is dropped.
    between : callable, optional
        ``between(t)``, called before iteration t: to start or kill somebody.

    Returns
    -------
    Held
        The log and the traffic.

    Raises
    ------
    RuntimeError
        If nobody is left.

    Notes
    -----
    A message counts for all or for none: it is in the round that everybody gets, or it came too late and is thrown
    away. So a machine that dies in between takes nothing from the others. Who says hello gets an id that nobody had,
    and the log; who differs in the start is refused.

    Examples
    --------
    >>> hub = Local()
    >>> part = baselines.split(0, like=np.zeros(1))
    >>> settings = Settings(steps=3, seed=0)
    >>> for m in range(2):
    ...     data = baselines.Private(part.x, part.y, 0, m)
    ...     hub.run(m, np.zeros(baselines.SIZE), data.losses, settings)
    >>> held = hold(hub, steps=3, machines=2)
    >>> held.payload, len({one_byte.digest(machine.w) for machine in hub.results()})
    ([2, 2, 2], 1)
    """
    steps, machines = check.integer(steps=steps), check.integer(machines=machines, minimum=1)
    patience = check.positive(patience=patience)
    barrier = _Barrier(hub, patience)
    for who, frame in barrier.hellos(machines).items():  # all at once: who has its answer begins, nobody listens before
        barrier.welcome(who, frame)
    for t in range(steps):
        between(t)
        messages, late = barrier.round(t)
        if not messages:
            raise RuntimeError(f"somebody must be left in iteration {t}")
        barrier.publish(t, messages)
        for who, frame in late:
            barrier.welcome(who, frame)
    return barrier.held()


class _Barrier:
    """What `hold` keeps: who is in, the log, and how many bytes went where."""

    def __init__(self, hub, patience):
        self._hub, self._patience = hub, patience
        self._start = ""  # of the first machine, as a digest
        self._members: dict[Any, int] = {}
        self._log: list[dict[int, bytes]] = []
        self._up = self._down = self._catching_up = 0
        self._dropped: dict[int, int] = {}
        self._joined: dict[int, int] = {}

    def hellos(self, machines):
        """The first frame of each of so many machines."""
        frames: dict[Any, bytes] = {}
        while len(frames) < machines:
            got = self._listen(time.monotonic() + self._patience)
            if got is None:
                raise RuntimeError(f"{machines} machines must say hello, got {len(frames)}")
            who, frame = got
            if frame is None:
                frames.pop(who, None)
            else:
                frames[who] = frame
        return frames

    def welcome(self, who, frame):
        """Let a machine in, with an id and the past; or refuse it."""
        known, _, start = frame[1:].decode().partition(" ")
        self._start = self._start or start
        if start != self._start:
            self._send(who, _DROPPED + f"start must be that of the first machine, {self._start}; got {start}".encode())
            return
        self._members[who] = id = len(self._joined)
        self._joined[id] = len(self._log)
        past = b"".join(pack(t, self._log[t]) for t in range(int(known), len(self._log)))
        self._catching_up += len(past)
        self._send(who, _ROUND + struct.pack("<H", id) + past)

    def round(self, t):
        """Messages of iteration t, of all who sent one in time; and who said hello meanwhile."""
        missing, late = dict(self._members), []
        messages: dict[int, bytes] = {}
        until = time.monotonic() + self._patience
        while missing and (got := self._listen(until)):
            who, frame = got
            if frame is None:
                missing.pop(who, None)
                if who in self._members:
                    self._dropped[self._members.pop(who)] = t
            elif frame[:1] == _HELLO:
                late.append((who, frame))
            elif who in missing and (sent := unpack(frame[1:]).get(t)):
                missing.pop(who)
                if reason := _refused(sent, self._members[who]):
                    self._drop(who, t, reason)
                else:
                    messages |= sent
        for who in missing:
            self._drop(who, t)
        return dict(sorted(messages.items())), late

    def publish(self, t, messages):
        """Everybody gets the messages of an iteration."""
        self._log.append(messages)
        for who in list(self._members):
            self._send(who, _ROUND + pack(t, messages))

    def held(self):
        """The log and the traffic."""
        payload = [sum(map(len, messages.values())) for messages in self._log]
        return Held(self._log, payload, self._up, self._down, self._catching_up, self._dropped, self._joined)

    def _listen(self, until):
        """The next frame before a time, or None."""
        got = self._hub.receive(max(0.0, until - time.monotonic()))
        if got and got[1]:
            self._up += len(got[1])
        return got

    def _send(self, who, frame):
        self._down += len(frame)
        self._hub.send(who, frame)

    def _drop(self, who, t, reason=""):
        self._dropped[self._members.pop(who)] = t
        self._send(who, _DROPPED + reason.encode())


def _refused(sent, id):
    """What is wrong with a message, if anything: nobody else is to suffer from it."""
    try:
        one_byte.check_messages(sent)
    except (TypeError, ValueError) as error:
        return str(error)
    return "" if list(sent) == [id] else f"messages must be those of machine {id}, got {sorted(sent)}"


# Networks -------------------------------------------------------------------------------------------------------------


class Local:
    """Machines as threads of this process."""

    def __init__(self):
        self._inbox: queue.SimpleQueue = queue.SimpleQueue()
        self._links: dict[Any, LocalLink] = {}
        self._threads: list[threading.Thread] = []
        self._results: list[one_byte.Machine] = []

    def link(self, who):
        """The other end for a machine."""
        self._links[who] = LocalLink(who, self._inbox)
        return self._links[who]

    def run(self, who, *arguments, **how):
        """Start a machine: the arguments of `take_part` after the link."""
        link = self.link(who)
        work = lambda: self._results.append(take_part(link, *arguments, **how))
        self._threads.append(threading.Thread(target=work, daemon=True))
        self._threads[-1].start()

    def receive(self, seconds):
        """As `Hub` says; threads do not die."""
        try:
            return self._inbox.get(timeout=seconds)
        except queue.Empty:
            return None

    def send(self, who, frame):
        """As `Hub` says."""
        self._links[who].inbox.put(frame)

    def results(self):
        """The machines at the end, in the order of their ids."""
        for thread in self._threads:
            thread.join()
        return sorted(self._results)


class LocalLink:
    """A thread's end of `Local`."""

    def __init__(self, who, barrier):
        self._who, self._barrier = who, barrier
        self.inbox: queue.SimpleQueue = queue.SimpleQueue()

    def send(self, frame):
        """As `Link` says."""
        self._barrier.put((self._who, frame))

    def receive(self):
        """As `Link` says."""
        return self.inbox.get()


class Sockets:
    """Machines as processes that connect to a port; the end of a connection is that of a machine."""

    def __init__(self, port=0):
        self._server = socket.create_server(("127.0.0.1", port))
        self._connections: list[Connection] = []

    @property
    def port(self):
        """Where it listens."""
        return self._server.getsockname()[1]

    def receive(self, seconds):
        """As `Hub` says."""
        until = time.monotonic() + seconds
        while ready := wait([self._server, *self._connections], max(0.0, until - time.monotonic())):
            for end in ready:
                if end is self._server:
                    self._connections.append(Connection(self._server.accept()[0].detach()))
                    continue
                assert isinstance(end, Connection)
                try:
                    return end, end.recv_bytes()
                except (EOFError, OSError):
                    self._connections.remove(end)
                    return end, None
        return None

    def send(self, who, frame):
        """As `Hub` says."""
        with contextlib.suppress(OSError):
            who.send_bytes(frame)

    def close(self):
        """End all connections, and whoever still waits."""
        for end in self._connections:
            end.close()
        self._server.close()


class SocketLink:
    """A process's end of `Sockets`."""

    def __init__(self, port, host="127.0.0.1"):
        end = socket.create_connection((host, port))
        end.settimeout(None)
        self._connection = Connection(end.detach())
        self.send, self.receive = self._connection.send_bytes, self._connection.recv_bytes


class MPIHub:
    """Rank 0 of an MPI communicator. A rank that dies ends the whole job, as MPI has it; a silent one does not."""

    def __init__(self, comm):
        from mpi4py import MPI

        self._mpi, self._comm, self._sent = MPI, comm, []

    def receive(self, seconds):
        """As `Hub` says."""
        until, status = time.monotonic() + seconds, self._mpi.Status()
        while not self._comm.Iprobe(status=status):
            if time.monotonic() > until:
                return None
            time.sleep(1e-4)
        frame = bytearray(status.Get_count(self._mpi.BYTE))
        self._comm.Recv([frame, self._mpi.BYTE], source=status.Get_source())
        return status.Get_source(), bytes(frame)

    def send(self, who, frame):
        """As `Hub` says; does not wait for a rank that does not listen."""
        self._sent = [(request, held) for request, held in self._sent if not request.Test()]
        self._sent.append((self._comm.Isend([frame, self._mpi.BYTE], dest=who), frame))


class MPILink:
    """Any other rank."""

    def __init__(self, comm):
        from mpi4py import MPI

        self._mpi, self._comm = MPI, comm

    def send(self, frame):
        """As `Link` says."""
        self._comm.Send([frame, self._mpi.BYTE], dest=0)

    def receive(self):
        """As `Link` says."""
        status = self._mpi.Status()
        while not self._comm.Iprobe(source=0, status=status):  # `Probe` would keep a core busy
            time.sleep(1e-4)
        frame = bytearray(status.Get_count(self._mpi.BYTE))
        self._comm.Recv([frame, self._mpi.BYTE], source=0)
        return bytes(frame)


class DaskHub:
    """The client of a Dask cluster, on each of whose workers one machine runs; queues of the scheduler in between."""

    def __init__(self, client, name="one_byte"):
        from distributed import Queue

        self._client, self._name = client, f"{name}-{os.getpid()}-{time.monotonic_ns()}"
        self._inbox = Queue(f"{self._name}-up", client=client)
        self._outboxes: dict[str, Any] = {}
        self._futures: dict[str, Any] = {}

    def run(self, who, *arguments, **how):
        """Start a machine on the worker with the address `who`: the arguments of `take_part` after the link."""
        from distributed import Queue

        self._outboxes[who] = Queue(f"{self._name}-{who}", client=self._client)
        call = (_on_a_worker, self._name, who, arguments, how)
        self._futures[who] = self._client.submit(*call, workers=[who], pure=False, retries=0)

    def receive(self, seconds):
        """As `Hub` says."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                who, frame = self._inbox.get(timeout=min(left, 0.5))
                return who, frame
            except TimeoutError:  # is somebody gone?
                alive = self._client.nthreads()
                for who in set(self._futures) - set(alive):
                    self._futures.pop(who).cancel()
                    return who, None
        return None

    def send(self, who, frame):
        """As `Hub` says."""
        self._outboxes[who].put(frame)

    def results(self):
        """The machines at the end, in the order of their ids."""
        return sorted(self._client.gather(list(self._futures.values()), errors="skip"))


class DaskLink:
    """A worker's end."""

    def __init__(self, name, who):
        from distributed import Queue

        self._who, self._up, self._down = who, Queue(f"{name}-up"), Queue(f"{name}-{who}")

    def send(self, frame):
        """As `Link` says."""
        self._up.put((self._who, frame))

    def receive(self):
        """As `Link` says."""
        return self._down.get()


def _on_a_worker(name, who, arguments, how):
    return take_part(DaskLink(name, who), *arguments, **how)


# From the command line ------------------------------------------------------------------------------------------------


def losses_of(number, seed):
    """The private losses of a machine on digits.

    Parameters
    ----------
    number : int
        Of the machine: another number, other batches.
    seed : int
        Of the split and of all private draws.

    Returns
    -------
    callable
        ``losses(samples)``, as `take_part` asks for.

    Examples
    --------
    >>> len(losses_of(3, 0)(2))
    2
    """
    check.integer(number=number)
    part = baselines.split(seed, like=np.zeros(1))
    return baselines.Private(part.x, part.y, seed, number).losses


def sockets(settings, *, machines=4, kill=None, join=None, patience=60.0):
    """A run of processes of this machine, one of which is killed and another one joins late.

    Parameters
    ----------
    settings : Settings
        Of the run.
    machines : int, default: 4
        Processes at the start.
    kill : int, optional
        Iteration before which the first process is killed (SIGKILL).
    join : int, optional
        Iteration before which one more process, which has waited, connects. It takes part from when it has caught up.
    patience : float, default: 60
        As for `hold`.

    Returns
    -------
    held : Held
        What the barrier has seen.
    ends : dict of int to (int, str)
        Of each machine that is left its id, iterations and fingerprint.

    Raises
    ------
    RuntimeError
        If nobody is left.

    Examples
    --------
    >>> held, ends = sockets(Settings(steps=40, seed=0), machines=2)
    >>> sum(held.payload), len({fingerprint for _, fingerprint in ends.values()})
    (80, 1)
    """
    check.integer(machines=machines), check.instance(Settings, settings=settings)
    hub = Sockets()
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    processes: list[subprocess.Popen] = []

    def begin(*more) -> Any:
        words = [
            "-m",
            "refimpl.distributed._one_byte_network",
            "machine",
            "--port",
            hub.port,
            "--number",
            len(processes),
        ]
        words += ["--steps", settings.steps, "--seed", settings.seed, "--eta", settings.eta]
        words += ["--norm", settings.norm, "--eps", settings.eps, "--samples", settings.samples, *more]
        command = [sys.executable, *map(str, words)]
        environment = os.environ | {"PYTHONPATH": path}
        pipe = subprocess.PIPE
        processes.append(subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True))
        return processes[-1]

    def between(t):
        if t == join:
            late.stdout.readline()  # it has started
            late.stdin.write("come\n")
            late.stdin.flush()
        if t == kill:
            processes[0].kill()

    try:
        for _ in range(machines):
            begin()
        late: Any = begin("--called") if join is not None else None
        held = hold(hub, steps=settings.steps, machines=machines, patience=patience, between=between)
        hub.close()
        ends = [process.communicate(timeout=patience)[0].split() for process in processes]
    finally:
        hub.close()
        for process in processes:
            process.kill()
            process.communicate()
    return held, {int(end[0]): (int(end[1]), end[2]) for end in ends if end}


def mpi(settings, *, silent=None, join=None, patience=20.0):
    """The same under ``mpiexec``: rank 0 is the barrier, the last rank joins late, rank 1 falls silent.

    Parameters
    ----------
    settings : Settings
        Of the run.
    silent : int, optional
        Iteration in which rank 1 sends nothing.
    join : int, optional
        Iteration before which the last rank is called. It takes part from when it has caught up.
    patience : float, default: 20
        As for `hold`.

    Returns
    -------
    held : Held or None
        On rank 0.
    ends : dict of int to (int, str), or None
        As for `sockets`, on rank 0.

    Raises
    ------
    ImportError
        If mpi4py is not installed.
    ValueError
        If there are fewer than three ranks.
    """
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    rank, size = comm.Get_rank(), comm.Get_size()
    if size < 3:
        raise ValueError(f"mpiexec -n must be at least 3, got {size}")
    late = size - 1 if join is not None else None
    if rank == 0:
        hub = MPIHub(comm)
        call = lambda t: hub.send(late, b"come") if t == join else None
        held = hold(hub, steps=settings.steps, machines=size - 1 - (late is not None), patience=patience, between=call)
        if late is not None and len(held.joined) < size - 1:
            hub.send(late, _OVER)
        return held, {id: end for id, *end in filter(None, comm.gather(None))}
    w0, losses = np.zeros(baselines.SIZE), losses_of(rank - 1, settings.seed)
    quiet = silent if rank == 1 else None
    try:
        machine = take_part(MPILink(comm), w0, losses, settings, silent=quiet, called=rank == late)
        comm.gather((machine.id, machine.t, one_byte.digest(machine.w)))
    except ValueError:  # too late; all ranks must come to the end
        comm.gather(None)
    return None, None


def dask(settings, *, machines=4, kill=None, join=None, patience=60.0):
    """The same on a Dask cluster of this machine: a worker is killed, and another one begins late.

    Parameters
    ----------
    settings, machines, kill, join, patience
        As for `sockets`.

    Returns
    -------
    held, ends
        As for `sockets`.

    Raises
    ------
    ImportError
        If Dask is not installed.
    """
    import dask as dask_
    from distributed import Client, LocalCluster

    quiet = {"distributed.admin.log-length": 0, "distributed.worker.daemon": True}
    local = {"processes": True, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with (
        dask_.config.set(quiet),
        LocalCluster(n_workers=machines + (join is not None), **local) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(machines + (join is not None))
        hub, pids = DaskHub(client), client.run(os.getpid)
        who = sorted(pids)

        def begin(number):
            hub.run(who[number], np.zeros(baselines.SIZE), losses_of(number, settings.seed), settings)

        def between(t):
            if t == join:
                begin(machines)
            if t == kill:
                os.kill(pids[who[0]], signal.SIGKILL)

        for number in range(machines):
            begin(number)
        held = hold(hub, steps=settings.steps, machines=machines, patience=patience, between=between)
        if join is not None and len(held.joined) <= machines:
            hub.send(who[machines], _OVER)
        return held, {machine.id: (machine.t, one_byte.digest(machine.w)) for machine in hub.results()}


def tell(held, ends):
    """What came out, for a reader.

    Parameters
    ----------
    held, ends
        From `sockets`, `mpi` or `dask`.

    Returns
    -------
    str
        Some lines.

    Examples
    --------
    >>> print(tell(Held([{0: b"a"}], [1], 10, 20, 0, {}, {0: 0}), {0: (1, "e3b0c442")}))
    1 iteration, 1 byte of slopes; 10 bytes to the barrier with addresses, 20 back, 0 of them logs
    machine 0: from iteration 0; 1 iteration, w e3b0c442
    1 fingerprint at the end
    """
    check.instance(Held, held=held), check.instance(dict, ends=ends)

    def number(n, what):
        return f"{n} {what}{'s' * (n != 1)}"

    lines = [
        f"{number(len(held.log), 'iteration')}, {number(sum(held.payload), 'byte')} of slopes; "
        f"{held.up} bytes to the barrier with addresses, {held.down} back, {held.catching_up} of them logs"
    ]
    for id, first in held.joined.items():
        end = f"{number(ends[id][0], 'iteration')}, w {ends[id][1][:16]}" if id in ends else "no more"
        gone = f", missing at the barrier of iteration {held.dropped[id]}" if id in held.dropped else ""
        lines.append(f"machine {id}: from iteration {first}{gone}; {end}")
    final = {fingerprint for t, fingerprint in ends.values() if t == len(held.log)}
    return "\n".join([*lines, f"{number(len(final), 'fingerprint')} at the end"])


def main(words=None):
    """The command line: see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=("sockets", "mpi", "dask", "machine"))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--eta", type=float, default=0.05)
    parser.add_argument("--norm", choices=("sqrt", "mean"), default="sqrt")
    parser.add_argument("--eps", type=float, default=1e-3)
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--port", type=int, help="machine: where the barrier listens")
    parser.add_argument("--number", type=int, default=0, help="machine: whose data it has")
    parser.add_argument("--called", action="store_true", help="machine: wait for a line on standard input")
    parser.add_argument("--patience", type=float, default=20.0, help="seconds until a silent machine is dropped")
    options = parser.parse_args(words)
    settings = Settings(*(getattr(options, name) for name in Settings._fields))
    if options.network == "machine":
        if options.called:
            print("ready", flush=True)
            sys.stdin.readline()
        losses = losses_of(options.number, settings.seed)
        machine = take_part(SocketLink(options.port), np.zeros(baselines.SIZE), losses, settings)
        print(machine.id, machine.t, one_byte.digest(machine.w))
        return
    half, third = settings.steps // 2, settings.steps // 3
    if options.network == "mpi":
        held, ends = mpi(settings, silent=half, join=third, patience=options.patience)
    else:
        run = sockets if options.network == "sockets" else dask
        held, ends = run(settings, kill=half, join=third, patience=options.patience)
    if held:
        print(tell(held, ends))


if __name__ == "__main__":
    from refimpl.distributed import _one_byte_network as module  # by its name, so that workers of Dask find it

    module.main()
