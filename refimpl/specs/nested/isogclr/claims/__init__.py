"""The claims of the paper on iSogCLR."""

from refimpl.specs.nested.isogclr.claims import batches, rare, temperatures, training

CLAIMS = (*temperatures.CLAIMS, *batches.CLAIMS, *training.CLAIMS, *rare.CLAIMS)
