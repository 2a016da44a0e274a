// One file on its way, by the tus protocol 1.0.0: parts of a fixed size, each sent where
// the server says the last one ended. It touches no page; what happens is told to `tell`.
const version = { "Tus-Resumable": "1.0.0" };
const patience = [1, 2, 4, 8, 15, 30]; // seconds between tries; the last one repeats

// A refusal is the server's last word on a file, as a sentence.
export class Refusal extends Error {}

// Away is what somebody can do something about, and then go on.
export class Away extends Error {}

const base64 = (text) =>
  btoa(Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join(""));

async function ask(method, url, headers = {}) {
  const answer = await fetch(url, { method, headers: { ...version, ...headers }, redirect: "manual" });
  if (answer.type === "opaqueredirect") {
    throw new Away("You are signed out. Sign in in another tab, then resume.");
  }
  return answer;
}

// An answer of the server's that another try would not change.
const final = (status) => status >= 400 && status < 500 && ![404, 408, 409, 410, 423, 429].includes(status);

export class Transfer {
  constructor(file, { part, about, url = "", said = "", tell }) {
    Object.assign(this, { file, part, about, url, said, tell, offset: 0 });
  }

  // run sends what is missing and returns once all of it is safe. A connection that is
  // lost is waited for; only stop and a refusal end it.
  async run() {
    const turn = (this.turn = {}); // of two runs, the first one ends
    for (let failures = 0; this.turn === turn; ) {
      try {
        await this.find();
        while (this.offset < this.file.size && this.turn === turn) {
          await this.send();
          failures = 0;
        }
        if (this.turn === turn) return await this.receipt();
      } catch (err) {
        if (this.turn !== turn) break;
        if (err instanceof Refusal || err instanceof Away) throw err;
        this.tell("waiting");
        await this.pause(patience[Math.min(failures++, patience.length - 1)]);
      }
    }
    return null;
  }

  // find asks how far the file has come, and begins where nothing is known of it.
  async find() {
    if (this.url) {
      const answer = await ask("HEAD", this.url);
      if (answer.ok) return this.at(Number(answer.headers.get("Upload-Offset")));
      if (answer.status !== 404 && answer.status !== 410) throw new Error(answer.status);
    }
    const meta = {
      filename: this.file.name,
      about: this.about,
      modified: String(this.file.lastModified),
      sha256: this.said,
    };
    const answer = await ask("POST", "/uploads", {
      "Upload-Length": String(this.file.size),
      "Upload-Metadata": Object.entries(meta)
        .map(([key, value]) => `${key} ${base64(value)}`)
        .join(","),
    });
    if (final(answer.status) || answer.status === 409) throw new Refusal(await answer.text());
    if (!answer.ok) throw new Error(answer.status);
    this.url = answer.headers.get("Location");
    this.at(0);
  }

  at(offset) {
    this.offset = offset;
    this.tell("sending", offset);
  }

  // send sends the next part. fetch cannot tell how much of a body has left.
  send() {
    const from = this.offset;
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.request = request;
      request.open("PATCH", this.url);
      for (const [name, value] of Object.entries(version)) request.setRequestHeader(name, value);
      request.setRequestHeader("Content-Type", "application/offset+octet-stream");
      request.setRequestHeader("Upload-Offset", String(from));
      request.upload.onprogress = (e) => this.tell("sending", from + e.loaded);
      request.onerror = request.onabort = () => reject(new Error("cut off"));
      request.onload = () => {
        const offset = Number(request.getResponseHeader("Upload-Offset"));
        if (request.status === 204 || (request.status === 409 && offset > from)) {
          this.at(offset); // or the end of the last try arrived meanwhile
          resolve();
        } else if (final(request.status)) {
          this.url = "";
          reject(new Refusal(request.responseText));
        } else reject(new Error(request.status));
      };
      request.send(this.file.slice(from, Math.min(from + this.part, this.file.size)));
    });
  }

  async receipt() {
    const answer = await ask("GET", this.url);
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  pause(seconds) {
    return new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, seconds * 1000);
    });
  }

  // stop ends the sending. What has arrived stays where it is.
  stop() {
    this.turn = null;
    this.request?.abort();
    this.wake?.();
  }

  async forget() {
    this.stop();
    if (this.url) await ask("DELETE", this.url).catch(() => {}); // it expires by itself
  }
}
