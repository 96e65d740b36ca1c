"""A run of claims, on a pool of processes or on a Dask cluster."""

import contextlib
import signal
import time
from typing import Any

from refimpl.core import check
from refimpl.oracle.claims import cluster, pool
from refimpl.oracle.claims.experiment import blank, run_by_id, tasks
from refimpl.oracle.claims.progress import progress as shown
from refimpl.oracle.claims.progress import silence
from refimpl.oracle.claims.report import entry, footer_of, report_file
from refimpl.oracle.output import reportfile

CATALOG = "refimpl.oracle.catalog:claims"


class Interrupted(KeyboardInterrupt):
    """A run that was cut short; `records` holds what had finished."""

    def __init__(self, records):
        super().__init__(f"interrupted after {len(records)} claims")
        self.records = records


def run_claims(claims, *, seed=0, seeds=1, tier="quick", jobs=None, out=None, progress=True, find=CATALOG, dask=None):
    """Run claims on a pool of processes, or on a Dask cluster.

    Parameters
    ----------
    claims : sequence of Claim
        Each once. Workers look them up by id with `find`, because an experiment may be a lambda.
    seed : int, default: 0
        >= 0. Seed of every experiment; the same seed gives the same records, whatever `jobs` is.
    seeds : int, default: 1
        >= 1. At so many seeds, from `seed` on, each claim is run.
    tier : {"quick", "full", "all"}
        The claims of the quick tier, or all of them.
    jobs : int, optional
        >= 1. Number of processes, each with one BLAS thread; default: the usable cores.
    out : path, optional
        Folder that gets the report ``claims.jsonl``, a line per run, and ``<id>.png`` for each figure.
    progress : bool, default: True
        Show on standard error what runs: live on a terminal, else a line per finished claim.
    find : str
        ``"module:function"``; ``function([id])`` gives the claim in a worker.
    dask : str, optional
        Address of a Dask scheduler, whose workers run the claims instead; they must have this version of refimpl.
        The records are the same.

    Returns
    -------
    list of dict
        Records as of `run_claim`, in the order of `claims`, at the first seed; `seeds` tells the status at each, or
        "not run".

    Raises
    ------
    Interrupted
        On Ctrl-C or SIGTERM, once the workers are killed and the report has its footer.
    ClusterError
        If the Dask cluster cannot be used.
    TypeError, ValueError
        If a claim occurs twice, or `seed`, `seeds`, `tier` or `jobs` is not as above.
    """
    seed, seeds = check.integer(seed=seed), check.integer(seeds=seeds, minimum=1)
    check.choice(("quick", "full", "all"), tier=tier)
    jobs = check.integer(jobs=pool.usable_cores() if jobs is None else jobs, minimum=1)
    claims = of_tier(claims, tier)
    ids = [claim.id for claim in claims]
    if len(set(ids)) < len(ids):
        raise ValueError(f"claims must occur once, got {', '.join(ids)}")
    asked = tasks(claims, range(seed, seed + seeds))
    planned = [task.name for task in asked]
    records: dict[str, dict[str, Any]] = {}
    start = time.perf_counter()
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(cluster.connected(dask)) if dask else None
        caught = stack.enter_context(_signals())
        note, show = stack.enter_context(shown(planned) if progress else silence())
        write = stack.enter_context(report_file(out))
        write(reportfile.header(planned, tier=tier, seed=seed, seeds=seeds))
        running = (
            _finished_on(client, asked, find, caught, show)
            if client
            else pool.finished(asked, jobs, find, caught, show)
        )
        stack.enter_context(contextlib.closing(running))
        for task, record in running:
            records[task.name] = record
            write(entry(task.name, record))
            note(task.name, record)
        write(footer_of(planned, records.values(), bool(caught), time.perf_counter() - start))
    found = [records[name] | {"seeds": _seeds(name, asked, records)} for name in ids if name in records]
    if caught:
        raise Interrupted(found)
    return found


def _seeds(name, asked, records):
    """Status of a claim at each of the seeds that were asked for."""
    runs = [task for task in asked if task.claim.id == name]
    return {str(task.seed): records[task.name]["status"] if task.name in records else "not run" for task in runs}


def of_tier(claims, tier):
    """The claims of a tier; "full" and "all" take in the quick ones."""
    return [claim for claim in claims if tier != "quick" or claim.tier == "quick"]


@contextlib.contextmanager
def _signals():
    """Ctrl-C and SIGTERM as entries of a list, so that they never strike in the middle of a line of the report."""
    caught: list[int] = []
    try:
        before = {s: signal.signal(s, lambda s, frame: caught.append(s)) for s in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread, to which signals go
        before = {}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _finished_on(client, asked, find, caught, show):
    """As `pool.finished`, on a Dask cluster."""
    table = {task.name: task for task in asked}
    place = f"{run_by_id.__module__}:{run_by_id.__name__}"
    jobs = [cluster.Job(name, place, (find, task.claim.id, task.seed, task.draw)) for name, task in table.items()]
    for done in cluster.finished(client, jobs, caught, show):
        found, task = done.result or {"traceback": done.failure, "seconds": done.seconds}, table[done.name]
        yield task, blank(task.claim, task.seed) | found
