// kmeans-ts 1.0.4: a cluster that loses all of its rows moves to the origin, and labels are those before the last move.
//
// It was carried over from skmeans with both: the mean of no rows, 0 / 0, is taken for 0 (`|| 0`), where the centre must
// be kept; and after the last move no row is labelled anew.

import { createRequire } from "node:module";

const kmeans = createRequire(new URL("../../../.peers/node/package.json", import.meta.url))("kmeans-ts").default;
const rows = [[10], [11], [20], [21]];
const start = [[10.5], [20.5], [100]]; // no row is nearest to the third
const { centroids } = kmeans(rows, 3, start.map((c) => [...c]));
console.log(`formula: centres 10.5, 20.5 and, without a row, 100 still\nrelease: ${centroids.join(", ")}`);
process.exit(centroids[2][0] === 100 ? 1 : 0);
