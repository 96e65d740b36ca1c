// The least matrix of attention_svm: node machines.mjs PACKAGE, which solves a quadratic programme.

import { Inapplicable, require, serve } from "./protocol.mjs";

const name = process.argv[2];
const outer = (x, z) => x.flatMap((a) => z.map((b) => a * b));
const dot = (x, y) => x.reduce((sum, a, k) => sum + a * y[k], 0);

const square = (d) => Array.from({ length: d }, (_, i) => Array.from({ length: d }, (_, j) => Number(i === j)));
const turned = (rows) => rows[0].map((_, j) => rows.map((row) => row[j]));

/** Solution and message of the programme |w|^2 / 2 least subject to a.w >= 1 for all rows a. */
const programme = {
  numeric(rows, D, none, ones) {
    const found = require("numeric").solveQP(D, none, turned(rows), ones);
    return [found.solution, found.message];
  },
  quadprog(rows, D, none, ones) {
    const from1 = (list) => [undefined, ...list]; // it counts from 1, as R does
    const found = require("quadprog").solveQP(from1(D.map(from1)), from1(none), from1(turned(rows).map(from1)), from1(ones));
    return [found.solution.slice(1), found.message];
  },
  "quadprog-js"(rows, D, none, ones) {
    const negative = (list) => list.map((x) => -x);
    try {
      return [require("quadprog-js")(D, none, rows.map(negative), negative(ones)).solution, ""];
    } catch (error) {
      if (!error.message.includes("inconsistent")) throw error;
      return [null, error.message];
    }
  },
}[name];

await serve(name, {
  "attention_svm.svm_frobenius": ({ X, Z, alpha }) => {
    const d = Z[0].length;
    if (d > 10) throw new Inapplicable("a dense matrix of the size of all unknowns");
    const apart = X.map((tokens, i) => tokens.map((x) => outer(x.map((_, k) => tokens[alpha[i]][k] - x[k]), Z[i])));
    const rows = apart.flatMap((found, i) => found.filter((_, t) => t !== alpha[i]));
    const [w, message] = programme(rows, square(d * d), Array(d * d).fill(0), Array(rows.length).fill(1));
    const known = message ? Array(d * d).fill(NaN) : w;
    return {
      feasible: message ? 0 : 1,
      W: Array.from({ length: d }, (_, i) => known.slice(i * d, (i + 1) * d)),
      margins: apart.map((found) => found.map((row) => dot(row, known))),
    };
  },
});
