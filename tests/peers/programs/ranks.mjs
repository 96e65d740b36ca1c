// Spearman's rank correlation in token_reduction: node ranks.mjs PACKAGE.

import { Inapplicable, require, serve } from "./protocol.mjs";

const name = process.argv[2];
const correlate = {
  "simple-statistics": (x, y) => require("simple-statistics").sampleRankCorrelation(x, y),
  jstat: (x, y) => require("jstat").spearmancoeff(x, y),
  "spearman-rho": (x, y) => new (require("spearman-rho"))(x, y).calc(),
}[name];

const varies = (row) => row.some((x) => x !== row[0]);

/** Mean over the inputs; one whose attention is constant at a layer is left out here. */
async function mean(first, second) {
  const found = [];
  for (let s = 0; s < first.length; s++) {
    if (varies(first[s]) && varies(second[s])) found.push(await correlate([...first[s]], [...second[s]]));
  }
  return found.reduce((a, b) => a + b, 0) / found.length;
}

await serve(name, {
  "token_reduction.consistency": async ({ attention, kind }) => {
    if (kind !== "spearman") throw new Inapplicable("it has Spearman's correlation alone");
    return { R: await Promise.all(attention.map((a) => Promise.all(attention.map((b) => mean(a, b))))) };
  },
});
