// The best permutation in weight_matching: node assignment.mjs PACKAGE. Scores are made here, a package pairs units.

import { require, serve } from "./protocol.mjs";

const name = process.argv[2];
const assign = {
  munkres: (costs) => require("munkres").munkres(costs),
  "munkres-js": (costs) => require("munkres-js")(costs),
  "hungarian-on3": (costs) => require("hungarian-on3")(costs),
}[name];

const dot = (f, n) => Array.from({ length: n }, (_, k) => f(k)).reduce((a, b) => a + b, 0);

function scores({ W1, b1, W2, b2, W3, b3, p1, p2, layer }) {
  const [n0, n1, n2, n3] = [W1[0].length, b1[0].length, b2[0].length, b3[0].length];
  const gain = layer
    ? (i, j) => b2[0][i] * b2[1][j] + dot((k) => W2[0][k][i] * W2[1][p1[k]][j], n1) + dot((k) => W3[0][i][k] * W3[1][j][k], n3)
    : (i, j) => b1[0][i] * b1[1][j] + dot((k) => W1[0][k][i] * W1[1][k][j], n0) + dot((k) => W2[0][i][k] * W2[1][j][p2[k]], n2);
  const n = layer ? n2 : n1;
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => gain(i, j)));
}

await serve(name, {
  "weight_matching.visit": (inputs) => {
    const C = scores(inputs);
    const p = Array(C.length).fill(-1);
    for (const [i, j] of assign(C.map((row) => row.map((c) => -c)))) p[i] = j;
    return { p };
  },
});
