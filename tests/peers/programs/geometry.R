# Hulls and triangulations of pointer_net: Rscript geometry.R PACKAGE.

source("tests/peers/programs/protocol.R")
package <- commandArgs(TRUE)

# Corners in their order, of points in rows.
hull <- list(
  grDevices = function(P) grDevices::chull(P)
)[[package]]

# Triangles, a row of three indices each.
triangles <- list(
  deldir = function(P) {
    found <- deldir::triMat(deldir::deldir(P[, 1], P[, 2], suppressMsge = TRUE))
    matrix(found, ncol = 3)
  },
  geometry = function(P) matrix(geometry::delaunayn(P), ncol = 3),
  interp = function(P) matrix(interp::triangles(interp::tri.mesh(P[, 1], P[, 2]))[, 1:3], ncol = 3)
)[[package]]

hull_target <- function(P) {
  n <- nrow(P)
  found <- hull(P)
  following <- c(found[-1], found[1])
  moved <- sweep(P, 2, P[1, ])
  area <- sum(moved[found, 1] * moved[following, 2] - moved[found, 2] * moved[following, 1])
  if (area < 0) found <- rev(found)
  first <- which.min(found)
  row <- c(found[first:length(found)], found[seq_len(first - 1)])
  c(row, c(0, rep(-1, n))[seq_len(n + 1 - length(row))])
}

delaunay_target <- function(P) {
  width <- 3 * (2 * nrow(P) - 5) + 1
  found <- t(apply(triangles(P), 1, sort))
  far <- function(i, j) sqrt(rowSums((P[found[, i], , drop = FALSE] - P[found[, j], , drop = FALSE])^2))
  sides <- cbind(far(2, 3), far(3, 1), far(1, 2))
  at <- function(k) rowSums(sides * matrix(P[found, k], ncol = 3)) / rowSums(sides)
  row <- c(t(found[order(at(1), at(2)), , drop = FALSE]), 0)
  c(row, rep(-1, max(width - length(row), 0)))
}

targets <- function(target) function(P) list(C = do.call(rbind, lapply(seq_len(dim(P)[1]), function(s) target(P[s, , ]))))

serve(package, if (is.null(hull)) list("pointer_net.delaunay_target" = targets(delaunay_target)) else list("pointer_net.hull_target" = targets(hull_target)))
