// What the programs in C++ share about pointer_net: how hulls and triangulations are written.

#pragma once

#include <algorithm>
#include <array>

#include "protocol.hpp"

namespace refimpl {

using Points = std::vector<std::array<double, 2>>;

inline Points points_of(const Array& P, std::size_t s) {
  Points found(P.shape[1]);
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (std::size_t k = 0; k < 2; ++k) found[i][k] = P.data[(s * P.shape[1] + i) * 2 + k];
  }
  return found;
}

/// Corners counter-clockwise, from the lowest index.
inline std::vector<double> hull_row(const Points&, std::vector<int> corners) {
  std::rotate(corners.begin(), std::min_element(corners.begin(), corners.end()), corners.end());
  std::vector<double> row;
  for (const int i : corners) row.push_back(i + 1);
  return row;
}

/// Triangles as rising indices, in the order of their incenters.
inline std::vector<double> delaunay_row(const Points& points, std::vector<std::array<int, 3>> triangles) {
  std::vector<std::pair<std::array<double, 2>, std::array<int, 3>>> sorted;
  for (auto corners : triangles) {
    std::sort(corners.begin(), corners.end());
    const auto far = [&](int i, int j) {
      return std::hypot(points[corners[i]][0] - points[corners[j]][0], points[corners[i]][1] - points[corners[j]][1]);
    };
    const double a = far(1, 2), b = far(2, 0), c = far(0, 1);
    std::array<double, 2> at{};
    for (int k = 0; k < 2; ++k) {
      at[k] = (a * points[corners[0]][k] + b * points[corners[1]][k] + c * points[corners[2]][k]) / (a + b + c);
    }
    sorted.emplace_back(at, corners);
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> row;
  for (const auto& [at, corners] : sorted) {
    for (const int i : corners) row.push_back(i + 1);
  }
  return row;
}

/// Rows of all inputs: 0 behind each, then -1 up to a width.
template <typename Row>
Outputs targets(const Inputs& inputs, std::size_t (*width)(std::size_t), Row row) {
  const Array P = inputs.array("P");
  Array C{{P.shape[0], width(P.shape[1])}, {}};
  for (std::size_t s = 0; s < P.shape[0]; ++s) {
    std::vector<double> found = row(points_of(P, s));
    found.push_back(0);
    found.resize(C.shape[1], -1);
    C.data.insert(C.data.end(), found.begin(), found.end());
  }
  return {{"C", C}};
}

inline std::size_t hull_width(std::size_t n) { return n + 1; }
inline std::size_t delaunay_width(std::size_t n) { return 3 * (2 * n - 5) + 1; }

}  // namespace refimpl
