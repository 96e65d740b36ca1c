"""A run of claims, on a pool of processes or on a Dask cluster."""

import contextlib
import time
from typing import Any

from refimpl.core import check
from refimpl.oracle import ending
from refimpl.oracle.claims import cluster, pool
from refimpl.oracle.claims.experiment import blank, run_by_id, tasks
from refimpl.oracle.claims.progress import progress as shown
from refimpl.oracle.claims.progress import silence
from refimpl.oracle.claims.report import Unwritten, entry, footer_of, report_file
from refimpl.oracle.output import reportfile

CATALOG = "refimpl.oracle.catalog:claims"


def run_claims(
    claims, *, seed=0, seeds=1, tier="quick", jobs=None, out=None, progress=True, find=CATALOG, dask=None, force=False
):
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
    force : bool, default: False
        Whether to write over a ``claims.jsonl`` in `out` that is no report of ours.

    Returns
    -------
    list of dict
        Records as of `run_claim`, in the order of `claims`, at the first seed; `seeds` tells the status at each, or
        "not run".

    Raises
    ------
    Ended
        On Ctrl-C, SIGTERM or SIGHUP, once the workers are killed and the report has its footer; `result` holds the
        records of what had finished.
    Unwritten
        If the report cannot be written; `result` holds the records, of which none is lost.
    BlockingIOError
        If another run is writing into `out`.
    ClusterError
        If the Dask cluster cannot be used.
    TypeError, ValueError
        If a claim occurs twice, `seed`, `seeds`, `tier` or `jobs` is not as above, or a file would be written over.
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
    place = f"{run_by_id.__module__}:{run_by_id.__name__}"
    todo = [cluster.Job(task.name, place, (find, task.claim.id, task.seed, task.draw)) for task in asked]
    table = {task.name: task for task in asked}
    records: dict[str, dict[str, Any]] = {}
    finding = lambda: [records[name] | {"seeds": _seeds(name, asked, records)} for name in ids if name in records]
    start = time.perf_counter()
    try:
        with contextlib.ExitStack() as stack:
            client = stack.enter_context(cluster.connected(dask)) if dask else None
            caught = stack.enter_context(ending.held())
            note, show = stack.enter_context(shown(planned) if progress else silence())
            write = stack.enter_context(report_file(out, force))
            write(reportfile.header(planned, tier=tier, seed=seed, seeds=seeds))
            running = (
                cluster.finished(client, todo, caught, show) if client else pool.finished(todo, jobs, caught, show)
            )
            stack.enter_context(contextlib.closing(running))
            for done in running:
                task = table[done.name]
                found = done.result or {"traceback": done.failure, "seconds": done.seconds}
                records[task.name] = record = blank(task.claim, task.seed) | found
                write(entry(task.name, record))
                note(task.name, record)
            write(footer_of(planned, records.values(), bool(caught), time.perf_counter() - start))
    except (Unwritten, ending.Ended) as stop:
        stop.result = finding()
        raise
    return finding()


def _seeds(name, asked, records):
    """Status of a claim at each of the seeds that were asked for."""
    runs = [task for task in asked if task.claim.id == name]
    return {str(task.seed): records[task.name]["status"] if task.name in records else "not run" for task in runs}


def of_tier(claims, tier):
    """The claims of a tier; "full" and "all" take in the quick ones."""
    return [claim for claim in claims if tier != "quick" or claim.tier == "quick"]
