// Qhull: hulls and Delaunay triangulations.

#include <libqhullcpp/Qhull.h>
#include <libqhullcpp/QhullFacetList.h>
#include <libqhullcpp/QhullVertexSet.h>

#include "geometry.hpp"

using namespace refimpl;

int main() {
  return serve("qhull", "2020.2", {
    {"pointer_net.delaunay_target", [](const Inputs& x) {
      return targets(x, delaunay_width, [](const Points& points) {
        const orgQhull::Qhull found("", 2, static_cast<int>(points.size()), points[0].data(), "d Qbb Qt Qz");
        std::vector<std::array<int, 3>> triangles;
        for (const auto& facet : found.facetList()) {
          if (!facet.isGood() || facet.isUpperDelaunay()) continue;
          std::vector<int> corners;
          for (const auto& vertex : facet.vertices()) corners.push_back(vertex.point().id());
          triangles.push_back({corners.at(0), corners.at(1), corners.at(2)});
        }
        return delaunay_row(points, triangles);
      });
    }},
  });
}
