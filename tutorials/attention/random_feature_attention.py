"""
RandomFeatureAttention
======================

TODO: what the reader will see, in two sentences.

The derivation: :doc:`/attention/random_feature_attention`. Run it with ``.venv/bin/python tutorials/attention/random_feature_attention.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.attention import random_feature_attention
from refimpl.core.figures import finish

# %%
# TODO: a block of text before each step. The last figure carries the punch line in its title.

params = np.array([3.0])
state, path = random_feature_attention.init(params), [params]
for _ in range(60):
    params, state = random_feature_attention.update(params, state, params, lr=0.05)
    path.append(params)

figure, axes = plt.subplots(layout="constrained")
axes.plot(np.array(path)[:, 0])
axes.set(xlabel="step", ylabel="parameter", title="TODO: the punch line")

if __name__ == "__main__":
    finish("random_feature_attention")
