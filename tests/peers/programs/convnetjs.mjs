// The trainer of convnetjs, fed with gradients: a network that hands over parameters and gradients, and nothing else.

import { Inapplicable, require, serve } from "./protocol.mjs";

const { Trainer } = require("convnetjs");

function path(options, theta0, grads) {
  const params = Float64Array.from(theta0);
  const slopes = new Float64Array(params.length);
  const net = { forward() {}, backward: () => 0, getParamsAndGrads: () => [{ params, grads: slopes }] };
  const trainer = new Trainer(net, options);
  const thetas = grads.map((g) => {
    slopes.set(g);
    trainer.train();
    return Array.from(params);
  });
  return { thetas };
}

await serve("convnetjs", {
  "adadagrad.adagrad": ({ theta0, grads, alpha, v0, eps }) => {
    if (v0 !== 0) throw new Inapplicable("its accumulators start at 0");
    return path({ method: "adagrad", learning_rate: alpha, eps }, theta0, grads);
  },
  "opposing_signals.optimise": ({ kind, theta0, grads, lr, beta1, dampening }) => {
    if (kind !== "sgdm" || dampening !== 0) throw new Inapplicable("it has momentum without dampening alone");
    return path({ method: "sgd", learning_rate: lr, momentum: beta1 }, theta0, grads);
  },
});
