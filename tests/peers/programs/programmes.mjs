// Least 1-norms in lasso_mtrl: node programmes.mjs PACKAGE, which solves linear programmes in numbers >= 0.

import { require, serve } from "./protocol.mjs";

const name = process.argv[2];

/** Values of the variables "p0", "n0", ...: the positive and the negative part of each coefficient. */
const programme = {
  "javascript-lp-solver"(constraints, variables) {
    return require("javascript-lp-solver").Solve({ optimize: "size", opType: "min", constraints, variables });
  },
  yalps(constraints, variables) {
    const found = require("yalps").solve({ objective: "size", direction: "minimize", constraints, variables });
    return Object.fromEntries(found.variables);
  },
}[name];

await serve(name, {
  "lasso_mtrl.relevance_l1": ({ W, w }) => {
    const constraints = Object.fromEntries(w.map((b, i) => [`row${i}`, { equal: b }]));
    const variables = {};
    for (let t = 0; t < W[0].length; t++) {
      for (const [part, sign] of [["p", 1], ["n", -1]]) {
        variables[part + t] = { size: 1, ...Object.fromEntries(W.map((row, i) => [`row${i}`, sign * row[t]])) };
      }
    }
    const found = programme(constraints, variables);
    const nu = W[0].map((_, t) => (found[`p${t}`] ?? 0) - (found[`n${t}`] ?? 0));
    return { value: nu.reduce((sum, x) => sum + Math.abs(x), 0), nu };
  },
});
