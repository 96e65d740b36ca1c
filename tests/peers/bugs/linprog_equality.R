# linprog 0.9-4 (R), solveLP(lpSolve = FALSE): constraints of equality are lost, as its own warning hints.
#
# The manual allows "==" in const.dir. The first tableau is made of `-Amat * const.dir2`, and const.dir2 is 0 in these rows, so
# that they are 0 = 0. A row of each direction in their place would say what is meant, but phase 1 loses it where "<=" comes
# first; `lpSolve <- TRUE` beside the warning leaves such programmes to the other solver, which has them right.

found <- suppressWarnings(linprog::solveLP(c(1, 2), 3, matrix(c(1, 1), 1), const.dir = "=="))
cat("formula: x = 3 0 is least in x1 + 2 x2 with x1 + x2 = 3\nrelease: x =", found$solution, "with status", found$status, "\n")
quit(status = as.integer(isTRUE(all.equal(unname(found$solution), c(3, 0)))))
