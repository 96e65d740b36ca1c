# rmutil 1.1.10 (R), dburr: the log density is minus infinity where (y / m)^s overflows, though it is an ordinary number.
#
# In dburr, `log(1 + y1^s)` needs, where y1^s is large, `s * log(y1)`; pmax(x, 0) + log1p(exp(-abs(x))) with
# x = s * log(y1) is right for all.

x <- 20 * log(1e20)
right <- log(20) + 19 * log(1e20) - 2 * x
found <- rmutil::dburr(1e20, 1, 20, 1, log = TRUE)
cat("formula:", right, "\nrelease:", found, "\n")
quit(status = as.integer(isTRUE(all.equal(found, right))))
