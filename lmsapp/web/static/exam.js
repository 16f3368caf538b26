// The exam page on top of pages that work without it. Every answer is written into this device's own store first, then sent
// in order, one request at a time, until the server says that all is on disk; only then the page says "saved". What the
// server has not acknowledged is sent again after any failure, reload or return of the line.

const BATCH = 50, BATCH_CHARACTERS = 200_000;
const TYPING = 500, WAITS = [1000, 2000, 4000, 8000, 15000], PATIENCE = 20_000, HEARTBEAT = 20_000, TICK = 5000, LASTS = 4000, OPENS = 5000;
const CHOICES = new Set(["single", "true-false", "multiple", "hotspot"]);
const NOTES = [10, 5, 1];

const random = () => [...crypto.getRandomValues(new Uint8Array(9))].map((octet) => octet.toString(16).padStart(2, "0")).join("");
const tidy = (text) => text.replace(/\r\n?/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f]|\p{Cs}/gu, "").normalize("NFC").trim();

// ---------- what this device keeps ----------

const late = (wait) => new Promise((_done, failed) => { setTimeout(failed, wait); });
const asked = (request) => new Promise((done, failed) => {
  request.onsuccess = () => done(request.result);
  request.onerror = () => failed(request.error);
});

/** The device's own store: its name and numbers, its events, and what is being typed. Every write is awaited to its end. */
class Memory {
  static async open(attempt) {
    const request = indexedDB.open("exam", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("devices", { keyPath: "attempt" });
      request.result.createObjectStore("events", { keyPath: ["attempt", "device", "seq"] });
      request.result.createObjectStore("drafts", { keyPath: ["attempt", "item"] });
    };
    const memory = new Memory();
    memory.kept = true;
    memory.database = await asked(request);
    memory.attempt = attempt;
    await memory.change((device) => device);
    return memory;
  }

  /** Runs `work(device, transaction)` on the device's row in one transaction; resolves when it is on disk. */
  change(work) {
    return new Promise((done, failed) => {
      const transaction = this.database.transaction(["devices", "events", "drafts"], "readwrite", { durability: "strict" });
      const devices = transaction.objectStore("devices");
      let result;
      transaction.oncomplete = () => done(result);
      transaction.onabort = transaction.onerror = () => failed(transaction.error);
      devices.get(this.attempt).onsuccess = ({ target }) => {
        const device = target.result || { attempt: this.attempt, device: `web-${random()}`, key: `key-${random()}`, seq: 0, acked: 0, epoch: 0 };
        result = work(device, transaction);
        this.device = device;
        devices.put(device);
      };
    });
  }

  /** Writes an event under the device's next number. */
  add(item, value) {
    return this.change((device, transaction) => {
      device.seq += 1;
      const event = { attempt: this.attempt, device: device.device, seq: device.seq, item, value, at: new Date().toISOString(), mono: Math.round(performance.now()) };
      transaction.objectStore("events").put(event);
      transaction.objectStore("drafts").delete([this.attempt, item]);
      return event;
    });
  }

  /** Keeps what is being typed, so that not even the last letters are lost. */
  draft(item, value) {
    return this.change((_device, transaction) => { transaction.objectStore("drafts").put({ attempt: this.attempt, item, value }); });
  }

  async drafts() {
    const all = await asked(this.database.transaction("drafts").objectStore("drafts").getAll());
    return all.filter((draft) => draft.attempt === this.attempt);
  }

  /** This device's events above a number, in their order. */
  above(seq) {
    const { attempt, device } = this.device;
    const range = IDBKeyRange.bound([attempt, device, seq + 1], [attempt, device, Infinity]);
    return asked(this.database.transaction("events").objectStore("events").getAll(range));
  }

  /** Another name for this device, under which what was not acknowledged begins anew: its numbers were used twice. */
  async rename() {
    const left = await this.above(this.device.acked);
    await this.change((device) => { Object.assign(device, { device: `web-${random()}`, seq: 0, acked: 0, epoch: 0, leave: undefined }); });
    for (const event of left) await this.add(event.item, event.value);
  }

