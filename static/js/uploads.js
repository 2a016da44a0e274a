// Files go up as soon as they are chosen, three at a time. What has arrived is a hidden
// field of the form; what was begun on an earlier page goes on when its file is chosen
// again.
import { Away, Refusal, Transfer } from "./tus.js";
import { size } from "./size.js";

const most = 3; // at once
const hashed = 64 << 20; // files up to this size are known before they travel
const rows = new WeakMap(); // row: what is known of it
const queue = [];
let busy = 0;

const listOf = (zone) => document.getElementById(zone.dataset.drop);
const part = (row, name) => row.querySelector(`[data-${name}]`);

// announce says a sentence to those who hear the page: when something begins or ends, and
// at each quarter, never with each part.
function announce(row, sentence) {
  const status = document.querySelector(`[data-progress-of="${row.parentElement?.id}"]`);
  if (status) status.textContent = `${row.dataset.name}: ${sentence}`;
}

// take begins to send files.
export function take(zone, files) {
  for (const file of files) {
    const row = begun(zone, file) ?? fresh(zone, file);
    const limit = Number(zone.dataset.max);
    if (limit && file.size > limit) refuse(row, zone.dataset.tooLarge);
    else if (file.size === 0) refuse(row, "The file is empty.");
    else enqueue(row);
  }
}

// begun finds the row of a file whose beginning was sent before.
function begun(zone, file) {
  const row = [...listOf(zone).children].find(
    (li) =>
      !rows.has(li) &&
      !li.querySelector("input") &&
      li.dataset.name === file.name.normalize("NFC") &&
      Number(li.dataset.size) === file.size &&
      [0, file.lastModified].includes(Number(li.dataset.modified)),
  );
  if (row) know(zone, row, file, `/uploads/${row.dataset.upload}`);
  return row;
}

function fresh(zone, file) {
  const row = document.getElementById(`${zone.dataset.drop}-row`).content.firstElementChild.cloneNode(true);
  row.dataset.name = row.querySelector(".nm").textContent = file.name;
  row.dataset.size = file.size;
  for (const label of row.querySelectorAll(".vh")) label.textContent = ` ${file.name}`;
  row.querySelector("progress").ariaLabel = `How much of ${file.name} has arrived`;
  listOf(zone).append(row);
  know(zone, row, file, "");
  return row;
}

function know(zone, row, file, url) {
  const state = { zone, file, checked: Boolean(url), quarter: 0 };
  state.transfer = new Transfer(file, {
    part: Number(zone.dataset.parts),
    about: zone.dataset.about,
    url,
    tell: (what, bytes) => progress(row, what, bytes),
  });
  rows.set(row, state);
}

function enqueue(row) {
  const state = rows.get(row);
  state.started = performance.now();
  state.from = null;
  show(row, "queued", `${size(state.file.size)}, waits for its turn`);
  queue.push(row);
  next();
}

function next() {
  while (busy < most && queue.length) {
    busy++;
    const row = queue.shift();
    const fails = (err) => {
      refuse(row, "It could not be read. Choose it again."); // moved or changed since it was chosen
      console.warn(err);
    };
    send(row).catch(fails).finally(() => {
      busy--;
      next();
      submitWhenReady();
    });
  }
}

async function send(row) {
  const state = rows.get(row);
  if (state.gone) return;
  try {
    if (!state.checked && (await known(row))) return;
    announce(row, "sending");
    const receipt = await state.transfer.run();
    if (receipt && !state.gone) recorded(row, receipt);
  } catch (err) {
    if (state.gone) return;
    if (err instanceof Away) {
      acts.pause(row);
      problem(row, err.message);
      announce(row, err.message);
    } else if (err instanceof Refusal) refuse(row, err.message);
    else throw err;
  }
}

// known hashes a file and asks who has it, among what the reader may see. Its bytes are
// sent all the same: to know a digest proves nothing.
async function known(row) {
  const state = rows.get(row);
  state.checked = true;
  if (!crypto.subtle || state.file.size > hashed) return false; // no HTTPS, or too much for the memory of a phone
  show(row, "sending", `${size(state.file.size)}, looking at it`);
  const sum = await crypto.subtle.digest("SHA-256", await state.file.arrayBuffer());
  state.transfer.said = Array.from(new Uint8Array(sum), (b) => b.toString(16).padStart(2, "0")).join("");
  const answer = await fetch(`/uploads/known?sha256=${state.transfer.said}`).catch(() => null);
  const holders = answer?.ok && !answer.redirected ? await answer.json() : [];
  if (!holders.length || state.gone) return false;
  const links = holders.map((h) => Object.assign(document.createElement("a"), { href: h.Href, textContent: `${h.Code} ${h.Title}` }));
  show(row, "duplicate", size(state.file.size));
  problem(row, "These bytes are part of ", ...links.flatMap((a, n) => (n ? [", ", a] : [a])), " already. Send them only if they prove this too.");
  announce(row, "the same bytes were handed in before");
  return true;
}

