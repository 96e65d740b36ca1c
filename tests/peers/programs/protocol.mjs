// What the programs in JavaScript share: packages of .peers/node, and the conversation of docs/oracle/protocol.rst.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const folder = new URL("../../../.peers/node/", import.meta.url);
export const require = createRequire(new URL("package.json", folder));

/** An array of a request as nested lists of numbers. */
function rows({ shape, data }) {
  const numbers = data.map(Number);
  const cut = (from, [n, ...rest]) => {
    const size = rest.reduce((a, b) => a * b, 1);
    return Array.from({ length: n }, (_, i) => (rest.length ? cut(from + i * size, rest) : numbers[from + i]));
  };
  return shape.length ? cut(0, shape) : numbers[0];
}

/** A number, or nested lists of them, as JSON can hold it. */
function told(value) {
  if (typeof value !== "number") return Array.from(value, told);
  return Number.isFinite(value) ? value : Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/** An input that the package cannot take. */
export class Inapplicable extends Error {}

/** Answers requests with functions, by operation; each takes the inputs by name and returns the outputs by name. */
export async function serve(name, operations, dtypes = ["float64"]) {
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, folder)));
  for await (const line of createInterface({ input: process.stdin })) {
    const { cmd, seq, operation, inputs } = JSON.parse(line);
    if (cmd === "stop") return;
    let answer = { protocol: 1, implementation: { name, version, language: "JavaScript" }, operations: Object.keys(operations), dtypes };
    if (cmd === "run") {
      try {
        const given = Object.entries(inputs).map(([key, x]) => [key, typeof x === "object" ? rows(x) : x]);
        const outputs = Object.entries(await operations[operation](Object.fromEntries(given)));
        answer = { outputs: Object.fromEntries(outputs.map(([key, x]) => [key, x.data ? { shape: x.shape, data: told(x.data) } : told(x)])) };
      } catch (error) {
        if (error instanceof Inapplicable) answer = { not_applicable: error.message };
        else answer = { error: String(error), traceback: error.stack ?? "" };
      }
    }
    process.stdout.write(`${JSON.stringify({ seq, ...answer })}\n`);
  }
}
