// Figures that a reader moves: sliders and points to drag, drawn anew at each change. What they compute is in rules.js.
"use strict";
(() => {
  const rules = window.refimplRules;
  const { vector, matrix, total, shared, softmax } = window.refimplTools;
  const range = (n) => Array.from({ length: n }, (_, i) => i);
  const between = (a, b, n) => range(n).map((i) => a + ((b - a) * i) / (n - 1));
  const show = (x, digits = 3) => (x === 0 ? "0" : Math.abs(x) < 0.001 || Math.abs(x) >= 1e5 ? x.toExponential(2) : Number(x.toPrecision(digits)).toString());
  const slider = (name, label, min, max, value, step = (max - min) / 100) => ({ name, label, min, max, value, step });
  const choice = (name, label, options) => ({ name, label, options, value: options[0] });

  // The same noise at each visit: uniform numbers, and normal ones.
  function draws(seed) {
    let state = seed;
    const uniform = () => (state = (state * 16807) % 2147483647) / 2147483647;
    return { uniform, normal: () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()) };
  }

  // Marks of a plot whose axes run over a box [left, right, bottom, top]; the picture is 600 by 320.
  const W = 600, H = 320, EDGE = 34;
  function plot([left, right, bottom, top], xlabel, ylabel, ends = [show(left), show(right)]) {
    const X = (x) => EDGE + ((x - left) / (right - left)) * (W - 2 * EDGE);
    const Y = (y) => H - EDGE - ((y - bottom) / (top - bottom)) * (H - 2 * EDGE);
    const cut = (y) => Math.min(Math.max(y, bottom), top);
    const marks = [
      `<path class="axis" d="M${EDGE} ${EDGE}V${H - EDGE}H${W - EDGE}"/>`,
      `<text x="${EDGE}" y="${H - EDGE + 15}">${ends[0]}</text>`,
      `<text x="${W - EDGE}" y="${H - EDGE + 15}" text-anchor="end">${ends[1]}</text>`,
      `<text x="${W / 2}" y="${H - EDGE + 15}" text-anchor="middle">${xlabel}</text>`,
      `<text x="${EDGE}" y="${EDGE - 8}">${ylabel} (${show(bottom)} to ${show(top)})</text>`,
    ];
    const at = ([x, y]) => `${X(x).toFixed(1)} ${Y(cut(y)).toFixed(1)}`;
    return {
      marks,
      unX: (px) => left + ((px - EDGE) / (W - 2 * EDGE)) * (right - left),
      unY: (py) => bottom + ((H - EDGE - py) / (H - 2 * EDGE)) * (top - bottom),
      line: (points, kind) => marks.push(`<path class="${kind}" d="M${points.map(at).join("L")}"/>`),
      dot: (x, y, kind, r = 5) => marks.push(`<circle class="${kind}" cx="${X(x)}" cy="${Y(cut(y))}" r="${r}"/>`),
      bar: (x, y, width, kind) => marks.push(`<rect class="${kind}" x="${X(x - width / 2)}" y="${Y(cut(y))}" width="${X(left + width) - X(left)}" height="${Math.max(Y(bottom) - Y(cut(y)), 0)}"/>`),
      label: (x, y, text) => marks.push(`<text x="${X(x)}" y="${Y(cut(y))}">${text}</text>`),
    };
  }

  const valleyOf = (x, y) => (x * x + 10 * y * y) / 2;
  const ripples = (x) => (x * x) / 8 + 1 - Math.cos(3 * x);

  const figures = {
    optimizers: {
      rule: "lion.step",
      title: "Lion goes down a valley",
      controls: [slider("x", "start, along", -4, 4, -3.5), slider("y", "start, across", -2, 2, 1.5),
        slider("lr", "step size", 0.01, 0.5, 0.15), slider("beta1", "beta 1", 0, 0.99, 0.9), slider("beta2", "beta 2", 0, 0.99, 0.95), slider("decay", "weight decay", 0, 2, 0)],
      box: [-4, 4, -2, 2], drag: ["x", "y"],
      draw(v, p) {
        let [theta, momentum] = [[v.x, v.y], [0, 0]];
        const path = [theta];
        for (let t = 0; t < 60; t++) {
          const grad = [theta[0], 10 * theta[1]];
          const next = rules["lion.step"]({ theta: vector(theta), momentum: vector(momentum), grad: vector(grad), lr: v.lr, beta1: v.beta1, beta2: v.beta2, weight_decay: v.decay });
          [theta, momentum] = [next.new_theta.data, next.new_momentum.data];
          path.push(theta);
        }
        for (const level of [0.5, 2, 4.5, 8]) p.line(between(0, 2 * Math.PI, 60).map((a) => [Math.sqrt(2 * level) * Math.cos(a), Math.sqrt(level / 5) * Math.sin(a)]), "faint");
        p.line(path, "ours");
        path.forEach(([x, y]) => p.dot(x, y, "ours", 2.5));
        p.dot(v.x, v.y, "grip", 8);
        return `After 60 steps the loss is ${show(valleyOf(...theta))}, from ${show(valleyOf(v.x, v.y))}. Each coordinate moves by the step size, however steep the valley is, and so circles the minimum in the end: a schedule has to shrink it.`;
      },
    },
    distributed: {
      rule: "srrw.kernel_row",
      title: "A token on a ring that avoids where it has been",
      controls: [slider("alpha", "repulsion alpha", 0, 20, 5), slider("steps", "steps", 20, 600, 200, 1)],
      box: [-0.6, 11.6, 0, 0.25], labels: ["machine", "share of the visits", ["1", "12"]],
      draw(v, p) {
        const N = 12, mu = vector(range(N).map(() => 1 / N));
        const { uniform } = draws(7);
        const visits = range(N).map(() => 1);
        let node = 0;
        for (let t = 0; t < v.steps; t++) {
          const P_row = vector(range(N).map((j) => ((j + 1) % N === node || (node + 1) % N === j ? 0.5 : 0)));
          const row = rules["srrw.kernel_row"]({ P_row, x: vector(shared(visits)), mu, alpha: v.alpha }).row.data;
          let rest = uniform();
          node = Math.max(row.findIndex((w) => (rest -= w) < 0), 0);
          visits[node] += 1;
        }
        const shares = shared(visits);
        shares.forEach((share, j) => p.bar(j, share, 0.8, "ours"));
        p.line([[-0.6, 1 / N], [11.6, 1 / N]], "other");
        return `The most visited machine has ${show(Math.max(...shares) * N)} times its share, the least visited ${show(Math.min(...shares) * N)} times. With alpha = 0 it is a plain random walk.`;
      },
    },
    search: {
      rule: "cbo.consensus",
      title: "A swarm agrees on a point",
      controls: [slider("alpha", "inverse temperature alpha", 0, 30, 2), slider("centre", "middle of the swarm", -4, 4, 1.5), slider("width", "width of the swarm", 0.2, 4, 3)],
      box: [-6, 6, 0, 7], labels: ["x", "energy"],
      draw(v, p) {
        const { normal } = draws(3);
        const places = range(24).map(() => v.centre + (v.width / 2) * normal());
        const energies = places.map(ripples);
        const [point] = rules["cbo.consensus"]({ positions: matrix(24, 1, places), energies: vector(energies), alpha: v.alpha }).point.data;
        p.line(between(-6, 6, 240).map((x) => [x, ripples(x)]), "other");
        places.forEach((x, i) => p.dot(x, energies[i], "ours", 4));
        p.line([[point, 0], [point, 7]], "ours");
        return `The consensus is at ${show(point)}, the best particle at ${show(places[energies.indexOf(Math.min(...energies))])}, the minimum at 0. With alpha = 0 it is the mean of the swarm; a large alpha listens to the best alone.`;
      },
    },
    nested: {
      rule: "bsvrb.msvr",
      title: "An estimate of something that moves",
      controls: [slider("alpha", "weight alpha of the new value", 0.02, 1, 0.1), slider("gamma", "weight gamma of the correction", 0, 2, 0.9), slider("noise", "noise of a sample", 0, 2, 0.6)],
      box: [0, 120, -2.5, 2.5], labels: ["step", "value"],
      draw(v, p) {
        const { normal } = draws(11);
        const target = (t) => 1.5 * Math.sin(t / 12);
        let [est, plain] = [0, 0];
        const [ours, other] = [[[0, 0]], [[0, 0]]];
        let [off, offPlain] = [0, 0];
        for (let t = 1; t <= 120; t++) {
          const e = v.noise * normal();
          const given = { new: vector([target(t) + e]), old: vector([target(t - 1) + e]), alpha: v.alpha };
          est = rules["bsvrb.msvr"]({ est: vector([est]), ...given, gamma: v.gamma }).new_est.data[0];
          plain = rules["bsvrb.msvr"]({ est: vector([plain]), ...given, gamma: 0 }).new_est.data[0];
          ours.push([t, est]); other.push([t, plain]);
          off += Math.abs(est - target(t)) / 120; offPlain += Math.abs(plain - target(t)) / 120;
        }
        p.line(range(121).map((t) => [t, target(t)]), "faint");
        p.line(other, "other");
        p.line(ours, "ours");
        return `Off by ${show(off)} in the mean; the moving average without the correction (dashed) by ${show(offPlain)}. The correction adds how far the same sample has moved, so that a small alpha, which removes the noise, need not lag behind.`;
      },
    },
    convex: {
      rule: "attention_svm.loss_grad",
      title: "Which token does training select?",
      controls: [slider("x", "third token, x", -2, 2, 1.2), slider("y", "third token, y", -2, 2, 0.8), slider("steps", "steps of normalised gradient descent", 0, 300, 40, 1)],
      box: [-2.4, 2.4, -2, 2], drag: ["x", "y"],
      draw(v, p) {
        const tokens = [[1.5, -0.5], [-1, 1], [v.x, v.y]];
        const data = { X: { shape: [1, 3, 2], data: tokens.flat() }, Z: matrix(1, 2, [1, 0]), gamma: matrix(1, 3, [1, -1, 0.5]) };
        let M = [0, 0, 0, 0], found;
        for (let t = 0; t <= v.steps; t++) {
          found = rules["attention_svm.loss_grad"]({ ...data, W: matrix(2, 2, M) });
          const size = Math.hypot(...found.grad.data);
          if (t < v.steps && size > 0) M = M.map((w, i) => w - (0.1 * found.grad.data[i]) / size);
        }
        const key = [M[0], M[2]], long = Math.hypot(...key) || 1;
        p.line([[0, 0], [(1.8 * key[0]) / long, (1.8 * key[1]) / long]], "ours");
        tokens.forEach(([x, y], i) => {
          p.dot(x, y, i === 2 ? "grip" : "ours", 4 + 16 * Math.sqrt(found.attention.data[i]));
          p.label(x + 0.12, y + 0.12, ["score 1", "score -1", "score 0.5"][i]);
        });
        return `Attention: ${found.attention.data.map((a) => show(a)).join(", ")}; loss ${show(found.loss.data[0])}. The line is the direction of the query. It keeps turning towards the one that separates the selected token from the others with the largest margin.`;
      },
    },
    generative: {
      rule: "diffusion.guided_score",
      title: "Guidance overshoots",
      controls: [slider("eta", "strength eta", 0, 8, 1), slider("x", "start, x", -3, 3, 0.4), slider("y", "start, y", -2, 2, 1.4)],
      box: [-3, 5, -2.5, 2.5], drag: ["x", "y"],
      draw(v, p) {
        const centres = [[-1, 0], [1, 0]];
        const pull = (x, c) => x.map((xi, i) => c[i] - xi);
        const mixed = (x) => {
          const w = centres.map((c) => Math.exp(-(Math.hypot(...pull(x, c)) ** 2) / 2));
          return x.map((_, i) => total(centres.map((c, k) => (w[k] / total(w)) * pull(x, c)[i])));
        };
        const walk = (eta) => {
          const path = [[v.x, v.y]];
          for (let t = 0; t < 80; t++) {
            const x = path[t];
            const given = { mode: "free", conditional: matrix(1, 2, pull(x, centres[1])), unconditional: matrix(1, 2, mixed(x)), gradient: matrix(1, 2, [0, 0]), eta };
            const score = rules["diffusion.guided_score"](given).score.data;
            path.push(x.map((xi, i) => xi + 0.06 * score[i]));
          }
          return path;
        };
        const path = walk(v.eta);
        centres.forEach(([x, y]) => [1, 2].forEach((r) => p.line(between(0, 2 * Math.PI, 50).map((a) => [x + r * Math.cos(a), y + r * Math.sin(a)]), "faint")));
        p.line(walk(0), "other");
        p.line(path, "ours");
        p.dot(v.x, v.y, "grip", 8);
        const [x] = path[80];
        return `Along the guided score the point ends at x = ${show(x)}; the class on the right has its middle at 1, where the conditional score alone (dashed) leads. Guidance leaves the other class behind, and the data with it.`;
      },
    },
    bayesian: {
      rule: "bayesopt.ei",
      title: "What is the next point worth?",
      controls: [slider("scale", "length scale", 0.2, 2, 0.8), slider("y", "value at 1", -2, 2, 0.3), slider("margin", "best value, raised by", -0.5, 1.5, 0)],
      box: [-3, 3, -3, 3], labels: ["x", "mean and two deviations; below: expected improvement"],
      draw(v, p) {
        const xs = [-2, -0.5, 1, 2.2], ys = [-0.6, 0.8, v.y, -0.4];
        const k = (a, b) => Math.exp(-(((a - b) / v.scale) ** 2) / 2);
        const solve = (rhs) => { // of a small system, by elimination
          const A = xs.map((a, i) => [...xs.map((b, j) => k(a, b) + (i === j ? 1e-6 : 0)), rhs[i]]);
          A.forEach((row, i) => A.forEach((other, j) => {
            if (i === j) return;
            const f = other[i] / row[i];
            for (let c = i; c <= xs.length; c++) other[c] -= f * row[c];
          }));
          return A.map((row, i) => row[xs.length] / row[i]);
        };
        const grid = between(-3, 3, 181), alpha = solve(ys);
        const mu = grid.map((g) => total(xs.map((x, i) => k(g, x) * alpha[i])));
        const sigma = grid.map((g) => { const c = xs.map((x) => k(g, x)); const w = solve(c); return Math.sqrt(Math.max(1 - total(c.map((x, i) => x * w[i])), 0)); });
        const best = Math.max(...ys) + v.margin;
        const ei = rules["bayesopt.ei"]({ mu: vector(mu), sigma: vector(sigma), best }).value.data;
        [-2, 2].forEach((f) => p.line(grid.map((g, i) => [g, mu[i] + f * sigma[i]]), "faint"));
        p.line(grid.map((g, i) => [g, mu[i]]), "other");
        p.line(grid.map((g, i) => [g, -3 + 3 * ei[i]]), "ours");
        xs.forEach((x, i) => p.dot(x, ys[i], i === 2 ? "grip" : "ours", 5));
        const top = ei.indexOf(Math.max(...ei));
        p.line([[grid[top], -3], [grid[top], 3]], "faint");
        return `The largest expected improvement over ${show(best)} is ${show(ei[top])}, at x = ${show(grid[top])}, where the mean is ${show(mu[top])} and the deviation ${show(sigma[top])}.`;
      },
    },
    landscape: {
      rule: "opposing_signals.valley",
      title: "A valley that is too steep for the step size",
      controls: [slider("eta", "step size eta", 0.02, 1, 0.35), slider("c", "second layer at the start", 0.5, 3, 2.6), slider("alpha", "power alpha of the feature", 0.2, 2, 1)],
      box: [0, 80, -3, 6], labels: ["step", "sharpness times eta (line), place across the valley (dots)"],
      draw(v, p) {
        const steps = 80;
        const { cs, ss } = rules["opposing_signals.valley"]({ c0: vector([v.c]), s0: vector([0.01]), alpha: v.alpha, eta: v.eta, steps });
        const sharp = cs.data.map((c) => v.eta * v.alpha * c * c);
        p.line([[0, 2], [80, 2]], "other");
        p.line(sharp.map((s, t) => [t + 1, Number.isFinite(s) ? s : 6]), "ours");
        ss.data.forEach((s, t) => Number.isFinite(s) && p.dot(t + 1, s, "ours", 2.5));
        const start = v.eta * v.alpha * v.c * v.c, end = sharp[steps - 1], most = Math.max(...ss.data.map(Math.abs));
        return Number.isFinite(end)
          ? `Sharpness times eta begins at ${show(start)} and ends at ${show(end)}; above 2 (dashed) the place swings and grows, to ${show(most)} at most. The swing makes the second layer smaller, and the valley flatter, until it is below 2.`
          : `Sharpness times eta begins at ${show(start)}: so far above 2 that the swing never comes back.`;
      },
    },
    attention: {
      rule: "genai_engineering.scores",
      title: "Where does the last word look?",
      controls: [slider("slope", "slope of the bias", 0, 1, 0.1), slider("c_R", "factor of the rotary part", 0, 4, 1), choice("bias", "distance", ["linear", "harmonic-number"])],
      box: [-0.6, 31.6, 0, 0.5], labels: ["place of the key", "weight", ["1", "32"]],
      draw(v, p) {
        const n = 32, x = matrix(n, 4, range(n * 4).map((i) => [1, 0, 0.8, 0][i % 4]));
        const s = rules["genai_engineering.scores"]({ q: x, k: x, slope: v.slope, c_R: v.c_R, c_A: 1, shift: 0, bias: v.bias }).s.data.slice((n - 1) * n);
        const weights = softmax(s);
        weights.forEach((w, j) => p.bar(j, w, 0.8, "ours"));
        return `The last eight keys get ${show(100 * total(weights.slice(-8)))} % of the weight. All tokens are equal here: only their places count. The rotary part goes up and down with the distance, the bias only down.`;
      },
    },
    training: {
      rule: "loss_reweighting.weights",
      title: "Weights from losses",
      controls: [choice("strategy", "strategy", ["linupper", "quadratic", "extremes", "upper", "uniform"]), slider("r", "temperature r", 0.05, 3, 0.4), slider("last", "loss of the last sample", 0.2, 12, 4)],
      box: [-0.6, 7.6, 0, 1], labels: ["sample", "weight (bars); loss over the largest (dots)", ["1", "8"]],
      draw(v, p) {
        const losses = [0.3, 0.5, 0.9, 1.3, 1.8, 2.4, 3.1, v.last];
        const { w } = rules["loss_reweighting.weights"]({ losses: vector(losses), strategy: v.strategy, delta: 1, r: v.r });
        w.data.forEach((y, i) => p.bar(i, y, 0.7, "ours"));
        losses.forEach((l, i) => p.dot(i, l / Math.max(...losses), "other", 4));
        return `The last sample gets ${show(100 * w.data[7])} % of the weight, the first ${show(100 * w.data[0])} %. A gross loss pulls the range apart: all others come to lie low in it, and their weights fall.`;
      },
    },
  };

  function start(place) {
    const figure = figures[place.dataset.chapter];
    const values = Object.fromEntries(figure.controls.map(({ name, value }) => [name, value]));
    const id = (name) => `explore-${place.dataset.chapter}-${name}`;
    const control = ({ name, label, min, max, step, value, options }) => options
      ? `<label for="${id(name)}">${label}</label><select id="${id(name)}" data-name="${name}">${options.map((o) => `<option>${o}</option>`).join("")}</select><output></output>`
      : `<label for="${id(name)}">${label}</label><input type="range" id="${id(name)}" data-name="${name}" min="${min}" max="${max}" step="${step}" value="${value}"><output for="${id(name)}"></output>`;
    place.innerHTML = `<h3>${figure.title}</h3><svg viewBox="0 0 ${W} ${H}" role="img" aria-label="${figure.title}"></svg><div class="controls">${figure.controls.map(control).join("")}</div><p role="status" aria-live="polite"></p>`;
    const svg = place.querySelector("svg"), said = place.querySelector("p"), inputs = [...place.querySelectorAll("[data-name]")];
    const [xlabel, ylabel, ends] = figure.labels ?? ["along", "across"];
    let waiting = false, current;
    function draw() {
      waiting = false;
      current = plot(figure.box, xlabel, ylabel, ends);
      said.textContent = figure.draw(values, current);
      svg.innerHTML = current.marks.join("");
      for (const input of inputs) {
        if (input.value !== String(values[input.dataset.name])) input.value = values[input.dataset.name];
        if (input.type === "range") input.nextElementSibling.textContent = show(values[input.dataset.name]);
      }
    }
    const later = () => { if (!waiting) { waiting = true; requestAnimationFrame(draw); } };
    for (const input of inputs) input.addEventListener("input", () => {
      values[input.dataset.name] = input.type === "range" ? Number(input.value) : input.value;
      later();
    });
    if (figure.drag) {
      const move = (event) => {
        if (!(event.buttons & 1)) return;
        const box = svg.getBoundingClientRect(), scale = W / box.width;
        const found = [current.unX((event.clientX - box.left) * scale), current.unY((event.clientY - box.top) * scale)];
        figure.drag.forEach((name, i) => {
          const { min, max } = figure.controls.find((c) => c.name === name);
          values[name] = Math.min(Math.max(found[i], min), max);
        });
        event.preventDefault();
        later();
      };
      svg.classList.add("drag");
      svg.addEventListener("pointerdown", (event) => { svg.setPointerCapture(event.pointerId); move(event); });
      svg.addEventListener("pointermove", move);
    }
    draw();
  }

  const begin = () => document.querySelectorAll("div.explorable").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
