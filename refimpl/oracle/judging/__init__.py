"""Whether a candidate is right: cases and laws, right answers and tolerances, one check, a run of them."""
