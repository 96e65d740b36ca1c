// A Lion in JavaScript as a full conversation: who it is, what it can do, a probe of the wire, errors with their stack.
//     refimpl check lion.trajectory --exec "node tutorials/other_languages/lion_full.js"
// With the argument "wrong" it stores the momentum before the step uses it, and the oracle says so.

const wrong = process.argv[2] === "wrong";

function trajectory({ theta0, grads, lr, beta1, beta2, weight_decay }) {
  const [steps, d] = grads.shape;
  let theta = theta0.data;
  let momentum = new Array(d).fill(0);
  const thetas = [];
  for (let t = 0; t < steps; t++) {
    const g = grads.data.slice(t * d, (t + 1) * d);
    const newMomentum = momentum.map((m, i) => beta2 * m + (1 - beta2) * g[i]);
    const used = wrong ? newMomentum : momentum;
    theta = theta.map((x, i) => x - lr * (Math.sign(beta1 * used[i] + (1 - beta1) * g[i]) + weight_decay * x));
    momentum = newMomentum;
    thetas.push(...theta);
  }
  return { thetas: { dtype: grads.dtype, shape: [steps, d], data: thetas } };
}

// JSON.stringify makes null of NaN and infinities, and 0 of -0; so numbers are written by hand.
const number = (x) => (Number.isFinite(x) ? (Object.is(x, -0) ? "-0.0" : String(x)) : `"${x}"`);
const write = ({ dtype, shape, data }) =>
  `{"dtype": "${dtype}", "shape": ${JSON.stringify(shape)}, "data": [${data.map(number)}]}`;
// Number("NaN") is NaN.
const read = (value) => (value.data ? { ...value, data: value.data.map(Number) } : Number(value));
const mapValues = (object, f) => Object.entries(object).map(([name, value]) => [name, f(value)]);

function answer({ cmd, seq, inputs }) {
  if (cmd === "start") {
    const implementation = { name: "lion_full.js", version: "1.0.0", language: "JavaScript" };
    // No int64: a number of JavaScript is a double.
    const declared = { operations: ["lion.trajectory"], dtypes: ["float64", "float32"], probe: true };
    return JSON.stringify({ seq, protocol: 1, implementation, ...declared });
  }
  const given = Object.fromEntries(mapValues(inputs, read));
  const outputs = cmd === "probe" ? given : trajectory(given);
  return `{"seq": ${seq}, "outputs": {${mapValues(outputs, write).map(([name, text]) => `"${name}": ${text}`)}}}`;
}

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const request = JSON.parse(line);
    if (request.cmd === "stop") return;
    try {
      console.log(answer(request));
    } catch (error) {
      console.log(JSON.stringify({ seq: request.seq, error: String(error), traceback: error.stack }));
    }
  });
