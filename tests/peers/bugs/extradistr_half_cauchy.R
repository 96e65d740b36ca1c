# extraDistr 1.10.0 (R), dhcauchy: the log density is minus infinity where the square overflows.
#
# In src/half-cauchy-distribution.cpp the density is computed first and its logarithm is taken at the end. The log density
# log(2 / pi) - log(sigma) - log1p((x / sigma)^2) needs, where x / sigma is large, 2 log(x / sigma) in place of the last.

x <- 1e200
right <- log(2 / pi) - 2 * log(x)
found <- extraDistr::dhcauchy(x, 1, log = TRUE)
cat("formula:", right, "\nrelease:", found, "\n")
quit(status = as.integer(isTRUE(all.equal(found, right))))
