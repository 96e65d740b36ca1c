// GEOS: hulls and Delaunay triangulations.

#include <geos_c.h>

#include "geometry.hpp"

using namespace refimpl;

GEOSGeometry* made(const Points& points) {
  std::vector<GEOSGeometry*> parts;
  for (const auto& [x, y] : points) parts.push_back(GEOSGeom_createPointFromXY(x, y));
  return GEOSGeom_createCollection(GEOS_MULTIPOINT, parts.data(), static_cast<unsigned>(parts.size()));
}

/// Numbers of the corners of a polygon; the last one is the first again.
std::vector<int> ring(const Points& points, const GEOSGeometry* polygon) {
  const GEOSCoordSequence* line = GEOSGeom_getCoordSeq(GEOSGetExteriorRing(polygon));
  unsigned size;
  GEOSCoordSeq_getSize(line, &size);
  std::vector<int> found;
  for (unsigned i = 0; i + 1 < size; ++i) {
    std::array<double, 2> at;
    GEOSCoordSeq_getXY(line, i, &at[0], &at[1]);
    found.push_back(static_cast<int>(std::find(points.begin(), points.end(), at) - points.begin()));
  }
  return found;
}

int main() {
  initGEOS(nullptr, nullptr);
  return serve("geos", GEOS_VERSION, {
    {"pointer_net.hull_target", [](const Inputs& x) {
      return targets(x, hull_width, [](const Points& points) {
        GEOSGeometry *all = made(points), *hull = GEOSConvexHull(all);
        std::vector<int> corners = ring(points, hull);
        std::reverse(corners.begin(), corners.end());  // it turns clockwise
        GEOSGeom_destroy(hull);
        GEOSGeom_destroy(all);
        return hull_row(points, corners);
      });
    }},
    {"pointer_net.delaunay_target", [](const Inputs& x) {
      return targets(x, delaunay_width, [](const Points& points) {
        GEOSGeometry *all = made(points), *found = GEOSDelaunayTriangulation(all, 0.0, 0);
        std::vector<std::array<int, 3>> triangles;
        for (int t = 0; t < GEOSGetNumGeometries(found); ++t) {
          const std::vector<int> corners = ring(points, GEOSGetGeometryN(found, t));
          triangles.push_back({corners.at(0), corners.at(1), corners.at(2)});
        }
        GEOSGeom_destroy(found);
        GEOSGeom_destroy(all);
        return delaunay_row(points, triangles);
      });
    }},
  });
}
