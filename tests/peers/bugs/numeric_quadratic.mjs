// numeric 1.2.6, solveQP: wrong solutions, and NaN, where the routine in R from which it was carried over is right.
//
// In numeric-1.2.6.js, function qpgen2 (from line 3646): the loops of the Fortran go on with their next index, here they
// `break` (lines 3807, 3811, 3822, 3826, 3896 and 3910; each should be `continue`, as the comments above them say).
// Besides, multipliers that are exactly 0 must not be divided by: lines 3809 and 3824 need `<= 0` in place of `< 0`,
// lines 3805 and 3820 `<= meq`. With these ten changes it agrees.

import { createRequire } from "node:module";

const numeric = createRequire(new URL("../../../.peers/node/package.json", import.meta.url))("numeric");
const least = (rows) => numeric.solveQP(numeric.identity(4), [0, 0, 0, 0], numeric.transpose(rows), [1, 1]).solution;

// The shortest x with A x = 1, A x >= 1 having both rows active: A^T (A A^T)^-1 1, by hand.
const rows = [[1, 2, 0.5, 0], [0.3, 0, 3, 3]];
const [aa, ab, bb] = [5.25, 1.8, 18.09];
const weights = [(bb - ab) / (aa * bb - ab * ab), (aa - ab) / (aa * bb - ab * ab)];
const right = rows[0].map((a, k) => weights[0] * a + weights[1] * rows[1][k]);
const found = least(rows);
console.log(`formula: ${right}\nrelease: ${found}`);
const second = least([[-1, -1, 0, 0], [0, 0, -3, -3]]);
console.log(`formula: -0.5,-0.5,${-1 / 6},${-1 / 6}\nrelease: ${second}`);
const apart = (xs, ys) => xs.some((x, k) => !(Math.abs(x - ys[k]) < 1e-9));
const wrong = [apart(right, found), apart([-0.5, -0.5, -1 / 6, -1 / 6], second)];
process.exit(wrong.every(Boolean) ? 0 : wrong.some(Boolean) ? 2 : 1);
