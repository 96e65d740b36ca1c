"""The claims of the papers on weight matching."""

from refimpl.specs.landscape.weight_matching.claims import identities, merging, vectors

CLAIMS = (*merging.CLAIMS[:1], *vectors.CLAIMS, *merging.CLAIMS[1:], *identities.CLAIMS)
