"""What the oracle knows of prompt search by clustering and pruning."""

import math

import numpy as np

from refimpl.core.arrays import array_namespace, from_numpy
from refimpl.search import claps
from refimpl.search._claps_models import table
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number, tags
from refimpl.specs.domains import COUNT, FRACTION, Relation, below, real
from refimpl.specs.search.claps import cases, exact, laws
from refimpl.specs.search.claps.claims import CLAIMS
from refimpl.specs.search.claps.mistakes import ALTERNATIVES


def rewards(logits, y, kind):
    """Rewards of prompts."""
    return claps.rewards(logits, y, kind=kind)


def influence(logits_empty, logits, y, kind, q):
    """Influences, their percentile, and which are above it."""
    found = claps.influence(logits_empty, logits, y, kind=kind)
    threshold, kept = claps.prune(found, q=q)
    return found, threshold, array_namespace(kept).astype(kept, array_namespace(kept).int64)


def cluster(E, u, max_iter):
    """k-means and the tokens nearest to its centres."""
    return tuple(claps.cluster(E, u, max_iter=max_iter))


def _count(calls, like):
    return from_numpy(np.asarray(calls), like=like, dtype=array_namespace(like).int64)


def greedy(U, Q, vocab):
    """Greedy search on a table."""
    found = claps.greedy(table(U, Q), vocab, U.shape[0])
    return found.prompt, found.rewards, _count(found.calls, vocab)


def genetic(U, Q, vocab, init, mut_parent, mut_flip, mut_token, cross_parent, coin, elite, p_mut):
    """Genetic search on a table."""
    draws = claps.GeneticDraws(mut_parent, mut_flip, mut_token, cross_parent, coin)
    run = claps.genetic(table(U, Q), vocab, init, draws, elite=elite, p_mut=p_mut)
    populations = array_namespace(vocab).stack([claps._tokens(vocab, x) for x in run.history["population"][1:]])
    best = array_namespace(U).stack(run.history["score"])
    return populations, best, claps._tokens(vocab, run.state.best), _count(run.state.calls, vocab)


def pso(U, Q, vocab, init, nu, gate1, gate2, mut_gate, mut_pos, mut_token, move1, move2):
    """Particle swarm search on a table."""
    draws = claps.SwarmDraws(gate1, gate2, mut_gate, mut_pos, mut_token, move1, move2)
    run = claps.swarm(table(U, Q), vocab, init, nu, draws)
    x = array_namespace(vocab).stack([claps._tokens(vocab, x) for x in run.history["x"][1:]])
    velocity = array_namespace(nu).stack(run.history["velocity"][1:])
    end = run.state
    return x, velocity, end.scores, claps._tokens(vocab, end.g), array_namespace(U).asarray(end.score)


def _constant_size(inputs):
    """Whether all later populations are of one size."""
    n, share = len(inputs["init"]), inputs["elite"]
    first = max(1, math.floor(share * n))
    bred = inputs["mut_flip"].shape[1] + inputs["coin"].shape[1]
    return max(1, math.floor(share * (first + bred))) == first


_UNIFORM = FRACTION
_Y = array("y", "S", "classes of the examples", below("C"))
_LOGITS = array("logits", "n S C", "logits of the classes, of n prompts and S examples")
_CLASSES = Relation("there are two classes at least", ("logits",), lambda i: i["logits"].shape[-1] >= 2)
_TABLE = (
    array("U", "L V", "what a token is worth at each position of the prompt"),
    array("Q", "V V", "Q[a, b]: what b is worth right after a"),
    array("vocab", "v", "token ids that prompts are made of", below("V").that("different")),
)
_INIT = array("init", "N L", "the first prompts, as places in vocab", below("v"))
_REWARD = "the reward of a prompt z is sum_l U[l, z_l] + sum_l Q[z_l, z_(l+1)]"
_BAD_TABLE = (
    *refusals.arrays(U="U")[:1],
    *refusals.arrays(Q="Q")[:1],
    ErrorCase("token-twice", "a token is in the vocabulary once", {"vocab": np.array([1, 1])}, ValueError, "vocab"),
    ErrorCase("no-tokens", "a search needs tokens", {"vocab": np.zeros(0, int)}, ValueError, "vocab"),
)
_NO_PROMPTS = ErrorCase("no-prompts", "no list of prompts is empty", {"init": np.zeros((0, 2))}, ValueError, "init")
_STEPLESS = {"long": "it has no steps"}


