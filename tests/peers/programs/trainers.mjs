// Trainers of convnetjs and toygrad, fed with gradients: node trainers.mjs PACKAGE.
//
// The network hands over parameters and gradients, and does nothing else.

import { Inapplicable, require, serve } from "./protocol.mjs";

const name = process.argv[2];
const { Trainer } = name === "convnetjs" ? require("convnetjs") : {};
const { Trainers } = name === "toygrad" ? await import(require.resolve("toygrad")) : {};

function path(Kind, options, theta0, grads) {
  const params = Float64Array.from(theta0);
  const slopes = new Float64Array(params.length);
  const net = { forward() {}, backward: () => 0, getParamsAndGrads: () => [{ params, grads: slopes }] };
  const trainer = new Kind(net, options);
  const thetas = grads.map((g) => {
    slopes.set(g);
    trainer.train();
    return Array.from(params);
  });
  return { thetas };
}

await serve(name, {
  convnetjs: {
    "adadagrad.adagrad": ({ theta0, grads, alpha, v0, eps }) => {
      if (v0 !== 0) throw new Inapplicable("its accumulators start at 0");
      return path(Trainer, { method: "adagrad", learning_rate: alpha, eps }, theta0, grads);
    },
  },
  toygrad: {
    "adamw.adam": ({ theta0, grads, lr, beta1, beta2, eps, weight_decay: l2decay }) =>
      path(Trainers.Adam, { learningRate: lr, beta1, beta2, eps, l2decay }, theta0, grads),
  },
}[name], [name === "toygrad" ? "float32" : "float64"]);
