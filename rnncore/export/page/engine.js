"use strict";
// The network: weights, one step, the probabilities and the choice of a character.
// The equations and the order of the gates are those of rnncore/cells. This script runs in a
// worker, so that the page stays responsive; where no worker can start, it runs in the page.

const GATES = { lstm: 4, gru: 3, vanilla: 1 };
const LIKELIEST = 8; // likeliest characters that are reported with each choice
const SLICE_MS = 12; // milliseconds of work between two looks at new messages
const STATE_SHOWN = 256; // units of the last layer that are reported with each choice

// ---- weights ------------------------------------------------------------------------------

function decodeBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

// float16: 1 sign bit, 5 of the exponent, 10 of the fraction. An exponent of 0 is subnormal.
function decodeHalf(halves) {
  const scales = Array.from({ length: 32 }, (_, e) => 2 ** (Math.max(e, 1) - 25));
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const bits = halves[i];
    const exponent = (bits >> 10) & 31;
    const size = ((bits & 1023) + (exponent ? 1024 : 0)) * scales[exponent];
    floats[i] = bits & 0x8000 ? -size : size;
  }
  return floats;
}

// Return a function that returns the next ``count`` weights. Those of the input and the biases are
// few but matter most: ``exact`` ones are float32 in a page of float16, too.
function readWeights(text, precision) {
  const { buffer } = decodeBase64(text);
  let start = 0;
  return (count, exact) => {
    const half = precision === "float16" && !exact;
    const bytes = buffer.slice(start, (start += count * (half ? 2 : 4)));
    return half ? decodeHalf(new Uint16Array(bytes)) : new Float32Array(bytes);
  };
}

// ---- one step -----------------------------------------------------------------------------

const sigmoid = (a) => 1 / (1 + Math.exp(-a));
const tanh = (a) => 1 - 2 / (Math.exp(2 * a) + 1); // faster than Math.tanh

// y += x W, with W (rows, columns). Eight rows at a time: y is read and written once for all.
function addProduct(x, W, y) {
  const rows = x.length;
  const columns = y.length;
  let i = 0;
  for (; i + 7 < rows; i += 8) {
    const x0 = x[i], x1 = x[i + 1], x2 = x[i + 2], x3 = x[i + 3];
    const x4 = x[i + 4], x5 = x[i + 5], x6 = x[i + 6], x7 = x[i + 7];
    const r0 = i * columns, r1 = r0 + columns, r2 = r1 + columns, r3 = r2 + columns;
    const r4 = r3 + columns, r5 = r4 + columns, r6 = r5 + columns, r7 = r6 + columns;
    for (let j = 0; j < columns; j++) {
      const first = x0 * W[r0 + j] + x1 * W[r1 + j] + x2 * W[r2 + j] + x3 * W[r3 + j];
      const second = x4 * W[r4 + j] + x5 * W[r5 + j] + x6 * W[r6 + j] + x7 * W[r7 + j];
      y[j] += first + second;
    }
  }
  for (; i < rows; i++) {
    const r = i * columns;
    for (let j = 0; j < columns; j++) y[j] += x[i] * W[r + j];
  }
}

// Each function takes pre = x Wx + b and a = h Wh, and overwrites the layer's state h (and c).
const STEPS = {
  lstm({ h, c, a }, pre) {
    const H = h.length;
    for (let k = 0; k < H; k++) {
      const i = sigmoid(pre[k] + a[k]);
      const f = sigmoid(pre[H + k] + a[H + k]);
      const o = sigmoid(pre[2 * H + k] + a[2 * H + k]);
      const g = tanh(pre[3 * H + k] + a[3 * H + k]);
      c[k] = f * c[k] + i * g;
      h[k] = o * tanh(c[k]);
    }
  },
  gru({ h, a }, pre) {
    const H = h.length;
    for (let k = 0; k < H; k++) {
      const r = sigmoid(pre[k] + a[k]);
      const z = sigmoid(pre[H + k] + a[H + k]);
      const n = tanh(pre[2 * H + k] + r * a[2 * H + k]);
      h[k] = (1 - z) * n + z * h[k];
    }
  },
  vanilla({ h, a }, pre) {
    for (let k = 0; k < h.length; k++) h[k] = tanh(pre[k] + a[k]);
  },
};

// A network with the weights that ``take`` returns, in the order of rnncore.network.param_shapes.
class Network {
  constructor({ cell, layers, hidden, inputs, symbols }, take) {
    const H = hidden, V = symbols, GH = GATES[cell] * H;
    this.inputs = inputs;
    this.embeddings = take(V * inputs, true);
    this.advance = STEPS[cell];
    this.layers = [];
    for (let l = 0; l < layers; l++) {
      const Wx = take((l ? H : inputs) * GH, l === 0), Wh = take(H * GH), b = take(GH, true);
      const zeros = (n) => new Float64Array(n);
      this.layers.push({ Wx, Wh, b, h: zeros(H), c: zeros(H), a: zeros(GH), pre: zeros(GH) });
    }
    this.Wout = take(H * V);
    this.bout = take(V, true);
    this.logits = new Float64Array(V);
    this.firstProducts = new Map(); // x Wx + b of the first layer, for each symbol seen
    this.seen = []; // ids since the zero state
  }

  reset() {
    for (const { h, c } of this.layers) h.fill(0), c.fill(0);
    this.seen = [];
  }