def _draw(name, axes, doc):
    return array(name, axes, doc, _UNIFORM)


def _outside(name, called):
    """A draw that is no uniform number."""

    def make(operation):
        value = operation.cases[0].inputs[name]
        slug = f"one-in-{name.replace('_', '-')}"
        return ErrorCase(slug, "uniform numbers are below 1", {name: np.ones_like(value)}, ValueError, called)

    return make


REWARDS = Operation(
    name="claps.rewards",
    summary="rewards of prompts from the model's probabilities p, the softmax of its logits. cross_entropy: mean of "
    "log p[y]; gap: mean of 200 g where g > 0 and 180 g where not, g the p of the true class less the largest p of the "
    "other classes; entropy: sum over examples and classes of p log p",
    inputs=(_LOGITS, _Y, choice("kind", cases.KINDS, "which reward")),
    outputs=(array("R", "n", "reward of each prompt; larger is better"),),
    reference=rewards,
    exact=exact.rewards,
    exact_source="mpmath with 50 digits, example by example",
    cases=cases.REWARDS,
    sample=cases.sample_rewards,
    laws=laws.REWARDS,
    relations=(_CLASSES,),
    errors=(
        refusals.arrays(logits="logits")[0],
        ErrorCase("other-count", "a class for each example", {"y": np.zeros(9)}, ValueError, "y"),
        ErrorCase("no-class", "there are C classes", {"y": np.full(6, 7)}, ValueError, "y"),
    ),
    without=_STEPLESS,
)

INFLUENCE = Operation(
    name="claps.influence",
    summary="influence of prompts of one token against the empty prompt, and which are above a percentile. reward: "
    "mean of log p[y] with the token less that without it; kl: sum over the examples of the Kullback-Leibler "
    "divergence of p with the token from p without it, sum p log(p / p_empty)",
    inputs=(
        array("logits_empty", "S C", "logits with the empty prompt"),
        _LOGITS,
        _Y,
        choice("kind", ("reward", "kl"), "which influence"),
        number("q", "percentage of the tokens that goes", real(0, 100, open=")")),
    ),
    outputs=(
        array("I", "n", "influence of each token"),
        array("threshold", "", "percentile q of I, linear between the two nearest: at the place q (n - 1) / 100"),
        array("kept", "n", "1 where I is above it, strictly, else 0"),
    ),
    reference=influence,
    exact=exact.influence,
    exact_source="mpmath with 50 digits, the percentile by counting ranks",
    cases=cases.INFLUENCE,
    sample=cases.sample_influence,
    laws=laws.INFLUENCE,
    relations=(_CLASSES,),
    errors=(*refusals.arrays(logits="logits")[:1], *refusals.arrays(logits_empty="logits"), refusals.numbers("q")),
    without=_STEPLESS,
)

