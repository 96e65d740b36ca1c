# What the programs in R share: the conversation of docs/oracle/protocol.rst.

# An input of a request: a number, a word, or an array.
taken <- function(x) {
  if (!is.list(x)) return(x)
  data <- as.numeric(x$data)
  shape <- as.integer(x$shape)
  if (length(shape) < 2) return(data)
  aperm(array(data, rev(shape)), rev(seq_along(shape)))
}

# A number or an array as JSON, in row-major order with all digits.
told <- function(x) {
  shape <- if (is.null(dim(x))) length(x) else dim(x)
  flat <- if (length(shape) > 1) as.vector(aperm(x, rev(seq_along(shape)))) else as.vector(x)
  flat <- as.numeric(flat)
  text <- sprintf("%.17g", flat)
  text[is.nan(flat) | is.na(flat)] <- "\"NaN\""
  text[flat == Inf] <- "\"Infinity\""
  text[flat == -Inf] <- "\"-Infinity\""
  if (isTRUE(attr(x, "scalar"))) shape <- integer(0)
  paste0("{\"shape\": [", paste(shape, collapse = ", "), "], \"data\": [", paste(text, collapse = ", "), "]}")
}

scalar <- function(x) structure(as.numeric(x), scalar = TRUE)

# Ends a case that the package cannot take.
inapplicable <- function(reason) stop(structure(class = c("inapplicable", "error", "condition"), list(message = reason, call = NULL)))

quoted <- function(text) as.character(jsonlite::toJSON(text, auto_unbox = TRUE))

# Answers requests with functions, by operation; each takes the inputs by name and returns a list of outputs.
serve <- function(package, operations) {
  about <- sprintf("{\"name\": %s, \"version\": %s, \"language\": \"R\"}", quoted(package), quoted(as.character(packageVersion(package))))
  able <- paste(vapply(names(operations), quoted, ""), collapse = ", ")
  input <- file("stdin", "r")
  while (length(line <- readLines(input, 1)) > 0) {
    request <- jsonlite::fromJSON(line)
    if (request$cmd == "stop") break
    answer <- sprintf("\"protocol\": 1, \"implementation\": %s, \"operations\": [%s], \"dtypes\": [\"float64\"]", about, able)
    if (request$cmd == "run") {
      answer <- tryCatch({
        outputs <- suppressWarnings(do.call(operations[[request$operation]], lapply(request$inputs, taken)))
        pairs <- paste0("\"", names(outputs), "\": ", vapply(outputs, told, ""))
        paste0("\"outputs\": {", paste(pairs, collapse = ", "), "}")
      },
      inapplicable = function(reason) paste0("\"not_applicable\": ", quoted(conditionMessage(reason))),
      error = function(error) paste0("\"error\": ", quoted(conditionMessage(error))))
    }
    cat("{\"seq\": ", request$seq, ", ", answer, "}\n", sep = "")
    flush(stdout())
  }
}

