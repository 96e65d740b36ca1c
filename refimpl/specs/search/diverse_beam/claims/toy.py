"""The toy of the claims: contexts that are mixtures of Markov chains, and a decoder that has learnt them with "
"errors."""

from typing import Any, NamedTuple

import numpy as np

from refimpl.core.random import stream
from refimpl.search import _diverse_beam_metrics as metrics
from refimpl.search import _diverse_beam_models as models
from refimpl.search import diverse_beam as dbs

V, T, LIKE = 24, 8, np.zeros(1)
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"  # Okabe and Ito
SET_UP = (
    "The toy: each context is a mixture of Markov chains on 24 words, eight words long; the decoder is the exact "
    "mixture "
    "with Gaussian errors on its logits; ten sequences of the mixture are the references. That there are several "
    "modes is "
    "planted. Similarity: mean of the F1 of words and of bigrams."
)

SAME = "The toy of C1."


class Context(NamedTuple):
    """One input of the decoder, and what people would say."""

    mixture: models.Mixture
    model: Any
    references: np.ndarray  # [10, T]


def contexts(seed, claim, count, *, sigma, modes=4):
    """The first contexts of a claim."""
    for i in range(count):
        rng = stream(seed, "diverse_beam", claim, modes, i)
        mixture = models.mixture(rng, modes=modes, V=V, like=LIKE)
        truth = models.decoder(mixture, sigma=0.0)
        references = models.sample(rng, truth, 10, T, like=LIKE)
        yield Context(mixture, models.decoder(mixture, sigma=sigma), references)


def beam(context, width, groups=1, strength=0.5, diversity=None):
    """A search in a context, its list sorted by log-probability."""
    settings = {"length": T, "width": width, "groups": groups, "strength": strength, "like": LIKE}
    return dbs.by_probability(dbs.search(context.model, diversity, **settings))


def sampled(seed, claim, i, context, count, temperature):
    """So many samples of the decoder: as many rows of the model as a beam of this width."""
    rng = stream(seed, "diverse_beam", claim, "samples", i, temperature)
    return models.sample(rng, context.model, count, T, temperature=temperature, like=LIKE)


def judged(context, tokens):
    """Distinct-2, oracle of all, metric of the first."""
    k = tokens.shape[0]
    return (
        metrics.distinct(tokens, 2),
        metrics.oracle(tokens, context.references, k),
        metrics.oracle(tokens[:1], context.references, 1),
    )


def error(x):
    """Standard error of a mean."""
    return float(np.std(x, ddof=1) / np.sqrt(len(x)))
