"use strict";
// "Write together": a person chooses each character, or lets the network write a word.

const together = {
  ids: [],
  job: 0,
  steps: [], // lengths of the text before each addition, for Undo

  start() {
    $("typed").addEventListener("input", (event) => event.isComposing || together.type());
    $("typed").addEventListener("compositionend", together.type);
    $("typed").addEventListener("keydown", (event) => {
      if (event.key === "Enter") together.add(encode("\n").ids);
      if (event.key === "Backspace" && !$("typed").value) together.undo();
    });
    $("word").addEventListener("click", together.word);
    $("undo").addEventListener("click", together.undo);
    $("restart").addEventListener("click", together.restart);
    engine.listeners.push(together.receive);
  },

  // Draw the section when it is first opened.
  open() {
    if (!together.ids.length) together.restart();
  },

  restart() {
    const { ids } = encode($("seed").value);
    together.ids = ids.length ? ids : encode(values.seed).ids;
    together.steps = [];
    together.ask();
  },

  type() {
    const { ids, unknown } = encode($("typed").value);
    $("typed").value = "";
    showNotice($("typed-unknown"), describeUnknown(unknown));
    together.add(ids);
  },

  add(ids) {
    if (!ids.length) return;
    together.steps.push(together.ids.length);
    together.ids.push(...ids);
    together.ask();
  },

  undo() {
    if (!together.steps.length) return;
    together.ids.length = together.steps.pop();
    together.ask();
  },

  // Ask the engine for the odds of the next character.
  ask() {
    together.show();
    engine.send({ type: "odds", job: (together.job = nextJob()), ids: together.ids });
  },

  word() {
    together.steps.push(together.ids.length);
    engine.send({
      type: "generate", job: (together.job = nextJob()), ids: together.ids, length: 30, word: true,
      temperature: Number($("temperature").value), topP: Number($("top-p").value),
    });
  },

  receive(message) {
    if (message.job !== together.job) return;
    if (message.type === "chunk") {
      together.ids.push(...message.chunk.map(({ id }) => id));
      together.show();
    }
    if (message.type === "done") together.ask();
    if (message.type === "odds") together.showChoices(message.top);
  },

  show() {
    const box = $("shared");
    box.textContent = decode(together.ids);
    box.append(make("span", "cursor busy"));
    box.scrollTop = box.scrollHeight;
    $("undo").disabled = !together.steps.length;
  },

  // Buttons are changed, not replaced, so that one keeps the keyboard's focus.
  showChoices(top) {
    const box = $("choices");
    while (box.children.length > top.length) box.lastChild.remove();
    top.forEach(([id, p], place) => {
      let button = box.children[place];
      if (!button) {
        button = make("button", "choice");
        button.type = "button";
        button.addEventListener("click", () => together.add([Number(button.value)]));
        box.append(button);
      }
      button.value = id;
      button.setAttribute("aria-label", `${nameOf(characters[id])}, ${percent(p)}`);
      button.replaceChildren(makeBar(id, p, false));
    });
  },
};
