// kmeans-js 0.1.2: the iterations end as soon as one coordinate of one centre stays, and fail with one centre.
//
// In kMeans.js, `hasConverged` returns true at the first coordinate whose change is below the tolerance; all must be.
// Its loops run over `this.n` features and `this.m` rows where they need `this.K` centres and `this.n` features, so that
// centres that are not there are read where there are more features than centres.

import { createRequire } from "node:module";

const KMeans = createRequire(new URL("../../../.peers/node/package.json", import.meta.url))("kmeans-js");
const rows = [0, 1, 5, 6, 7].map((x) => [x, x]);
const fitted = new KMeans({ K: 2, initialize: () => [[0, 0], [1, 1]] });
fitted.autoCluster(rows);
console.log(`formula: 0.5,0.5 6,6\nrelease: ${fitted.centroids.join(" ")}`);
let one;
try {
  const alone = new KMeans({ K: 1, initialize: () => [[0, 0]] });
  alone.autoCluster(rows);
  one = alone.centroids.join(" ");
} catch (error) {
  one = error.message;
}
console.log(`formula: 3.8,3.8\nrelease: ${one}`);
process.exit(fitted.centroids[1][1] === 6 && one === "3.8,3.8" ? 1 : 0);
