# mnormt 2.1.1 (R), dmt: fails for several points of a law in one dimension whose scale is a 1 x 1 matrix.
#
# In the branch `if (d == 1)`, x is a column and S a 1 x 1 matrix: `(x - mean) / sqrt(S)` is refused by R. With
# `x <- as.vector(x); S <- as.vector(S)` at its beginning it agrees; dmnorm has the same branch.

x <- matrix(c(-1, 0, 2), ncol = 1)
right <- dt(x[, 1] / sqrt(2), df = 1) / sqrt(2)
found <- tryCatch(mnormt::dmt(x, 0, matrix(2), df = 1), error = conditionMessage)
cat("formula:", right, "\nrelease:", found, "\n")
quit(status = as.integer(isTRUE(all.equal(found, right))))
