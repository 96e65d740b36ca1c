"""
Diverse beam search: a list that is not one answer six times
=============================================================

Beam search asks a model for its best sequences, and gets one of them with small changes. Diverse beam search has the
beam in groups that keep out of each other's way. Three pictures: where the beams go, what groups and their strength do
to a list, and whether the first of the list gets better too.

The derivation: :doc:`/search/diverse_beam`. Run it with ``.venv/bin/python tutorials/search/diverse_beam.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.search import _diverse_beam_metrics as metrics
from refimpl.search import _diverse_beam_models as models
from refimpl.search import diverse_beam as dbs

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.55"  # told apart with any color vision
V, T, LIKE = 24, 8, np.zeros(1)

# sphinx_gallery_thumbnail_number = 3

# %%
# Where the beams go
# ------------------
# The model: sequences of eight words out of 24, each from one of four Markov chains; the decoder knows the mixture,
# with some errors. Six sequences from beam search, and six from three groups of two. A line is a sequence, a column a
# step, a height a word. All of beam search's descend from one beginning.


def context(i, sigma):
    """A decoder, and ten sequences of what it should have learnt."""
    rng = stream(i, "tutorial-diverse_beam")
    mixture = models.mixture(rng, V=V, like=LIKE)
    said = models.sample(rng, models.decoder(mixture, sigma=0.0), 10, T, like=LIKE)
    return models.decoder(mixture, sigma=sigma), said


def beam(model, width, groups=1, strength=0.5):
    """The list of a search, group by group."""
    return dbs.search(model, length=T, width=width, groups=groups, strength=strength, like=LIKE)


model, _ = context(1, 0.5)
figure, panels = plt.subplots(1, 2, figsize=(11, 5), sharey=True, layout="constrained")
lists = {"Beam search of 6": (beam(model, 6), [GREY] * 6)}
lists["Three groups of 2"] = (beam(model, 6, 3), [BLUE, BLUE, ORANGE, ORANGE, GREEN, GREEN])
for axes, (title, (found, colors)) in zip(panels, lists.items(), strict=True):
    for row, (words, color) in enumerate(zip(found.tokens, colors, strict=True)):
        shift = 0.12 * (row - 2.5)  # so that lines do not hide each other
        axes.plot(np.arange(1, T + 1), words + shift, "o-", color=color, markersize=5, linewidth=1.5)
    axes.set_title(f"{title}: {metrics.distinct(found.tokens, 2):.2f} distinct bigrams per word")
    axes.set(xlabel="step", xticks=range(1, T + 1))
panels[0].set_ylabel("word (number in the vocabulary)")
handles = [plt.Line2D([], [], color=color, marker="o") for color in (BLUE, ORANGE, GREEN)]
figure.legend(handles, ["group 1", "group 2", "group 3"], loc="outside lower right", ncols=3)

# %%
# What groups and strength do
# ---------------------------
# Forty contexts. Left: how various the list is. Without a penalty, three groups are three copies of a narrower beam,
# and less various than beam search; a strength of 0.2 makes up for that, and beyond 0.5 little is gained. Right: how
# good the best of the list is for each of ten references. Dashed: beam search. Dotted: six samples at temperature
# 0.5, for which the model is asked as often: they are more various. On these contexts the best of them is a little
# behind that of six groups, on those of claim C2 it was not.

COUNT, STRENGTHS = 40, (0.0, 0.2, 0.5, 1.0, 2.0)
every = [context(i, 0.5) for i in range(COUNT)]


def judged(lists):
    """Mean distinct-2 and mean oracle of all."""
    pairs = [
        (metrics.distinct(tokens, 2), metrics.oracle(tokens, said, 6))
        for tokens, (_, said) in zip(lists, every, strict=True)
    ]
    return np.mean(pairs, axis=0)


curves = {
    g: np.array([judged([beam(model, 6, g, s).tokens for model, _ in every]) for s in STRENGTHS]) for g in (2, 3, 6)
}
plain = judged([beam(model, 6).tokens for model, _ in every])
rng = stream(0, "tutorial-diverse_beam", "samples")
drawn = judged([models.sample(rng, model, 6, T, temperature=0.5, like=LIKE) for model, _ in every])

figure, panels = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
for column, (axes, title) in enumerate(zip(panels, ("Distinct bigrams per word", "Oracle of six"), strict=True)):
    for (g, values), color in zip(curves.items(), (ORANGE, GREEN, BLUE), strict=True):
        axes.plot(STRENGTHS, values[:, column], "o-", color=color, label=f"{g} groups")
    axes.axhline(plain[column], color=GREY, linestyle="--", label="beam search")
    axes.axhline(drawn[column], color=PINK, linestyle=":", linewidth=2, label="samples")
    axes.set(xlabel=r"strength $\lambda$", title=title)
panels[0].legend(loc="lower right")
figure.suptitle("Groups make better lists than beam search; samples are more various, and not far behind", fontsize=14)

# %%
# Is the first of the list better, too?
# -------------------------------------
# With a worse decoder (errors four times as large), the most probable of ten sequences in five groups is nearer to
# the references than that of a beam of ten. But so is that of a beam of two, and of one: this decoder's most probable
# sequences are not its best ones, and whoever searches less well is spared them. As a *search*, diverse beam search
# finds less probable sequences than beam search with as many beams.

WIDTHS, MANY = (1, 2, 3, 5, 10), 120
worse = [context(1000 + i, 2.0) for i in range(MANY)]


def firsts(*settings):
    """Similarity to the references and log-probability of the most probable of each list."""
    lists = [dbs.by_probability(beam(model, *settings)) for model, _ in worse]
    scores = [metrics.oracle(run.tokens[:1], said, 1) for run, (_, said) in zip(lists, worse, strict=True)]
    return np.array([scores, [run.raw[0] for run in lists]])


narrow, diverse = {width: firsts(width) for width in WIDTHS}, firsts(10, 5, 0.2)
figure, panels = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
for column, (axes, title) in enumerate(zip(panels, ("Similarity to the references", "Log-probability"), strict=True)):
    values = np.array([narrow[width][column] for width in WIDTHS])
    errors = values.std(axis=1, ddof=1) / MANY**0.5
    axes.errorbar(WIDTHS, values.mean(axis=1), yerr=errors, fmt="o-", color=GREY, capsize=3, label="beam search")
    axes.axhline(diverse[column].mean(), color=BLUE, label="diverse: 10 beams in 5 groups")
    axes.set(xscale="log", xlabel="width of the beam", title=title)
    axes.set_xticks(WIDTHS, [str(width) for width in WIDTHS])
    axes.minorticks_off()
panels[0].legend(frameon=False)
figure.suptitle("The better first answer is that of a narrower beam", fontsize=14)

if __name__ == "__main__":
    finish("diverse_beam")
