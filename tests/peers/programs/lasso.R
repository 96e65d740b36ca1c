# The Lasso of lasso_mtrl by glmnet, which divides the squares by the number of rows.

source("tests/peers/programs/protocol.R")

serve("glmnet", list(
  "lasso_mtrl.relevance_lasso" = function(W, w, lam) {
    if (ncol(W) < 2) inapplicable("it takes two columns at least")
    fitted <- glmnet::glmnet(W, w, lambda = lam / length(w), standardize = FALSE, intercept = FALSE, thresh = 1e-24, maxit = 1e7)
    nu <- as.vector(fitted$beta)
    list(nu = nu, objective = scalar(sum((w - W %*% nu)^2) / 2 + lam * sum(abs(nu))))
  }
))
