"""diffusers, two schedulers: a step of DDIM misses the next of `timesteps`, the last one of DDPM adds noise.

`python tests/peers/bugs/diffusers_scheduler.py`
"""

import sys

import torch
from diffusers import DDIMScheduler, DDPMScheduler

betas = [0.1, 0.15, 0.2, 0.3, 0.35, 0.4]
kept = torch.cumprod(1 - torch.tensor(betas), dim=0)

# 1. DDIM, rows 5, 3, 2, 0: the first step goes from row 5 to row 3. With a predicted noise of 0 it multiplies the
# sample with the root of the ratio of what both have kept.
ddim = DDIMScheduler(6, trained_betas=betas, clip_sample=False, timestep_spacing="linspace")
ddim.set_timesteps(4)
rows = [int(t) for t in ddim.timesteps]
factor = ddim.step(torch.zeros(1), rows[0], torch.ones(1)).prev_sample.item()
print("rows", *rows, "and the first step multiplies with", factor)
asked, done = (torch.sqrt(kept[row] / kept[5]).item() for row in (rows[1], 4))
print("to row 3 the factor is", asked, "and to row 4, where no step should go,", done)
wrong = [abs(factor - asked) > 1e-5]

# 2. DDPM, the large variance, rows 5 and 2: the last step goes from row 2 to the data, which have no noise.
ends = []
for seed in (0, 1):
    ddpm = DDPMScheduler(
        6, trained_betas=betas, variance_type="fixed_large", clip_sample=False, timestep_spacing="trailing"
    )
    ddpm.set_timesteps(2)
    generator = torch.Generator().manual_seed(seed)
    ends.append(
        ddpm.step(torch.zeros(1, 1), ddpm.timesteps[-1], torch.ones(1, 1), generator=generator).prev_sample.item()
    )
print("rows", *ddpm.timesteps.tolist(), "and the last step ends, by the seed, at", *ends)
clean = (1 / torch.sqrt(kept[2])).item()
print("without noise it ends at", clean)
wrong.append(max(abs(end - clean) for end in ends) > 1e-4)
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
