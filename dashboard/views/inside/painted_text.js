// A text painted by levels, one text node with CSS highlights: no element per character.
// All texts are set as text, never as HTML.
const LEVELS = 8, BLUE = "42,120,214", ORANGE = "224,122,31"
const colour = (level, most) => `rgba(${level > 0 ? BLUE : ORANGE},${(most * Math.abs(level)) / LEVELS})`
const levelOf = letter => (letter === "." ? 0 : letter.charCodeAt(0) - 105)
const nameOf = level => `inside-${level < 0 ? "n" : "p"}${Math.abs(level)}`
const views = new WeakMap()
const highlights = "highlights" in CSS

function style() {
  if (document.getElementById("inside-style")) return
  const rules = []
  for (let level = -LEVELS; level <= LEVELS; level++)
    if (level) rules.push(`::highlight(${nameOf(level)}){background-color:${colour(level, 0.62)}}`)
  rules.push("::highlight(inside-at){background-color:CanvasText;color:Canvas}")
  rules.push(".inside-text{white-space:pre-wrap;overflow-wrap:anywhere;overflow-y:auto;max-height:21rem;padding:.6rem .9rem;border:1px solid rgba(128,128,128,.3);border-radius:.5rem;font:.85rem/1.6 ui-monospace,'DejaVu Sans Mono',monospace;cursor:crosshair;unicode-bidi:plaintext;text-align:start}")
  rules.push(".inside-status{min-height:1.4rem;font-size:.85rem;opacity:.85;padding:.2rem 0;white-space:pre-wrap;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}")
  rules.push(".inside-legend{display:flex;align-items:center;gap:.4rem;font-size:.8rem;opacity:.85;margin-bottom:.25rem;flex-wrap:wrap}")
  rules.push(`.inside-legend i{width:7rem;height:.7rem;border-radius:.2rem;border:1px solid rgba(128,128,128,.3)}`)
  rules.push(".inside-strip{display:block;width:100%;cursor:pointer;margin-top:.2rem}")
  rules.push(".inside-strip[hidden]{display:none}")
  rules.push(".inside-tip{position:fixed;z-index:999999;pointer-events:none;max-width:20rem;padding:.3rem .5rem;border-radius:.3rem;background:CanvasText;color:Canvas;font:.78rem/1.4 ui-monospace,monospace;white-space:pre-wrap}")
  const sheet = document.createElement("style")
  sheet.id = "inside-style"
  sheet.textContent = rules.join("\n")
  document.head.append(sheet)
}

function make(parent, name, tag = "div") {
  const element = document.createElement(tag)
  element.className = name
  parent.append(element)
  return element
}

// JavaScript counts UTF-16 units, Python characters: starts[i] is the unit of character i.
function charStarts(text) {
  const starts = []
  for (let i = 0; i < text.length; i += text.codePointAt(i) > 0xffff ? 2 : 1) starts.push(i)
  starts.push(text.length)
  return starts
}
function charAt(view, unit) {
  let low = 0, high = view.starts.length - 1
  while (low + 1 < high) {
    const middle = (low + high) >> 1
    if (view.starts[middle] <= unit) low = middle
    else high = middle
  }
  return low
}

function clear(view) {
  for (const [name, range] of view.ranges) CSS.highlights.get(name)?.delete(range)
  view.ranges = []
}
function mark(view, name, start, stop) {
  const range = new Range()
  range.setStart(view.node, start)
  range.setEnd(view.node, stop)
  if (!CSS.highlights.has(name)) CSS.highlights.set(name, new Highlight())
  CSS.highlights.get(name).add(range)
  return [name, range]
}
function paint(view) {
  const { text, levels } = view.data
  view.region.textContent = text
  view.node = view.region.firstChild
  view.starts = charStarts(text)
  if (!view.node || !highlights) return
  clear(view)
  for (let i = 0; i < levels.length; ) {
    let end = i + 1
    while (end < levels.length && levels[end] === levels[i]) end++
    const level = levelOf(levels[i])
    if (level) view.ranges.push(mark(view, nameOf(level), view.starts[i], view.starts[end]))
    i = end
  }
}
function showAt(view) {
  if (view.cursor) CSS.highlights.get(view.cursor[0])?.delete(view.cursor[1])
  view.cursor = null
  const at = view.at
  if (at == null || at >= view.starts.length - 1 || !view.node) return void (view.status.textContent = view.data.hint || "")
  if (highlights) {
    view.cursor = mark(view, "inside-at", view.starts[at], view.starts[at + 1])
    CSS.highlights.get("inside-at").priority = 1
  }
  view.status.textContent = describe(view, at)
}
function describe(view, at) {
  const { text, numbers, unit, likely, percents } = view.data
  const char = text.slice(view.starts[at], view.starts[at + 1])
  const shown = char === "\n" ? "line break" : char === " " ? "space" : char
  const value = numbers[at]
  let line = value == null ? shown : `${shown}  ${(value / 100).toFixed(2)} ${unit}`
  if (likely && likely[at])
    line += "\nexpected: " + likely[at].split("\t").map((c, i) => `${c} ${percents[at][i]} %`).join(", ")
  return line
}

