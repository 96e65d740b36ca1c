// Reads a file of test vectors; prints the sum of the numbers of each case, inputs and right answers, for each precision.
//     node read.js lion.step.json
"use strict";
const fs = require("fs");

// An array becomes {shape, data} in row-major order, true and false 1 and 0; a number or a word stays.
const special = { NaN, Infinity, "-Infinity": -Infinity };
const number = (x) => (x in special ? special[x] : typeof x === "boolean" ? Number(x) : x);
const value = (x) => (x !== null && typeof x === "object" ? { ...x, data: x.data.map(number) } : number(x));
const values = (group) => Object.fromEntries(Object.entries(group).map(([name, x]) => [name, value(x)]));

function read(path) {
  const file = JSON.parse(fs.readFileSync(path, "utf8"));
  if (file.schema !== "urn:refimpl:vectors:2") throw new Error(`${path}: no test vectors of version 2`);
  return file.cases.map(({ id, inputs, expected }) => ({
    id,
    inputs: values(inputs),
    expected: Object.entries(expected).map(([dtype, { outputs, tolerances }]) => ({
      dtype,
      outputs: values(outputs),
      tolerances: values(tolerances),
    })),
  }));
}

const numbers = (x) => (x.data ?? [x]).filter((y) => typeof y === "number" && Number.isFinite(y));
const sum = (group) => Object.values(group).flatMap(numbers).reduce((a, b) => a + b, 0);

for (const { id, inputs, expected } of read(process.argv[2]))
  for (const { dtype, outputs } of expected) console.log(id, dtype, sum(inputs) + sum(outputs));