function progress(row, what, bytes) {
  const state = rows.get(row);
  if (state.gone || !state.transfer.turn) return;
  if (what === "waiting") {
    show(row, "sending", "The connection is lost. It goes on by itself.");
    announce(row, "the connection is lost, it goes on by itself");
    return;
  }
  state.from ??= { bytes, at: performance.now() };
  const total = state.file.size;
  row.querySelector("progress").value = (bytes / total) * 100;
  show(row, "sending", `${size(bytes)} of ${size(total)}${left(state, bytes)}`);
  const quarter = Math.floor((bytes / total) * 4);
  if (quarter > state.quarter && quarter < 4) announce(row, `${quarter * 25} per cent`);
  state.quarter = quarter;
}

// left is how long the rest takes at the speed so far.
function left(state, bytes) {
  const seconds = (performance.now() - state.from.at) / 1000;
  const sent = bytes - state.from.bytes;
  if (seconds < 0.5 || sent <= 0) return "";
  const rest = ((state.file.size - bytes) * seconds) / sent;
  if (rest < 1) return "";
  return rest < 90 ? `, ${Math.ceil(rest)} s left` : `, ${Math.ceil(rest / 60)} min left`;
}

function recorded(row, receipt) {
  const state = rows.get(row);
  const id = state.transfer.url.split("/").pop();
  row.append(
    Object.assign(document.createElement("input"), {
      type: "hidden",
      name: row.parentElement.dataset.uploadName,
      value: id,
    }),
  );
  const proof = part(row, "receipt");
  proof.querySelector(".proof").textContent = `sha256 ${receipt.digest}`;
  proof.querySelector("small").textContent = `safe since ${receipt.at}`;
  show(row, "recorded", size(receipt.size));
  announce(row, "has arrived and is safe");
}

function refuse(row, sentence) {
  show(row, "refused", size(rows.get(row).file.size));
  problem(row, sentence);
  announce(row, sentence);
}

function problem(row, ...words) {
  const line = part(row, "problem");
  line.replaceChildren(...words);
  line.hidden = false;
}

// What can be done with a file, in each state.
const buttons = {
  queued: ["remove"],
  sending: ["pause", "remove"],
  paused: ["resume", "remove"],
  duplicate: ["anyway", "remove"],
  refused: ["remove"],
  recorded: ["remove"],
  begun: ["remove"],
};

function show(row, state, far) {
  row.dataset.state = state;
  part(row, "far").textContent = far;
  part(row, "problem").hidden = true;
  part(row, "problem").classList.toggle("text-bad", state === "refused");
  part(row, "receipt").hidden = state !== "recorded";
  row.querySelector("progress").hidden = !["queued", "sending", "paused"].includes(state);
  for (const icon of row.querySelectorAll("[data-when]")) {
    icon.hidden = (icon.dataset.when === "recorded") !== (state === "recorded");
  }
  offer(row, state);
}

function offer(row, state) {
  const focused = row.contains(document.activeElement);
  for (const button of row.querySelectorAll("[data-does]")) button.hidden = !buttons[state].includes(button.dataset.does);
  if (focused && !document.activeElement.checkVisibility()) row.querySelector("[data-does]:not([hidden])")?.focus();
}

const acts = {
  pause(row) {
    const { transfer, file } = rows.get(row);
    transfer.stop();
    show(row, "paused", `${size(transfer.offset)} of ${size(file.size)}, paused`);
    announce(row, "paused");
  },
  resume: enqueue,
  anyway: enqueue,
  remove(row) {
    const state = rows.get(row);
    if (state) state.gone = true;
    const transfer = state?.transfer ?? new Transfer(null, { url: `/uploads/${row.dataset.upload}` });
    transfer.forget();
    announce(row, "removed");
    const zone = row.parentElement;
    row.remove();
    document.getElementById(zone.id.replace(/-list$/, ""))?.focus();
    submitWhenReady();
  },
};

document.addEventListener("click", (e) => {
  const button = e.target.closest?.("[data-does]");
  if (button) acts[button.dataset.does](button.closest("li"));
});

// settle gives the rows that an earlier page left their button: they can be removed.
export function settle() {
  for (const row of document.querySelectorAll("li[data-upload]:not([data-state])")) {
    offer(row, row.querySelector("input") ? "recorded" : "begun");
  }
}

// A form that is sent while its files are on their way waits for them.
let waiting = null;

const unfinished = (form) => [...form.querySelectorAll("li[data-state]")].filter((li) => li.dataset.state !== "recorded");

// It asks before forms.js does, which counts what is sent.
document.addEventListener("submit", holdBack, true);

function holdBack(e) {
  const rest = unfinished(e.target);
  if (!rest.length) return;
  e.preventDefault();
  const stuck = rest.find((li) => !["queued", "sending"].includes(li.dataset.state));
  if (stuck) {
    waiting = null;
    stuck.querySelector("[data-does]:not([hidden])").focus();
    announce(stuck, "has not arrived. Send or remove it first.");
    return;
  }
  waiting = { form: e.target, submitter: e.submitter };
  announce(rest[0], "is on its way. The form is sent when it has arrived.");
}

function submitWhenReady() {
  if (!waiting) return;
  const rest = unfinished(waiting.form);
  if (rest.some((li) => ["queued", "sending"].includes(li.dataset.state))) return;
  const { form, submitter } = waiting;
  waiting = null;
  form.requestSubmit(submitter); // with something stuck among the rest, it says so
}
