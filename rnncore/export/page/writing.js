"use strict";
// "Let it write": generate a text, show it as it comes, and show the odds of each character.

const writing = {
  job: 0,
  written: [], // characters on the page: { id, p, top, state }
  waiting: [], // characters that the engine has sent and the page has not shown yet
  starts: [], // where each written character starts in the text node
  finished: true, // whether the engine has sent the job's last character
  shownAt: null, // the character whose odds are shown
  followed: false, // whether the next scroll follows the keyboard
  node: document.createTextNode(""),

  start() {
    $("written").append(writing.node);
    $("seed").value = values.seed;
    for (const name of ["temperature", "top-p", "length"]) {
      $(name).addEventListener("input", writing.showSettings);
    }
    writing.showSettings();
    $("generate").addEventListener("click", () => (writing.busy() ? writing.stop() : writing.generate()));
    $("continue").addEventListener("click", writing.continueText);
    $("copy").addEventListener("click", writing.copy);
    $("text").addEventListener("pointermove", writing.point);
    $("text").addEventListener("pointerdown", writing.point);
    $("text").addEventListener("pointerleave", (event) => event.pointerType === "mouse" && writing.hideOdds());
    $("text").addEventListener("scroll", () => {
      if (!writing.followed) writing.hideOdds();
      writing.followed = false;
    });
    $("text").addEventListener("keydown", writing.moveByKey);
    addEventListener("resize", () => { writing.hideOdds(); writing.drawState(); });
    engine.listeners.push(writing.receive);
  },

  showSettings() {
    $("temperature-shown").textContent = Number($("temperature").value).toFixed(2);
    $("top-p-shown").textContent = Number($("top-p").value).toFixed(2);
    $("length-shown").textContent = count(Number($("length").value));
  },

  busy: () => !writing.finished || writing.waiting.length > 0,

  // ---- generating

  generate() {
    const { ids, unknown } = encode($("seed").value);
    showNotice($("unknown"), describeUnknown(unknown));
    const seed = ids.length ? ids : encode(values.seed).ids;
    $("seed-shown").textContent = ids.length ? decode(ids) : "";
    writing.written = [];
    writing.starts = [];
    writing.node.data = "";
    writing.begin(seed);
  },

  continueText() {
    const before = encode($("seed-shown").textContent).ids;
    writing.begin([...before, ...writing.written.map(({ id }) => id)]);
  },

  begin(ids) {
    writing.hideOdds();
    writing.waiting = [];
    writing.finished = false;
    writing.credit = 0;
    writing.last = performance.now();
    engine.send({
      type: "generate",
      job: (writing.job = nextJob()),
      ids,
      length: Number($("length").value),
      temperature: Number($("temperature").value),
      topP: Number($("top-p").value),
    });
    $("status").textContent = "Writing…";
    writing.showButtons();
    requestAnimationFrame(writing.showNext);
  },

  receive(message) {
    if (message.job !== writing.job) return;
    if (message.type === "chunk") writing.waiting.push(...message.chunk);
    if (message.type === "done") {
      writing.finished = true;
      writing.rate = message.count / Math.max(message.seconds, 1e-3);
    }
  },

  // Show the next characters at the chosen pace, once a frame.
  showNext(now) {
    if (!writing.busy()) return writing.end();
    const pace = Number($("pace").value);
    writing.credit = pace ? Math.min(writing.credit + pace * (now - writing.last) / 1000, pace) : Infinity;
    writing.last = now;
    const ready = writing.waiting.splice(0, Math.min(writing.waiting.length, Math.floor(writing.credit)));
    writing.credit -= ready.length;
    if (!pace) writing.credit = 0;
    if (ready.length) writing.append(ready);
    requestAnimationFrame(writing.showNext);
  },

  append(chunk) {
    const box = $("text");
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    let at = writing.node.length, added = "";
    for (const drawn of chunk) {
      writing.starts.push(at + added.length);
      writing.written.push(drawn);
      added += characters[drawn.id];
    }
    writing.node.appendData(added);
    if (atEnd) box.scrollTop = box.scrollHeight;
    writing.drawState();
  },

  stop() {
    engine.send({ type: "stop" });
    writing.waiting = [];
    writing.finished = true;
    writing.job = null;
  },

  end() {
    const written = writing.written.length;
    $("status").textContent = writing.job === null
      ? `Stopped after ${count(written)} characters.`
      : `${count(written)} characters. Computed at ${count(Math.round(writing.rate))} characters a second.`;
    writing.showButtons();
  },

  showButtons() {
    const busy = writing.busy();
    $("generate").textContent = busy ? "Stop" : "Generate";
    $("generate").disabled = !engine.ready;
    $("continue").disabled = busy || !writing.written.length;
    $("cursor").classList.toggle("busy", busy);
  },

  drawState() {
    const shown = writing.written[writing.shownAt ?? writing.written.length - 1];
    if (shown) drawUnits($("units"), shown.state);
  },

  async copy() {
    const text = $("seed-shown").textContent + writing.node.data;
    try {
      await navigator.clipboard.writeText(text);
      $("status").textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren($("text"));
      $("status").textContent = "Selected: copy it with your keyboard or menu.";
    }
  },

  // ---- the odds of one character

  point(event) {
    const at = writing.find(event.clientX, event.clientY);
    if (at === null) writing.hideOdds();
    else writing.showOdds(at);
  },

  // Return the number of the written character at this place of the window, or null.
  find(x, y) {
    const caret = document.caretPositionFromPoint?.(x, y);
    const range = caret ? null : document.caretRangeFromPoint?.(x, y);
    const node = caret ? caret.offsetNode : range?.startContainer;
    if (node !== writing.node) return null;
    const offset = caret ? caret.offset : range.startOffset;
    // The caret stands before or after the character: look at both.
    let at = writing.starts.findLastIndex((start) => start <= offset);
    for (const candidate of [at, at - 1]) {
      const hit = candidate >= 0 && [...writing.boxes(candidate)].some(
        (box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
      if (hit) return candidate;
    }
    return null;
  },

  boxes(at) {
    const range = document.createRange();
    range.setStart(writing.node, writing.starts[at]);
    range.setEnd(writing.node, writing.starts[at + 1] ?? writing.node.length);
    return range.getClientRects();
  },

  showOdds(at) {
    const box = [...writing.boxes(at)].pop();
    if (!box) return;
    if (writing.shownAt === at && !$("odds").hidden) return;
    writing.shownAt = at;
    const paper = $("text").parentElement.getBoundingClientRect();
    const [mark, odds] = [$("mark"), $("odds")];
    fillOdds(odds, writing.written[at]);
    mark.hidden = odds.hidden = false;
    mark.style.left = `${box.left - paper.left}px`;
    mark.style.top = `${box.top - paper.top}px`;
    mark.style.width = `${Math.max(box.width, 3)}px`;
    mark.style.height = `${box.height}px`;
    const left = Math.min(Math.max(box.left - paper.left - 40, 0), paper.width - odds.offsetWidth);
    const below = box.bottom - paper.top + 8;
    const fits = box.bottom + 8 + odds.offsetHeight < innerHeight;
    odds.style.left = `${Math.max(left, 0)}px`;
    odds.style.top = `${fits ? below : box.top - paper.top - 8 - odds.offsetHeight}px`;
    writing.drawState();
  },

  hideOdds() {
    if (writing.shownAt === null) return;
    writing.shownAt = null;
    $("mark").hidden = $("odds").hidden = true;
    writing.drawState();
  },

  moveByKey(event) {
    const last = writing.written.length - 1, at = writing.shownAt;
    const rightToLeft = getComputedStyle($("text")).direction === "rtl";
    const step = { ArrowRight: rightToLeft ? -1 : 1, ArrowLeft: rightToLeft ? 1 : -1 }[event.key];
    if (event.key === "Escape") return writing.hideOdds();
    if (last < 0 || (!step && event.key !== "Home" && event.key !== "End")) return;
    event.preventDefault();
    // Bring the character into view first: a scroll hides the odds.
    const first = event.key === "Home" || (at === null && step > 0);
    const next = first ? 0 : event.key === "End" || at === null ? last : at + step;
    const target = Math.min(Math.max(next, 0), last);
    const box = [...writing.boxes(target)].pop(), view = $("text").getBoundingClientRect();
    const missing = box ? Math.min(box.top - view.top - 24, 0) + Math.max(box.bottom - view.bottom + 24, 0) : 0;
    writing.followed = Math.abs(missing) > 1; // the scroll that this causes hides nothing
    $("text").scrollTop += missing;
    writing.showOdds(target);
  },
};
