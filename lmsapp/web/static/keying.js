// <key-rows>: Enter and the arrows go from row to row, so that a sheet is keyed without leaving the keyboard.

class KeyRows extends HTMLElement {
  connectedCallback() {
    this.addEventListener("keydown", (event) => {
      if (event.isComposing || event.target.tagName !== "INPUT") return;
      const step = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step || event.ctrlKey || event.metaKey) return;
      const rows = [...this.querySelectorAll("input:not([type=hidden]), .button:not(.plain)")];
      const next = rows[rows.indexOf(event.target) + step];
      event.preventDefault();
      if (!next) return;
      next.focus();
      if (next.select) next.select();
    });
  }
}

customElements.define("key-rows", KeyRows);
