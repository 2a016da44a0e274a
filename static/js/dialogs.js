// open shows a dialog above the page. It is a plain function because keys and
// buttons both use it.
export function open(dialog) {
  if (dialog && !dialog.open) dialog.showModal();
}

// A press on the backdrop closes. Only presses on the dialog itself reach it as a
// target; its padding box is filled by its content.
document.addEventListener("click", (e) => {
  if (e.target.matches?.("dialog")) e.target.close();
});

// A choice that opens below its name closes when somebody is elsewhere, and with Escape.
const elsewhere = (target) => {
  for (const open of document.querySelectorAll("details[data-pick][open]")) {
    if (!open.contains(target)) open.open = false;
  }
};
document.addEventListener("click", (e) => elsewhere(e.target));
document.addEventListener("focusin", (e) => elsewhere(e.target));
document.addEventListener("keydown", (e) => {
  const open = e.key === "Escape" && document.querySelector("details[data-pick][open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// A question is a <details> in the page and works as one. With script its content
// moves into a modal dialog while it is open, and back afterwards, so that the form
// in it keeps its place and its values.
document.addEventListener("click", (e) => {
  const summary = e.target.closest?.("details[data-ask] > summary");
  if (!summary) return;
  e.preventDefault();
  const home = summary.parentElement;
  const content = home.querySelector(".ask-in");
  if (!content) return;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", content.querySelector("h2").id);
  dialog.append(content);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    home.append(content);
    dialog.remove();
    summary.focus();
  });
  open(dialog);
});
