"""scikit-learn: `Ridge` as the surrogate of a search over networks."""

import numpy as np
from sklearn.linear_model import Ridge


def smbo_step(X, y, candidates, penalty, explore, r_explore, r_pick):
    """Its predictions; which candidate follows is NumPy's `argmax`, or the draw."""
    predictions = Ridge(alpha=penalty).fit(X, y).predict(candidates)
    index = int(r_pick * len(candidates)) if r_explore < explore else np.argmax(predictions)
    return predictions, np.asarray(index)
