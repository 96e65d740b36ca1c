"""The claims of the paper on dynamic gradient alignment."""

CLAIMS = ()
