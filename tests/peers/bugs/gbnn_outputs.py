"""gbnn 0.0.2: of several outputs one start, of several classes a sum for the mean loss, of a block of zeros no step."""

import sys

import numpy as np

sys.path[:0] = sys.argv[1:] or [".peers/gbnn-0.0.2"]
from gbnn.GBNN import multi_class_loss, squared_loss  # noqa: E402 - the folder comes first

Y = np.array([[1.0, -5.0], [3.0, -3.0]])
start = squared_loss().model0(Y) * np.ones(2)
print(f"start of two outputs: formula {Y.mean(axis=0)}, release {start}")
labels, scores = np.eye(3)[[0, 1, 2, 0]], np.zeros((4, 3))
loss = np.mean(multi_class_loss()(labels, scores))  # as `fit` takes it
print(f"loss of four rows, three classes of equal scores: formula log 3 = {np.log(3):.6f}, release {loss:.6f}")
with np.errstate(all="ignore"):
    step = multi_class_loss().newton_step(labels, labels - 1 / 3, np.zeros((4, 3)))
print(f"step along a block that answers 0: release {step}, and so are all scores after it")
wrong = [not np.allclose(start, Y.mean(axis=0)), not np.isclose(loss, np.log(3)), bool(np.isnan(step))]
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