  async forget() {
    await this.change((device, transaction) => {
      const range = IDBKeyRange.bound([this.attempt], [this.attempt, []]);
      for (const store of ["events", "drafts"]) transaction.objectStore(store).delete(range);
      device.closed = true;
    });
  }
}

/** What stands in for a store that the browser refuses: it lasts as long as the page, and says so. */
class Fleeting {
  constructor(attempt) {
    this.kept = false;
    this.events = [];
    this.device = { attempt, device: `web-${random()}`, key: `key-${random()}`, seq: 0, acked: 0, epoch: 0 };
  }

  async change(work) { return work(this.device); }

  async add(item, value) {
    this.device.seq += 1;
    const event = { seq: this.device.seq, item, value, at: new Date().toISOString(), mono: Math.round(performance.now()) };
    this.events.push(event);
    return event;
  }

  async draft() { /* nowhere to keep it */ }

  async drafts() { return []; }

  async above(seq) { return this.events.filter((event) => event.seq > seq); }

  async rename() {
    const left = await this.above(this.device.acked);
    this.events = [];
    Object.assign(this.device, { device: `web-${random()}`, seq: 0, acked: 0, epoch: 0 });
    for (const event of left) await this.add(event.item, event.value);
  }

  async forget() { this.events = []; }
}

// ---------- one question's fields ----------

/** A form of one question: its value is made of its fields as the server makes it (exams/answers.py). */
class Question {
  constructor(form, number) {
    Object.assign(this, { form, number, item: form.dataset.item, kind: form.dataset.kind });
    this.fields = [...form.elements].filter((field) => field.name === this.item || field.name.startsWith(`${this.item}.`));
    this.typed = this.fields.some((field) => field.matches("textarea, input:not([type=radio], [type=checkbox])"));
  }

  part(field) { return field.name.slice(this.item.length + 1); }

  get value() {
    if (CHOICES.has(this.kind)) return this.fields.filter((field) => field.checked).map((field) => field.value).sort().join(" ");
    const texts = this.fields.map((field) => [this.part(field), tidy(field.value)]);
    const filled = texts.filter(([, text]) => text).sort(([a], [b]) => (a < b ? -1 : 1));
    if (this.kind === "matching") return filled.map(([part, text]) => `${part}=${text}`).join(" ");
    if (this.kind === "ordering") return filled.length ? texts.map(([, text]) => text || "-").join(" ") : "";
    if (this.kind === "cloze") return filled.length ? `{${filled.map((pair) => pair.map((text) => JSON.stringify(text)).join(":")).join(",")}}` : "";
    return texts[0][1];
  }

  set value(value) {
    const chosen = new Set(value.split(" "));
    const parts = this.kind === "cloze" ? JSON.parse(value || "{}")
      : this.kind === "matching" ? Object.fromEntries(value.split(" ").map((pair) => pair.split("=")))
        : this.kind === "ordering" ? Object.fromEntries(value.split(" ").map((name, place) => [place + 1, name === "-" ? "" : name]))
          : { "": value };
    for (const field of this.fields) {
      if (CHOICES.has(this.kind)) field.checked = chosen.has(field.value);
      else field.value = parts[this.part(field)] || "";
    }
    this.dress();
  }

  /** Shows what is chosen, and how many words were written. */
  dress() {
    for (const label of this.form.querySelectorAll(".answer")) label.classList.toggle("chosen", label.querySelector("input").checked);
    const counted = this.form.querySelector("[data-counted]");
    if (!counted) return;
    counted.words ||= counted.textContent;
    counted.hidden = false;
    counted.textContent = counted.words.replace("{count}", this.native(String(this.fields[0].value.split(/\s+/).filter(Boolean).length)));
  }

  /** Keeps an order an order and a drawing's marks few enough: what was there before gives way. */
  mend(changed) {
    if (this.kind === "ordering") {
      const twin = this.fields.find((field) => field !== changed && field.value && field.value === changed.value);
      if (twin) twin.value = changed.before || "";
      for (const field of this.fields) field.before = field.value;
    }
    if (this.kind === "hotspot" && changed.checked) {
      this.order = [...(this.order || []).filter((field) => field.checked && field !== changed), changed];
      const others = this.fields.filter((field) => field.checked && !this.order.includes(field));
      const most = Number(this.form.querySelector(".hotspot").dataset.marks);
      [...others, ...this.order].slice(0, -most).forEach((field) => { field.checked = false; });
    }
  }

