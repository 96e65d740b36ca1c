// Least squares of shortest length in lasso_mtrl, and the nearest matrix of attention_svm: singular values of ml-matrix.

import { require, serve } from "./protocol.mjs";

const { Matrix, SVD } = require("ml-matrix");

await serve("ml-matrix", {
  "lasso_mtrl.relevance_l2": ({ W, w }) => ({ nu: new SVD(new Matrix(W), { autoTranspose: true }).solve(Matrix.columnVector(w)).to1DArray() }),
});
