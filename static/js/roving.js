// A grid of links is one tab stop; the arrows move inside it.
const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// next walks from a cell in one direction to the nearest cell with a link.
function next(table, cell, [dy, dx]) {
  const rows = [...table.querySelectorAll("tbody tr")];
  let y = rows.indexOf(cell.parentElement);
  let x = cell.cellIndex;
  while (rows[(y += dy)]?.cells[(x += dx)]) {
    const link = rows[y].cells[x].querySelector("td > a");
    if (link) return link;
  }
  return null;
}

document.addEventListener("keydown", (e) => {
  const table = e.target.closest?.("[data-roving]");
  const cell = e.target.closest?.("td");
  if (!table || !cell || !steps[e.key]) return;
  const link = next(table, cell, steps[e.key]);
  if (!link) return;
  e.preventDefault();
  e.target.tabIndex = -1;
  link.tabIndex = 0;
  link.focus();
});
