"""One function on every operation of some targets: here, or on a Dask cluster."""

import contextlib
from typing import Any

from refimpl.oracle import catalog, ending
from refimpl.oracle.claims import cluster
from refimpl.oracle.output import terminal


def each(request, function, *arguments):
    """What a function returns for each operation of the targets, in their order; here, or on the cluster."""
    names = [operation.name for target in request.targets for operation in catalog.operations(target)]
    names = list(dict.fromkeys(names))
    found: dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(cluster.connected(request.dask)) if request.dask else None
        status = stack.enter_context(terminal.console(stderr=True).status("checking"))

        def show(running):
            status.update(f"{len(found)} of {len(names)} operations; checking {', '.join(sorted(running))}")

        if client is None:
            for name in names:
                show({name})
                try:
                    found[name] = function(name, *arguments)
                except ending.Ended as stop:
                    if stop.result is None:
                        raise
                    found[name] = stop.result  # that of the next ones says that they did not run
            return list(found.values())
        place = f"{function.__module__}:{function.__name__}"
        jobs = [cluster.Job(name, place, (name, *arguments)) for name in names]
        running = stack.enter_context(contextlib.closing(cluster.finished(client, jobs, show=show)))
        for done in running:
            if done.failure:
                raise cluster.ClusterError(f"{done.name}: {done.failure.strip().rpartition(chr(10))[2]}")
            found[done.name] = done.result
    return [found[name] for name in names]
