"""Timings beside public packages and the hardware limit: ``python -m benchmarks [names]``, or ``make bench``."""
