# Correlations of ranks in token_reduction: Rscript ranks.R PACKAGE.

source("tests/peers/programs/protocol.R")
package <- commandArgs(TRUE)

correlations <- list(
  stats = list(
    spearman = function(x, y) stats::cor(x, y, method = "spearman"),
    kendall = function(x, y) stats::cor(x, y, method = "kendall")
  ),
  pcaPP = list(kendall = function(x, y) pcaPP::cor.fk(x, y))
)[[package]]

# Mean over the inputs; one whose attention is constant at a layer is left out here.
mean_correlation <- function(first, second, correlate) {
  varies <- apply(first, 1, function(x) any(x != x[1])) & apply(second, 1, function(x) any(x != x[1]))
  mean(vapply(which(varies), function(s) correlate(first[s, ], second[s, ]), 0))
}

serve(package, list(
  "token_reduction.consistency" = function(attention, kind) {
    if (is.null(correlations[[kind]])) inapplicable("it does not have this correlation")
    layers <- seq_len(dim(attention)[1])
    row <- function(l) matrix(attention[l, , ], dim(attention)[2])
    list(R = outer(layers, layers, Vectorize(function(i, j) mean_correlation(row(i), row(j), correlations[[kind]]))))
  }
))