  move(button) {
    const place = this.fields.indexOf(button.closest("li").querySelector("select"));
    const [one, other] = [this.fields[place], this.fields[place + Number(button.dataset.move)]];
    [one.value, other.value] = [other.value, one.value];
    other.closest("li").querySelector(`[data-move="${button.dataset.move}"]:not(:disabled)`)?.focus();
    this.fields.forEach((field) => { field.before = field.value; });
  }
}

// ---------- the page ----------

class ExamPage extends HTMLElement {
  async connectedCallback() {
    this.attempt = this.dataset.attempt;
    this.questions = [...this.querySelectorAll("form.question")].map((form, at) => new Question(form, at + 1));
    this.number = Number(this.dataset.number);
    this.view = "paper";
    this.failures = this.unwritten = 0;
    this.ends = performance.now() + Number(this.dataset.seconds) * 1000;
    this.paused = "paused" in this.dataset;
    for (const question of this.questions) {
      question.native = (text) => this.native(text);
      question.noted = question.form.dataset.value;
      question.fields.forEach((field) => { field.before = field.value; });
      question.form.querySelectorAll(".movers").forEach((movers) => { movers.hidden = false; });
      question.dress();
    }
    this.querySelector("[data-navigator]").replaceWith(this.querySelector(".navigator").cloneNode(true));
    this.still(true);
    this.listen();
    try { this.memory = await Promise.race([Memory.open(this.attempt), late(OPENS)]); } catch { this.memory = new Fleeting(this.attempt); }
    await this.remember();
    this.show(Number(location.pathname.split("/").pop()) || this.number);
    this.tick();
    setInterval(() => this.tick(), TICK);
    setInterval(() => this.send(), HEARTBEAT);
    if (this.memory.device.file) { this.sealed(this.memory.device.file); return; }
    await this.send();
    this.prepare();
  }

  /** Whether nothing can be answered now: not before there is a store, nor in a pause, after the end, or beside another device. */
  still(whether) {
    for (const question of this.questions) question.form.querySelector("fieldset").disabled = whether;
  }

