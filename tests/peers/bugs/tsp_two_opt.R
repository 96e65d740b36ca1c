# TSP 1.2-4 (R), solve_TSP(method = "two_opt"): the tour is not 2-optimal, for the edge that closes it is never gained.
#
# In src/two_opt.c, function two_opt, where "the last city" is checked: turning the stretch up to the last city takes the
# edge from it back to the first city out, and its length is missing in `imp`. After `j = n-1;` the line
#   imp += matrix[M_POS(n, t[j]-1, t[0]-1)];
# mends it; two_opt_sym in the same file, which is not called, has it.

points <- rbind(c(1, 0), c(0, 1), c(0.5, 0), c(1, 0.8))
cities <- TSP::TSP(dist(points))
found <- TSP::tour_length(TSP::solve_TSP(cities, method = "two_opt", control = list(tour = c(1L, 3L, 4L, 2L))))
turned <- TSP::tour_length(TSP::TOUR(c(1L, 3L, 2L, 4L), tsp = cities))
cat("the last two cities of 1 3 4 2 turned:", turned, "\nrelease, which stays at 1 3 4 2:       ", found, "\n")
quit(status = as.integer(found <= turned))
