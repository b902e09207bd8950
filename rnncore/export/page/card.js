"use strict";
// The card: figures, the curve of the training and samples.

// Size of the picture, and the margins around the curve.
const WIDTH = 640, HEIGHT = 220, LEFT = 44, RIGHT = 12, ABOVE = 10, BELOW = 34;

function showCard() {
  $("facts").append(...values.facts.map(([label, value]) =>
    make("div", "", make("dt", "", label), make("dd", "", make("bdi", "", value)))));
  $("samples").append(...values.samples.map(([label, text]) => {
    const shown = make("blockquote", "sample", text);
    shown.dir = "auto";
    return make("figure", "", make("figcaption", "", label), shown);
  }));
  $("samples-title").hidden = !values.samples.length;
  const lines = values.curve.filter(([x]) => x.length > 1);
  if (!lines.length) return;
  $("curve").append(drawCurve(lines), makeLegend());
  $("curve").hidden = false;
}

function drawCurve(lines) {
  const all = lines.flatMap(([, y]) => y);
  const right = Math.max(...lines.map(([x]) => x[x.length - 1]));
  const low = Math.min(...all);
  // The first losses are far above the rest: the curve may start above the frame.
  const settled = lines.flatMap(([, y]) => y.slice(Math.floor(y.length / 30)));
  const high = Math.max(...settled) + 1e-9;
  const wide = WIDTH - LEFT - RIGHT, tall = HEIGHT - ABOVE - BELOW;
  const inX = (x) => (x / right) * wide;
  const inY = (y) => (1 - (y - low) / (high - low)) * tall;
  const px = (x) => LEFT + inX(x), py = (y) => ABOVE + inY(y);
  const picture = makeSvg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
    "aria-label": `Loss by iteration: it ends at ${all[all.length - 1].toFixed(2)} nats per character.`,
  });
  for (const y of ticks(low, high, 4)) {
    picture.append(
      makeSvg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: py(y), y2: py(y) }),
      makeSvg("text", { x: LEFT - 6, y: py(y) + 4, "text-anchor": "end" }, String(y)));
  }
  for (const x of ticks(0, right, 5)) {
    const anchor = px(x) > WIDTH - 40 ? "end" : "middle";
    picture.append(makeSvg("text", { x: px(x), y: HEIGHT - BELOW + 16, "text-anchor": anchor }, count(x)));
  }
  picture.append(makeSvg("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 2, "text-anchor": "middle" }, "iterations"));
  // An inner picture of the frame's size cuts off what is above it.
  const frame = makeSvg("svg", { x: LEFT, y: ABOVE, width: wide, height: tall + 2 });
  values.curve.forEach(([x, y], k) => {
    const points = x.map((at, i) => `${inX(at).toFixed(1)},${inY(y[i]).toFixed(1)}`).join(" ");
    frame.append(makeSvg("polyline", { class: k ? "validation" : "training", points }));
  });
  picture.append(frame);
  return picture;
}

function makeLegend() {
  const entries = [make("span", "key training"), "training loss"];
  if (values.curve[1]?.[0].length) entries.push(make("span", "key validation"), "validation loss");
  return make("figcaption", "", "Loss in nats per character, lower is better: ", ...entries);
}

// Round numbers between low and high, about so many.
function ticks(low, high, wanted) {
  const rough = (high - low) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high * (1 + 1e-9); tick += step) {
    found.push(Number(tick.toFixed(6)));
  }
  return found;
}
