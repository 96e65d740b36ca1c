# The least matrix of attention_svm: Rscript machines.R PACKAGE.

source("tests/peers/programs/protocol.R")
package <- commandArgs(TRUE)

# Least |w|^2 / 2 with A w >= 1, or NULL.
programme <- list(
  quadprog = function(A) {
    tryCatch(quadprog::solve.QP(diag(ncol(A)), rep(0, ncol(A)), t(A), rep(1, nrow(A)))$solution, error = function(error) {
      if (grepl("inconsistent", conditionMessage(error))) NULL else stop(error)
    })
  },
  e1071 = function(A) {
    fitted <- e1071::svm(rbind(A, -A), rep(c(1, -1), each = nrow(A)), type = "C-classification", kernel = "linear", cost = 1e6, tolerance = 1e-12, scale = FALSE)
    w <- as.vector(t(fitted$coefs) %*% fitted$SV)
    if (sum(w * A[1, ]) < 0) w <- -w
    if (any(A %*% w < 0.99)) NULL else w
  }
)[[package]]

serve(package, list(
  "attention_svm.svm_frobenius" = function(X, Z, alpha) {
    n <- dim(X)[1]
    tokens <- dim(X)[2]
    d <- dim(X)[3]
    if (d > 10) inapplicable("a dense matrix of the size of all unknowns")
    rows <- lapply(seq_len(n), function(i) {
      x <- matrix(X[i, , ], tokens)
      away <- matrix(x[alpha[i] + 1, ], tokens, d, byrow = TRUE) - x
      t(apply(away, 1, function(r) as.vector(outer(Z[i, ], r))))
    })
    A <- do.call(rbind, lapply(seq_len(n), function(i) matrix(rows[[i]], tokens)[-(alpha[i] + 1), , drop = FALSE]))
    w <- programme(A)
    known <- if (is.null(w)) rep(NaN, d * d) else w
    margins <- do.call(rbind, lapply(rows, function(r) as.vector(matrix(r, tokens) %*% known)))
    list(feasible = scalar(!is.null(w)), W = matrix(known, d, d, byrow = TRUE), margins = margins)
  }
))
