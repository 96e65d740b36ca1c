"""What goes wrong in diverse beam search: lines of the source that read otherwise."""

import math

from refimpl.core.arrays import array_namespace
from refimpl.search import diverse_beam as dbs
from refimpl.search._diverse_beam_models import chain
from refimpl.specs.base import mistake, variant
from refimpl.specs.search.diverse_beam import cases

_HF = "https://github.com/huggingface/transformers"
_FAIRSEQ = "https://github.com/facebookresearch/fairseq/pull/5069"
_OFFICIAL = "https://github.com/ashwinkalyan/dbs/blob/master/dbs/beam_utils.lua"
_HELD = "h.tokens for h in beams[:g] if h.tokens.shape[1] == t"
_EARLIER = f"earlier = [{_HELD}]"
_LAST = "xp.concat([h.tokens, h.tokens[:, -1:]], axis=1) for h in {} if h.tokens.shape[1] == t - 1 > 0"
_BEST = "xp.argsort(candidates, descending=True, stable=True)[:width]"
_HAMMING = "sum((_counts(rows, logp) for rows in earlier), xp.zeros_like(logp))"
_STEP = "grown, _ = _step(beams[g], logp, penalty, strength)"
_FINISH = "finished[g], beams[g] = _finish(finished[g], grown, eos, length)"
_SORTED = (
    "every = Beams(*(xp.concat(parts) for parts in zip(*finished, strict=True)))\n"
    "order = xp.argsort(every.score, descending=True, stable=True){}\n"
    "return Found(xp.take(every.tokens, order, axis=0), xp.take(every.score, order), xp.take(every.raw, order), "
    "calls * width, calls)"
)
_ONE_STEP = {"group_step": "its beams come without their prefixes"}
_ONE_GROUP = {"sibling_rank": "it has one group"}


def _in_search(**edits):
    """Edits of lines of `search` by how they begin."""
    places = {"start": "search: nothing = ", "asked": "search: if bool(", "step": "search: grown, _ = ",
              "finish": "search: finished[g], beams[g] = ", "end": "search: return Found("}  # fmt: skip
    return {places.get(name, name): text for name, text in edits.items()}


def _twice(beams):
    """The beams, and as many that are not live: a step takes twice as many candidates."""
    xp = array_namespace(beams.score)
    dead = beams._replace(score=xp.full_like(beams.score, -math.inf))
    return dbs.Beams(*(xp.concat(parts) for parts in zip(beams, dead, strict=True)))


def _joined(pool, beams, chosen, length):
    """Some of the beams go to a pool, which keeps its best."""
    xp, (b, t) = array_namespace(beams.score), beams.tokens.shape
    rest = xp.full((b, length - t), -1, dtype=beams.tokens.dtype)
    score = xp.concat([pool.score, xp.where(chosen, beams.score, -math.inf)])
    best = xp.argsort(score, descending=True, stable=True)[: pool.score.shape[0]]
    tokens = xp.concat([pool.tokens, xp.concat([beams.tokens, rest], axis=1)])
    score, raw = xp.take(score, best), xp.take(xp.concat([pool.raw, beams.raw]), best)
    filled = score > -math.inf
    tokens = xp.where(filled[:, None], xp.take(tokens, best, axis=0), -1)
    return dbs.Beams(tokens, score, xp.where(filled, raw, -math.inf))


