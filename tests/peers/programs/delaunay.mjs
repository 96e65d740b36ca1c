// Delaunay triangulations of pointer_net: node delaunay.mjs PACKAGE. A package gives triangles, three indices each.

import { require, serve } from "./protocol.mjs";

const name = process.argv[2];
const triangulate = {
  async delaunator() {
    const { default: Delaunator } = await import(require.resolve("delaunator"));
    return (points) => {
      const { triangles } = Delaunator.from(points);
      return Array.from({ length: triangles.length / 3 }, (_, t) => [...triangles.slice(3 * t, 3 * t + 3)]);
    };
  },
  "delaunay-triangulate": () => (points) => require("delaunay-triangulate")(points),
  cdt2d: () => (points) => require("cdt2d")(points),
  "delaunay-fast": () => (points) => {
    const found = require("delaunay-fast").triangulate(points);
    return Array.from({ length: found.length / 3 }, (_, t) => found.slice(3 * t, 3 * t + 3));
  },
};
const find = await triangulate[name]();

/** Where the bisectors meet: the corners, each weighted with the side across. */
function incenter(points, corners) {
  const [a, b, c] = corners.map((i) => points[i]);
  const far = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]);
  const sides = [far(b, c), far(c, a), far(a, b)];
  const total = sides[0] + sides[1] + sides[2];
  return [0, 1].map((k) => (sides[0] * a[k] + sides[1] * b[k] + sides[2] * c[k]) / total);
}

/** Rising indices in the order of the incenters, counted from 1; then 0, then -1. */
function target(points) {
  const sorted = find(points.map((p) => [...p])).map((corners) => {
    const rising = [...corners].sort((i, j) => i - j);
    return { rising, at: incenter(points, rising) };
  });
  sorted.sort(({ at: p }, { at: q }) => p[0] - q[0] || p[1] - q[1]);
  const row = [...sorted.flatMap(({ rising }) => rising.map((i) => i + 1)), 0];
  return [...row, ...Array(Math.max(3 * (2 * points.length - 5) + 1 - row.length, 0)).fill(-1)];
}

await serve(name, { "pointer_net.delaunay_target": ({ P }) => ({ C: P.map(target) }) });
