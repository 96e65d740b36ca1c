"""One step of consensus-based optimization with 10,000 particles in 100 dimensions, consensus point included."""

import numpy as np

from benchmarks import _measure
from refimpl.core import random
from refimpl.search import cbo

PARTICLES, DIMENSIONS = 10_000, 100
RATES = {"alpha": 10.0, "drift": 1.0, "diffusion": 0.5, "dt": 0.01}


def objective(positions):
    """[..., d] -> [...]: so cheap that the step itself is timed."""
    return positions[..., 0] ** 2


def ours(particles, dimensions, draws=None):
    """Our step, with given draws or its own."""
    rng = random.stream(0, "cbo")
    like = np.zeros(1)
    swarm = [cbo.init(random.normal(rng, (particles, dimensions), like=like))]

    def step():
        x = swarm[0].positions
        noise = random.normal(rng, x.shape, like=x) if draws is None else draws
        swarm[0] = cbo.step(swarm[0], objective(x), noise, **RATES)[0]

    return step


def held(particles, dimensions, draws):
    """Our step with its arguments kept, so that the memory of its results is not taken for temporaries."""
    swarm = cbo.init(random.normal(random.stream(1), (particles, dimensions), like=np.zeros(1)))
    energies = objective(swarm.positions)
    return lambda: cbo.step(swarm, energies, draws, **RATES)


def cbx_step(draws=None, bookkeeping=True):
    """The step of `cbx`: as `optimize` calls it, or its update alone."""
    from cbx.dynamics import CBO

    dynamics = CBO(
        objective,
        f_dim="3D",
        x=random.normal(random.stream(0, "cbo"), (PARTICLES, DIMENSIONS), like=np.zeros(1)),
        noise="isotropic",
        sampler=None if draws is None else lambda size: draws.reshape(size),
        alpha=RATES["alpha"],
        lamda=RATES["drift"],
        sigma=RATES["diffusion"],
        dt=RATES["dt"],
        max_it=10**9,
        verbosity=0,
        track_args={"names": []},
    )
    return dynamics.step if bookkeeping else dynamics.inner_step


def run():
    draws = random.normal(random.stream(2), (PARTICLES, DIMENSIONS), like=np.zeros(1))
    nbytes = draws.nbytes
    workloads = []
    for given in (draws, None):
        theirs, missing = _measure.peers(
            {
                "cbx, as optimize() steps": lambda given=given: cbx_step(given),
                "cbx, update alone": lambda given=given: cbx_step(given, bookkeeping=False),
            }
        )
        steps = {"refimpl": ours(PARTICLES, DIMENSIONS, given)} | theirs
        memory = {**steps, "refimpl": held(PARTICLES, DIMENSIONS, draws)} if given is not None else steps
        table = [*_measure.rows(steps, 40, held=memory), *missing]
        title = f"CBO, N = {PARTICLES:,}, d = {DIMENSIONS}, float64, isotropic, "
        if given is None:
            workloads.append(_measure.Workload(title + "own draws", table))
            continue
        grown = [
            _measure.growth("N", [2500, 5000, 10_000, 20_000], lambda n: ours(n, 100, np.ones((n, 100))), 1.0),
            _measure.growth("d", [50, 100, 200, 400], lambda d: ours(PARTICLES, d, np.ones((PARTICLES, d))), 1.0),
        ]
        table.append(_measure.limit(3 * nbytes, "positions and draws read, positions written"))
        note = f"An N by d array takes {nbytes / 1e6:.0f} MB. cbx keeps positions in place; ours checks its arguments."
        workloads.append(_measure.Workload(title + "given draws", table, grown, note))
    return workloads
