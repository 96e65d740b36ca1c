"""rebasin, PermutationCoordinateDescent: biases count for nothing, and what comes into a layer counts twice.

Shown on networks in which one thing alone tells the units apart.

`python tests/peers/bugs/rebasin_matching.py`
"""

import sys

import torch
from rebasin import PermutationCoordinateDescent


def network(weights, biases):
    layers = []
    for W, b in zip(weights, biases, strict=True):
        layer = torch.nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64)
        layer.weight.data, layer.bias.data = W.clone(), b.clone()
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def distance(one, other):
    return sum(torch.sum((x - y) ** 2).item() for x, y in zip(one.parameters(), other.parameters(), strict=True)) ** 0.5


def matched(a, b):
    torch.manual_seed(0)
    PermutationCoordinateDescent(a, b, torch.zeros(1, 1, dtype=torch.float64)).rebasin()
    return b


# 1. Biases: two hidden units that differ in their biases alone, in the other order in the second network. The biases
# add one number to all scores (a vector times a vector), so nothing is moved.
ones, zero = torch.ones(2, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
a, b = (network([ones, ones.T], [torch.tensor(bias, dtype=torch.float64), zero]) for bias in ([0.0, 5.0], [5.0, 0.0]))
before, after = distance(a, b), distance(a, matched(a, b))
print("biases 0 5 and 5 0, all else alike: distance before", before, "and after", after)
print("exchanged, it would be 0")
wrong = [after > 1e-9]

# 2. What comes in and what goes out ask for opposite orders, what goes out more. What comes in counts twice, and wins.
into, out = torch.tensor([[1.0], [0.0]], dtype=torch.float64), torch.tensor([[1.2, 0.0]], dtype=torch.float64)
none = torch.zeros(2, dtype=torch.float64)
a, b = network([into, out], [none, zero]), network([into.flip(0), out], [none, zero])
before, after = distance(a, b), distance(a, matched(a, b))
print("first layers 1 0 and 0 1, second ones 1.2 0 both: distance before", before, "and after", after)
print("left as it was, it would be", before)
wrong.append(after > before + 1e-9)
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
