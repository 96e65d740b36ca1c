"""Lines of the source that read otherwise: mistakes, variants, documented choices."""

ALTERNATIVES = ()
