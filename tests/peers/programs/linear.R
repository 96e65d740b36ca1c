# Least squares of shortest length in lasso_mtrl: Rscript linear.R PACKAGE, which inverts a matrix as far as it goes.

source("tests/peers/programs/protocol.R")
package <- commandArgs(TRUE)

inverse <- list(
  MASS = function(W) MASS::ginv(W),
  corpcor = function(W) corpcor::pseudoinverse(W),
  pracma = function(W) pracma::pinv(W)
)[[package]]

serve(package, list("lasso_mtrl.relevance_l2" = function(W, w) list(nu = as.vector(inverse(W) %*% w))))
