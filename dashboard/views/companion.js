// What Streamlit has no means for: the space bar, clicks on the curve, copying, a notification at the end, typing, what is scrolled into view,
// the focus, and a cookie.
// It is mounted once. Everything it shows stands on the page without it.
const instances = new WeakMap()
const NOT_FREE = "input,textarea,select,button,a[href],summary,[contenteditable],[role=slider],[role=tab],[role=radio],[role=listbox],[role=combobox],[tabindex]:not([tabindex='-1'])"
const narrow = () => innerWidth <= 900
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches

// By step of the tour: what it speaks of.
const SUBJECTS = { text: ".st-key-rail,.st-key-rail_first", watch: ".st-key-figures", write: ".st-key-section_sample", take: ".st-key-tabs" }

// Scroll a part of the page to the top. What is above it may fold meanwhile, so that a smooth scroll ends elsewhere.
function bring(selector) {
  const scroll = behavior => document.querySelector(selector)?.scrollIntoView({ behavior, block: "start" })
  scroll(calm() ? "auto" : "smooth")
  let moved = false
  const move = () => { moved = true }
  const kinds = ["wheel", "touchmove", "keydown", "pointerdown"]
  for (const kind of kinds) document.addEventListener(kind, move, { passive: true, once: true })
  setTimeout(() => {
    for (const kind of kinds) document.removeEventListener(kind, move)
    if (!moved) scroll("auto")
  }, 1200)
}

function press(key) {
  const button = document.querySelector(`.st-key-${key} button`)
  if (button && !button.disabled) button.click()
  return Boolean(button)
}

function onKey(event) {
  if (event.isComposing || event.repeat) return
  if (event.key === " " && !event.ctrlKey && !event.altKey && !event.metaKey) {
    const at = document.activeElement
    if (at && at !== document.body && at.closest(NOT_FREE)) return
    if (document.querySelector("[role=dialog]")) return
    if (press("pause") || press("train")) event.preventDefault()
  }
}

// -- typing: the text is all there; what is still to come is painted transparent ---------------
function at(region, offset) {
  const walker = document.createTreeWalker(region, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (offset <= node.length) return [node, offset]
    offset -= node.length
  }
  return null
}
function typer() {
  let before = "", frame = 0
  const clear = () => { cancelAnimationFrame(frame); CSS.highlights.delete("unwritten"); CSS.highlights.delete("caret") }
  const show = (region, from, total, seconds) => {
    clear()
    const start = performance.now()
    let drawn = -1000
    const step = now => {
      if (now - drawn < 50) return void (frame = requestAnimationFrame(step))  // 20 times a second is smooth enough
      drawn = now
      if (!region.isConnected) return clear()
      const done = Math.min(total, from + Math.ceil((total - from) * Math.max(0, now - start) / 1000 / seconds))
      const begin = at(region, done)
      if (done >= total || !begin) return clear()
      const rest = new Range(); rest.setStart(...begin); rest.setEnd(region, region.childNodes.length)
      CSS.highlights.set("unwritten", new Highlight(rest))
      const next = at(region, done + 1)
      if (next) { const caret = new Range(); caret.setStart(...begin); caret.setEnd(...next); CSS.highlights.set("caret", new Highlight(caret)) }
      frame = requestAnimationFrame(step)
    }
    step(start)  // at once, so that the whole text is never painted first
  }
  return {
    look() {
      const region = document.querySelector(".st-key-writing_panel [role=region]")
      const text = region ? region.textContent : ""
      if (text === before) return
      let same = 0
      while (same < text.length && text[same] === before[same]) same++
      const first = before === ""
      before = text
      if (!region || calm() || document.hidden || !CSS.highlights) return
      show(region, same, text.length, first ? 3 : 1.2)
    },
    clear,
  }
}

// The number in this column of the row whose values the chart's tooltip shows here. Vega keeps with each mark
// its row, and with the area around a point the point.
function rowUnder(x, y, column) {
  for (const part of document.elementsFromPoint(x, y)) {
    const datum = part.__data__?.datum, value = (datum?.datum ?? datum)?.[column]
    if (Number.isFinite(value)) return value
  }
}

// Browsers offer the clipboard only to pages with https or of this computer; execCommand works without.
async function copy(text) {
  try { await navigator.clipboard.writeText(text); return true } catch {}
  const area = document.createElement("textarea")
  area.value = text; area.style.position = "fixed"; area.style.opacity = 0
  document.body.append(area); area.select()
  try { return document.execCommand("copy") } catch { return false } finally { area.remove() }
}

