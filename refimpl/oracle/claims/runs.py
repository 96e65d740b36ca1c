"""A run of claims, on a pool of processes or on a Dask cluster."""

import contextlib
import signal
import time
from typing import Any

from refimpl.core import check
from refimpl.oracle.claims import cluster, pool
from refimpl.oracle.claims.experiment import blank, run_by_id
from refimpl.oracle.claims.progress import progress as shown
from refimpl.oracle.claims.progress import silence
from refimpl.oracle.claims.report import footer_of, report_file
from refimpl.oracle.output import reportfile

CATALOG = "refimpl.oracle.catalog:claims"


class Interrupted(KeyboardInterrupt):
    """A run that was cut short; `records` holds what had finished."""

    def __init__(self, records):
        super().__init__(f"interrupted after {len(records)} claims")
        self.records = records


def run_claims(claims, *, seed=0, tier="quick", jobs=None, out=None, progress=True, find=CATALOG, dask=None):
    """Run claims on a pool of processes, or on a Dask cluster.

    Parameters
    ----------
    claims : sequence of Claim
        Each once. Workers look them up by id with `find`, because an experiment may be a lambda.
    seed : int, default: 0
        >= 0. Seed of every experiment; the same seed gives the same records, whatever `jobs` is.
    tier : {"quick", "full", "all"}
        The claims of the quick tier, or all of them.
    jobs : int, optional
        >= 1. Number of processes, each with one BLAS thread; default: the usable cores.
    out : path, optional
        Folder that gets the report ``claims.jsonl`` and ``<id>.png`` for each figure.
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
        Records as of `run_claim`, in the order of `claims`.

    Raises
    ------
    Interrupted
        On Ctrl-C or SIGTERM, once the workers are killed and the report has its footer.
    ClusterError
        If the Dask cluster cannot be used.
    TypeError, ValueError
        If a claim occurs twice, or `seed`, `tier` or `jobs` is not as above.
    """
    seed = check.integer(seed=seed)
    check.choice(("quick", "full", "all"), tier=tier)
    jobs = check.integer(jobs=pool.usable_cores() if jobs is None else jobs, minimum=1)
    claims = of_tier(claims, tier)
    planned = [claim.id for claim in claims]
    if len(set(planned)) < len(planned):
        raise ValueError(f"claims must occur once, got {', '.join(planned)}")
    records: dict[str, dict[str, Any]] = {}
    start = time.perf_counter()
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(cluster.connected(dask)) if dask else None
        caught = stack.enter_context(_signals())
        note, show = stack.enter_context(shown(planned) if progress else silence())
        write = stack.enter_context(report_file(out))
        write(reportfile.header(planned, tier=tier, seed=seed))
        running = (
            _finished_on(client, claims, seed, find, caught, show)
            if client
            else pool.finished(claims, seed, jobs, find, caught, show)
        )
        stack.enter_context(contextlib.closing(running))
        for record in running:
            records[record["id"]] = record
            write({"kind": "claim"} | record)
            note(record)
        write(footer_of(planned, records.values(), bool(caught), time.perf_counter() - start))
    found = [records[name] for name in planned if name in records]
    if caught:
        raise Interrupted(found)
    return found


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


def _finished_on(client, claims, seed, find, caught, show):
    """The same on a Dask cluster."""
    table = {claim.id: claim for claim in pool.long_ones_first(claims)}
    jobs = [cluster.Job(name, f"{run_by_id.__module__}:{run_by_id.__name__}", (find, name, seed)) for name in table]
    for done in cluster.finished(client, jobs, caught, show):
        found = done.result or {"traceback": done.failure, "seconds": done.seconds}
        yield blank(table[done.name], seed) | found
