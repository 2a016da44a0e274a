// Search from anywhere. The server answers /search with a fragment of options; until
// something is typed the list holds the pages this person can open.
const dialog = document.getElementById("palette");
const field = dialog?.querySelector("input");
const list = dialog?.querySelector("[role=listbox]");
const pause = 150;
const policy = window.trustedTypes?.createPolicy("search", { createHTML: (answer) => answer });

const options = () => [...list.querySelectorAll("[role=option]")];
const chosen = () => list.querySelector("[aria-selected=true]");

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  if (!option) {
    field.removeAttribute("aria-activedescendant");
    return;
  }
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", option.id);
}

function step(by) {
  const all = options();
  choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
}

function enhance() {
  const pages = [...list.childNodes];
  let timer, request;

  async function search() {
    request?.abort();
    const q = field.value.trim();
    if (!q) {
      list.replaceChildren(...pages);
      choose(null);
      return;
    }
    request = new AbortController();
    try {
      const headers = { "HX-Request": "true", "HX-Target": list.id };
      const answer = await fetch(`${field.form.action}?q=${encodeURIComponent(q)}`, {
        headers,
        signal: request.signal,
      });
      // A failed search leaves the last list: Enter still opens the full page, which says what is wrong.
      if (answer.ok && !answer.redirected) {
        const hits = await answer.text();
        list.innerHTML = policy?.createHTML(hits) ?? hits;
      }
      choose(options()[0]);
    } catch (err) {
      if (err.name !== "AbortError") choose(null);
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, pause);
  });
  field.addEventListener("keydown", (e) => {
    if (e.key === "ArrowDown") step(1);
    else if (e.key === "ArrowUp") step(-1);
    else if (e.key === "Enter" && chosen()) chosen().click();
    else return;
    e.preventDefault();
  });
}

if (dialog) enhance();