def _as_transformers(first, table, vectors, length, width, groups, strength, kind, temperature, n, eos):
    """`search` as `generate(num_beam_groups=...)`: running beams never hold the end, 2 B' candidates are looked at."""
    similarity, model, xp = cases.diversity(kind, vectors, temperature, n), chain(first, table), array_namespace(first)
    b, calls = width // groups, 0
    beams = [dbs.init(b, like=first)] * groups
    none = xp.full_like(beams[0].score, -math.inf)
    pools = [dbs.Beams(xp.full((b, length), -1, dtype=xp.int64), none, none)] * groups
    done = [False] * groups
    for t in range(1, length + 1):
        for g in range(groups):
            if done[g]:  # it stands still, and holds the padding token, here that of the end
                beams[g] = beams[g]._replace(tokens=xp.full((b, t), eos, dtype=xp.int64))
                continue
            own, calls = xp.clip(beams[g].tokens, min=0), calls + 1
            logp = model(own)
            S = similarity(own, [h.tokens for h in beams[:g]], logp)
            every, _ = dbs.step(_twice(beams[g]), *(xp.concat([x, x]) for x in (logp, S)), strength=strength)
            ends, ranks = every.tokens[:, -1] == eos, xp.arange(2 * b)
            pools[g] = _joined(pools[g], every, ends & (ranks < b), length)
            on = xp.argsort(xp.astype(ends, xp.int64), stable=True)[:b]
            beams[g] = dbs.Beams(*(xp.take(x, on, axis=0) for x in every))
            worst = xp.min(pools[g].score)
            done[g] = bool(worst > -math.inf) and bool(worst >= every.score[0])
    for g in range(groups):
        if not done[g]:
            pools[g] = _joined(pools[g], beams[g], beams[g].score > -math.inf, length)
    tokens, score, raw = (xp.concat(parts) for parts in zip(*pools, strict=True))
    order = xp.argsort(score, descending=True, stable=True)
    found = (xp.take(x, order, axis=0) for x in (tokens, score, raw))
    return *found, xp.asarray(calls * b)


