"""MONAI 1.6.1, `DDPMScheduler` and `DDIMScheduler`: a step does not go to the next of the scheduler's own `timesteps`.

monai/networks/schedulers/ddpm.py, `step`: the next level is `alphas_cumprod[timestep - 1]`, also where
`set_timesteps` asks for fewer steps than the training had, and its `timesteps` lie further apart; the beta of the
step is that of one row as well. ddim.py, `step`: the next row is `timestep - num_train_timesteps //
num_inference_steps`, but `set_timesteps` makes `linspace(M - 1, 0, N)`, whose rows are (M - 1) / (N - 1) apart. The
next row looked up in `self.timesteps` (and 1 for the level after the last), with the level of the step as the
quotient of both for DDPM, mends them. `python tests/peers/bugs/monai_schedulers.py [FOLDER]`
"""

import sys

import torch

sys.path[:0] = sys.argv[1:] or [".peers/monai-1.6.1"]
from monai.networks.schedulers import DDIMScheduler, DDPMScheduler  # noqa: E402 - the folder comes first

# Clean data of 1 and their noise, which is predicted without error: after the first step the mean of what is left is
# that of the next row of the table, sqrt(abar) for the data and sqrt(1 - abar) for the noise.
wrong = []
for name, cls, more in (("DDIM", DDIMScheduler, {"eta": 0.0}), ("DDPM", DDPMScheduler, {})):
    scheduler = cls(10, clip_sample=False, beta_start=0.1, beta_end=0.5)
    scheduler.set_timesteps(4)
    rows, kept = scheduler.timesteps.tolist(), scheduler.alphas_cumprod
    noise = torch.zeros(1, 1)
    x = kept[rows[0]].sqrt() * torch.ones(1, 1) + (1 - kept[rows[0]]).sqrt() * noise
    torch.randn = lambda *_, **__: torch.zeros(1, 1)
    found, _ = scheduler.step(noise, rows[0], x, **more)
    formula = kept[rows[1]].sqrt().item()
    print(f"{name}, timesteps {rows}: after the first step formula {formula:.6f}, release {found.item():.6f}")
    wrong.append(abs(found.item() - formula) > 1e-4)
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
