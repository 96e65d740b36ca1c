"""pip ctranslate2: its beam search, on a decoder whose one layer adds nothing and whose logits are a table."""

import tempfile

import ctranslate2
import numpy as np
from ctranslate2.specs import TransformerDecoderModelSpec

from refimpl.oracle.candidates import NotApplicable

SPECIAL = ["<start>", "<end>", "<unk>"]


def _saved(logits, folder):
    """The embedding of a token is a unit vector, which the last projection turns into its row."""
    n = len(logits)
    spec = TransformerDecoderModelSpec.from_config(1, 1, no_final_norm=True, alibi=True)
    decoder, layer = spec.decoder, spec.decoder.layer[0]
    decoder.scale_embeddings = False
    decoder.embeddings.weight, decoder.projection.weight = np.eye(n, dtype=np.float32), logits.T
    for norm in (layer.self_attention.layer_norm, layer.ffn.layer_norm):
        norm.gamma, norm.beta = np.zeros((2, n), np.float32)
    linear = [*layer.self_attention.linear, layer.ffn.linear_0, layer.ffn.linear_1]
    for part, rows in zip(linear, (3 * n, n, n, n), strict=True):
        part.weight, part.bias = np.zeros((rows, n), np.float32), np.zeros(rows, np.float32)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = SPECIAL
    spec.register_vocabulary([*map(str, range(n - len(SPECIAL))), *SPECIAL])
    spec.validate()
    spec.save(folder)


def search(first, table, vectors, length, width, groups, strength, kind, temperature, n, eos):
    """One group; its scores are sums where length_penalty is 0."""
    if groups > 1 or width == 1:
        raise NotApplicable("it has no groups, and one beam is greedy search there")
    rows, V = np.vstack([table, first]), len(first)
    rest = np.log(np.exp(rows).sum(axis=1))  # it normalises; what the rounding of the table leaves is put back
    if not np.all(np.abs(rest) < 1e-4):
        raise NotApplicable("it takes the log-probabilities of a model, which add up to 1")
    logits = np.full((V + len(SPECIAL),) * 2, -1e9, np.float32)
    logits[: V + 1, :V] = rows
    with tempfile.TemporaryDirectory() as folder:
        _saved(logits, folder)
        found = ctranslate2.Generator(folder, inter_threads=1, intra_threads=1).generate_batch(
            [SPECIAL[:1]], beam_size=width, num_hypotheses=width, max_length=length, length_penalty=0,
            end_token=[V + 1 if eos < 0 else eos], return_end_token=True, return_scores=True,
            include_prompt_in_result=False,
        )[0]  # fmt: skip
    tokens = np.full((width, length), -1)
    for row, ids in zip(tokens, found.sequences_ids, strict=True):
        row[: len(ids)] = ids
    if tokens.max() >= V:
        raise NotApplicable("there are fewer sequences than beams")
    before = np.pad(tokens, ((0, 0), (1, 0)), constant_values=V)[:, :-1]
    score = found.scores + (rest[before] * (tokens >= 0)).sum(axis=1)
    return {"tokens": tokens, "score": score.astype(first.dtype)}
