"use strict";
// The page's beginning: title, tabs, light or dark, the engine, the first text.

let jobs = 0;
const nextJob = () => ++jobs;

function showTitle() {
  if (values.name) {
    $("name").replaceChildren("It learnt to write ", make("cite", "", values.name));
  }
  $("lead").textContent =
    `${values.network}. It writes one character at a time, here in your browser. ` +
    "No server, no connection: you can send it to a friend.";
}

function startTabs() {
  const tabs = [$("tab-writing"), $("tab-together")];
  const open = (tab) => {
    for (const other of tabs) {
      const selected = other === tab;
      other.setAttribute("aria-selected", selected);
      other.tabIndex = selected ? 0 : -1;
      $(other.getAttribute("aria-controls")).hidden = !selected;
    }
    if (writing.busy()) writing.stop();
    writing.hideOdds();
    if (tab === tabs[1] && engine.ready) together.open();
  };
  for (const tab of tabs) {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = tabs[1 - tabs.indexOf(tab)];
      open(other);
      other.focus();
    });
  }
}

function startTheme() {
  const root = document.documentElement, button = $("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-label", dark ? "Light colours" : "Dark colours");
    writing.drawState();
    return dark;
  };
  button.addEventListener("click", () => {
    root.dataset.theme = show() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  show();
}

engine.listeners.push((message) => {
  if (message.type !== "ready") return;
  if ($("together").hidden) writing.generate(); // the page writes as soon as it can
  else together.open();
});
if (matchMedia("(prefers-reduced-motion: reduce)").matches) $("pace").value = "0";
showTitle();
showCard();
writing.start();
together.start();
startTabs();
startTheme();
engine.start();
