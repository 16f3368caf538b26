// Comfort on top of pages that work without it: <reading-place> keeps how far a lesson was read, <exam-page> saves each
// answer as it is given and says truthfully whether it is saved, waiting on this device, or lost.

class ReadingPlace extends HTMLElement {
  connectedCallback() {
    this.parts = [...this.querySelectorAll("article > *")];
    this.furthest = Number(this.dataset.resume) || 0;
    const target = this.parts[this.furthest];
    if (target && this.furthest > 2 && !location.hash) target.scrollIntoView({ block: "start" });
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) this.furthest = Math.max(this.furthest, this.parts.indexOf(entry.target));
      }
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.tell(), 1500);
    });
    this.parts.forEach((part) => seen.observe(part));
  }

  tell() {
    if (this.furthest === this.told) return;
    this.told = this.furthest;
    const body = new URLSearchParams({ position: this.furthest, csrf_token: this.dataset.token });
    fetch(this.dataset.address, { method: "POST", body, keepalive: true }).catch(() => { this.told = undefined; });
  }
}

const WAITS = [1000, 2000, 4000, 8000, 15000];

class ExamPage extends HTMLElement {
  connectedCallback() {
    this.key = `exam-${this.dataset.attempt}`;
    this.saving = document.querySelector("[data-saving]");
    this.clock = document.querySelector("[data-time]");
    this.ends = performance.now() + Number(this.dataset.seconds) * 1000;
    this.form = this.querySelector("form.question");
    this.kept = this.load();
    this.form.addEventListener("change", () => this.note());
    this.form.addEventListener("input", (event) => {
      if (event.target.type !== "text") return;
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.note(), 500);
    });
    this.form.addEventListener("submit", (event) => this.leave(event));
    this.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (link && this.pending().length) { event.preventDefault(); this.go(link.href); }
    });
    addEventListener("online", () => this.send());
    addEventListener("pagehide", () => this.note());
    setInterval(() => this.tick(), 15000);
    if (this.pending().length) this.send();
  }

  load() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) || "null");
      if (kept && kept.device) return kept;
    } catch { /* a damaged memory begins anew under another device name */ }
    return { device: `web-${crypto.randomUUID().slice(0, 18)}`, seq: 0, acked: 0, events: [] };
  }

  keep() {
    try { localStorage.setItem(this.key, JSON.stringify(this.kept)); return true; } catch { return false; }
  }

  value() {
    const chosen = [...this.form.querySelectorAll("[name=answer]")];
    if (this.dataset.kind === "numeric") return chosen[0].value.trim();
    return chosen.filter((field) => field.checked).map((field) => field.value).sort().join(" ");
  }

  pending() { return this.kept.events.filter((event) => event.seq > this.kept.acked); }

  note() {
    clearTimeout(this.typing);
    const value = this.value();
    if (value === (this.noted ?? this.dataset.before)) return;
    this.noted = value;
    this.kept.seq += 1;
    this.kept.events.push({ seq: this.kept.seq, item: this.dataset.item, value, at: new Date().toISOString() });
    const kept = this.keep();
    this.say(kept ? "unsent" : "lost", kept ? this.dataset.saySending : this.dataset.sayLost);
    for (const label of this.form.querySelectorAll(".answer")) {
      label.classList.toggle("chosen", label.querySelector("input").checked);
    }
    this.send();
  }

  async send(takeOver = false) {
    if (this.sending) return;
    const events = this.pending().slice(0, 50);
    if (!events.length) return;
    this.sending = true;
    try {
      const reply = await fetch(this.dataset.events, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": this.dataset.token },
        body: JSON.stringify({ device: this.kept.device, events, take_over: takeOver }),
      });
      const content = await reply.json();
      if (reply.ok && Number.isInteger(content.acked_to)) this.acknowledged(content);
      else this.refused(reply.status, content);
    } catch {
      this.say("unsent", this.dataset.saySending);
      this.later();
    } finally {
      this.sending = false;
    }
    if (this.failures === 0 && this.pending().length) this.send();
  }

  acknowledged(content) {
    this.failures = 0;
    this.kept.acked = content.acked_to;
    this.keep();
    this.ends = performance.now() + content.seconds_left * 1000;
    this.tick();
    if (this.pending().length) return;
    const at = new Date(content.at);
    const time = this.native(`${at.getHours()}:${String(at.getMinutes()).padStart(2, "0")}`);
    this.say("saved", this.dataset.saySaved.replace("{time}", time));
    if (this.onward) location.assign(this.onward);
  }

  refused(status, content) {
    if (status >= 500 || status === 429) { this.say("unsent", this.dataset.saySending); this.later(); return; }
    this.say("lost", content.message || this.dataset.sayLost);
    if (content.error === "lease-lost" && confirm(content.message)) this.send(true);
  }

  later() {
    this.failures = (this.failures || 0) + 1;
    const wait = WAITS[Math.min(this.failures, WAITS.length) - 1];
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.send(), wait * (0.8 + Math.random() * 0.4));
  }

  leave(event) {
    const go = event.submitter?.value;
    if (!go) return;
    event.preventDefault();
    this.note();
    const base = location.pathname.replace(/\/[0-9]+$/, "");
    this.go(`${base}/${go}`);
  }

  go(address) {
    if (!this.pending().length) { location.assign(address); return; }
    this.onward = address;
    this.send();
    setTimeout(() => location.assign(address), 2500);
  }

  native(text) { return text.replace(/[0-9]/g, (digit) => [...this.dataset.digits][digit]); }

  tick() {
    const minutes = Math.max(0, Math.floor((this.ends - performance.now()) / 60000));
    const over = this.ends <= performance.now();
    this.clock.textContent = over ? this.dataset.sayOver : this.dataset.sayMinutes.replace("{minutes}", this.native(String(minutes)));
    this.clock.parentElement.classList.toggle("deadline", minutes < 10);
  }

  say(state, words) {
    this.saving.className = `saving ${state}`;
    this.saving.textContent = words;
  }
}

// <live-part> shows its own newest state: the page is asked for again, and what changed takes the old one's place.
class LivePart extends HTMLElement {
  connectedCallback() { this.timer = setInterval(() => this.refresh(), Number(this.dataset.seconds) * 1000); }

  disconnectedCallback() { clearInterval(this.timer); }

  async refresh() {
    if (document.hidden || this.contains(document.activeElement)) return;
    try {
      const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!reply.ok || reply.redirected) return;
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const fresh = page.getElementById(this.id);
      if (fresh && fresh.innerHTML !== this.innerHTML) this.innerHTML = fresh.innerHTML;
    } catch { /* the line is broken: what stands here stays, and the next try comes */ }
  }
}

customElements.define("live-part", LivePart);
customElements.define("reading-place", ReadingPlace);
customElements.define("exam-page", ExamPage);
