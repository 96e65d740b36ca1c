// Convex hulls of pointer_net: node hull.mjs PACKAGE. A package gives corners; where they begin and turn is ours.

import { require, serve } from "./protocol.mjs";

const name = process.argv[2];
const corners = {
  async "d3-polygon"() {
    const { polygonHull } = await import(require.resolve("d3-polygon"));
    return (points) => polygonHull(points).map((p) => points.indexOf(p));
  },
  "monotone-convex-hull-2d": () => (points) => require("monotone-convex-hull-2d")(points),
  "monotone-chain-convex-hull": () => (points) => {
    const { default: hull } = require("monotone-chain-convex-hull");
    return hull(points).map((p) => points.indexOf(p));
  },
  "quick-hull-2d": () => (points) => require("quick-hull-2d")(points).map((p) => points.indexOf(p)),
  "convexhull-js": () => (points) => {
    const objects = points.map(([x, y]) => ({ x, y }));
    return require("convexhull-js")([...objects]).map((p) => objects.indexOf(p));
  },
  graham_scan: () => (points) => {
    const scan = new (require("graham_scan"))();
    for (const [x, y] of points) scan.addPoint(x, y);
    return scan.getHull().map((p) => points.findIndex(([x, y]) => x === p.x && y === p.y));
  },
  quickhull: () => (points) => {
    const objects = points.map(([x, y]) => ({ x, y }));
    const found = require("quickhull")([...objects]);
    return found.slice(0, -1).map((p) => objects.indexOf(p)); // it repeats the first corner at the end
  },
};
const find = await corners[name]();

/** Counter-clockwise from the lowest index, counted from 1; then 0, then -1. */
function target(points) {
  let found = find(points.map((p) => [...p]));
  const area = found.reduce((sum, i, k) => {
    const [p, q] = [points[i], points[found[(k + 1) % found.length]]];
    return sum + (p[0] - points[0][0]) * (q[1] - points[0][1]) - (p[1] - points[0][1]) * (q[0] - points[0][0]);
  }, 0);
  if (area < 0) found = found.toReversed();
  const first = found.indexOf(Math.min(...found));
  const row = [...found.slice(first), ...found.slice(0, first)].map((i) => i + 1);
  return [...row, ...[0, ...Array(points.length).fill(-1)].slice(0, points.length + 1 - row.length)];
}

await serve(name, { "pointer_net.hull_target": ({ P }) => ({ C: P.map(target) }) });
