"""pip rl4co: `SimpleAttention`, the pointer of its network for tours."""

import torch
from parts import absent, bare

bare("rl4co", "rl4co.models", "rl4co.models.zoo", "rl4co.models.zoo.ptrnet")
absent("rl4co.utils", "rl4co.utils.decoding", "rl4co.utils.ops")

from rl4co.models.zoo.ptrnet.decoder import SimpleAttention  # noqa: E402


def pointer_logits(E, d, W1, W2, v, mask):
    """Its biases are 0, and what is masked is minus infinity before the softmax, as in its decoder."""
    E, d, W1, W2, v = map(torch.tensor, (E, d, W1, W2, v))
    layer = SimpleAttention(len(v))
    zero = torch.zeros_like(v)
    named = {"project_query.weight": W2.T, "project_query.bias": zero, "v": v}
    named |= {"project_ref.weight": W1.T[:, :, None], "project_ref.bias": zero}
    _, u = torch.func.functional_call(layer, named, (d, E.transpose(0, 1)))
    return u.numpy(), torch.softmax(u.masked_fill(~torch.tensor(mask), -torch.inf), dim=1).numpy()
