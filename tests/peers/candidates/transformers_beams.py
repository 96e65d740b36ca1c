"""pip transformers (4.55.4, the last with group beam search): its penalty, and `generate` on a model that is a table.

`generate` normalises the logits. So that this changes nothing, all rows get one constant, which is taken out of the
scores afterwards, and what is left of the probability goes to a token that a processor then forbids.
"""

import numpy as np
import torch
from transformers import GenerationConfig, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.generation.logits_process import HammingDiversityLogitsProcessor, LogitsProcessorList
from transformers.modeling_outputs import CausalLMOutput
from transformers.utils import logging

from refimpl.oracle.candidates import NotApplicable

logging.set_verbosity_error()


def penalty(own, earlier, vectors, kind, temperature, n):
    """What `HammingDiversityLogitsProcessor` takes from scores of 0."""
    groups, width, _ = earlier.shape
    if kind != "hamming" or len(own) != width or np.any(earlier < 0):
        raise NotApplicable("it has the Hamming form alone, groups of one size, no empty places")
    beams = {"num_beams": (groups + 1) * width, "num_beam_groups": groups + 1}
    process = HammingDiversityLogitsProcessor(1.0, **beams)
    taken = torch.tensor([*earlier[..., -1].ravel(), *[0] * width])  # its own are not looked at
    scores = torch.zeros((width, len(vectors)), dtype=torch.float64)
    return -process(torch.tensor(own), scores, taken, beam_group_idx=groups).numpy()


class _Table(PreTrainedModel, GenerationMixin):
    config_class = PretrainedConfig

    def __init__(self, logits):
        super().__init__(PretrainedConfig(vocab_size=len(logits), is_encoder_decoder=False))
        self.logits = torch.nn.Parameter(logits)

    def forward(self, input_ids, **_):
        return CausalLMOutput(logits=self.logits[input_ids[:, -1]][:, None, :])

    def prepare_inputs_for_generation(self, input_ids, **_):
        return {"input_ids": input_ids}


def _table(first, table):
    """Logits with two more tokens, the rest and the start; and the constant."""
    rows = np.vstack([table, first]).astype(np.float64)
    totals = np.log(np.exp(rows - rows.max(axis=1, keepdims=True)).sum(axis=1)) + rows.max(axis=1)
    shift = totals.max() + 1e-6
    rest = np.log1p(-np.exp(totals - shift))
    V = len(first)
    logits = np.full((V + 2, V + 2), -np.inf)
    logits[[*range(V), V + 1], :V], logits[[*range(V), V + 1], V] = rows - shift, rest
    logits[V, V] = 0.0
    return torch.tensor(logits, dtype=torch.float32), shift


def search(first, table, vectors, length, width, groups, strength, kind, temperature, n, eos):
    """`generate`, early_stopping False and length_penalty 0; log-probabilities and rows it does not tell."""
    if width == 1 or (groups > 1 and (kind != "hamming" or strength == 0)):
        raise NotApplicable("one beam is greedy search there; groups need the Hamming form and a strength > 0")
    if np.isinf(first).any() or np.isinf(table).any() or width // groups > len(first):
        raise NotApplicable("it takes 2 B' candidates whether they can be or not")
    V = len(first)
    logits, shift = _table(first, table)

    def forbid(input_ids, scores):
        scores = scores.clone()
        scores[:, V:] = -torch.inf
        return scores

    many = {"num_beam_groups": groups, "diversity_penalty": float(strength)} if groups > 1 else {}
    config = GenerationConfig(
        num_beams=width, num_return_sequences=width, max_new_tokens=length, length_penalty=0.0, do_sample=False,
        early_stopping=False, eos_token_id=None if eos < 0 else eos, pad_token_id=max(eos, 0), use_cache=False,
        return_dict_in_generate=True, output_scores=True, **many,
    )  # fmt: skip
    with torch.no_grad():
        found = _Table(logits).eval().generate(
            torch.tensor([[V + 1]]), generation_config=config, logits_processor=LogitsProcessorList([forbid])
        )  # fmt: skip
    tokens = np.full((width, length), -1)
    given = found.sequences[:, 1:].numpy()
    tokens[:, : given.shape[1]] = given
    if eos >= 0:
        after = np.cumsum(tokens == eos, axis=1) - (tokens == eos) > 0
        tokens[after] = -1
    return {"tokens": tokens, "score": found.sequences_scores.numpy() + shift * (tokens >= 0).sum(axis=1)}
