# The hypervolume of bnn_surrogates by the package emoa, of objectives that are minimised.

source("tests/peers/programs/protocol.R")

serve("emoa", list(
  "bnn_surrogates.hypervolume" = function(values, reference) {
    list(volume = scalar(emoa::dominated_hypervolume(-t(matrix(values, ncol = length(reference))), -reference)))
  }
))
