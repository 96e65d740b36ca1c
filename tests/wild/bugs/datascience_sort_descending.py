"""Rows that compare equal come out in reverse, because a falling sort is a rising one turned round."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="datascience",
    link="https://github.com/data-8/datascience/pull/461",
    date="2020-10-01",
    operation="opposing_signals.identify",
    kind="wrong_order",
)


class Table:
    def __init__(self, **columns):
        self.columns = columns

    @property
    def num_rows(self):
        return len(next(iter(self.columns.values())))

    def take(self, row_numbers):
        return Table(**{label: column[row_numbers] for label, column in self.columns.items()})

    def sort(self, label, descending=False):
        column = self.columns[label]
        if descending:
            column = column[::-1]  # was: pass
        row_numbers = np.argsort(column, axis=0, kind="mergesort")
        if descending:
            row_numbers = np.array((self.num_rows - 1) - row_numbers[::-1])  # was: row_numbers = row_numbers[::-1]
        return self.take(row_numbers)


def answer(losses, t, k):
    before, after = losses[t], losses[t + 1]
    table = Table(sample=np.arange(len(before)), change=after - before)
    rising, falling = table.sort("change"), table.sort("change", descending=True)
    return falling.take(np.arange(k)).columns["sample"], rising.take(np.arange(k)).columns["sample"]