function under(view, event) {
  if (!view.node) return null
  let unit
  if (document.caretPositionFromPoint) {
    const found = document.caretPositionFromPoint(event.clientX, event.clientY)
    if (!found || found.offsetNode !== view.node) return null
    unit = found.offset
  } else {
    const found = document.caretRangeFromPoint(event.clientX, event.clientY)
    if (!found || found.startContainer !== view.node) return null
    unit = found.startOffset
  }
  const near = charAt(view, unit)
  for (const i of [near, near - 1, near + 1]) {
    if (i < 0 || i >= view.starts.length - 1) continue
    const range = new Range()
    range.setStart(view.node, view.starts[i])
    range.setEnd(view.node, view.starts[i + 1])
    for (const box of range.getClientRects())
      if (event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom) return i
  }
  return null
}
function tip(view, event, text) {
  view.tip.hidden = !text
  if (!text) return
  view.tip.textContent = text
  const left = Math.min(event.clientX + 12, innerWidth - view.tip.offsetWidth - 8)
  const below = event.clientY + 16 + view.tip.offsetHeight < innerHeight
  view.tip.style.left = `${Math.max(4, left)}px`
  view.tip.style.top = `${below ? event.clientY + 16 : event.clientY - view.tip.offsetHeight - 10}px`
}

// -- the units at the chosen character, one square each ------------------------------------------
const CELL = 12
function drawStrip(view) {
  const { strip } = view.data, canvas = view.strip
  canvas.hidden = !strip
  if (!strip) return
  const width = Math.max(CELL, canvas.parentElement.clientWidth)
  const columns = Math.max(1, Math.floor(width / CELL))
  const rows = Math.ceil(strip.levels.length / columns)
  const ratio = devicePixelRatio || 1
  canvas.width = width * ratio
  canvas.height = rows * CELL * ratio
  canvas.style.height = `${rows * CELL}px`
  const pen = canvas.getContext("2d")
  pen.scale(ratio, ratio)
  const ink = getComputedStyle(canvas).color
  for (let i = 0; i < strip.levels.length; i++) {
    const x = (i % columns) * CELL, y = Math.floor(i / columns) * CELL, level = levelOf(strip.levels[i])
    pen.fillStyle = level ? colour(level, 1) : "rgba(128,128,128,.12)"
    pen.fillRect(x, y, CELL - 1, CELL - 1)
    if (i === strip.unit) {
      pen.strokeStyle = ink
      pen.lineWidth = 2
      pen.strokeRect(x + 1, y + 1, CELL - 3, CELL - 3)
    }
  }
  view.columns = columns
}
function unitUnder(view, event) {
  const box = view.strip.getBoundingClientRect()
  const column = Math.floor((event.clientX - box.left) / CELL), row = Math.floor((event.clientY - box.top) / CELL)
  const unit = row * view.columns + column
  return column < view.columns && unit >= 0 && unit < view.data.strip.levels.length ? unit : null
}

function selectedIn(view) {
  const selected = document.getSelection()
  if (!selected || selected.isCollapsed || selected.anchorNode !== view.node || selected.focusNode !== view.node) return null
  const ends = [selected.anchorOffset, selected.focusOffset].sort((a, b) => a - b)
  return [charAt(view, ends[0]), charAt(view, ends[1] - 1) + 1]
}

