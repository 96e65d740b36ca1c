"""Every edit of a source that is tried, made once for a search, and in which order."""

from dataclasses import dataclass, field
from typing import Any

from refimpl.oracle.diagnosis.beyond import edits_at_entry, edits_from_around, edits_in_time
from refimpl.oracle.diagnosis.frail import edits_to_frail
from refimpl.oracle.diagnosis.twins import twins
from refimpl.oracle.diagnosis.vocabulary import edits_of

RARE = 3  # rank from which edits are tried after constants
FIRST = 1  # rank up to which edits of one place are tried before anything dear


@dataclass(eq=False)
class Tries:
    """Edits of the functions that an operation runs."""

    units: list[Any]  # units.Unit, of the workshop in which they were made
    single: list[Any] = field(default_factory=list)  # vocabulary.Edit
    alike: list[Any] = field(default_factory=list)  # twins.Twins

    @classmethod
    def of(cls, shop):
        """Those of an open workshop that has looked at values."""
        every = [edit for unit in shop.units for edit in edits_of(unit)]
        every += [
            *edits_in_time(shop.operation, shop.units),
            *edits_from_around(shop.units),
            *edits_at_entry(shop.units),
            *edits_to_frail(shop.units),
        ]
        return cls(shop.units, every, sorted(twins(every), key=lambda several: several.rank))

    def __len__(self):
        return len(self.single) + len(self.alike)

    @property
    def first(self):
        """The plainest ones."""
        return sorted((edit for edit in self.single if edit.rank <= FIRST), key=lambda edit: edit.rank)

    def ordered(self, far=frozenset(), near=frozenset(), alone=frozenset()):
        """The plain ones, with the like places, and the others; all three are ids of expressions, and shift."""
        shift = lambda there: -2 if there in alone else (there in far) - (there in near)
        order = {id(e): e.rank + RARE * shift(id(e.there)) for e in self.single}
        every = sorted(self.single, key=lambda edit: order[id(edit)])
        plain = [edit for edit in every if order[id(edit)] < RARE]
        return [*plain, *self.alike], every[len(plain) :]
