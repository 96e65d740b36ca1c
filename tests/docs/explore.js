// Serves the steps of the figures that move to the oracle:
//     refimpl check lion.step --exec "node tests/docs/explore.js"
"use strict";
const rules = require("../../docs/_static/explore/rules.js");

const number = (x) => (Number.isFinite(x) ? (Object.is(x, -0) ? "-0.0" : String(x)) : `"${x}"`);
const write = ({ shape, data }) => `{"dtype": "float64", "shape": ${JSON.stringify(shape)}, "data": [${data.map(number)}]}`;
const special = { NaN, Infinity, "-Infinity": -Infinity };
const read = (value) =>
  value !== null && typeof value === "object" ? { ...value, data: value.data.map(Number) } : value in special ? special[value] : value;
const group = (object, f) => Object.entries(object).map(([name, value]) => [name, f(value)]);

function answer({ cmd, seq, operation, inputs }) {
  if (cmd === "start") {
    const implementation = { name: "explore", version: "1.0.0", language: "JavaScript" };
    return JSON.stringify({ seq, protocol: 1, implementation, operations: Object.keys(rules), dtypes: ["float64"] });
  }
  const outputs = rules[operation](Object.fromEntries(group(inputs, read)));
  return `{"seq": ${seq}, "outputs": {${group(outputs, write).map(([name, text]) => `"${name}": ${text}`)}}}`;
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
