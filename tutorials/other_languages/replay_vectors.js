// Test vectors replayed without Python: a Lion in JavaScript, checked with the answers and tolerances of a file.
//     refimpl vectors lion --out vectors
//     node tutorials/other_languages/replay_vectors.js vectors/lion.trajectory.json
// A test suite in any language can do the same in as few lines.

const vectors = JSON.parse(require("fs").readFileSync(process.argv[2], "utf8"));
if (vectors.schema !== "urn:refimpl:vectors:2" || vectors.numberOfCases !== vectors.cases.length)
  throw new Error("these are other vectors than this program can read, or not all of them");

// What is checked: the update rule, in the precision that `round` gives.
function trajectory({ theta0, grads, lr, beta1, beta2, weight_decay }, round) {
  const d = theta0.length;
  const theta = theta0.slice();
  const momentum = theta.map(() => 0);
  const thetas = [];
  for (let start = 0; start < grads.length; start += d) {
    for (let i = 0; i < d; i++) {
      const g = grads[start + i];
      const c = round(beta1 * momentum[i] + (1 - beta1) * g);
      theta[i] = round(theta[i] - lr * (Math.sign(c) + weight_decay * theta[i]));
      momentum[i] = round(beta2 * momentum[i] + (1 - beta2) * g);
    }
    thetas.push(...theta);
  }
  return { thetas };
}

const precision = { float64: (x) => x, float32: Math.fround };
const decode = (x, round) => (typeof x === "object" ? x.data.map((value) => round(Number(value))) : x);
const agrees = (x, y, tolerance) => Object.is(x, y) || Math.abs(x - y) <= tolerance;

let checked = 0;
let failed = 0;
for (const { id, why, inputs, expected } of vectors.cases)
  for (const [dtype, { outputs, tolerances }] of Object.entries(expected)) {
    const round = precision[dtype];
    const given = Object.entries(inputs).map(([name, x]) => [name, decode(x, round)]);
    const mine = trajectory(Object.fromEntries(given), round);
    for (const name of Object.keys(outputs)) {
      const [answers, allowed] = [outputs, tolerances].map((part) => decode(part[name], precision.float64));
      const wrong = answers.findIndex((x, i) => !agrees(x, mine[name][i], allowed[i])); // too few answers: undefined
      checked += 1;
      failed += wrong >= 0;
      if (wrong >= 0)
        console.log(`${id} ${dtype}: ${name}[${wrong}] is ${mine[name][wrong]}, not ${answers[wrong]} (${why})`);
    }
  }
console.log(`${checked} checked = ${checked - failed} passed + ${failed} failed`);
process.exit(failed || !checked ? 1 : 0);
