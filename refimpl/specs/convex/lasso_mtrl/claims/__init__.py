"""Claims of the paper on active multi-task learning, as experiments."""

from refimpl.specs.base import Claim
from refimpl.specs.convex.lasso_mtrl.claims.designs import gap, optimal_design, priced
from refimpl.specs.convex.lasso_mtrl.claims.known import equal_budget, rate, support
from refimpl.specs.convex.lasso_mtrl.claims.unknown import estimated, estimated_generic

_DATA = "random linear tasks stand in for the paper's corrupted digits"
_TARGET = "{} target samples were chosen so that the error of the sources dominates"
_FEW = (
    "least squares on those {} target samples alone beats every strategy: the experiment compares allocations, and "
    "does not show that sources help"
)
_MANY, _MORE = "20,000", "40,000"

CLAIMS = (
    Claim(
        "lasso_mtrl.C1",
        "With known relevance, sampling by the least 1-norm has a smaller excess risk than sampling by the least "
        "2-norm or uniformly, at the same budget",
        "abstract; theorem on known relevance",
        equal_budget,
        tier="full",
        kind="superiority",
        control=f"L2 and uniform at the same 12,000 samples; {_FEW.format(_MANY)}. With 60 to 1000 target samples "
        "sources do help, and L1 is then not reliably better than L2. For the generic target nothing makes the "
        "relevance sparse.",
        showed="as good",
        proxy=_DATA,
        tuned=f"{_TARGET.format(_MANY)}; where the target is one source head the sparsity is planted; 72 instances in "
        "place of twelve, whose mean missed the bound for the generic target at 3 of 20 fresh seeds; that of 72 misses "
        "it at 3 of 20 others",
    ),
    Claim(
        "lasso_mtrl.C2",
        "The number of source samples grows as 1 / eps in the squared error",
        "theorem on known relevance",
        rate,
        tier="full",
        kind="rate",
        control="uniform sampling has the same slope: the rate is no merit of the allocation, the constant is; "
        + _FEW.format(_MORE),
        showed="as good",
        proxy=_DATA,
        tuned=_TARGET.format(_MORE),
    ),
    Claim(
        "lasso_mtrl.C3",
        "With relevance estimated by the Lasso the excess risk is within twice that of known relevance if exploration "
        "is free, and below that of L2 and uniform also if it is charged",
        "abstract; theorem on unknown relevance",
        estimated,
        tier="full",
        kind="superiority",
        control="all strategies at the same total of 12,000 samples, exploration included, as well as with exploration "
        "for free; the target is one source head. C8 has the generic target.",
        showed="behind",
        proxy=_DATA,
        tuned=f"{_TARGET.format(_MANY)}; the target is one source head, and the penalty of the Lasso a share of 0.05",
    ),
    Claim(
        "lasso_mtrl.C4",
        "No design beats n in proportion to |nu^1|, and s |nu^2|_2^2 >= |nu^2|_1^2 >= |nu^1|_1^2",
        "theorem on known relevance",
        optimal_design,
        kind="identity",
    ),
    Claim(
        "lasso_mtrl.C5",
        "The least 1-norm selects few source tasks, the least 2-norm all",
        "abstract",
        support,
        kind="behaviour",
        tuned="where the target is one source head the sparsity is planted; the generic target is the evidence",
    ),
    Claim(
        "lasso_mtrl.C6",
        "Where samples have prices, choosing tasks by a weighted 1-norm saves cost",
        "abstract; section on prices",
        priced,
        tier="full",
        kind="efficiency",
        control="designs of the same value: nu^1 with the best n for the prices is nearly as dear as nu^1 blind to "
        "them, so the gain comes mainly from which tasks are taken. Equal prices give no gain at all.",
        showed="behind",
        proxy="the bound on the excess risk, not the risk itself",
        tuned="the spread of the prices",
    ),
    Claim(
        "lasso_mtrl.C7",
        "The gap between the two strategies has no bound as k grows",
        "abstract; lower bound for the earlier strategy",
        gap,
        kind="rate",
        control="exact values of both designs at the same budget, and of uniform sampling",
        showed="behind",
        proxy="random heads, and the value of the design in place of the excess risk, stand in for the worst case of "
        "the theorem",
        tuned="the target is one source head: planted",
    ),
    Claim(
        "lasso_mtrl.C8",
        "The gain with estimated relevance pays for its exploration, also for a target that is no source head",
        "abstract, read for a generic target",
        estimated_generic,
        tier="full",
        kind="superiority",
        control="the same total of 12,000 samples for all, as in C3",
        showed="as good",
        proxy=_DATA,
        tuned=_TARGET.format(_MANY),
    ),
)
