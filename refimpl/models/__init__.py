"""Models that are differentiated automatically: a multilayer perceptron and its losses."""
