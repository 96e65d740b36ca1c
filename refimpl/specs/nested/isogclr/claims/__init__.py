"""The claims of the paper on iSogCLR."""

from refimpl.specs.nested.isogclr.claims import batches, temperatures, training

CLAIMS = (*temperatures.CLAIMS, *batches.CLAIMS, *training.CLAIMS)