ALTERNATIVES = (
    # The penalty in the search
    mistake(
        "stale",
        "wrong_order",
        "a group is penalised for the tokens that earlier groups took in this step; here for those of the step before, "
        "so the groups begin alike",
        {
            "diverse_beam-10": "earlier = [xp.concat([h.tokens[:, :1], h.tokens[:, :-1]], axis=1) for h in beams[:g] "
            "if h.tokens.shape[1] == t > 1]"
        },
        unseen=_ONE_GROUP,
    ),
    mistake(
        "group_before_alone",
        "missing_step",
        "all earlier groups count; here only the one before does",
        {"diverse_beam-10": _EARLIER.replace("beams[:g]", "beams[max(g - 1, 0) : g]")},
        unseen=_ONE_GROUP,
    ),
    mistake(
        "later_groups_too",
        "wrong_order",
        "only earlier groups count; here the later ones count too, with their tokens of the step before",
        {"diverse_beam-10": f"{_EARLIER} + [{_LAST.format('beams[g + 1 :]')}]"},
        unseen=_ONE_GROUP,
    ),
    mistake(
        "own_group_too",
        "extra_step",
        "a group is not penalised for itself; here its own tokens of the step before count too",
        {"diverse_beam-10": f"{_EARLIER} + [{_LAST.format('beams[g : g + 1]')}]"},
        unseen=_ONE_GROUP,
    ),
    mistake(
        "candidates_counted",
        "wrong_constant",
        "the beams that a group keeps count; here the twice as many candidates that it puts forward do",
        _in_search(
            start="nothing, forward = xp.full_like(start.score, -math.inf), {}",
            step=f"{_STEP}\n"
            "dead = beams[g]._replace(score=nothing)\n"
            "twice = Beams(*(xp.concat(parts) for parts in zip(beams[g], dead, strict=True)))\n"
            "forward[g] = _step(twice, xp.concat([logp, logp]), xp.concat([penalty, penalty]), strength)[0]",
        )
        | {"diverse_beam-10": "earlier = [forward[h].tokens for h in range(g) if beams[h].tokens.shape[1] == t]"},
        origin=_FAIRSEQ,
        unseen=_ONE_GROUP,
    ),
    mistake(
        "groups_merged",
        "extra_step",
        "each group keeps its own best; here the best of all groups become the new beams, and groups die out",
        _in_search(
            asked="if True:",
            finish="beams[g] = grown\n"
            "if g == groups - 1:\n"
            "    every = Beams(*(xp.concat(parts) for parts in zip(*beams, strict=True)))\n"
            "    order = xp.argsort(every.score, descending=True, stable=True)\n"
            "    for h in range(groups):\n"
            "        own = order[h * width : (h + 1) * width]\n"
            "        grown = Beams(*(xp.take(x, own, axis=0) for x in every))\n"
            "        finished[h], beams[h] = _finish(finished[h], grown, eos, length)",
        ),
        origin=_FAIRSEQ,
        unseen=_ONE_GROUP,
    ),
    mistake(
        "one_finished_list",
        "wrong_output",
        "each group has a finished list of its own; here all share one, which the first groups fill",
        _in_search(
            start="nothing, none = xp.full((width * groups,), -math.inf, dtype=like.dtype, device=device(like)), "
            "xp.full((width * groups, length), -1, dtype=xp.int64, device=device(like))",
            finish="finished[0], beams[g] = _finish(finished[0], grown, eos, length)",
            end="return Found(*finished[0], calls * width, calls)",
        )
        | {"diverse_beam-9": "best = xp.argsort(score, descending=True, stable=True)[: finished.score.shape[0]]"},
        origin=f"{_HF}/pull/24407",
        unseen=_ONE_GROUP,
    ),
    mistake(
        "ended_still_count",
        "extra_step",
        "what has ended no longer counts; here each beam that has ended counts as a beam with the end in every later "
        "step",
        {
            "diverse_beam-10": "past = [xp.sum(xp.astype((f.score > -math.inf) & (f.tokens[:, t - 1] < 0), xp.int64)) "
            "for f in finished]\n"
            "still = [xp.full((int(k), t), max(eos, 0), dtype=xp.int64, device=device(like)) for k in past]\n"
            "earlier = [xp.concat([h.tokens, still[i]]) if h.tokens.shape[1] == t else still[i] "
            "for i, h in enumerate(beams[:g])]"
        },
        origin=_OFFICIAL,
        unseen=_ONE_GROUP,
    ),
    mistake(
        "end_exempt",
        "missing_step",
        "the end is penalised like any other token; here it is exempt",
        _in_search(
            step="penalty = xp.where(xp.arange(penalty.shape[1], device=device(like)) == eos, 0.0, penalty)\n" + _STEP
        ),
    ),
    # The step
    mistake(
        "penalty_added",
        "wrong_sign",
        "subtract the penalty; here it is added, and groups follow each other",
        {"diverse_beam-1": "candidates = beams.score[:, None] + logp + strength * penalty"},
    ),
    mistake(
        "no_penalty",
        "missing_step",
        "later groups are penalised; here they are not, and all groups are the same",
        {"diverse_beam-1": "candidates = beams.score[:, None] + logp"},
    ),
    mistake(
        "strength_ignored",
        "missing_step",
        "multiply the penalty by the strength; here each unit costs 1",
        {"diverse_beam-1": "candidates = beams.score[:, None] + logp - penalty"},
    ),
    mistake(
        "past_forgotten",
        "missing_step",
        "compare whole sequences; here only the last token counts",
        {"diverse_beam-1": "candidates = 0.0 * xp.clip(beams.score, min=0.0)[:, None] + logp - strength * penalty"},
    ),
    mistake(
        "normalised_after",
        "wrong_order",
        "subtract the penalty from log-probabilities; here they are normalised again after it, which shifts each row "
        "and "
        "favours the beams whose children are penalised most",
        {
            "diverse_beam-1": "less = logp - strength * penalty\n"
            "most = xp.max(less, axis=1, keepdims=True)\n"
            "less = less - most - xp.log(xp.sum(xp.exp(less - most), axis=1, keepdims=True))\n"
            "candidates = beams.score[:, None] + less"
        },
    ),
    mistake(
        "from_probabilities",
        "wrong_order",
        "subtract the penalty from log-probabilities; here from probabilities, before the logarithm",
        {
            "diverse_beam-1": "candidates = beams.score[:, None] + xp.log(xp.clip(xp.exp(logp) - strength * penalty, "
            "min=1e-30))"
        },
    ),
    mistake(
        "all_beams_at_first",
        "missing_step",
        "before the first token all beams are alike, and one of them counts; here all are expanded, and a group is B' "
        "times the same",
        {"init: score = ": "score = xp.zeros(width, dtype=like.dtype, device=where)"},
        origin="https://github.com/facebookresearch/ParlAI/issues/2007",
    ),
    mistake(
        "best_of_each_beam",
        "wrong_axis",
        "take the best over all beams; here each beam keeps its best child, and none is ever given up",
        {
            "diverse_beam-3": f"best = {_BEST}\n"
            "if bool(xp.all(beams.score > -math.inf)):\n"
            "    own = xp.argmax(xp.reshape(candidates, (width, V)), axis=1)\n"
            "    best = xp.arange(width, device=device(logp)) * V + own"
        },
    ),
    mistake(
        "worst_first",
        "wrong_sign",
        "take the largest scores; here the smallest that can be are taken",
        {
            "diverse_beam-3": "best = xp.argsort(xp.where(candidates > -math.inf, candidates, math.inf), "
            "stable=True)[:width]"
        },
    ),
    mistake(
        "parents_by_width",
        "wrong_axis",
        "a candidate's number is its beam times V plus its token; here it is divided by the number of beams",
        {"diverse_beam-4": "parents, chosen = (best // width) % width, best % V"},
    ),
    mistake(
        "parent_lost",
        "wrong_order",
        "the token follows the prefix of its parent; here that of the beam in whose place it is put",
        {"diverse_beam-7": "tokens = xp.concat([beams.tokens, chosen[:, None]], axis=1)"},
        unseen=_ONE_STEP,
    ),
    mistake(
        "raw_with_penalty",
        "wrong_output",
        "the raw score is the log-probability; here it is the score with its penalties",
        {"diverse_beam-6": "raw = score"},
    ),
    mistake(
        "raw_of_parent",
        "missing_step",
        "the raw score takes in the new token; here it stays that of the parent",
        {"diverse_beam-6": "raw = xp.take(beams.raw, parents)"},
    ),
    mistake(
        "raw_not_reordered",
        "wrong_order",
        "the raw score goes on from that of the parent; here from that of the beam in whose place it is put",
        {"diverse_beam-6": "raw = beams.raw + xp.take(xp.reshape(logp, (-1,)), best)"},
    ),
    # Ends
    mistake(
        "goes_on_after_the_end",
        "missing_step",
        "a beam that has taken the end has no children; here it goes on",
        {"_finish: return": "return finished, beams"},
        origin="https://github.com/facebookresearch/ParlAI/issues/2058",
    ),
    mistake(
        "ended_at_minus_1000",
        "numerics",
        "a beam that has ended is out; here its score becomes -1000, and it comes back once the others are below",
        {"_finish: return": "return finished, beams._replace(score=xp.where(ended, -1000.0, beams.score))"},
        origin=_OFFICIAL,
    ),
    mistake(
        "best_end_ends_all",
        "missing_step",
        "a group goes on while a beam of it is live; here it stops as soon as its best beam ends",
        {
            "_finish: return": "over = ended | ended[0:1]\n"
            "return finished, beams._replace(score=xp.where(over, -math.inf, beams.score))"
        },
        origin="https://github.com/joeynmt/joeynmt/issues/148",
    ),
    mistake(
        "unfinished_dropped",
        "missing_step",
        "what is live after the last step is part of the list; here only what has taken the end is",
        {"diverse_beam-8": "ended = beams.tokens[:, -1] == eos"},
    ),
    mistake(
        "first_come",
        "wrong_order",
        "the finished list keeps the best; here it keeps the first that came",
        {
            "diverse_beam-9": "best = xp.argsort(xp.astype(score > -math.inf, xp.int64), descending=True, "
            "stable=True)[:width]"
        },
    ),
    mistake(
        "end_cut_off",
        "wrong_output",
        "a sequence that has ended holds its end; here it is cut off",
        {
            "_finish: tokens = xp.where(": "tokens = xp.where(filled[:, None], xp.take(tokens, best, axis=0), -1)\n"
            "tokens = xp.where(tokens == eos, -1, tokens)"
        },
    ),
    # Similarities
    mistake(
        "taken_or_not",
        "wrong_constant",
        "two beams with the same token count twice; here it only counts whether a token is taken",
        {"diverse_beam-11": f"return xp.clip({_HAMMING}, max=1.0)"},
    ),
    mistake(
        "mean_of_beams",
        "wrong_scale",
        "sum over the earlier beams; here their mean is taken",
        {"diverse_beam-11": f"return {_HAMMING} / max(1, sum(rows.shape[0] for rows in earlier))"},
    ),
    mistake(
        "one_exponential",
        "wrong_order",
        "an exponential for each group, then their sum; here one exponential of the differences to all groups",
        {
            "diverse_beam-12": "return math.prod((of(rows) for rows in earlier), start=xp.ones_like(logp)) * "
            "bool(earlier)"
        },
    ),
    mistake(
        "temperature_multiplies",
        "wrong_scale",
        "divide the differences by the temperature; here they are multiplied by it",
        {"cumulative: return xp.exp(": "return xp.exp(-differ * temperature) * xp.astype(xp.any(there), logp.dtype)"},
    ),
    mistake(
        "own_token_left_out",
        "missing_step",
        "the candidate's own token counts among the differences; here only its prefix does, and all tokens cost the "
        "same",
        {"cumulative: now = ": "now = xp.zeros_like(logp[0, :])"},
    ),
    mistake(
        "positive_exponent",
        "wrong_sign",
        "the penalty fades with the differences; here it grows",
        {"cumulative: return xp.exp(": "return xp.exp(differ / temperature) * xp.astype(xp.any(there), logp.dtype)"},
    ),
    mistake(
        "window_too_early",
        "wrong_order",
        "the last n - 1 words of the prefix and the candidate make the n-gram; here the words begin one place earlier",
        {
            "ngram: same = ": "at = max(own.shape[1] - n, 0)\n"
            "same = xp.all(words[..., :-1] == own[:, None, None, at : at + n - 1], axis=-1)"
        },
    ),
    mistake(
        "this_step_left_out",
        "missing_step",
        "earlier groups have taken this step, and it counts; here only what they had before does",
        {
            "ngram: words = ": "words = xp.where(xp.arange(rows.shape[1] - n + 1, device=device(rows))[:, None] "
            "< rows.shape[1] - n, _windows(rows, n), -1)"
        },
    ),
    mistake(
        "once_per_beam",
        "wrong_constant",
        "an n-gram counts at each place; here once for each beam that has it",
        {
            "ngram: return xp.reshape(": "hits = xp.reshape(xp.astype(same, logp.dtype)[..., None] * "
            "_one_hot(words[..., -1], logp), (own.shape[0], rows.shape[0], -1, logp.shape[1]))\n"
            "return xp.sum(xp.max(hits, axis=2), axis=1)"
        },
    ),
    mistake(
        "not_normalised",
        "missing_step",
        "the cosine divides by the lengths of the vectors; here it is the plain inner product",
        {
            "embedding: xp, directions = ": "xp, directions = _checked(own, earlier, logp), _vectors(vectors, logp)",
            "soft_ngram: mine = ": "mine = xp.sum(_words(ends, vectors), axis=1)[:, None, :] + vectors",
            "soft_ngram: theirs = ": "theirs = xp.sum(_words(_windows(rows, n), vectors), axis=2)",
        },
    ),
    mistake(
        "rank_from_zero",
        "wrong_constant",
        "the best of the siblings has rank 1; here 0, so the choice is the same and every score is too high",
        {"diverse_beam-16": "return xp.astype(xp.argsort(order, axis=1, stable=True), logp.dtype)"},
    ),
    mistake(
        "order_for_rank",
        "wrong_order",
        "the rank says which place a token has; here the order is used, which says which token has a place",
        {"diverse_beam-16": "return xp.astype(order + 1, logp.dtype)"},
    ),
    # Lists
    mistake(
        "over_ngrams",
        "wrong_constant",
        "divide by the words of the list; here by its n-grams",
        {
            "diverse_beam-18": "return len({gram for row in rows for gram in _grams(row, n)}) / "
            "max(1, sum(len(_grams(row, n)) for row in rows))"
        },
    ),
    mistake(
        "distinct_in_each",
        "wrong_axis",
        "count what is distinct in the whole list; here in each sequence by itself, which says nothing of the list",
        {"diverse_beam-18": "return sum(len(set(_grams(row, n))) for row in rows) / words"},
        origin="https://github.com/neural-dialogue-metrics/Distinct-N/issues/2",
    ),
    mistake(
        "not_clipped",
        "missing_step",
        "an n-gram matches as often as the reference has it; here each that occurs in it is a match",
        {"diverse_beam-19": "return 2 * sum(k for gram, k in one.items() if gram in other) / both if both else 0.0"},
    ),
    mistake(
        "precision_alone",
        "missing_step",
        "F1 takes in precision and recall; here it is the precision alone",
        {"diverse_beam-19": "return (one & other).total() / one.total() if one else 0.0"},
    ),
    mistake(
        "one_for_all",
        "wrong_order",
        "each reference has its best sequence; here one sequence is taken, that with the best mean",
        {"diverse_beam-20": "return max(sum(row) for row in table[:k]) / len(table[0])"},
    ),
    # What others do on purpose
    variant(
        "fresh",
        "the penalty counts in the choice of its step alone, and is not kept in the score",
        "arXiv:1610.02424, Equation 5 as printed",
        {
            "diverse_beam-5": "score = xp.take(xp.reshape(beams.score[:, None] + logp, (-1,)), best)\n"
            "score = xp.where(xp.take(candidates, best) > -math.inf, score, -math.inf)"
        },
    ),
    variant(
        "pipelined",
        "group g is g steps behind the first, and is penalised for the tokens of its step in the beams that the "
        "earlier "
        "groups hold by then, which may have forked again",
        _OFFICIAL,
        {
            "search: for t, g in": "for t, g in ((s - g, g) for s in range(1, length + groups) for g in range(groups) "
            "if 1 <= s - g <= length):",
            "diverse_beam-10": "earlier = [h.tokens[:, :t] for h in beams[:g] if h.tokens.shape[1] >= t]",
        },
        unseen=_ONE_GROUP,
    ),
    variant(
        "hf_eos",
        "of the best 2 B' candidates those that end go to the pool if they are among the first B', the others fill "
        "the B' "
        "places; a group is done when its pool is full and nothing better can come, and then counts as B' padding "
        "tokens; "
        "the lists of all groups in one, by score",
        f"{_HF}/blob/v4.55.4/src/transformers/generation/beam_search.py",
        functions={"search": _as_transformers},
    ),
    variant(
        "hf_order",
        "the lists of all groups in one, sorted by score",
        f"{_HF}/blob/v4.55.4/src/transformers/generation/beam_search.py (BeamSearchScorer.finalize)",
        _in_search(end=_SORTED.format("")),
        unseen=_ONE_GROUP,
    ),
    variant(
        "per_word",
        "the score of a finished sequence is divided by its length, end included (length_penalty = 1)",
        f"{_HF}/blob/v4.55.4/src/transformers/generation/beam_search.py (BeamHypotheses.add)",
        {
            "_finish: score = xp.concat(": "score = xp.concat([finished.score, xp.where(ended, beams.score / t, "
            "-math.inf)])"
        },
        choice=True,
    ),
    variant(
        "enough_will_do",
        "a group stops as soon as its finished list is full (early_stopping = True)",
        f"{_HF}/blob/v4.55.4/src/transformers/generation/configuration_utils.py",
        {
            "_finish: return": "over = ended | xp.all(filled)\n"
            "return finished, beams._replace(score=xp.where(over, -math.inf, beams.score))"
        },
        unseen={"sibling_rank": "its answer has no rows, which alone tell it from first_come"},
        choice=True,
    ),
    variant(
        "last_of_equal",
        "of equal candidates the last one first: which one is up to the sorting of a library",
        "https://docs.pytorch.org/docs/stable/generated/torch.topk.html (ties are not specified)",
        {
            "diverse_beam-3": "best = candidates.shape[0] - 1 - xp.argsort(xp.flip(candidates), descending=True, "
            "stable=True)[:width]"
        },
        unseen={"sibling_rank": "its cases have no equal candidates: rounding would part them"},
    ),
    variant(
        "unknown_suppressed",
        "the last token but one is the unknown word, and loses 1000",
        _OFFICIAL,
        {
            "_step: xp, (width, V) = ": "xp, (width, V) = array_namespace(logp), logp.shape\n"
            "logp = xp.where(xp.arange(V, device=device(logp)) == V - 2, logp - 1000.0, logp)"
        },
    ),
    variant(
        "no_rewards",
        "a negative cosine counts 0, not as a reward",
        "ours: a reading of arXiv:1610.02424, Section 5.1",
        {
            "embedding: cosines = ": "cosines = lambda counts: xp.clip(directions @ xp.matrix_transpose(directions), "
            "min=0.0) @ counts"
        },
    ),
    variant(
        "free_start",
        "no rank penalty for the first token",
        "https://github.com/facebookresearch/fairseq/blob/v0.12.2/fairseq/search.py (DiverseSiblingsSearch)",
        {
            "diverse_beam-16": "later = float(own.shape[1] > 0)\n"
            "return later * xp.astype(xp.argsort(order, axis=1, stable=True) + 1, logp.dtype)"
        },
    ),
)
