# Laws of scale_mixture_nngp: Rscript laws.R PACKAGE.

source("tests/peers/programs/protocol.R")
package <- commandArgs(TRUE)

# Multivariate t: log density at the rows of f.
student <- list(
  mvtnorm = function(f, mean, scale, df) mvtnorm::dmvt(f, delta = mean, sigma = scale, df = df, log = TRUE),
  mnormt = function(f, mean, scale, df) { # where it fails it has no number
    tryCatch(mnormt::dmt(f, mean, scale, df, log = TRUE), error = function(error) rep(NaN, nrow(f)))
  },
  bayesm = function(f, mean, scale, df) {
    root <- backsolve(chol(scale), diag(length(mean)))
    apply(f, 1, function(x) bayesm::lndMvst(x, df, mean, root, NORMC = TRUE))
  },
  sn = function(f, mean, scale, df) sn::dmst(f, mean, scale, rep(0, length(mean)), df, log = TRUE),
  mvnfast = function(f, mean, scale, df) mvnfast::dmvt(f, mean, scale, df, log = TRUE)
)[[package]]

# Laws of a scale: log density at s, quantiles at u, of the inverse-gamma law from above.
scales <- list(
  extraDistr = list(
    inverse_gamma = function(p, q, s, u) {
      list(extraDistr::dinvgamma(s, p, q, log = TRUE), extraDistr::qinvgamma(u, p, q, lower.tail = FALSE))
    },
    half_cauchy = function(p, q, s, u) list(extraDistr::dhcauchy(s, p, log = TRUE), extraDistr::qhcauchy(u, p))
  ),
  actuar = list(
    inverse_gamma = function(p, q, s, u) {
      list(actuar::dinvgamma(s, p, scale = q, log = TRUE), actuar::qinvgamma(u, p, scale = q, lower.tail = FALSE))
    },
    burr = function(p, q, s, u) list(actuar::dburr(s, q, p, log = TRUE), actuar::qburr(u, q, p))
  ),
  rmutil = list(
    burr = function(p, q, s, u) list(rmutil::dburr(s, 1, p, q, log = TRUE), rmutil::qburr(u, 1, p, q))
  ),
  MCMCpack = list(inverse_gamma = function(p, q, s, u) list(log(MCMCpack::dinvgamma(s, p, q)))),
  stats = list(
    log_normal = function(p, q, s, u) list(stats::dlnorm(s, p, q, log = TRUE), stats::qlnorm(u, p, q))
  )
)[[package]]

serve(package, if (is.null(student)) {
  list("scale_mixture_nngp.scale_law" = function(law, p, q, s, u) {
    if (is.null(scales[[law]])) inapplicable("it does not have this law")
    found <- scales[[law]](p, q, s, u)
    setNames(found, c("log_density", "draws")[seq_along(found)])
  })
} else {
  list("scale_mixture_nngp.student_law" = function(mean, Sigma, a, b, f) {
    scale <- b / a * matrix(Sigma, length(mean))
    density <- student(matrix(f, ncol = length(mean)), mean, scale, 2 * a)
    list(dof = scalar(2 * a), scale = scale, log_density = as.vector(density))
  })
})
