// Progressive enhancement only: every page works without this. No eval, no inline
// handlers, no style attributes. Behaviour hangs on the document, so that content
// swapped in later has it too.
import "./trusted.js";
import "./keys.js";
import "./bulk.js";
import "./files.js";
import "./palette.js";
import "./forms.js";
import "./roving.js";
import "./marks.js";
import { open } from "./dialogs.js";
import { say, settleToasts } from "./toasts.js";
import { toggleTheme } from "./theme.js";

const actions = {
  open: (el) => open(document.getElementById(el.dataset.open)),
  close: (el) => el.closest("dialog")?.close(),
  "toggle-theme": toggleTheme,
  print: () => print(),
  copy: (el) => navigator.clipboard?.writeText(el.dataset.copy).then(() => say(el.dataset.said)),
};

document.addEventListener("click", (e) => {
  for (const [name, act] of Object.entries(actions)) {
    const el = e.target.closest?.(`[data-${name}]`);
    if (!el) continue;
    e.preventDefault(); // the element's own action is what happens without script
    act(el);
    return;
  }
});

// Buttons that can only work with script are rendered hidden.
const reveal = () => document.querySelectorAll("[data-needs-js]").forEach((el) => (el.hidden = false));
reveal();
document.addEventListener("htmx:afterSettle", reveal);
settleToasts();
