"""pyscnn, activation patterns: 1(x^T w >= 0) by its documentation, > 0 by its code; an option that raises."""

import sys

import numpy as np
from scnn.activations import compute_activation_patterns

X, gate = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]), np.array([[1.0], [0.0]])
right = (X @ gate >= 0).astype(float)
got, _ = compute_activation_patterns(X, gate)
print(f"formula {right.ravel().tolist()}, release {got.ravel().tolist()}")
try:
    compute_activation_patterns(X, gate, filter_duplicates=False)
    print("filter_duplicates=False works")
    raised = False
except UnboundLocalError as error:
    print(f"filter_duplicates=False raises UnboundLocalError: {error}")
    raised = True
wrong = [bool((got != right).any()), raised]
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
