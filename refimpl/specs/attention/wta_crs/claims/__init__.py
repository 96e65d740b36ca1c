"""The claims of the paper on WTA-CRS."""

from refimpl.specs.attention.wta_crs.claims import memory, products, training

CLAIMS = (*products.CLAIMS, *training.CLAIMS, *memory.CLAIMS)
