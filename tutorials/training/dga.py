"""
DGA: a mixture that notices when a domain is used up
====================================================

Eight sources of text, few sequences of each, and ten examples of a task. Which sources should a model be trained on,
and for how long? We watch dynamic gradient alignment move its weights, and then ask what a fixed hedge would have done.

The derivation: :doc:`/training/dga`. Run it with ``.venv/bin/python tutorials/training/dga.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.training import _dga_world as worlds
from refimpl.training import dga

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "0.45"  # for any color vision
COLORS = {"importance sampling": ORANGE, "uniform": GRAY, "half and half": GREEN, "DGA": BLUE}
STEPS = 600

# %%
# The world: eight Markov chains of 15 tokens. Half of each is common to all, half its own; the task is the first.
# Of each chain there are five sequences, and ten more of the task: enough to see what it is like, not to train on.

world = worlds.make(stream(0, "tutorial", "dga"), n=5, m=10)
nearest, even = worlds.importance(world), worlds.uniform(8)
print("importance sampling:", nearest)
print("a step of the weights:", dga.mirror_step(even, np.arange(8) / 100, eta=100.0).round(3))

# %%
# A bigram model is trained for 600 steps: on the domains that the examples are nearest to, on all alike, on half of
# both, and by DGA, which compares gradients every ten steps.


def runs(world, name):
    """A run of each rule in a world."""
    nearest = worlds.importance(world)
    mixtures = {"importance sampling": nearest, "uniform": even, "half and half": (nearest + even) / 2, "DGA": even}
    return {
        rule: worlds.learn(
            world, stream(0, "tutorial", "dga", name, rule), alpha, steps=STEPS, eta=100.0 if rule == "DGA" else None
        )
        for rule, alpha in mixtures.items()
    }


looks = runs(world, "five")
steps = worlds.EVERY * np.arange(len(looks["DGA"].test))
figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
for rule, look in looks.items():
    axes.plot(steps, look.test, color=COLORS[rule], label=rule)
stop = int(np.argmin(looks["importance sampling"].special))
axes.plot(
    steps[stop], looks["importance sampling"].test[stop], "o", color=ORANGE, label="least loss on the ten examples"
)
axes.set(xlabel="step", ylabel="loss on the task", ylim=(1.8, 2.9))
axes.set_title("Importance sampling learns five sequences by heart; DGA does not")
axes.legend(frameon=False)

# %%
# The weights of DGA
# ------------------
# At first the task's own domain is the best aligned, and its weight grows. As its five sequences are learnt by heart,
# their gradient shrinks, and with it the score. The others catch up.

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
mixtures = looks["DGA"].mixtures
colors = [BLUE, *plt.colormaps["Greys"](np.linspace(0.25, 0.7, 7))]
axes.stackplot(np.arange(len(mixtures)), mixtures.T, colors=colors, labels=["domain 0, the task's", *[""] * 7])
axes.set(xlabel="step", ylabel="weights of the domains", xlim=(0, STEPS), ylim=(0, 1))
axes.set_title("DGA starts on the task's domain, and spreads as that is used up")
axes.legend(loc="lower right", handles=axes.collections[:1])

# %%
# Small pools and large ones
# --------------------------
# The same with 20 and 200 sequences of each domain. DGA follows importance sampling where that is best and leaves it
# where it is not. So does importance sampling itself, if it is stopped in time; and a fixed hedge is never far.

final = {rule: [look.final] for rule, look in looks.items()}
stopped = [looks["importance sampling"].stopped]
for n in (20, 200):
    found = runs(worlds.make(stream(0, "tutorial", "dga", n), n=n, m=10), str(n))
    stopped.append(found["importance sampling"].stopped)
    for rule, look in found.items():
        final[rule].append(look.final)

figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
for rule, losses in final.items():
    axes.plot([5, 20, 200], losses, "o-", color=COLORS[rule], label=rule)
axes.plot(
    [5, 20, 200], stopped, "s--", color=ORANGE, label="importance sampling, stopped early", markerfacecolor="none"
)
axes.set(xscale="log", xlabel="sequences per domain", ylabel="loss on the task at the end")
axes.set_xticks([5, 20, 200], ["5", "20", "200"])
axes.set_title("A mixture that moves is right at both ends. So is stopping in time.")
axes.legend(frameon=False, fontsize=9)

if __name__ == "__main__":
    finish("dga")