CLUSTER = Operation(
    name="claps.cluster",
    summary="k-means of the rows of E, and the row nearest to each centre. The first seed is the row floor(u_0 V); "
    "then the row i of the least index with sum over j <= i of D_j^2 > u_k sum of all D_j^2, D_j the distance to the "
    "nearest seed so far. Centres move to the means of their rows until no label changes, at most max_iter times; an "
    "empty cluster keeps its centre; of equal distances the first",
    inputs=(
        array("E", "V d", "embeddings of the tokens"),
        array("u", "K", "uniform numbers for the seeds", _UNIFORM),
        integer("max_iter", "most times that the centres are moved", COUNT),
    ),
    outputs=(
        array("seeds", "K", "rows at which the centres start"),
        array("labels", "V", "nearest centre of each row"),
        array("centres", "K d", "centres at the end"),
        array("representatives", "K", "row nearest to each centre; some may be equal"),
    ),
    reference=cluster,
    exact=exact.cluster,
    exact_source="rational arithmetic, cluster by cluster",
    cases=cases.CLUSTER,
    sample=cases.sample_cluster,
    laws=laws.CLUSTER,
    relations=(
        Relation(
            "E has K different rows at least",
            ("E", "u"),
            lambda i: len(np.unique(i["E"], axis=0)) >= len(i["u"]),
        ),
    ),
    errors=(
        *refusals.arrays(E="E")[:1],
        refusals.numbers("max_iter"),
        ErrorCase("same-rows", "no more clusters than different rows", {"E": np.ones((5, 2))}, ValueError, "u"),
        _outside("u", "u"),
    ),
    without={"long": "it stops where no label changes"},
)

GREEDY = Operation(
    name="claps.greedy",
    summary=f"greedy search on a table: to the empty prompt append the token of vocab that gives the largest reward, "
    f"of equal ones the first in vocab, until there are L; {_REWARD}, of a shorter prompt the terms that exist",
    inputs=_TABLE,
    outputs=(
        array("prompt", "L", "token ids"),
        array("rewards", "L", "reward after each token", steps=True),
        array("calls", "", "prompts that were evaluated"),
    ),
    reference=greedy,
    exact=exact.greedy,
    exact_source="rational arithmetic, by what a token adds",
    cases=cases.GREEDY,
    sample=cases.sample_greedy,
    laws=laws.GREEDY,
    errors=_BAD_TABLE,
)

GENETIC = Operation(
    name="claps.genetic",
    summary=f"genetic search on a table, T epochs; {_REWARD}. Each epoch after the first: elites, the max(1, "
    "floor(elite P)) prompts of largest reward, equal ones in the order in which they stand; then mutants, each a copy "
    "of an elite with some tokens replaced by other ones; then children, each token from one of two elites. An elite "
    "is number floor(u times their count); a new token is number floor(u (v - 1)) of vocab without the present one",
    inputs=(
        *_TABLE,
        _INIT,
        _draw("mut_parent", "t m", "which elite is mutated; t = T - 1"),
        _draw("mut_flip", "t m L", "a position changes if this is below p_mut"),
        _draw("mut_token", "t m L", "which token it gets"),
        _draw("cross_parent", "t c 2", "which elites are crossed"),
        _draw("coin", "t c L", "below 0.5: the token of the first one"),
        number("elite", "share of the population that stays, rounded down", real(0, 1, open="(")),
        number("p_mut", "probability of a change", FRACTION),
    ),
    outputs=(
        array("populations", "t P L", "token ids after each breeding: elites, mutants, children", steps=True, first=2),
        array("best", "t+1", "largest reward so far in each epoch", steps=True),
        array("prompt", "L", "token ids of the best prompt, the first that had this reward"),
        array("calls", "", "prompts that were evaluated"),
    ),
    reference=genetic,
    exact=exact.genetic,
    exact_source="rational rewards, sorted lists of prompts",
    cases=cases.GENETIC,
    sample=cases.sample_genetic,
    laws=laws.GENETIC,
    relations=(
        Relation("all populations after the first are of one size", ("init", "mut_flip", "coin", "elite"),
                 _constant_size),
        Relation("vocab has two tokens at least", ("vocab",), lambda i: len(i["vocab"]) >= 2),
    ),
    errors=(*_BAD_TABLE, _NO_PROMPTS, refusals.numbers("elite", "p_mut"), _outside("mut_token", "token")),
)  # fmt: skip

