# The posterior mean of bayesopt by the package kernlab, whose kernel is exp(-r^2) here.

source("tests/peers/programs/protocol.R")

serve("kernlab", list("bayesopt.posterior" = function(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter) {
  if (kernel != "power_exponential") inapplicable("it has no Matern covariance")
  if ((noise + jitter) / alpha0 <= 1e-3) inapplicable("it takes no noise below 1e-3")
  d <- length(alpha)
  X <- matrix(X, ncol = d)
  new <- matrix(new, ncol = d)
  scaled <- function(x) x %*% diag(sqrt(alpha), d)
  fitted <- kernlab::gausspr(scaled(X), as.vector(y - mean - X %*% beta), scaled = FALSE, type = "regression",
    kernel = kernlab::rbfdot(sigma = 1), var = (noise + jitter) / alpha0, fit = FALSE)
  list(posterior_mean = as.vector(kernlab::predict(fitted, scaled(new)) + mean + new %*% beta))
}))