function mount(component) {
  style()
  const root = component.parentElement
  const view = { ranges: [], starts: [0], at: null, data: null }
  view.legend = make(root, "inside-legend")
  view.region = make(root, "inside-text")
  view.region.tabIndex = 0
  view.region.setAttribute("role", "region")
  view.status = make(root, "inside-status")
  view.status.setAttribute("role", "status")
  view.strip = make(root, "inside-strip", "canvas")
  view.strip.setAttribute("role", "img")
  view.tip = make(document.body, "inside-tip")
  view.tip.hidden = true
  let timer = 0
  const later = value => { clearTimeout(timer); timer = setTimeout(() => view.send("pick", value), 150) }
  view.region.addEventListener("pointermove", event => {
    // Where phrases are selected, the colours mark them: there is no value to tell.
    const at = view.data.phrases ? null : under(view, event)
    tip(view, event, at == null ? "" : describe(view, at))
  })
  view.region.addEventListener("pointerleave", () => (view.tip.hidden = true))
  view.region.addEventListener("scroll", () => (view.tip.hidden = true))
  // A selection made by touch comes without a click: it counts once its ends rest.
  let byTouch = false, rest = 0
  view.region.addEventListener("pointerdown", event => (byTouch = event.pointerType !== "mouse"))
  const selecting = () => {
    clearTimeout(rest)
    if (!byTouch || !view.data.phrases) return
    rest = setTimeout(() => { const phrase = selectedIn(view); if (phrase) view.send("pick", { phrase }) }, 800)
  }
  document.addEventListener("selectionchange", selecting)
  view.region.addEventListener("click", event => {
    const phrase = selectedIn(view)
    if (phrase) {
      if (view.data.phrases) later({ phrase })
      return
    }
    const at = under(view, event)
    if (at == null) return
    view.at = at
    showAt(view)
    later({ at })
  })
  view.region.addEventListener("keydown", event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key], up = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return
    if (step) {
      view.at = Math.min(view.starts.length - 2, Math.max(0, (view.at ?? -1) + step))
      showAt(view)
      later({ at: view.at })
    } else if (up && view.data.strip) {
      const strip = view.data.strip
      strip.unit = Math.min(strip.levels.length - 1, Math.max(0, strip.unit + up))
      drawStrip(view)
      later({ unit: strip.unit })
    } else return
    event.preventDefault()
  })
  view.strip.addEventListener("pointermove", event => {
    const unit = unitUnder(view, event)
    tip(view, event, unit == null ? "" : `unit ${unit}  ${(view.data.strip.numbers[unit] / 100).toFixed(2)}`)
  })
  view.strip.addEventListener("pointerleave", () => (view.tip.hidden = true))
  view.strip.addEventListener("click", event => {
    const unit = unitUnder(view, event)
    if (unit != null) view.send("pick", { unit })
  })
  const resized = new ResizeObserver(() => view.data && drawStrip(view))
  resized.observe(root)
  view.unmount = () => {
    clearTimeout(timer)
    clearTimeout(rest)
    document.removeEventListener("selectionchange", selecting)
    resized.disconnect()
    if (highlights) { clear(view); view.at = null; showAt(view) }
    view.tip.remove()
    views.delete(root)
  }
  return view
}

function drawLegend(view) {
  const { low, high, caption } = view.data
  view.legend.textContent = ""
  const words = text => { const part = document.createElement("span"); part.textContent = text; view.legend.append(part) }
  words(caption)
  if (!high) return
  if (low) words(low)
  const bar = document.createElement("i")
  const from = low ? colour(-LEVELS, 0.62) : "transparent"
  bar.style.background = `linear-gradient(90deg,${from},${low ? "transparent," : ""}${colour(LEVELS, 0.62)})`
  view.legend.append(bar)
  words(high)
  if (!highlights) words("This browser cannot colour text; a newer one can.")
}

export default function (component) {
  const { data, parentElement } = component
  let view = views.get(parentElement)
  if (!view) views.set(parentElement, (view = mount(component)))
  view.send = component.setTriggerValue
  const before = view.data
  view.data = data
  view.region.setAttribute("aria-label", data.label)
  view.strip.setAttribute("aria-label", data.strip ? data.strip.label : "")
  drawLegend(view)
  if (!before || before.text !== data.text || before.levels !== data.levels) paint(view)
  view.at = data.at
  showAt(view)
  drawStrip(view)
  return view.unmount
}