PSO = Operation(
    name="claps.pso",
    summary=f"particle swarm search on a table, epochs i = 0, ..., T - 1; {_REWARD}. With omega = 0.6 (T - i) / T + "
    "0.2, c1 = 0.8 - 0.6 i / T, c2 = 0.2 + 0.6 i / T: v <- omega v + (1 - omega) (e(x, b) + e(x, g)), e = -3 "
    "where equal and 3 where not, chance = sigmoid(v); if gate1 < c1, positions with move1 < chance become "
    "those of the own best b; then, if gate2 < c2, those with move2 < chance become those of the best of all "
    "g; if mut_gate < 0.1 the position floor(mut_pos L) becomes token number floor(mut_token v) of vocab. Then"
    " b where strictly better, then g from the best particle of this epoch, the first of equal ones, if "
    "strictly better; v and e use what was before the epoch",
    inputs=(
        *_TABLE,
        _INIT,
        array("nu", "N", "first velocity of each particle, the same at each position"),
        _draw("gate1", "T N", "whether a particle moves to its own best"),
        _draw("gate2", "T N", "whether it moves to the best of all"),
        _draw("mut_gate", "T N", "whether it mutates"),
        _draw("mut_pos", "T N", "where it mutates"),
        _draw("mut_token", "T N", "which token it gets"),
        _draw("move1", "T N L", "which positions move to the own best"),
        _draw("move2", "T N L", "which positions move to the best of all"),
    ),
    outputs=(
        array("positions", "T N L", "token ids after each epoch", steps=True),
        array("velocities", "T N L", "v after each epoch", steps=True),
        array("scores", "N", "reward of the own best of each particle at the end"),
        array("g", "L", "token ids of the best prompt"),
        array("score", "", "its reward"),
    ),
    reference=pso,
    exact=exact.pso,
    exact_source="rational velocities, particle by particle; chances in mpmath with 50 digits",
    cases=cases.PSO,
    sample=cases.sample_pso,
    laws=laws.PSO,
    errors=(*_BAD_TABLE, _NO_PROMPTS, *refusals.arrays(nu="nu"), _outside("move1", "move1")),
)

SYSTEM = System(
    name="claps",
    chapter="search",
    summary="prompts for a black-box model: cluster the tokens, keep those that help most, search among these",
    paper=Paper(
        title="Survival of the Most Influential Prompts: Efficient Black-Box Prompt Search via Clustering and Pruning",
        authors="Zhou, Wan, Vulić, Korhonen",
        arxiv="2310.12774",
        year=2023,
        key="zhou2023survival",
    ),
    operations=(PSO, GENETIC, GREEDY, CLUSTER, INFLUENCE, REWARDS),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations=dict(
        zip(
            tags("claps", *range(1, 33)),
            (
                "the model's probabilities",
                "the paper's reward; code, text_classification_reward.py",
                "code, text_classification_reward.py: gap; ties ours",
                "code, text_classification_reward.py: gap",
                "code, text_classification_reward.py: entropy",
                "k-means++ (Arthur and Vassilvitskii, 2007)",
                "k-means++, with the draws as arguments",
                "method, clustering: k-means",
                "method, clustering: k-means",
                "method, clustering; code, get_kmeans_vocab.ipynb",
                "method, pruning; code, run_prune_search.py",
                "code, run_prune_search.py: kl",
                "code, run_prune_search.py: numpy.percentile",
                "code, run_prune_search.py",
                "code, greedy.py",
                "code, greedy.py",
                "code, genetics.py",
                "code, genetics.py: mutation of all positions is ours",
                "code, genetics.py: mutation",
                "usual crossover; the code takes one parent whole",
                "code, genetics.py",
                "code, particle_swarm.py, after Zang et al. (2020)",
                "code, particle_swarm.py",
                "code, particle_swarm.py",
                "code, particle_swarm.py",
                "code, particle_swarm.py",
                "code, particle_swarm.py",
                "code, particle_swarm.py",
                "code, particle_swarm.py",
                "code, particle_swarm.py",
                "code, particle_swarm.py",
                "code, base_trainer.py",
            ),
            strict=True,
        )
    ),
)
