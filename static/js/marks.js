// The results of an item by keys: 1, 2 and 0 press the choice of the current attribute
// (keys.js presses what names the key), and the next attribute becomes the current one.
const keys = { pass: "1", deviation: "2", "": "0" };

function make(current) {
  for (const cell of current.closest("[data-marks]").querySelectorAll("[data-mark]")) {
    cell.toggleAttribute("data-at", cell === current);
    for (const radio of cell.querySelectorAll("[type=radio]")) {
      const key = keys[radio.value];
      if (cell === current && key) radio.setAttribute("aria-keyshortcuts", key);
      else radio.removeAttribute("aria-keyshortcuts");
    }
  }
}

const cellOf = (el) => el.closest?.("[data-marks] [data-mark]");

document.addEventListener("click", (e) => {
  const cell = e.target.type === "radio" && cellOf(e.target);
  if (!cell) return;
  if (e.target.value === "not_applicable") cell.querySelector("details").open = true;
  const next = cell.nextElementSibling;
  make(e.target.value && e.target.value !== "not_applicable" && next?.matches("[data-mark]") ? next : cell);
});

document.addEventListener("focusin", (e) => {
  const cell = cellOf(e.target);
  if (cell && !e.target.closest("details")) make(cell);
});
