// CGAL: hulls and Delaunay triangulations, with exact predicates.

#include <CGAL/Delaunay_triangulation_2.h>
#include <CGAL/Exact_predicates_inexact_constructions_kernel.h>
#include <CGAL/Triangulation_vertex_base_with_info_2.h>
#include <CGAL/convex_hull_2.h>
#include <CGAL/property_map.h>
#include <CGAL/Convex_hull_traits_adapter_2.h>
#include <CGAL/version.h>

#include <numeric>

#include "geometry.hpp"

using namespace refimpl;
using Kernel = CGAL::Exact_predicates_inexact_constructions_kernel;
using Vertex = CGAL::Triangulation_vertex_base_with_info_2<int, Kernel>;
using Delaunay = CGAL::Delaunay_triangulation_2<Kernel, CGAL::Triangulation_data_structure_2<Vertex>>;

std::vector<Kernel::Point_2> made(const Points& points) {
  std::vector<Kernel::Point_2> found;
  for (const auto& [x, y] : points) found.emplace_back(x, y);
  return found;
}

int main() {
  return serve("cgal", CGAL_VERSION_STR, {
    {"pointer_net.hull_target", [](const Inputs& x) {
      return targets(x, hull_width, [](const Points& points) {
        const auto at = made(points);
        std::vector<int> all(points.size()), corners;
        std::iota(all.begin(), all.end(), 0);
        using Traits = CGAL::Convex_hull_traits_adapter_2<Kernel, CGAL::Pointer_property_map<Kernel::Point_2>::const_type>;
        CGAL::convex_hull_2(all.begin(), all.end(), std::back_inserter(corners), Traits(CGAL::make_property_map(at)));
        return hull_row(points, corners);
      });
    }},
    {"pointer_net.delaunay_target", [](const Inputs& x) {
      return targets(x, delaunay_width, [](const Points& points) {
        const auto at = made(points);
        Delaunay found;
        for (std::size_t i = 0; i < at.size(); ++i) found.insert(at[i])->info() = static_cast<int>(i);
        std::vector<std::array<int, 3>> triangles;
        for (auto face : found.finite_face_handles()) {
          triangles.push_back({face->vertex(0)->info(), face->vertex(1)->info(), face->vertex(2)->info()});
        }
        return delaunay_row(points, triangles);
      });
    }},
  });
}
