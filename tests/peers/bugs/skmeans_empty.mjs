// skmeans 0.11.3: a cluster that loses all of its rows moves to the origin, and labels are those before the last move.
//
// In main.js, `ksj[h] = (sumj[h])/(cj) || 0` divides 0 by 0 and takes 0 for it: `if (cj > 0)` around it would keep the
// centre (the same two lines stand in the part for numbers). When `maxit` is reached, `idxs` is as it was before the
// centres moved: one more pass over the rows after the loop would mend that.

import { createRequire } from "node:module";

const skmeans = createRequire(new URL("../../../.peers/node/package.json", import.meta.url))("skmeans");
const rows = [[10], [11], [20], [21]];
const start = [[10.5], [20.5], [100]]; // no row is nearest to the third
const { centroids } = skmeans(rows, 3, start.map((c) => [...c]));
console.log(`formula: centres 10.5, 20.5 and, without a row, 100 still\nrelease: ${centroids.join(", ")}`);
process.exit(centroids[2][0] === 100 ? 1 : 0);
