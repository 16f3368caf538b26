// Comfort on top of pages that work without it: <reading-place> keeps how far a lesson was read. The exam page has its own script.

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

customElements.define("reading-place", ReadingPlace);
