import { open } from "./dialogs.js";
import { toggle } from "./bulk.js";

const $ = (selector, root = document) => root.querySelector(selector);

// The list the keys move in: a queue of links, or the rows of a table.
function rows() {
  const queue = $("[data-queue]");
  return queue
    ? [...queue.querySelectorAll("a")]
    : [...document.querySelectorAll("[data-list] tbody tr:not(.grp)")];
}

const here = (list) =>
  list.findIndex((row) => row.hasAttribute("data-at") || row.hasAttribute("aria-current"));

function move(step) {
  const list = rows();
  if (!list.length) return;
  const next = list[Math.min(list.length - 1, Math.max(0, here(list) + step))];
  for (const row of list) mark(row, row === next);
  (next.matches("a") ? next : $("a", next))?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function mark(row, on) {
  if (!row.matches("a")) row.toggleAttribute("data-at", on);
  else if (on) row.setAttribute("aria-current", "true");
  else row.removeAttribute("aria-current");
}

function select() {
  const list = rows();
  const box = list[here(list)]?.querySelector("[data-row]");
  if (box) toggle(box);
}

// press clicks the real button that names this key, so the form behind it is sent
// exactly as by hand.
function press(key) {
  const button = $(`main [aria-keyshortcuts="${CSS.escape(key)}"]`);
  if (!button) return false;
  button.click();
  return true;
}

let chord = false;
function startChord() {
  chord = true;
  setTimeout(() => (chord = false), 900);
}

const single = {
  g: startChord,
  j: () => move(1),
  k: () => move(-1),
  x: select,
  "/": () => open($("#palette")),
  "?": () => open($("#keys")),
};

// Single keys can be switched off in the account (WCAG 2.1.4) and never fire while
// somebody types.
const typing = (el) =>
  el.closest("input:not([type=checkbox], [type=radio]), textarea, select, dialog, [contenteditable]");

document.addEventListener("keydown", (e) => {
  const command = e.metaKey || e.ctrlKey;
  if (command && e.key.toLowerCase() === "k") {
    e.preventDefault();
    open($("#palette"));
    return;
  }
  if (command || e.altKey || document.documentElement.dataset.keys === "off" || typing(e.target)) return;
  if (chord) {
    chord = false;
    $(`nav [data-go="${CSS.escape(e.key)}"]`)?.click();
    return;
  }
  if (e.key === "Enter" && e.target.closest("a, button, summary")) return; // which it opens
  if (press(e.key)) e.preventDefault();
  else if (single[e.key]) {
    e.preventDefault();
    single[e.key]();
  }
});
