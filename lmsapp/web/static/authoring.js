// Comfort for those who write questions and compose exams: the server draws what a pressed button or a typed word changes,
// and the parts of the page it belongs to are put in place of the old ones. Without this script the same buttons load a page.

const PAUSE = 600;
const KEEPS = ["save", "publish", "drop"];

class DraftForm extends HTMLElement {
  connectedCallback() {
    this.typed = 0;
    this.addEventListener("input", (event) => {
      if (!event.target.closest("form")) return; // what is tried out in the preview
      this.typed += 1;
      this.dirty = true;
      if (this.querySelector("[data-part=preview]")) this.soon("preview");
    });
    this.addEventListener("change", (event) => {
      if (event.target.closest("[data-refresh]")) this.ask("preview", ["form", "preview"]);
    });
    this.addEventListener("click", (event) => {
      const button = event.target.closest("button[name=do]");
      if (!button) return;
      if (KEEPS.includes(button.value)) { this.dirty = false; return; }
      event.preventDefault();
      this.ask(button.value, ["form", "preview"], button.value);
    });
    addEventListener("beforeunload", (event) => { if (this.dirty) event.preventDefault(); });
    this.addEventListener("submit", () => { this.dirty = false; });
  }

  soon(act) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.ask(act, ["preview"]), PAUSE);
  }

  async ask(act, parts, focus = "") {
    clearTimeout(this.waiting);
    const asked = this.typed;
    const body = new URLSearchParams(new FormData(this.querySelector("form")));
    body.set("do", act);
    try {
      const reply = await fetch(location.href, { method: "POST", body, redirect: "error" });
      if (!reply.ok) return;
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      if (asked !== this.typed) { this.soon("preview"); return; } // what was typed meanwhile must not be written over
      this.place(page, parts, focus);
    } catch { /* the page goes on without a preview; nothing typed is touched */ }
  }

  place(page, parts, focus) {
    const held = document.activeElement?.id;
    for (const part of parts) {
      const fresh = page.querySelector(`[data-part="${part}"]`);
      const old = this.querySelector(`[data-part="${part}"]`);
      if (fresh && old) old.replaceWith(document.adoptNode(fresh));
    }
    const again = (focus && this.querySelector(`button[value="${CSS.escape(focus)}"]:enabled`)) || (held && document.getElementById(held));
    if (again && parts.includes("form")) again.focus({ preventScroll: true });
  }
}

customElements.define("draft-form", DraftForm);
