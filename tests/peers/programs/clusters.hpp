// What the programs in C++ share about claps: the seeds, drawn as the case says.

#pragma once

#include "protocol.hpp"

namespace refimpl {

inline std::vector<std::size_t> seeds_of(const Array& E, const Array& u) {
  const std::size_t rows = E.shape[0], d = E.shape[1];
  std::vector<std::size_t> seeds{static_cast<std::size_t>(u(0) * rows)};
  std::vector<double> far(rows, std::numeric_limits<double>::infinity());
  while (seeds.size() < u.data.size()) {
    double total = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      double square = 0;
      for (std::size_t k = 0; k < d; ++k) square += std::pow(E(i, k) - E(seeds.back(), k), 2);
      total += far[i] = std::min(far[i], square);
    }
    double sum = 0;
    std::size_t i = 0;
    while (i + 1 < rows && (sum += far[i]) <= u(seeds.size()) * total) ++i;
    seeds.push_back(i);
  }
  return seeds;
}

}  // namespace refimpl
