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
