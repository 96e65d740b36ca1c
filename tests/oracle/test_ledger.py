"""The claims as they are declared, and what is committed of what was measured."""

import json
from pathlib import Path

from refimpl.oracle import catalog
from refimpl.oracle.claims import figures
from refimpl.specs.base import CLAIM_KINDS, CONTROLS

DATA = Path(__file__).parents[2] / "docs" / "_data"
LEDGER = json.loads((DATA / "claims.json").read_text(encoding="utf-8"))
FIGURES = {path.name: path for path in (DATA / "figures").glob("*")}


def test_each_claim_has_a_kind_and_a_comparison_has_a_control():
    claims = catalog.claims()
    assert not [claim.id for claim in claims if claim.kind not in CLAIM_KINDS]
    assert not [claim.id for claim in claims if claim.kind in ("superiority", "efficiency") and not claim.control]
    compared = [claim for claim in claims if claim.kind in ("superiority", "efficiency")]
    assert not [claim.id for claim in compared if claim.showed not in CONTROLS]
    assert not [claim.id for claim in claims if claim.showed and not claim.control]


def test_every_claim_has_an_entry_and_no_entry_is_of_a_claim_that_is_gone():
    differ = LEDGER.keys() ^ {claim.id for claim in catalog.claims()}
    assert not differ, f"{differ}: refimpl claims SYSTEM --tier full --seeds 5 --save docs/_data/claims.json"


def test_ledger_and_figures_belong_together():
    """`refimpl claims ... --save docs/_data/claims.json` writes both."""
    assert FIGURES.keys() == {f"{name}.png" for name, entry in LEDGER.items() if entry.get("figure")}


def test_figures_are_small():
    assert figures.LARGEST == 40_000
    assert not {name: path.stat().st_size for name, path in FIGURES.items() if path.stat().st_size > figures.LARGEST}
