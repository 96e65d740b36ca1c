// k-means of claps: node kmeans.mjs PACKAGE. The seeds are drawn here, as the case says; a package moves them.

import { require, serve } from "./protocol.mjs";

const name = process.argv[2];
const moved = {
  async "ml-kmeans"() {
    const { kmeans } = await import(require.resolve("ml-kmeans"));
    return (rows, initialization, maxIterations) => {
      const found = kmeans(rows, initialization.length, { initialization, maxIterations, tolerance: 0 });
      return { labels: found.clusters, centres: found.centroids };
    };
  },
  "kmeans-ts": () => (rows, seeds, steps) => {
    const found = require("kmeans-ts").default(rows, seeds.length, seeds, steps);
    return { labels: found.indexes, centres: found.centroids };
  },
  "kmeans-js": () => (rows, seeds, maxIterations) => {
    const found = new (require("kmeans-js"))({ K: seeds.length, maxIterations, tolerance: 0, initialize: () => seeds });
    found.autoCluster(rows);
    const labels = rows.map((_, i) => found.clusters.findIndex((members) => members.includes(i)));
    return { labels, centres: found.centroids };
  },
  skmeans: () => (rows, seeds, steps) => {
    const found = require("skmeans")(rows, seeds.length, seeds, steps);
    return { labels: found.idxs, centres: found.centroids };
  },
};
const move = await moved[name]();

const squared = (p, q) => p.reduce((sum, x, k) => sum + (x - q[k]) ** 2, 0);

function drawn(rows, u) {
  const seeds = [Math.floor(u[0] * rows.length)];
  const far = Array(rows.length).fill(Infinity);
  for (let k = 1; k < u.length; k++) {
    for (let i = 0; i < rows.length; i++) far[i] = Math.min(far[i], squared(rows[i], rows[seeds.at(-1)]));
    const below = u[k] * far.reduce((a, b) => a + b, 0);
    let sum = 0;
    seeds.push(far.findIndex((d) => (sum += d) > below));
  }
  return seeds;
}

await serve(name, {
  "claps.cluster": ({ E, u, max_iter: steps }) => move(E, drawn(E, u).map((i) => [...E[i]]), steps),
});
