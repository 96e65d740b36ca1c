# The best permutation in weight_matching: Rscript assignment.R PACKAGE. Scores are made here, a package pairs units.

source("tests/peers/programs/protocol.R")
package <- commandArgs(TRUE)

assign <- list(
  clue = function(C) as.integer(clue::solve_LSAP(C - min(C), maximum = TRUE)),
  lpSolve = function(C) max.col(lpSolve::lp.assign(C, "max")$solution)
)[[package]]

serve(package, list(
  "weight_matching.visit" = function(W1, b1, W2, b2, W3, b3, p1, p2, layer) {
    of <- function(W, net) matrix(W[net, , ], dim(W)[2])
    C <- if (layer == 0) {
      outer(b1[1, ], b1[2, ]) + t(of(W1, 1)) %*% of(W1, 2) + of(W2, 1) %*% t(of(W2, 2)[, p2 + 1, drop = FALSE])
    } else {
      outer(b2[1, ], b2[2, ]) + t(of(W2, 1)) %*% of(W2, 2)[p1 + 1, , drop = FALSE] + of(W3, 1) %*% t(of(W3, 2))
    }
    list(p = assign(C) - 1)
  }
))
