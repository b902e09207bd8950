"use strict";
// Bars of probabilities, and the squares of the last layer's outputs.

function makeBar(id, p, chosen) {
  const fill = make("span", "fill");
  fill.style.width = `${Math.max(0.5, 100 * p)}%`;
  const name = make("bdi", "char", nameOf(characters[id]));
  return make("span", chosen ? "bar-row chosen" : "bar-row", name,
    make("span", "track", fill), make("span", "figure", percent(p)));
}

// The odds of one written character: the likeliest ones, and the one that was drawn.
function fillOdds(box, { id, p, top }) {
  const place = top.findIndex(([other]) => other === id);
  const rank = place < 0 ? "an unlikely choice" : place === 0 ? "the likeliest" : `number ${place + 1}`;
  const head = make("p", "odds-head", "It wrote ", make("bdi", "char", nameOf(characters[id])), `, ${rank}.`);
  const rows = top.slice(0, 6).map(([other, q]) => makeBar(other, q, other === id));
  if (place < 0 || place > 5) rows.push(makeBar(id, p, true));
  box.replaceChildren(head, ...rows);
}

// One square a unit: blue near -1, the paper's colour at 0, orange near +1.
function drawUnits(canvas, state) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  if (!width) return;
  const columns = Math.max(1, Math.min(state.length, Math.floor(width / 9)));
  const rows = Math.ceil(state.length / columns);
  const size = width / columns;
  const height = Math.ceil(rows * size);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }
  const brush = canvas.getContext("2d");
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  const low = style.getPropertyValue("--low"), high = style.getPropertyValue("--high");
  for (let k = 0; k < state.length; k++) {
    brush.globalAlpha = 0.06 + 0.94 * Math.abs(state[k]) / 127;
    brush.fillStyle = state[k] < 0 ? low : high;
    const x = (k % columns) * size, y = Math.floor(k / columns) * size;
    brush.fillRect(x + 0.5, y + 0.5, size - 1, size - 1);
  }
}
