// Answering without the server: the device's own key signs each answer into a chain that begins at the server's leave, and
// at the end the whole into one file (lmsapp/exams/bundles.py says what it holds and proves).

const FORMAT = "lmsapp exam bundle 1";
const hex = (octets) => [...new Uint8Array(octets)].map((octet) => octet.toString(16).padStart(2, "0")).join("");

export class Seal {
  /** `page` gives the memory, the posts and the digest. */
  constructor(page) {
    Object.assign(this, { page, memory: page.memory, busy: Promise.resolve() });
  }

  /** Makes the key that never leaves this device, and asks for leave; later calls find both where they were kept. */
  async begin() {
    if (!this.memory.device.keys) {
      const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
      await this.memory.change((row) => { row.keys ||= keys; });
    }
    if (!this.memory.device.leave) {
      const { device, keys } = this.memory.device;
      const public_key = hex(await crypto.subtle.exportKey("raw", keys.publicKey));
      const [status, leave] = await this.page.post(this.page.dataset.leave, { device, public_key });
      if (status !== 200) return;
      await this.memory.change((row) => { Object.assign(row, { leave, link: leave.hash, sealed: 0, offset: 0, wall: Date.now() }); });
    }
    const { offset, wall } = this.memory.device;
    Object.assign(this, { base: offset + Math.max(0, Date.now() - wall), since: performance.now(), ready: true });
    await this.run();
  }

  /** Milliseconds since the leave, as this device counts: never backwards, whatever its clock says. */
  elapsed() { return Math.round(Math.max(this.memory.device.offset, this.base + performance.now() - this.since)); }

  async sign(text) {
    return hex(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, this.memory.device.keys.privateKey, new TextEncoder().encode(text)));
  }

  /** Seals what is not sealed yet, one after the other. */
  run() {
    this.busy = this.busy.then(async () => {
      if (!this.ready) return;
      for (const event of await this.memory.above(this.memory.device.sealed)) {
        const offset = this.elapsed();
        const link = this.page.digest(JSON.stringify([this.memory.device.link, event.seq, event.item, event.value, offset, event.at]));
        const signature = await this.sign(link);
        await this.memory.change((row, transaction) => {
          transaction.objectStore("events").put({ ...event, offset, signature });
          Object.assign(row, { link, offset, sealed: event.seq, wall: Date.now() });
        });
      }
    });
    return this.busy;
  }

  /** The sealed file; made once, the same ever after. */
  async file(answers_hash, code) {
    await this.run();
    if (this.memory.device.file) return this.memory.device.file;
    const { leave: { grant, key, signature }, link } = this.memory.device;
    const events = (await this.memory.above(0)).map(({ seq, item, value, offset, at, signature: sealed }) => ({ seq, item, value, offset, at, signature: sealed }));
    const end = { count: events.length, offset: this.elapsed(), answers_hash, code };
    end.signature = await this.sign(this.page.digest(JSON.stringify([link, "end", end.count, end.offset, end.answers_hash, end.code])));
    const file = JSON.stringify({ format: FORMAT, grant, key, signature, events, end });
    await this.memory.change((row) => { row.file = file; });
    return file;
  }
}