// What Generate writes appears below the controls: on a low screen, out of view.
function generated() {
  let awaited = false
  const wait = event => {
    if (event.key ? event.key === "Enter" && event.ctrlKey : event.target.closest?.(".st-key-generate button")) awaited = true
  }
  document.addEventListener("click", wait)
  document.addEventListener("keydown", wait)
  return {
    look() {
      const region = awaited && document.querySelector(".st-key-written [role=region]")
      if (!region || !region.textContent) return
      awaited = false
      // Some lines are enough: Pause and the curve should stay in view.
      const top = region.getBoundingClientRect().top, foot = narrow() ? 110 : 10
      const missing = top + 150 - (innerHeight - foot)
      if (missing > 0) document.querySelector("[data-testid=stMain]").scrollBy({ top: missing, behavior: calm() ? "auto" : "smooth" })
    },
    clear() { document.removeEventListener("click", wait); document.removeEventListener("keydown", wait) },
  }
}

function mount(component) {
  const instance = { phase: component.data.phase, data: component.data }
  const onCopy = async event => {
    const region = event.target.closest?.(".st-key-copy_text button") && document.querySelector(".st-key-written [role=region]")
    if (region) instance.send("copied", await copy(region.textContent) ? [...region.textContent].length : -1)
  }
  document.addEventListener("click", onCopy)
  const pick = event => {
    if (!event.target.closest?.(".st-key-chart_panel svg.marks")) return
    const sample = rowUnder(event.clientX, event.clientY, instance.data.sample)
    if (sample !== undefined) instance.send("stage", sample)
  }
  document.addEventListener("click", pick)
  const key = event => onKey(event)
  document.addEventListener("keydown", key)
  const typing = typer(), written = generated()
  // Train and Pause take each other's place, and steps of the tour have different buttons: the focus stays there.
  let focused = null, others = ""
  const focus = event => {
    const inTour = event.target.closest?.(".st-key-tour")
    others = inTour ? ".st-key-tour [class*=st-key-tour_next] button" : ".st-key-train button,.st-key-pause button"
    focused = inTour || event.target.closest?.(".st-key-train,.st-key-pause") ? event.target : null
  }
  document.addEventListener("focusin", focus)
  const keepFocus = () => {
    if (!focused || focused.isConnected || document.activeElement !== document.body) return
    const other = document.querySelector(others)
    if (other) other.focus({ preventScroll: true })
  }
  // A step of the tour has the focus and, on a phone, what it speaks of in view.
  let touring = document.querySelector(".tour-words")?.className
  const followTour = () => {
    const step = document.querySelector(".tour-words")?.className
    if (step === touring) return
    const next = document.querySelector(".st-key-tour [class*=st-key-tour_next] button")
    if (step && !next) return  // it is still being drawn
    if (next && (!touring || document.activeElement === document.body)) next.focus({ preventScroll: true })
    touring = step
    const subject = step && narrow() && SUBJECTS[step.split("tour-at-")[1]]
    if (subject) bring(subject)
  }
  const watcher = new MutationObserver(() => { typing.look(); written.look(); keepFocus(); followTour() })
  watcher.observe(document.body, { subtree: true, childList: true, characterData: true })
  typing.look()
  // The browser asks for permission only at a person's own click.
  const ask = event => {
    if (event.target.closest?.(".st-key-notify") && "Notification" in window && Notification.permission === "default")
      Notification.requestPermission()
  }
  document.addEventListener("click", ask, true)
  instance.unmount = () => {
    document.removeEventListener("keydown", key)
    document.removeEventListener("click", pick)
    document.removeEventListener("click", onCopy)
    document.removeEventListener("focusin", focus)
    document.removeEventListener("click", ask, true)
    watcher.disconnect()
    typing.clear()
    written.clear()
    instances.delete(component.parentElement)
  }
  return instance
}

function turn(instance, data) {
  const before = instance.phase
  instance.phase = data.phase
  if (before === data.phase) return
  if (data.phase === "running" && narrow()) bring(".st-key-figures")
  if (before === "running" && data.phase === "finished" && data.notify && "Notification" in window && Notification.permission === "granted")
    new Notification(data.title, { body: data.body, tag: "lstm-workbench" })
}

export default function (component) {
  const { data, parentElement } = component
  let instance = instances.get(parentElement)
  if (!instance) instances.set(parentElement, (instance = mount(component)))
  instance.data = data
  instance.send = component.setTriggerValue
  if (data.cookie && !document.cookie.includes(data.cookie))
    document.cookie = `${data.cookie}; max-age=31536000; path=/; SameSite=Lax`
  turn(instance, data)
  return instance.unmount
}
