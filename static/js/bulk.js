// Selection in tables. The bar shows and hides by CSS alone (form:has(:checked));
// this counts, and keeps the box in the head of the table honest.
const boxes = (form) => [...form.querySelectorAll("[data-row]")];

function count(form) {
  const all = boxes(form);
  const chosen = all.filter((box) => box.checked).length;
  const number = form.querySelector("[data-count]");
  if (number) number.textContent = chosen;
  const head = form.querySelector("[data-all]");
  if (!head) return;
  head.checked = chosen > 0 && chosen === all.length;
  head.indeterminate = chosen > 0 && chosen < all.length;
}

export function toggle(box) {
  box.checked = !box.checked;
  count(box.form);
}

function setAll(form, checked) {
  for (const box of boxes(form)) box.checked = checked;
  count(form);
}

document.addEventListener("change", (e) => {
  if (e.target.matches("[data-all]")) setAll(e.target.form, e.target.checked);
  else if (e.target.matches("[data-row]")) count(e.target.form);
});

document.addEventListener("click", (e) => {
  const clear = e.target.closest?.("[data-clear]");
  if (clear) setAll(clear.form, false);
});

// Browsers restore ticked boxes when going back.
addEventListener("pageshow", () => document.querySelectorAll("form:has([data-all])").forEach(count));

// A search field says "change" when it is left, after the list has followed what was
// typed. Renewing the list once more would untick what was just chosen in it.
document.addEventListener(
  "change",
  (e) => {
    if (e.target.matches(".bar input[type=search]")) e.stopPropagation();
  },
  true,
);
