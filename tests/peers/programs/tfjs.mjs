// Optimizers of @tensorflow/tfjs-core, fed with gradients.

import { require, serve } from "./protocol.mjs";

const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-cpu");
await tf.setBackend("cpu");

/** Parameters after each step; `slope(g, theta)` is what the optimizer is given. */
function path(optimizer, theta0, grads, slope = (g) => g) {
  const theta = tf.variable(tf.tensor1d(theta0), true, "theta");
  const thetas = grads.map((g) => {
    const now = theta.dataSync();
    optimizer.applyGradients({ theta: tf.tensor1d(g.map((x, i) => slope(x, now[i]))) });
    return Array.from(theta.dataSync());
  });
  tf.disposeVariables();
  return { thetas };
}

await serve("@tensorflow/tfjs-core", {
  "adamw.adam": ({ theta0, grads, lr, beta1, beta2, eps, weight_decay: decay }) =>
    path(tf.train.adam(lr, beta1, beta2, eps), theta0, grads, (g, x) => g + decay * x),
  "adadagrad.adagrad": ({ theta0, grads, alpha, v0 }) => path(tf.train.adagrad(alpha, v0), theta0, grads),
}, ["float32"]);
