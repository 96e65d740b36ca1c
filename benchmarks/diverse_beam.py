"""Diverse beam search on a table, of one context and of 32, beside transformers' group beam search."""

import sys

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.search import diverse_beam as dbs
from refimpl.search._diverse_beam_models import chain

V, T, B, G = 1000, 20, 6, 3


def table(size):
    """Log-probabilities of a random chain, and of its first token."""
    draws = stream(0, "diverse_beam", "benchmark", size).standard_normal((size + 1, size))
    logp = draws - np.log(np.exp(draws).sum(axis=1, keepdims=True))
    return logp[0], logp[1:]


def ours(batch=1, size=V, length=T, width=B, groups=G, dtype=np.float64):
    """So many searches, one after another."""
    first, rows = (x.astype(dtype) for x in table(size))
    settings = {"length": length, "width": width, "groups": groups, "like": first}

    def run():
        for _ in range(batch):
            dbs.search(chain(first, rows), **settings)

    return run


def theirs(batch=1, size=V):
    """`generate` of a model whose logits are the table; the row for the first token is that of a token of its own."""
    sys.path.insert(0, ".peers/transformers-4.55.4")  # where `make bench` puts it, with a hub that goes with it
    try:
        import torch
        from transformers import GenerationConfig, GenerationMixin, PretrainedConfig, PreTrainedModel
        from transformers.modeling_outputs import CausalLMOutput
    finally:
        del sys.path[0]

    first, rows = table(size)
    least = np.full((size + 1, size + 1), -np.inf)
    least[:size, :size], least[size, :size] = rows, first
    logits = torch.tensor(least, dtype=torch.float32)

    class Table(PreTrainedModel, GenerationMixin):
        config_class = PretrainedConfig

        def __init__(self, config):
            super().__init__(config)
            self.bias = torch.nn.Parameter(torch.zeros(1))

        def forward(self, input_ids, **_):
            return CausalLMOutput(logits=logits[input_ids[:, -1]][:, None, :])

        def prepare_inputs_for_generation(self, input_ids, **_):
            return {"input_ids": input_ids}

    model = Table(PretrainedConfig(vocab_size=size + 1, is_encoder_decoder=False)).eval()
    settings = GenerationConfig(
        num_beams=B, num_beam_groups=G, diversity_penalty=0.5, length_penalty=0.0, max_new_tokens=T, do_sample=False,
        num_return_sequences=B, pad_token_id=size, eos_token_id=None, use_cache=False,
    )  # fmt: skip
    start = torch.full((batch, 1), size)
    return lambda: model.generate(start, generation_config=settings)


def run():
    workloads = []
    for batch in (1, 32):
        peers, missing = _measure.peers({"transformers generate(), float32": lambda batch=batch: theirs(batch)})
        rows = {"refimpl, float64": ours(batch), "refimpl, float32": ours(batch, dtype=np.float32)} | peers
        lines = [*_measure.rows(rows, 10 if batch == 1 else 3), *missing]
        grown = []
        if batch == 1:
            lines.append(_measure.limit(T * B * V * 8, "the asked rows of the table, read once"))
            grown = [
                _measure.growth("V", [4000, 8000, 16_000], lambda n: ours(size=n, length=4), 1.0),
                _measure.growth("T", [10, 20, 40], lambda n: ours(size=50, length=n), 1.0),
                _measure.growth("G", [2, 6, 12, 24], lambda n: ours(size=50, length=8, width=24, groups=n), 1.0),
            ]
        title = f"diverse beam search, V = {V}, T = {T}, B = {B}, G = {G}, batch {batch}"
        note = "Ours searches one context at a time; transformers asks the model for all contexts at once."
        note += " G grows at B = 24: the calls as G, what each group counts of those before it as G^2." * (batch == 1)
        workloads.append(_measure.Workload(title, lines, grown, note))
    return workloads
