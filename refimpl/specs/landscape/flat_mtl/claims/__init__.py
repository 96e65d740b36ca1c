"""The claims of the paper on F-MTL."""

from refimpl.specs.landscape.flat_mtl.claims import parts, rules, training

CLAIMS = (*training.CLAIMS, *parts.CLAIMS, *rules.CLAIMS)
