"""Tree search on a table of scores: one walk down four choices of eight values, and what is learnt of it."""

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.search import deeparchitect as da

VALUES, DEPTH, PLAYOUTS = 8, 4, 200


def _table(depth):
    return stream(0, "benchmark", "deeparchitect").random(VALUES**depth)


def ours(depth=DEPTH, playouts=PLAYOUTS, bisected=False):
    """So many evaluations from an empty tree."""
    tree = ["UserHyperparams", *[list(range(VALUES))] * depth]
    space, table = da.parse(tree), _table(min(depth, DEPTH)).tolist()

    def score(layers):
        leaf = 0
        for value in layers[0][1:]:
            leaf = (leaf * VALUES + int(value)) % len(table)
        return table[leaf]

    search = {"budget": playouts, "c": 0.5, "bisected": bisected}
    return lambda: da.tree_search(stream(0, "benchmark"), space, [1], score, **search)


def mctx_search():
    """`mctx.muzero_policy` on the same table, compiled, batch 1: its rule is PUCT with uniform priors."""
    import jax
    import jax.numpy as jnp
    import mctx

    table = jnp.asarray(_table(DEPTH))
    prior = jnp.zeros((1, VALUES))

    def step(params, key, action, state):
        depth, leaf = state
        depth, leaf = depth + 1, leaf * VALUES + action
        ended = depth == DEPTH
        reward = jnp.where(ended, table[leaf % len(table)], 0.0)
        output = mctx.RecurrentFnOutput(
            reward=reward, discount=jnp.where(ended, 0.0, 1.0), prior_logits=prior, value=jnp.full((1,), 0.5)
        )
        return output, (depth, leaf)

    def run(key):
        zero = jnp.zeros((1,), dtype=jnp.int32)
        root = mctx.RootFnOutput(prior_logits=prior, value=jnp.full((1,), 0.5), embedding=(zero, zero))
        return mctx.muzero_policy((), key, root, step, num_simulations=PLAYOUTS, max_depth=DEPTH).action

    compiled = jax.jit(run)
    compiled(jax.random.PRNGKey(0)).block_until_ready()
    return lambda: compiled(jax.random.PRNGKey(1)).block_until_ready()


def mcts_search():
    """`mcts`, the package of that name, on the same table."""
    from mcts import mcts

    table = _table(DEPTH).tolist()

    class Place:
        def __init__(self, leaf=0, depth=0):
            self.leaf, self.depth = leaf, depth

        def getCurrentPlayer(self):
            return 1

        def getPossibleActions(self):
            return list(range(VALUES))

        def takeAction(self, action):
            return Place(self.leaf * VALUES + action, self.depth + 1)

        def isTerminal(self):
            return self.depth == DEPTH

        def getReward(self):
            return table[self.leaf]

    return lambda: mcts(iterationLimit=PLAYOUTS, explorationConstant=0.5).search(Place())


def walks():
    """The walks alone: what is left if nothing is chosen or learnt."""
    root = da.start(da.parse(["UserHyperparams", *[list(range(VALUES))] * DEPTH]), [1])
    draws = stream(0, "benchmark").random((PLAYOUTS, DEPTH)).tolist()
    return lambda: [da._roll(root, row) for row in draws]


def run():
    others, missing = _measure.peers({"mctx": mctx_search, "mcts": mcts_search})
    rows = [*_measure.rows({"refimpl": ours(), **others}, 9), *missing]
    seconds = _measure.interleave({"walks": walks()}, repeats=9)["walks"]
    rows.append(_measure.Row("hardware limit", min(seconds), None, None, "the walks alone, in Python"))
    grown = [
        _measure.growth("T", [100, 200, 400, 800], lambda T: ours(playouts=T), 1.0),
        _measure.growth("depth", [4, 8, 16, 32], lambda D: ours(depth=D), 1.0),
    ]
    note = (
        f"{PLAYOUTS} playouts from an empty tree. mctx is compiled and made for batches on an accelerator; its rule is "
        "PUCT. An evaluation, the training of a network, takes a hundred times as long as a playout here, or more."
    )
    title = f"tree search, {PLAYOUTS} playouts, {DEPTH} choices of {VALUES} values"
    return [_measure.Workload(title, rows, grown, note)]
