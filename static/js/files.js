// The drop zone is a real file input under a larger target. Dropped and pasted files are
// put into that input, so the form sends them as if they were chosen, and the list shows
// what will be sent. A zone that sends in parts hands them on instead.
import { size } from "./size.js";

// What sends in parts is loaded where there is a zone that does.
const inParts = () => import("./uploads.js");

function settleZones() {
  if (document.querySelector("[data-parts]")) inParts().then((uploads) => uploads.settle());
}
settleZones();
document.addEventListener("htmx:afterSettle", settleZones);

const input = (zone) => zone.querySelector("input[type=file]");

function put(zone, files) {
  const carrier = new DataTransfer();
  for (const file of files) carrier.items.add(file);
  input(zone).files = carrier.files;
  show(zone);
}

function addTo(zone, files) {
  const chosen = [...files]; // before the field is emptied
  if (zone.dataset.parts) handOn(zone, chosen);
  else put(zone, [...(input(zone).multiple ? input(zone).files : []), ...chosen]);
}

// Files that wait for what sends them, which is still being loaded. Without them a form does
// not go. Where it cannot be loaded, they go with the form.
const early = new Set();

async function handOn(zone, files) {
  const some = { form: zone.closest("form"), sent: null };
  early.add(some);
  try {
    (await inParts()).take(zone, files);
  } catch (err) {
    put(zone, [...input(zone).files, ...files]);
    console.warn(err);
  }
  early.delete(some);
  if (some.sent) some.form.requestSubmit(some.sent.submitter);
}

document.addEventListener(
  "submit",
  (e) => {
    const some = [...early].find((s) => s.form === e.target);
    if (!some) return;
    e.preventDefault();
    e.stopPropagation();
    some.sent = { submitter: e.submitter };
  },
  true,
);

function show(zone) {
  const list = document.getElementById(zone.dataset.drop);
  const files = [...input(zone).files];
  list.replaceChildren(...files.map((file, n) => row(zone, file, () => put(zone, files.toSpliced(n, 1)))));
}

function row(zone, file, remove) {
  const li = document.createElement("li");
  li.className = "file";
  const words = document.createElement("span");
  const name = Object.assign(document.createElement("span"), { className: "nm", textContent: file.name });
  const bytes = Object.assign(document.createElement("small"), { textContent: ` ${size(file.size)}` });
  words.append(name, bytes);
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn--s" });
  button.textContent = zone.dataset.remove;
  button.append(
    Object.assign(document.createElement("span"), { className: "vh", textContent: ` ${file.name}` }),
  );
  button.addEventListener("click", () => {
    remove();
    input(zone).focus();
  });
  li.append(document.createElement("span"), words, button);
  const limit = Number(zone.dataset.max);
  if (limit && file.size > limit) {
    li.append(
      Object.assign(document.createElement("span"), {
        className: "full text-bad",
        textContent: zone.dataset.tooLarge,
      }),
    );
  }
  return li;
}

const zoneOf = (e) => e.target.closest?.("[data-drop]");

for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (e) => {
    const zone = zoneOf(e);
    if (!zone) return;
    e.preventDefault();
    zone.dataset.over = "";
  });
}
for (const name of ["dragleave", "drop"]) {
  document.addEventListener(name, (e) => delete zoneOf(e)?.dataset.over);
}
document.addEventListener("drop", (e) => {
  const zone = zoneOf(e);
  if (!zone) return;
  e.preventDefault();
  addTo(zone, e.dataTransfer.files);
});
document.addEventListener("change", (e) => {
  const field = e.target;
  const zone = field.dataset.photo
    ? document.getElementById(field.dataset.photo).closest("[data-drop]")
    : zoneOf(e);
  if (!zone || field.type !== "file") return;
  if (!zone.dataset.parts) return show(zone);
  addTo(zone, field.files);
  field.value = ""; // they are not sent a second time with the form
});
document.addEventListener("paste", (e) => {
  const zones = document.querySelectorAll("[data-drop]");
  // With two zones nobody could tell where a screenshot goes.
  if (zones.length === 1 && e.clipboardData?.files.length) addTo(zones[0], e.clipboardData.files);
});
