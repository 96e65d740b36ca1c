// toygrad 2.6.0, Trainers.Adam: the bias correction multiplies where it must divide.
//
// In src/trainers/abstract.ts (dist/trainers/abstract.js), `biasCorr1 = gsumi[j] * (1 - Math.pow(this.beta1, this.k))` and
// the line after it, `biasCorr2 = ...`, need `/` in place of the first `*`. It came with the trainers of ConvNetJS, whose
// later versions have the same two lines.

import { createRequire } from "node:module";

const resolve = createRequire(new URL("../../../.peers/node/package.json", import.meta.url)).resolve;
const { Trainers } = await import(resolve("toygrad"));
const params = Float64Array.of(0);
const net = { forward() {}, backward: () => 0, getParamsAndGrads: () => [{ params, grads: Float64Array.of(1) }] };
new Trainers.Adam(net, { learningRate: 0.1 }).train(); // gradient 1: m / (1 - beta1) = v / (1 - beta2) = 1
console.log(`formula: ${-0.1 / (1 + 1e-8)}\nrelease: ${params[0]}`);
process.exit(Math.abs(params[0] + 0.1) < 1e-3 ? 1 : 0);
