// The step of each figure that a reader can move. They take and return what the operations of the oracle do, under the same
// names, with arrays as {shape, data}; the tests have the oracle judge them (tests/docs/explore.js), and a browser run them.
"use strict";
(() => {
  const vector = (data) => ({ shape: [data.length], data });
  const matrix = (rows, columns, data) => ({ shape: [rows, columns], data });
  const total = (data) => data.reduce((a, b) => a + b, 0);
  const rowsOf = ({ shape: [n, d], data }) => Array.from({ length: n }, (_, i) => data.slice(i * d, (i + 1) * d));
  const shared = (weights) => {
    const sum = total(weights);
    return weights.map((w) => w / sum);
  };
  const most = (data) => data.reduce((a, b) => Math.max(a, b));
  const least = (data) => data.reduce((a, b) => Math.min(a, b));
  const dot = (a, b) => total(a.map((x, i) => x * b[i]));

  function softmax(scores) {
    const largest = most(scores);
    return shared(scores.map((s) => Math.exp(s - largest)));
  }

  const rules = {
    // optimizers: Lion
    "lion.step"({ theta, momentum, grad, lr, beta1, beta2, weight_decay }) {
      const c = momentum.data.map((m, i) => beta1 * m + (1 - beta1) * grad.data[i]);
      return {
        new_theta: vector(theta.data.map((x, i) => x - lr * (Math.sign(c[i]) + weight_decay * x))),
        new_momentum: vector(momentum.data.map((m, i) => beta2 * m + (1 - beta2) * grad.data[i])),
      };
    },

    // distributed: where a self-repellent token goes
    "srrw.kernel_row"({ P_row, x, mu, alpha }) {
      const scaled = ({ data }, largest = most(data)) => data.map((y) => y / largest);
      const [row, seen, wanted] = [scaled(P_row), scaled(x), scaled(mu)];
      const power = row.map((p, j) => (p > 0 ? -alpha * Math.log(seen[j] / wanted[j]) : -Infinity));
      const largest = most(power);
      return { row: vector(shared(row.map((p, j) => (p > 0 ? p * Math.exp(power[j] - largest) : 0)))) };
    },

    // search: the consensus of a swarm
    "cbo.consensus"({ positions, energies, alpha }) {
      const lowest = least(energies.data);
      const weight = (e) => (e === Infinity ? 0 : Math.exp(-alpha * Math.min(e - lowest, Number.MAX_VALUE)));
      const shares = shared(energies.data.map(weight));
      const rows = rowsOf(positions);
      return { point: vector(rows[0].map((_, j) => total(rows.map((x, i) => shares[i] * x[j])))) };
    },

    // nested: an estimate of something that moves
    "bsvrb.msvr"({ est, new: now, old, alpha, gamma }) {
      return { new_est: vector(est.data.map((y, i) => y + alpha * (now.data[i] - y) + gamma * (now.data[i] - old.data[i]))) };
    },

    // convex: one attention layer and its gradient
    "attention_svm.loss_grad"({ X, Z, gamma, W }) {
      const [n, T, d] = X.shape;
      const rowsW = rowsOf(W);
      const grad = new Array(d * d).fill(0);
      const losses = [];
      const attention = [];
      for (let i = 0; i < n; i++) {
        const tokens = rowsOf(matrix(T, d, X.data.slice(i * T * d, (i + 1) * T * d)));
        const z = Z.data.slice(i * d, (i + 1) * d);
        const g = gamma.data.slice(i * T, (i + 1) * T);
        const key = rowsW.map((w) => dot(w, z));
        const a = softmax(tokens.map((x) => dot(x, key)));
        const u = dot(g, a);
        losses.push(Math.max(-u, 0) + Math.log1p(Math.exp(-Math.abs(u))));
        const slope = -1 / (1 + Math.exp(u));
        const pull = a.map((w, t) => w * total(a.map((other, s) => other * (g[t] - g[s]))));
        for (let r = 0; r < d; r++)
          for (let c = 0; c < d; c++) grad[r * d + c] += (slope * total(tokens.map((x, t) => pull[t] * x[r])) * z[c]) / n;
        attention.push(...a);
      }
      return { loss: { shape: [], data: [total(losses) / n] }, attention: matrix(n, T, attention), grad: matrix(d, d, grad) };
    },

    // generative: guidance
    "diffusion.guided_score"({ mode, conditional, unconditional, gradient, eta }) {
      const score = unconditional.data.map((s, i) =>
        mode === "free" ? (1 + eta) * conditional.data[i] - eta * s : s + (1 + eta) * gradient.data[i]);
      return { score: { shape: unconditional.shape, data: score } };
    },

    // bayesian: expected improvement, and its derivatives by mean and deviation
    "bayesopt.ei"({ mu, sigma, best }) {
      const found = mu.data.map((m, i) => {
        const gap = m - best;
        const s = sigma.data[i];
        if (!(s > 0)) return [Math.max(gap, 0), gap > 0 ? 1 : 0, 0];
        const z = gap / s;
        const tail = normalTail(Math.abs(z));
        const peak = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
        return [Math.max(gap, 0) + s * lonelyGain(Math.abs(z), peak, tail), z > 0 ? 1 - tail : tail, peak];
      });
      const [value, by_mean, by_sigma] = [0, 1, 2].map((k) => vector(found.map((row) => row[k])));
      return { value, by_mean, by_sigma };
    },

    // landscape: gradient descent across a valley
    "opposing_signals.valley"({ c0, s0, alpha, eta, steps }) {
      const [cs, ss] = [[], []];
      let [c, s] = [c0.data, s0.data];
      for (let t = 0; t < steps; t++) {
        [c, s] = [c.map((x, i) => x - eta * alpha * x * s[i] * s[i]), s.map((y, i) => y - eta * alpha * c[i] * c[i] * y)];
        cs.push(...c);
        ss.push(...s);
      }
      return { cs: matrix(steps, c.length, cs), ss: matrix(steps, c.length, ss) };
    },

    // attention: scores with rotary positions and a bias that falls with the distance
    "genai_engineering.scores"({ q, k, slope, c_R, c_A, shift, bias }) {
      const [n, d] = q.shape;
      const turned = (x, i) => x.map((_, j) => {
        const angle = (i + shift) * 10000 ** (-(j - (j % 2)) / d);
        const [even, odd] = j % 2 ? [x[j - 1], x[j]] : [x[j], x[j + 1]];
        return j % 2 ? Math.sin(angle) * even + Math.cos(angle) * odd : Math.cos(angle) * even - Math.sin(angle) * odd;
      });
      const [Q, K] = [q, k].map((x) => rowsOf(x).map(turned));
      const harmonic = (m) => total(Array.from({ length: m }, (_, i) => 1 / (i + 1)));
      const score = (i, j) => (c_R * dot(Q[i], K[j])) / Math.sqrt(d) - c_A * slope * (bias === "linear" ? i - j : harmonic(i - j));
      const all = Array.from({ length: n * n }, (_, m) => [Math.floor(m / n), m % n]);
      return { s: matrix(n, n, all.map(([i, j]) => (j > i ? -Infinity : score(i, j)))) };
    },

    // training: weights of samples from their losses
    "loss_reweighting.weights"({ losses, strategy, delta, r }) {
      const [low, high] = [least(losses.data), most(losses.data)];
      const half = Math.max(high / 2 - low / 2, 5e-7);
      const h = losses.data.map((l) => (delta * (l / 2 - low / 2 - (high / 2 - l / 2))) / half);
      const shape = {
        linupper: (x) => Math.min(x + delta, delta),
        quadratic: (x) => 1 - (x / delta) ** 2,
        extremes: Math.abs,
        upper: (x) => x / 2 + delta / 2,
        uniform: () => 0,
      }[strategy];
      const s = h.map((x) => shape(x));
      const largest = most(s);
      return { h: vector(h), s: vector(s), w: vector(softmax(s.map((x) => (x - largest) / r))) };
    },
  };

  // The probability that a standard normal number is above z >= 0: a series near 0, a continued fraction beyond.
  function normalTail(z) {
    if (z < 2.5) {
      let [term, sum] = [z, z];
      for (let k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k++) sum += term *= (z * z) / (2 * k + 1);
      return 0.5 - (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
    }
    return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / fraction(z, 1);
  }

  // z + k/(z + (k+1)/(z + ...)): the density over the tail, for k = 1.
  function fraction(z, k) {
    let value = z;
    for (let j = 200; j >= k; j--) value = z + j / value;
    return value;
  }

  // E max(N - z, 0) = density - z tail, of a standard normal N; beyond 2.5 the difference as one quotient: nothing cancels.
  function lonelyGain(z, peak, tail) {
    if (z < 2.5) return peak - z * tail;
    return (peak * (1 / fraction(z, 2))) / fraction(z, 1);
  }

  if (typeof module !== "undefined") module.exports = rules;
  else Object.assign(window, { refimplRules: rules, refimplTools: { vector, matrix, total, shared, softmax } });
})();
