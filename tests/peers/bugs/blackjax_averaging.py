"""BlackJAX 1.7.1, dual averaging: the average takes in the last step, where its own formula has the one just found."""

import math
import sys

import jax
from blackjax.adaptation.step_size import dual_averaging_adaptation

jax.config.update("jax_enable_x64", True)
start, target, rate = 0.125, 0.8, 0.25
init, update, final = dual_averaging_adaptation(target)
state = update(init(start), rate)
# Hoffman and Gelman, 2014, Equation 6, with t = 1, t0 = 10, gamma = .05: the first average is the first step found.
right = math.exp(math.log(10 * start) - 1 / 0.05 * (target - rate) / 11)
release = float(final(state))
print(f"formula {right}\nrelease {release} (the step that it starts with: {start})")
sys.exit(int(math.isclose(release, right, rel_tol=1e-6)))
