"""pip avalanche-lib: `Forgetting`, fed with a table of accuracies."""

import numpy as np
from parts import absent, bare

bare("avalanche", "avalanche.evaluation")
absent("avalanche.benchmarks")
bare("avalanche.evaluation.metrics")

import avalanche.evaluation.metrics as others  # noqa: E402

others.Mean = others.TaskAwareAccuracy = object  # of classes that are not asked
from avalanche.evaluation.metrics.forgetting_bwt import Forgetting  # noqa: E402


def metrics(a):
    """Of each task the accuracy after it was learned, then those after later tasks; the last task has none."""
    metric = Forgetting()
    for task in range(len(a) - 1):
        metric.update(task, a[task, task], initial=True)
        for later in range(task + 1, len(a)):
            metric.update(task, a[later, task])
    found = metric.result()
    return {"forgetting": np.asarray(np.mean(list(found.values())) if found else 0.0)}
