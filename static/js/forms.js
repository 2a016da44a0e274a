// A form is sent once. The button is only marked, not disabled: a disabled button
// would not be sent with its name and value.
document.addEventListener("submit", (e) => {
  const form = e.target;
  if (form.method !== "post" || e.defaultPrevented) return;
  if (form.dataset.sent === "") {
    e.preventDefault();
    return;
  }
  form.dataset.sent = "";
  e.submitter?.setAttribute("aria-disabled", "true");
});

// Going back shows the page as it was left; its forms can be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-disabled=true]").forEach((b) => b.removeAttribute("aria-disabled"));
  }
});

// The time zone of the browser is the best guess at that of the company.
const zone = document.querySelector("input[name=zone]");
if (zone && !zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

// What is wrong with a form is the first thing to read. Of content swapped in later
// only its own summary counts: a filter must not pull the focus out of its field.
const toErrors = (within) => within.querySelector(".error-summary")?.focus();
toErrors(document);
document.addEventListener("htmx:afterSettle", (e) => toErrors(e.target));

// A line of it leads to the words at a field; the field itself is where to go on.
document.addEventListener("click", (e) => {
  const link = e.target.closest(".error-summary a");
  const field = link && document.querySelector(`[aria-describedby~="${CSS.escape(link.hash.slice(1))}"]`);
  if (!field) return;
  e.preventDefault();
  (field.matches("fieldset") ? field.querySelector("input") : field).focus();
});
