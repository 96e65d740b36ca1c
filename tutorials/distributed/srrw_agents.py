"""
A token between processes: agents that send each other messages
===============================================================

The self-repellent walk as its users would run it: every node is an agent that knows its own data, its neighbours and
one counter. The agents live in one process, or in several that talk by MPI; either way they walk the very path of the
code for one process.

The rule: :doc:`/distributed/srrw`. Run it with ``.venv/bin/python tutorials/distributed/srrw_agents.py``, or, with the
extra ``cluster`` installed, in four processes: ``mpiexec -n 4 .venv/bin/python tutorials/distributed/srrw_agents.py``.
"""

import os
import time
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.distributed import _srrw_models as models
from refimpl.distributed import srrw
from refimpl.problems import graphs

SIDE, STEPS, ALPHA, A, B = 6, 400, 5.0, 0.7, 0.9
GRAPH = graphs.grid(SIDE, SIDE)
WISHES = stream(0, "tutorial-srrw", "agents").standard_normal((SIDE * SIDE, 2)) + 1.0

# %%
# An agent
# --------
# It knows whom it can reach and how many neighbours each of those has; that makes its row of the Metropolis-Hastings
# walk. Its counter never fades: in place of all :math:`x_j` shrinking by :math:`1 - \gamma_n`, which would take a
# message to everyone, the visits grow in weight, :math:`\gamma_n / \prod_{k \le n} (1 - \gamma_k)`. Only ratios of
# counters matter. The token carries the product, the parameters and its own source of randomness.


class Token(NamedTuple):
    """All that travels."""

    n: int  # steps taken
    theta: np.ndarray  # [d]
    left: float  # product of all 1 - gamma so far
    rng: np.random.Generator
    log: list  # of (node, theta), for the picture below; the rule does not need it


class Agent:
    """A node of the network."""

    def __init__(self, name):
        self.name, self.wish, self.counter = name, WISHES[name], 1 / len(GRAPH)
        near = np.flatnonzero(GRAPH[name]).tolist()
        row = {j: 1.0 / max(GRAPH[name].sum(), GRAPH[j].sum()) for j in near}
        row[name] = max(0.0, 1.0 - sum(row.values()))
        self.row = {j: row[j] for j in sorted(row) if row[j] > 0}

    def receive(self, token):
        """Count the visit and take a step towards what this node wishes."""
        n, gamma, beta = token.n + 1, srrw.step_size(token.n + 1, A), srrw.step_size(token.n + 1, B)
        left = token.left * (1 - gamma)
        self.counter += gamma / left
        theta = token.theta + beta * (self.wish - token.theta)
        return Token(n, theta, left, token.rng, [*token.log, (self.name, theta)])

    def choose(self, token, ask):
        """The next holder: one message to each neighbour, for its counter, and one draw."""
        counters = [self.counter if j == self.name else ask(j) for j in self.row]
        weights = srrw.kernel_row(
            np.array(list(self.row.values())), np.array(counters), np.ones(len(counters)), alpha=ALPHA
        )
        return list(self.row)[int(srrw.draw(weights, np.asarray(token.rng.uniform())))]


# %%
# Processes
# ---------
# The grid is cut into four quarters; each process has one of them, or several, or all. Only the process that has the
# token is at work, and the others answer when they are asked for a counter. Three kinds of messages are enough:
# *ask*, *answer* and the token itself. Without MPI the only process asks nobody but itself.

