# Least 1-norms in lasso_mtrl: Rscript programmes.R PACKAGE, which solves linear programmes in numbers >= 0.

source("tests/peers/programs/protocol.R")
package <- commandArgs(TRUE)

# The least sum of x >= 0 with A x = b.
programme <- list(
  Rglpk = function(A, b) {
    Rglpk::Rglpk_solve_LP(rep(1, ncol(A)), A, rep("==", nrow(A)), b)$solution
  },
  linprog = function(A, b) {
    linprog::solveLP(rep(1, ncol(A)), b, A, const.dir = rep("==", nrow(A)), lpSolve = FALSE)$solution
  },
  lpSolve = function(A, b) {
    lpSolve::lp("min", rep(1, ncol(A)), A, rep("==", nrow(A)), b)$solution
  }
)[[package]]

serve(package, list("lasso_mtrl.relevance_l1" = function(W, w) {
  found <- programme(cbind(W, -W), w)
  nu <- found[seq_len(ncol(W))] - found[ncol(W) + seq_len(ncol(W))]
  list(value = scalar(sum(abs(nu))), nu = nu)
}))
