"use strict";
// Helpers for the page's elements. Texts become text nodes, never markup.

const $ = (id) => document.getElementById(id);

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function makeSvg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const count = (number) => number.toLocaleString("en");

function percent(p) {
  if (p >= 0.0995) return `${p > 0.995 && p < 1 ? (100 * p).toFixed(1) : Math.round(100 * p)} %`;
  return p >= 0.0005 ? `${(100 * p).toFixed(1)} %` : "< 0.1 %";
}

const NAMES = new Map([
  ["\n", "⏎ new line"], ["\r", "carriage return"], ["\t", "⇥ tab"], [" ", "␣ space"],
  ["\u00a0", "no-break space"], ["\u00ad", "soft hyphen"], ["\u200b", "zero-width space"],
  ["\u200c", "zero-width non-joiner"], ["\u200d", "zero-width joiner"],
  ["\u200e", "left-to-right mark"], ["\u200f", "right-to-left mark"], ["\ufeff", "byte order mark"],
]);

// A visible name of a character. A combining mark stands on a dotted circle.
function nameOf(char) {
  if (NAMES.has(char)) return NAMES.get(char);
  if (/^\p{M}$/u.test(char)) return "◌" + char;
  if (/^[\p{C}\p{Z}]$/u.test(char)) {
    return "U+" + char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  }
  return char;
}

// ---- the network's characters -----------------------------------------------------------------

const values = JSON.parse($("values").textContent);
const characters = values.vocabulary.map((code) => String.fromCodePoint(code));
const idOf = new Map(characters.map((char, id) => [char, id]));

// The ids of a text's characters, and those characters that the network does not know.
function encode(text) {
  const ids = [], unknown = new Set();
  for (const char of text) {
    if (idOf.has(char)) ids.push(idOf.get(char));
    else unknown.add(char);
  }
  return { ids, unknown: [...unknown] };
}

const decode = (ids) => ids.map((id) => characters[id]).join("");

function describeUnknown(unknown) {
  if (!unknown.length) return "";
  const shown = unknown.slice(0, 8).map(nameOf).join("  ");
  const more = unknown.length > 8 ? ` and ${unknown.length - 8} more` : "";
  return `Left out, because the network has never seen them: ${shown}${more}`;
}

function showNotice(element, words) {
  element.textContent = words;
  element.hidden = !words;
}

// ---- the engine, in a worker if one can start -------------------------------------------------

const engine = {
  listeners: [],
  start() {
    const load = {
      type: "load",
      shape: values.shape,
      precision: values.precision,
      weights: $("weights").textContent,
      spaces: [...idOf].filter(([char]) => /^\s$/.test(char)).map(([, id]) => id),
    };
    const receive = (message) => {
      if (message.type === "ready") engine.ready = true;
      for (const listener of engine.listeners) listener(message);
    };
    const runHere = () => {
      const server = createServer((message) => setTimeout(receive, 0, message));
      engine.send = (message) => setTimeout(server, 0, message);
      engine.send(load);
    };
    const source =
      $("engine").textContent +
      "\nconst server = createServer((message) => postMessage(message));" +
      "\nonmessage = (event) => server(event.data);\n";
    try {
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const worker = new Worker(url);
      worker.onmessage = (event) => receive(event.data);
      worker.onerror = () => engine.ready || runHere();
      engine.send = (message) => worker.postMessage(message);
      engine.send(load);
    } catch {
      runHere();
    }
  },
};
