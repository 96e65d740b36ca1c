"""How much less is kept: C5 and C6."""

import numpy as np

from refimpl.attention import _wta_crs_product as product
from refimpl.attention import wta_crs
from refimpl.specs.attention.wta_crs.claims.products import BLUE, GREY, ORANGE
from refimpl.specs.attention.wta_crs.claims.training import BATCH, schedule, start
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within

BASE = {"batch": 64, "sequence": 128, "width": 768, "hidden": 3072, "heads": 12}
RATIOS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


def _gain(ratio, dropout):
    found = product.memory(**BASE, ratio=ratio, dropout=dropout)
    return found.everything / found.sampled


def floats(seed):
    """What layers of the network on digits have kept, counted; and a transformer block, by its accounting."""
    (x, labels, _, _), params = start(seed, "wta_crs.C5", 0)
    (ids,), (draws,) = schedule(seed, "wta_crs.C5", 0, steps=1)
    state = wta_crs.init(params, x.shape[0])
    kept = [wta_crs.step(state, x[ids], labels[ids], ids, draws, lr=0.01, ratio=r)[1].floats for r in (1.0, 0.3)]
    block = product.memory(**BASE)
    curves = {dropout: [_gain(ratio, dropout) for ratio in RATIOS] for dropout in (False, True)}

    def plot(figure):
        axes = figure.subplots()
        for dropout, colour, label in ((False, BLUE, "without dropout"), (True, ORANGE, "with dropout")):
            axes.plot(RATIOS, curves[dropout], "o-", color=colour, label=label)
        axes.axhline(2.7, linestyle=":", color="black", label="paper: 2.7")
        axes.axhline(block.everything / block.recomputed, color=GREY, label="recomputing")
        axes.set(xlabel="share of rows that is kept", ylabel="times less kept by a block", yscale="log",
                 title="64 x 128 tokens, width 768")  # fmt: skip
        axes.set_yticks([1, 2, 3, 5, 10, 15], ["1", "2", "3", "5", "10", "15"])
        axes.minorticks_off()
        axes.legend(frameon=False)

    return Outcome(
        [
            within(f"linear layers, batch of {BATCH}: floats kept, all rows over ratio 0.3", kept[0] / kept[1],
                   0.99 / 0.3, 1.01 / 0.3),
            at_least("block at ratio 0.1, dropout: times less", _gain(0.1, True), 2.7),
            reported("block at ratio 0.1, no dropout: times less", _gain(0.1, False)),
            reported("block at ratio 0.3, dropout: times less", _gain(0.3, True)),
            reported("block at ratio 0.3, no dropout: times less", _gain(0.3, False)),
            reported("block, all but its input recomputed: times less", block.everything / block.recomputed),
        ],
        plot,
    )  # fmt: skip


def batches(seed):
    """How many times the batch fits if activations are all that counts."""
    gains = {ratio: _gain(ratio, True) for ratio in (0.3, 0.1, 1e-6)}
    shares = np.linspace(0, 0.9, 10)  # of the memory, what does not grow with the batch and LoRA does away with

    def plot(figure):
        axes = figure.subplots()
        for ratio, colour in ((0.3, BLUE), (0.1, ORANGE)):
            axes.plot(shares, gains[ratio] / (1 - shares), "o-", color=colour, label=f"ratio {ratio}")
        axes.axhline(6.4, linestyle=":", color="black", label="paper: 6.4")
        axes.set(xlabel="share of memory that is no activation, and is saved too", ylabel="times the batch",
                 title="with dropout")  # fmt: skip
        axes.legend(frameon=False)

    return Outcome(
        [
            at_least("times the batch at ratio 0.1, from activations alone", gains[0.1], 6.4),
            reported("times the batch at ratio 0.3", gains[0.3]),
            at_most("times the batch if nothing at all is kept of what can be sampled", gains[1e-6], 4.0),
            reported("share of the memory that must go beside, at ratio 0.1", 1 - gains[0.1] / 6.4),
        ],
        plot,
        "No part of it is random. The rest of 6.4 must come from what LoRA does away with: gradients and the states of "
        "the optimiser.",
    )


CLAIMS = (
    Claim("wta_crs.C5", "up to 2.7 times less peak memory", "abstract", floats, kind="efficiency",
          control="keeping the input of each block alone and computing the rest again keeps 14 times less, with the "
          "exact gradient, for about a third more work", showed="as good",
          proxy="floats that are kept, counted, in place of the peak memory of a GPU; parameters and the states of the "
          "optimiser are left out"),
    Claim("wta_crs.C6", "up to 6.4 times larger batches", "abstract", batches, kind="efficiency",
          control="recomputing each block from its input allows 14 times the batch by the same accounting",
          showed="as good", proxy="floats that are kept, counted, in place of what fits on a GPU"),
)  # fmt: skip
