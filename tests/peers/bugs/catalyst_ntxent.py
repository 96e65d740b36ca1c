"""Catalyst 22.4, NTXentLoss: at low temperatures it is wrong, infinite, or raises.

catalyst/contrib/losses/ntxent.py: the similarity of a row with itself is taken out of the sum of exponentials by
subtracting exp(1 / tau), beside which all others are lost to rounding, and which overflows below tau = 0.0014. Setting
the diagonal of `cosine_matrix` to minus infinity and taking `torch.logsumexp(cosine_matrix / tau, dim=1)` mends it.
"""

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/catalyst-22.4"))
import torch
from catalyst.contrib.losses.ntxent import NTXentLoss

rows, wrong = torch.eye(4, dtype=torch.float64), []
right = math.log(3)  # four views at right angles: each positive has the probability 1 / 3, whatever tau is
for tau in (0.5, 0.05, 0.02, 0.001):
    try:
        got = NTXentLoss(tau=tau)(rows[:2], rows[2:]).item()
    except OverflowError as error:
        got = math.nan
        print(error)
    print(f"tau = {tau:g}: formula {right:.6f}, release {got:.6f}")
    wrong.append(not abs(got - right) < 1e-6)
sys.exit(int(not any(wrong)))
