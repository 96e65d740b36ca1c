# Reads a file of test vectors; prints the sum of the numbers of each case, inputs and right answers, for each precision.
#     Rscript read.R lion.step.json        (needs the package jsonlite)

special <- list("NaN" = NaN, "Infinity" = Inf, "-Infinity" = -Inf)
number <- function(x) if (is.character(x)) special[[x]] else as.numeric(x)

# An array comes in row-major order: its axes are the dimensions the other way round, and then exchanged.
value <- function(x) {
  if (!is.list(x)) return(if (is.character(x) && !(x %in% names(special))) x else number(x))
  data <- vapply(x$data, number, numeric(1))
  shape <- as.integer(unlist(x$shape))
  if (length(shape) < 2 || length(data) == 0) return(data)
  aperm(array(data, rev(shape)))
}

read <- function(path) {
  file <- jsonlite::fromJSON(path, simplifyVector = FALSE)
  if (file$schema != "urn:refimpl:vectors:2") stop(path, ": no test vectors of version 2")
  lapply(file$cases, function(case) list(
    id = case$id,
    inputs = lapply(case$inputs, value),
    expected = lapply(case$expected, function(answer) list(
      outputs = lapply(answer$outputs, value),
      tolerances = lapply(answer$tolerances, value)
    ))
  ))
}

total <- function(group) {
  found <- as.numeric(unlist(Filter(is.numeric, group)))
  sum(found[is.finite(found)])
}

for (case in read(commandArgs(TRUE)[1]))
  for (dtype in names(case$expected))
    cat(case$id, dtype, format(total(case$inputs) + total(case$expected[[dtype]]$outputs), digits = 17), "\n")
