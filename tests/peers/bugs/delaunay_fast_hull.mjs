// delaunay-fast 1.0.1: triangles along the hull are missing, and small coordinates count as equal.
//
// In delaunay.js, `supertriangle` puts the corners that hold everything only 20 times as far away as the points are
// wide; a flat triangle on the hull has a larger circle, and is lost. Farther corners, say 1e6 times, mend it for all
// but the flattest ones. In `circumcircle`, EPSILON = 2^-20 is an absolute length: `Math.abs(y1 - y2) === 0` mends it.

import { createRequire } from "node:module";

const { triangulate } = createRequire(new URL("../../../.peers/node/package.json", import.meta.url))("delaunay-fast");
const points = [[-0.94, -2.28], [0, 0], [3.68, 0.58], [-2.26, -3.1]];
const shrunk = [[0, 0], [1e-7, 0], [0, 1e-7]];

const found = triangulate(points).length / 3;
console.log(`formula: 2 n - 2 - h = 3 triangles on 4 points, 3 on the hull\nrelease: ${found}`);
let small;
try {
  small = triangulate(shrunk).length / 3;
} catch (error) {
  small = error.message;
}
console.log(`formula: 1 triangle on 3 points\nrelease: ${small}`);
process.exit(found === 3 && small === 1 ? 1 : 0);
