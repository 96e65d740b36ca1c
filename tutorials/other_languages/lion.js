// A Lion in JavaScript, and the few lines that let the oracle ask it:
//     refimpl check lion.trajectory --exec "node tutorials/other_languages/lion.js"
// Every line of standard input is a request; every request gets one line of answer.

function trajectory({ theta0, grads, lr, beta1, beta2, weight_decay }) {
  const [steps, d] = grads.shape;
  const theta = [...theta0.data];
  const momentum = new Array(d).fill(0);
  const thetas = [];
  for (let t = 0; t < steps; t++) {
    for (let i = 0; i < d; i++) {
      const g = grads.data[t * d + i];
      const c = beta1 * momentum[i] + (1 - beta1) * g;
      theta[i] -= lr * (Math.sign(c) + weight_decay * theta[i]);
      momentum[i] = beta2 * momentum[i] + (1 - beta2) * g;
    }
    thetas.push([...theta]);
  }
  return { thetas };
}

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { seq, operation, inputs } = JSON.parse(line);
    const answer =
      operation === "lion.trajectory" ? { outputs: trajectory(inputs) } : { skipped: "only lion.trajectory" };
    console.log(JSON.stringify({ seq, ...answer }));
  });