  /** Makes ready for going on without the line: a copy of the page, and where the exam allows it the device's seal. */
  async prepare() {
    try {
      if ("serviceWorker" in navigator && this.memory.kept) {
        await navigator.serviceWorker.register(this.dataset.worker, { scope: this.dataset.base });
        const parts = performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => name.includes("/static/"));
        await (await caches.open("exam")).addAll([...new Set([...parts, this.dataset.sealing].filter(Boolean))]);
      }
      if (this.dataset.sealing && crypto.subtle && this.memory.kept) {
        const { Seal } = await import(this.dataset.sealing);
        this.seal = new Seal(this);
        await this.seal.begin();
      }
    } catch { /* a comfort that this device does not have, or not yet */ }
  }

  digest(text) { return sha256(text); }

  /** Puts into the fields what this device has kept and the server had not acknowledged when it made the page. */
  async remember() {
    const { device } = this.memory;
    const old = Date.parse(this.dataset.served) <= Date.parse(device.at || 0);  // begun before the last commit: the device knows better
    for (const event of await this.memory.above(old ? 0 : device.acked)) this.fill(event.item, event.value);
    for (const draft of await this.memory.drafts()) {
      this.fill(draft.item, draft.value);
      await this.memory.add(draft.item, draft.value);
    }
    await this.tell();
  }

  fill(item, value) {
    const question = this.questions.find((one) => one.item === item);
    if (!question) return;
    question.value = question.noted = value;
  }

  listen() {
    const of = (event) => this.questions.find((question) => question.form === event.target.closest("form.question"));
    this.addEventListener("change", (event) => {
      const question = of(event);
      if (!question) return;
      question.mend(event.target);
      question.dress();
      this.note(question);
    });
    this.addEventListener("input", (event) => {
      const question = of(event);
      if (!question?.typed || event.target.matches("select")) return;
      question.dress();
      this.typing(question);
    });
    this.addEventListener("submit", (event) => this.submitted(event, of(event)));
    this.addEventListener("click", (event) => this.clicked(event, of(event)));
    addEventListener("popstate", () => this.show(Number(location.pathname.split("/").pop()) || 1, false));
    addEventListener("online", () => { this.failures = 0; if (this.file) this.deliver(); else this.send(); });
    document.addEventListener("visibilitychange", () => this.leaving());
    addEventListener("pagehide", () => this.leaving());
    this.addEventListener("focusout", (event) => { const question = of(event); if (question?.typed) this.note(question); });
  }

  // ----- noting -----

  typing(question) {
    this.say("sending", this.dataset.sayWriting);
    this.keep(() => this.memory.draft(question.item, question.value));
    clearTimeout(question.timer);
    question.timer = setTimeout(() => this.note(question), TYPING);
  }

  async note(question) {
    clearTimeout(question.timer);
    const { value } = question;
    if (value === question.noted) { this.tell(); return; }
    question.noted = value;
    this.say("sending", this.dataset.sayWriting);
    await this.keep(() => this.memory.add(question.item, value));
    this.seal?.run();
    this.count();
    this.send();
  }

  /** Runs a write into the device's store; when it is refused, the page lives on and says so. */
  async keep(write) {
    this.unwritten += 1;
    this.writes = (this.writes || Promise.resolve()).then(write).catch(async () => {
      const fleeting = new Fleeting(this.attempt);
      this.memory = fleeting;
      for (const question of this.questions) if (question.noted !== question.form.dataset.value) await fleeting.add(question.item, question.noted);
      setTimeout(() => this.send({ takeOver: true }));
    });
    await this.writes;
    this.unwritten -= 1;
    await this.tell();
  }

  leaving() {
    for (const question of this.questions) if (question.typed && question.value !== question.noted) this.note(question);
    this.send();
  }

  // ----- sending -----

  async send({ takeOver = false } = {}) {
    if (this.sending || !this.memory || this.closed || this.file) return;
    this.sending = true;
    clearTimeout(this.retry);
    try {
      let events = (await this.memory.above(this.memory.device.acked)).slice(0, BATCH);
      while (events.length > 1 && events.reduce((sum, event) => sum + event.value.length, 0) > BATCH_CHARACTERS) events = events.slice(0, events.length >> 1);
      const { device, epoch } = this.memory.device;
      const sent = events.map(({ seq, item, value, at, mono }) => ({ seq, item, value, at, mono }));
      const [status, told] = await this.post(this.dataset.events, { device, epoch, events: sent, take_over: takeOver });
      if (Number.isInteger(told.acked_to)) await this.acknowledged(told);
      if (status !== 200) await this.refused(status, told);
      else if (takeOver && this.stopped === "lease") await this.takenOver();
      else this.arrived();
    } catch {
      this.later();
    } finally {
      this.sending = false;
    }
    await this.tell();
    if (!this.failures && !this.stopped && (await this.pending()).length) this.send();
    else if (this.handing && !this.failures && !this.stopped) this.close();
  }

  /** A reply of our server, or an exception: somebody else's page, a cut line and silence are all the same. */
  async post(address, content) {
    const reply = await fetch(address, {
      method: "POST", redirect: "error", keepalive: document.visibilityState === "hidden", signal: AbortSignal.timeout(PATIENCE),
      headers: { "Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": this.dataset.token },
      body: typeof content === "string" ? content : JSON.stringify(content),
    });
    const told = await reply.json();
    const ours = reply.ok ? Number.isInteger(told.acked_to) && "receipt" in told || "address" in told : "error" in told;
    if (!ours) throw new Error("not our server");
    return [reply.status, told];
  }

  async acknowledged(told) {
    await this.memory.change((device) => {
      Object.assign(device, { acked: told.acked_to, seq: Math.max(device.seq, told.acked_to), at: told.server_time });
      if (told.error !== "lease-lost") device.epoch = told.epoch;
    });
    if (!told.error) this.savedAt = new Date(told.at);
    this.ends = performance.now() + told.seconds_left * 1000;
    this.paused = told.paused;
    if (told.state === "expired") this.over = true;
    this.tick();
  }

  async refused(status, told) {
    if (told.error === "lease-lost") this.stop("lease");
    else if (told.error === "closed") await this.closedElsewhere();
    else if (told.error === "sequence-reused") { await this.memory.rename(); await this.unseal(); setTimeout(() => this.send({ takeOver: true })); }
    else if (told.error === "sign-in" || told.error === "stale-form") await this.signedOut();
    else if (status >= 500 || status === 429) this.later();
    else { this.words("lost", told.message); this.stop("lost"); }
  }

  later() {
    if (this.handing && this.seal?.ready && !this.file) this.offer();
    this.failures += 1;
    if (this.failing === undefined) {
      this.failing = performance.now();
      setTimeout(() => this.tell(), LASTS + 10);
    }
    const wait = WAITS[Math.min(this.failures, WAITS.length) - 1];
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.send(), wait * (0.8 + Math.random() * 0.4));
  }

  arrived() {
    this.failures = 0;
    this.failing = undefined;
    this.notice("offline", false);
    if (this.stopped === "lost" || this.stopped === "sign-in") this.go_on();
    if (this.seal && !this.seal.ready) this.seal.begin().catch(() => { /* again after the next reply */ });
  }

  stop(why) {
    this.stopped = why;
    this.notice(why, true);
    this.tick();
  }

  go_on() {
    this.notice(this.stopped, false);
    this.stopped = undefined;
    this.tick();
  }

  pending() { return this.memory.above(this.memory.device.acked); }

  // ----- signing in again without leaving -----

  /** Another window may have signed in: a fresh page has the token that belongs to it. Else the person is asked here. */
  async signedOut() {
    if (await this.renewed()) { setTimeout(() => this.send()); return; }
    this.failing ??= performance.now();
    this.stop("sign-in");
  }

  async renewed() {
    const fresh = await this.fresh();
    if (!fresh || fresh.dataset.token === this.dataset.token) return false;
    this.dataset.token = fresh.dataset.token;
    return true;
  }

  /** This page as the server makes it now; nothing when it would not give it to us. */
  async fresh() {
    const reply = await fetch(`${this.dataset.base}${this.number}`, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector("exam-page");
    return page?.dataset.attempt === this.attempt ? page : undefined;
  }

  /** From now on this device writes: it shows what the other one left. */
  async takenOver() {
    for (const form of (await this.fresh())?.querySelectorAll("form.question") || []) this.fill(form.dataset.item, form.dataset.value);
    await this.unseal();
    this.go_on();
    this.arrived();
    this.count();
  }

  /** The leave this device had is for another epoch or name: the next one begins a new chain. */
  async unseal() {
    if (!this.seal) return;
    this.seal.ready = false;
    await this.memory.change((device) => { device.leave = undefined; });
  }

  async signIn(form) {
    const wrong = form.querySelector("[data-wrong]");
    wrong.hidden = true;
    try {
      const page = new DOMParser().parseFromString(await (await fetch(this.dataset.signInPage)).text(), "text/html");
      const body = new URLSearchParams(new FormData(page.querySelector("main form")));
      for (const field of ["login", "secret"]) body.set(field, form.elements[field].value);
      await fetch(this.dataset.signInPage, { method: "POST", body });
      if (await this.renewed()) {
        form.elements.secret.value = "";
        this.go_on();
        this.send();
        return;
      }
    } catch { /* the line is cut: said above */ }
    wrong.hidden = false;
  }

  // ----- handing in -----

  async handIn() {
    for (const question of this.questions) if (question.value !== question.noted) await this.note(question);
    this.handing = true;
    this.querySelector("[data-handing]").hidden = false;
    this.send();
  }

  hash() {
    const answers = this.questions.filter((question) => question.noted).map((question) => [question.item, question.noted]);
    return sha256(JSON.stringify(answers.sort(([a], [b]) => (a < b ? -1 : 1))));
  }

  async close() {
    if (this.closing || this.closed) return;
    this.closing = true;
    try {
      const { device, key, seq } = this.memory.device;
      const [status, told] = await this.post(this.dataset.handIn, { idempotency_key: key, device, last_seq: seq, answers_hash: this.hash() });
      if (status === 200) { await this.closed_with(told); return; }
      if (told.error === "missing") { await this.memory.change((row) => { row.acked = told.acked_to; }); setTimeout(() => this.send()); }
      else if (told.error === "answers-differ") { this.handing = false; this.stop("differ"); }
      else if (told.error === "sign-in" || told.error === "stale-form") await this.signedOut();
      else this.later();
    } catch {
      this.later();
    } finally {
      this.closing = false;
      await this.tell();
    }
  }

  /** Closed by its time or from another device: what is still here is brought to the server, then the receipt is shown. */
  async closedElsewhere() {
    if ((await this.pending()).length) { setTimeout(() => this.send()); return; }
    await this.leaveNothing();
    location.replace(`${this.dataset.base}receipt`);
  }

  /** Takes the exam off this device: somebody else may use it next. */
  async leaveNothing() {
    this.closed = true;
    await this.memory.forget();
    await globalThis.caches?.delete("exam");
    await (await navigator.serviceWorker?.getRegistration(this.dataset.base))?.unregister();
  }

  // ----- closing without the line -----

  /** The line is cut and the exam to be handed in: it can be closed here; when the time is over, it is. */
  offer() {
    this.querySelector("[data-offering]").hidden = false;
    if (this.over) this.sealUp();
  }

  async sealUp() {
    const code = tidy(this.querySelector("#closing-code").value);
    this.sealed(await this.seal.file(this.hash(), code));
  }

  sealed(file) {
    this.file = file;
    this.querySelector("[data-sealed]").href = URL.createObjectURL(new Blob([file], { type: "application/json" }));
    for (const name of ["over", "offline", "minutes-1"]) this.notice(name, false);
    this.turn("sealed");
    this.deliver();
  }

  /** Brings the file to the server, as often as it takes. */
  async deliver() {
    clearTimeout(this.retry);
    try {
      const [status, told] = await this.post(this.dataset.bundle, this.file);
      if (told.receipt) { this.file = undefined; await this.closed_with(told); return; }
      if (status === 200) { this.querySelector("[data-held]").hidden = false; this.closed = true; return; }
      if (told.error === "sign-in" || told.error === "stale-form") await this.signedOut();
    } catch { /* said already */ }
    this.failures += 1;
    this.retry = setTimeout(() => this.deliver(), WAITS[Math.min(this.failures, WAITS.length) - 1]);
  }

  async closed_with({ receipt, address }) {
    this.closed = true;
    const words = { code: receipt.code, at: this.time(new Date(receipt.at)), hash8: receipt.hash8, answered: `${this.native(String(receipt.answered))} / ${this.native(String(receipt.total))}` };
    for (const [name, text] of Object.entries(words)) this.querySelector(`[data-receipt=${name}]`).textContent = text;
    this.querySelector("[data-receipt=address]").href = address;
    await this.leaveNothing();
    this.savedAt = new Date(receipt.at);
    this.say("saved", this.dataset.saySaved.replace("{time}", words.at));
    this.querySelector(".notices").hidden = true;
    this.turn("receipt");
  }

  // ----- going about -----

  submitted(event, question) {
    event.preventDefault();
    if (event.target.matches("[data-sign-in]")) { this.signIn(event.target); return; }
    if (!question) return;
    const go = event.submitter?.value;
    this.note(question);
    if (go === "flag") this.flag(question.number);
    else if (go === "review") this.turn("review");
    else this.show(Number(go) || Math.min(question.number + 1, this.questions.length));
  }

  clicked(event, question) {
    const on = event.target.closest("[data-number], [data-go], [data-act], [data-move]");
    if (!on || on === this) return;
    const { number, go, act, move } = on.dataset;
    if (number || go) event.preventDefault();
    if (number) this.show(Number(number));
    else if (go === "review") this.turn("review");
    else if (act === "back") this.show(this.number);
    else if (act === "hand-in") this.handIn();
    else if (act === "take-over") this.send({ takeOver: true });
    else if (act === "reload") location.reload();
    else if (act === "seal") this.sealUp();
    else if (move) { question.move(on); this.note(question); }
  }

  show(number, remember = true) {
    this.number = Math.min(Math.max(number, 1), this.questions.length);
    for (const question of this.questions) question.form.hidden = question.number !== this.number;
    for (const link of this.querySelectorAll(".navigator a")) {
      if (Number(link.dataset.number) === this.number) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    }
    const address = `${this.dataset.base}${this.number}`;
    if (remember && location.pathname !== address) history.pushState(null, "", address);
    const title = this.dataset.sayTitle.replace("{number}", this.native(String(this.number)));
    document.title = `${title} – ${document.title.split(" – ").pop()}`;
    this.turn("paper");
  }

  turn(view) {
    const moved = view !== this.view || this.shown !== this.number;
    Object.assign(this, { view, shown: this.number });
    for (const part of this.querySelectorAll("[data-view]")) part.hidden = part.dataset.view !== view;
    this.count();
    if (!moved || !this.ready) { this.ready = true; return; }
    const head = view === "paper" ? this.questions[this.number - 1].form.querySelector("h1") : this.querySelector(`[data-view=${view}] h1`);
    head.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  get flags() {
    const found = document.cookie.split("; ").find((one) => one.startsWith(`flags-${this.attempt}=`));
    return new Set((found?.split("=")[1] || "").split(".").map(Number).filter(Boolean));
  }

  flag(number) {
    const { flags } = this;
    if (!flags.delete(number)) flags.add(number);
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `flags-${this.attempt}=${[...flags].sort((a, b) => a - b).join(".")}; path=/; max-age=172800; samesite=lax${secure}`;
    this.count();
  }

  /** Shows everywhere which questions are answered, which are open, which are to be looked at again. */
  count() {
    const { flags } = this;
    const done = new Set(this.questions.filter((question) => question.noted).map((question) => question.number));
    const is = { done: (n) => done.has(n), open: (n) => !done.has(n), flagged: (n) => flags.has(n) };
    for (const link of this.querySelectorAll(".navigator a")) {
      const number = Number(link.dataset.number);
      for (const when of ["done", "flagged"]) link.classList.toggle(when, is[when](number));
      for (const word of link.querySelectorAll("[data-when]")) word.hidden = !is[word.dataset.when](number);
    }
    for (const [name, test] of Object.entries(is)) {
      const numbers = this.questions.map((question) => question.number).filter(test);
      const some = numbers.length;
      this.querySelectorAll(`[data-count=${name}]`).forEach((place) => { place.textContent = this.native(String(some)); });
      this.querySelectorAll(`[data-numbers=${name}]`).forEach((place) => place.replaceChildren(...numbers.map((number) => this.link(number))));
      this.querySelectorAll(`[data-some=${name}]`).forEach((part) => { part.hidden = !some; });
      this.querySelectorAll(`[data-none=${name}]`).forEach((part) => { part.hidden = Boolean(some); });
    }
    for (const question of this.questions) question.form.querySelector(".flagger").setAttribute("aria-pressed", String(flags.has(question.number)));
  }

  link(number) {
    const link = document.createElement("a");
    Object.assign(link, { href: `${this.dataset.base}${number}`, textContent: this.native(String(number)) });
    link.dataset.number = number;
    return link;
  }

  // ----- words -----

  native(text) { return text.replace(/[0-9]/g, (digit) => [...this.dataset.digits][digit]); }

  time(at) {
    const local = new Date(at.getTime() + Number(this.dataset.utcOffset) * 60_000);
    const hours = document.documentElement.lang === "en" ? String(local.getUTCHours()).padStart(2, "0") : local.getUTCHours();
    return this.native(`${hours}:${String(local.getUTCMinutes()).padStart(2, "0")}`);
  }

  /** Says truthfully where the answers are: on the server's disk, on this device, or nowhere. */
  async tell() {
    if (this.closed || this.file || !this.memory) return;
    const pending = (await this.pending()).length;
    const writing = this.unwritten || this.questions.some((question) => question.value !== question.noted);
    const lasting = this.failing !== undefined && performance.now() - this.failing > LASTS;
    this.notice("offline", lasting && this.memory.kept && !this.over);
    for (const part of this.querySelectorAll("[data-some=unsent]")) part.hidden = !pending;
    if (this.stopped === "lost" || (!this.memory.kept && pending && this.failing !== undefined)) this.say("lost");
    else if (!this.memory.kept && (pending || writing)) this.say("sending", this.dataset.sayUnkept);
    else if (pending && lasting) this.say("unsent", this.dataset.sayUnsent.replace("{count}", this.native(String(pending))));
    else if (this.unwritten) this.say("sending", this.dataset.sayWriting);
    else if (pending || writing) this.say("sending", this.dataset.sayKept);
    else if (this.savedAt && this.memory.device.seq) this.say("saved", this.dataset.saySaved.replace("{time}", this.time(this.savedAt)));
    else this.say(document.querySelector("[data-saving=saved] [data-words]").textContent ? "saved" : "none");
  }

  say(state, words) {
    for (const one of document.querySelectorAll("[data-saving]")) one.hidden = one.dataset.saving !== state;
    const place = document.querySelector(`[data-saving=${state}] [data-words]`);
    if (words && place.textContent !== words) place.textContent = words;
  }

  notice(name, shown) {
    const note = this.querySelector(`[data-notice="${name}"]`);
    if (note.hidden === shown) note.hidden = !shown;
  }

  words(name, text) { this.querySelector(`[data-notice="${name}"] [data-words]`).textContent = text || ""; }

  tick() {
    if (this.closed || this.file) return;
    if (this.paused) this.ends += this.ticked === undefined ? 0 : performance.now() - this.ticked;
    this.ticked = performance.now();
    const left = Math.max(0, this.ends - performance.now()), minutes = Math.floor(left / 60_000);
    this.over ||= left === 0;
    if (left > 0) this.over = false;
    const say = this.over ? this.dataset.sayOver : minutes === 0 ? this.dataset.sayMoment : minutes === 1 ? this.dataset.sayMinute : this.dataset.sayMinutes;
    const words = say.replace("{minutes}", this.native(String(minutes)));
    const clock = document.querySelector("[data-time]");
    if (clock.textContent !== words) clock.textContent = words;
    clock.parentElement.classList.toggle("deadline", left < 10 * 60_000);
    const due = NOTES.filter((note) => left <= note * 60_000).pop();
    for (const note of NOTES) this.notice(`minutes-${note}`, !this.over && note === due);
    this.notice("paused", this.paused && !this.over);
    this.notice("over", this.over);
    this.still(this.paused || this.over || this.stopped === "lease" || this.stopped === "differ");
    if (this.over && !this.handing) this.handIn();
    if (this.failing !== undefined) this.tell();
  }
}

// ---------- SHA-256, also where the page has no secure address ----------

function sha256(text) {
  const octets = new TextEncoder().encode(text);
  const words = new Uint32Array(((octets.length + 8 >> 6) + 1) * 16);
  octets.forEach((octet, at) => { words[at >> 2] |= octet << 24 - (at % 4) * 8; });
  words[octets.length >> 2] |= 0x80 << 24 - (octets.length % 4) * 8;
  words[words.length - 1] = octets.length * 8;
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
  const part = (root) => (root - Math.floor(root)) * 2 ** 32 | 0;
  const k = primes.map((prime) => part(Math.cbrt(prime)));
  const hash = primes.slice(0, 8).map((prime) => part(Math.sqrt(prime)));
  const turn = (word, by) => word >>> by | word << 32 - by;
  for (let block = 0; block < words.length; block += 16) {
    const w = [...words.slice(block, block + 16)];
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < 64; i += 1) {
      if (i > 15) {
        const [x, y] = [w[i - 15], w[i - 2]];
        w[i] = w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ x >>> 3) + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ y >>> 10) | 0;
      }
      const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + k[i] + w[i] | 0;
      const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, d + one | 0, c, b, a, one + two | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => { hash[at] = hash[at] + word | 0; });
  }
  return hash.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

customElements.define("exam-page", ExamPage);
