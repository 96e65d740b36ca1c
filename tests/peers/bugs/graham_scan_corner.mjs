// graham_scan 1.0.5: a corner of the hull is lost where several points lie in the same direction from the lowest one.
//
// In src/graham_scan.js, `_sortPoints` orders by the angle alone; of equal angles the nearer point must come first (or
// the farther ones last), as the scan takes them for a turn otherwise. A comparison of the distances from the anchor in
// place of the last `return 0;` mends it. Points on a side are kept as corners here and there for the same reason.

import { createRequire } from "node:module";

const Scan = createRequire(new URL("../../../.peers/node/package.json", import.meta.url))("graham_scan");
const scan = new Scan();
for (const [x, y] of [[1, 0], [3, 1], [0, 0], [0, 3], [4, 0], [3, 0]]) scan.addPoint(x, y);
const found = scan.getHull().map(({ x, y }) => `(${x}, ${y})`);
console.log(`formula: (0, 0) (4, 0) (3, 1) (0, 3)\nrelease: ${found.join(" ")}`);
process.exit(found.includes("(4, 0)") ? 1 : 0);