ASK, ANSWER, TOKEN, STOP = 1, 2, 3, 4
QUARTER = [2 * (i // SIDE >= SIDE / 2) + (i % SIDE >= SIDE / 2) for i in range(SIDE * SIDE)]
if {"PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK"} & os.environ.keys():  # started by mpiexec
    from mpi4py import MPI

    world, rank, size = MPI.COMM_WORLD, MPI.COMM_WORLD.rank, MPI.COMM_WORLD.size
else:
    world, rank, size = None, 0, 1
HOME = [quarter % size for quarter in QUARTER]
agents = {i: Agent(i) for i in range(SIDE * SIDE) if HOME[i] == rank}


def ask(j):
    """The counter of an agent, wherever it lives."""
    if HOME[j] == rank:
        return agents[j].counter
    world.send(j, dest=HOME[j], tag=ASK)
    return world.recv(source=HOME[j], tag=ANSWER)


def hold(token, node):
    """Let the token walk among the agents of this process, until it leaves them or has taken all its steps."""
    while token.n < STEPS:
        node = agents[node].choose(token, ask)
        if HOME[node] != rank:
            world.send((token, node), dest=HOME[node], tag=TOKEN)
            return None
        token = agents[node].receive(token)
    for other in set(HOME) - {rank}:
        world.send(None, dest=other, tag=STOP)
    return token


def serve():
    """Answer neighbours; take the token when it comes; return it if it has taken its last step here."""
    status = MPI.Status()
    while True:
        while not world.iprobe(status=status):
            time.sleep(1e-4)  # leave the processor to whoever has the token
        message = world.recv(source=status.source, tag=status.tag)
        if status.tag == ASK:
            world.send(agents[message].counter, dest=status.source, tag=ANSWER)
        elif status.tag == TOKEN:
            token, node = message
            if done := hold(agents[node].receive(token), node):
                return done
        else:
            return None


START = SIDE * SIDE // 2
begin = Token(0, np.zeros(2), 1.0, stream(0, "tutorial-srrw", "draws"), [])
last = hold(begin, START) if HOME[START] == rank else None
if last is None and size > 1 and rank in HOME:
    last = serve()
counters = {i: agent.counter for i, agent in agents.items()}
if world:
    last = next(filter(None, world.allgather(last)))
    counters = {i: count for part in world.allgather(counters) for i, count in part.items()}

# %%
# The same path
# -------------
# Here is what the code for one process does with the same draws: the same nodes, the same parameters to the last bit,
# and frequencies that equal the counters divided by their sum, up to rounding.

walk, path = srrw.metropolis(GRAPH), []
_, run = srrw.run(
    np.zeros(2),
    srrw.init(walk, START),
    walk,
    models.Quadratic(WISHES).local,
    steps=STEPS,
    rng=stream(0, "tutorial-srrw", "draws"),
    alpha=ALPHA,
    a=A,
    b=B,
    record=lambda theta, state: path.append((int(state.node), theta)) or {},
)
held = np.array([counters[i] for i in range(SIDE * SIDE)])
gap = np.max(np.abs(held / held.sum() - run.state[1].x) / run.state[1].x)
same_nodes = [node for node, _ in last.log] == [node for node, _ in path[1:]]
same_theta = all(np.array_equal(ours, theirs) for (_, ours), (_, theirs) in zip(last.log, path[1:], strict=True))
if rank == 0:
    print(f"{size} process{'es' * (size > 1)}, {STEPS} steps")
    print(f"the same nodes: {same_nodes}; the same theta: {same_theta}; frequencies within {gap:.0e}")
if not (same_nodes and same_theta and gap < 1e-10):
    raise SystemExit("the agents have left the path of the code for one process")

# %%
# What it costs
# -------------
# Each step takes one message to each neighbour, its answer, and the token itself: some nine small messages, however
# large the network is. Most of them stay within a quarter. The picture shows the first steps of the token across the
# four homes, and what it learned on its way.

BLUE, ORANGE, GREEN, PINK, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision
figure, (left_axes, right_axes) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
nodes = [START, *(node for node, _ in last.log)]
spots = np.stack(np.divmod(np.arange(SIDE * SIDE), SIDE), axis=1)[:, ::-1]
for quarter, color in enumerate((BLUE, ORANGE, GREEN, PINK)):
    own = spots[np.array(QUARTER) == quarter]
    left_axes.plot(*own.T, "o", color=color, markersize=22, alpha=0.45)
shown = spots[nodes[:61]] + 0.12 * stream(0, "tutorial-srrw", "jitter").standard_normal((61, 2))
left_axes.plot(*shown.T, color="black", linewidth=1)
left_axes.plot(*shown[0], "s", color="black", markersize=7, label="start")
left_axes.plot(*shown[-1], "*", color="black", markersize=12, label="after 60 steps")
left_axes.set(xticks=[], yticks=[], aspect="equal", title="36 agents in four homes", ylim=(-1.4, SIDE - 0.5))
left_axes.legend(frameon=False, loc="upper center", ncols=2)
left_axes.invert_yaxis()
error = lambda thetas: np.linalg.norm(np.stack(thetas) - WISHES.mean(axis=0), axis=1)
right_axes.loglog(
    1 + np.arange(STEPS), error([t for _, t in path[1:]]), color=GRAY, linewidth=4, label="code for one process"
)
right_axes.loglog(1 + np.arange(STEPS), error([t for _, t in last.log]), color=ORANGE, linewidth=1, label="agents")
right_axes.set(xlabel="step", ylabel=r"$\|\theta_n - \theta^*\|$", title="what the token has learned")
right_axes.legend(frameon=False)
figure.suptitle("Agents that know their neighbours' counters alone walk the path of the formula", fontsize=14)

if __name__ == "__main__" and rank == 0:
    finish("srrw_agents")