  // Read one id; return the logits of the next symbol, valid until the next step.
  step(id) {
    let pre = this.firstProduct(id), below = null;
    for (const layer of this.layers) {
      if (below) {
        pre = layer.pre;
        pre.set(layer.b);
        addProduct(below.h, layer.Wx, pre);
      }
      layer.a.fill(0);
      addProduct(layer.h, layer.Wh, layer.a);
      this.advance(layer, pre);
      below = layer;
    }
    this.seen.push(id);
    this.logits.set(this.bout);
    addProduct(below.h, this.Wout, this.logits);
    return this.logits;
  }

  // Read these ids from a zero state; steps that were the last ones taken are not repeated.
  read(ids) {
    const known = this.seen.length <= ids.length && this.seen.every((id, i) => id === ids[i]);
    if (!known) this.reset();
    for (let i = this.seen.length; i < ids.length; i++) this.step(ids[i]);
    return this.logits;
  }

  firstProduct(id) {
    let pre = this.firstProducts.get(id);
    if (!pre) {
      const { Wx, b } = this.layers[0];
      pre = Float64Array.from(b);
      const embedding = this.embeddings.subarray(id * this.inputs, (id + 1) * this.inputs);
      addProduct(Float64Array.from(embedding), Wx, pre); // one type of x keeps addProduct fast
      this.firstProducts.set(id, pre);
    }
    return pre;
  }

  // The last layer's outputs, which lie between -1 and 1, as -127 .. 127.
  state() {
    const { h } = this.layers[this.layers.length - 1];
    const shown = new Int8Array(Math.min(h.length, STATE_SHOWN));
    for (let k = 0; k < shown.length; k++) shown[k] = Math.round(127 * h[k]);
    return shown;
  }
}

// ---- probabilities and choices ------------------------------------------------------------

// Softmax of logits / temperature.
function softmax(logits, temperature = 1) {
  let high = -Infinity, total = 0;
  for (const value of logits) if (value > high) high = value;
  const p = new Float64Array(logits.length);
  for (let i = 0; i < p.length; i++) total += p[i] = Math.exp((logits[i] - high) / temperature);
  for (let i = 0; i < p.length; i++) p[i] /= total;
  return p;
}

// The ids of the largest values, largest first; of equal ones the first id comes first.
function largest(values, count) {
  const ids = [];
  for (let i = 0; i < values.length; i++) {
    if (ids.length === count && values[i] <= values[ids[count - 1]]) continue;
    let at = ids.length;
    while (at > 0 && values[i] > values[ids[at - 1]]) at--;
    ids.splice(at, 0, i);
    if (ids.length > count) ids.pop();
  }
  return ids;
}

// Draw an id. Top-p keeps the smallest set of likeliest symbols with at least that probability.
function choose(logits, temperature, topP, random = Math.random) {
  if (temperature === 0) return largest(logits, 1)[0];
  const p = softmax(logits, temperature);
  if (topP >= 1) return draw(p, p.keys(), random());
  const order = Array.from(p.keys()).sort((i, j) => p[j] - p[i] || i - j);
  let kept = 0, total = 0;
  while (kept < order.length && total < topP) total += p[order[kept++]];
  return draw(p, order.slice(0, kept), random() * total);
}

function draw(p, ids, target) {
  let last = 0;
  for (const id of ids) {
    if (p[id] > 0) last = id; // rounding may leave a little of the target at the end
    target -= p[id];
    if (target < 0) return id;
  }
  return last;
}

// ---- messages -----------------------------------------------------------------------------

// Answer the page's messages; ``post`` sends an answer. Returns the function that takes a message.
function createServer(post) {
  let network = null, spaces = null, current = null;
  const channel = new MessageChannel();
  const waiting = [];
  channel.port2.onmessage = () => waiting.shift()();
  // Let other messages in. Unlike setTimeout, this takes no 4 ms.
  const pause = () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port1.postMessage(0);
    });

  function odds(logits) {
    const p = softmax(logits);
    return { p, top: largest(p, LIKELIEST).map((id) => [id, p[id]]) };
  }

  async function generate({ job, ids, length, temperature, topP, word }) {
    current = job;
    network.reset();
    let logits = network.read(ids), count = 0, ended = false;
    const started = performance.now();
    while (count < length && !ended && current === job) {
      const chunk = [];
      const until = performance.now() + SLICE_MS;
      do {
        const { p, top } = odds(logits);
        const id = choose(logits, temperature, topP);
        logits = network.step(id);
        chunk.push({ id, p: p[id], top, state: network.state() });
        count++;
        ended = word && spaces.has(id);
      } while (count < length && !ended && performance.now() < until);
      post({ type: "chunk", job, chunk });
      await pause();
    }
    post({ type: "done", job, count, seconds: (performance.now() - started) / 1000 });
  }

  return (message) => {
    if (message.type === "load") {
      network = new Network(message.shape, readWeights(message.weights, message.precision));
      spaces = new Set(message.spaces);
      post({ type: "ready" });
    } else if (message.type === "generate") {
      generate(message);
    } else if (message.type === "stop") {
      current = null;
    } else if (message.type === "odds") {
      current = null;
      const { top } = odds(network.read(message.ids));
      post({ type: "odds", job: message.job, top, state: network.state() });
    }
  };
}
