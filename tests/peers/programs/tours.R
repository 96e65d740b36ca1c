# Tours of pointer_net by the package TSP.

source("tests/peers/programs/protocol.R")

# From city 1, in the direction in which the second city is lower than the last; counted from 1, then 0.
told_tour <- function(tour) {
  first <- which(tour == 1)
  tour <- c(tour[first:length(tour)], tour[seq_len(first - 1)])
  if (length(tour) > 2 && tour[2] > tour[length(tour)]) tour <- c(tour[1], rev(tour[-1]))
  c(tour, 0)
}

serve("TSP", list(
  "pointer_net.tour_heuristics" = function(P, kind) {
    found <- lapply(seq_len(dim(P)[1]), function(s) {
      cities <- TSP::TSP(dist(P[s, , ]))
      tour <- TSP::solve_TSP(cities, method = "nn", control = list(start = 1L))
      if (kind == "two_opt") tour <- TSP::solve_TSP(cities, method = "two_opt", control = list(tour = tour))
      list(tour = told_tour(as.integer(tour)), length = TSP::tour_length(tour))
    })
    list(C = do.call(rbind, lapply(found, `[[`, "tour")), length = vapply(found, `[[`, 0, "length"))
  }
))
