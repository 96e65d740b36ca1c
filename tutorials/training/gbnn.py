"""
Gbnn
====

TODO: what the reader will see, in two sentences.

The derivation: :doc:`/training/gbnn`. Run it with ``.venv/bin/python tutorials/training/gbnn.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.training import gbnn

# %%
# TODO: a block of text before each step. The last figure carries the punch line in its title.

params = np.array([3.0])
state, path = gbnn.init(params), [params]
for _ in range(60):
    params, state = gbnn.update(params, state, params, lr=0.05)
    path.append(params)

figure, axes = plt.subplots(layout="constrained")
axes.plot(np.array(path)[:, 0])
axes.set(xlabel="step", ylabel="parameter", title="TODO: the punch line")

if __name__ == "__main__":
    finish("gbnn")
