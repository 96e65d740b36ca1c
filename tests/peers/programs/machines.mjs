// The least matrix of attention_svm: node machines.mjs numeric|libsvm-js.

import { Inapplicable, require, serve } from "./protocol.mjs";

const name = process.argv[2];
const outer = (x, z) => x.flatMap((a) => z.map((b) => a * b));
const dot = (x, y) => x.reduce((sum, a, k) => sum + a * y[k], 0);

/** |w|^2 / 2 least subject to a.w >= 1 for all rows a. */
function programme(rows) {
  const numeric = require("numeric");
  const found = numeric.solveQP(numeric.identity(rows[0].length), Array(rows[0].length).fill(0), numeric.transpose(rows), Array(rows.length).fill(1));
  return found.message ? null : found.solution;
}

await serve(name, {
  "attention_svm.svm_frobenius": ({ X, Z, alpha }) => {
    const d = Z[0].length;
    if (d > 10) throw new Inapplicable("a dense matrix of the size of all unknowns");
    const apart = X.map((tokens, i) => tokens.map((x) => outer(x.map((_, k) => tokens[alpha[i]][k] - x[k]), Z[i])));
    const w = programme(apart.flatMap((rows, i) => rows.filter((_, t) => t !== alpha[i])));
    const known = w ?? Array(d * d).fill(NaN);
    return {
      feasible: w ? 1 : 0,
      W: Array.from({ length: d }, (_, i) => known.slice(i * d, (i + 1) * d)),
      margins: apart.map((rows) => rows.map((row) => dot(row, known))),
    };
  },
});
