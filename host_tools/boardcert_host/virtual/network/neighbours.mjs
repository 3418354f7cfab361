/** Which hardware address belongs to which IP address, and the packets that wait until that is known. */

const ASK_AGAIN_NANOS = 1e9;
const ATTEMPTS = 5;
const WAITING_LIMIT = 16; // packets for one address, as a router's queue; the oldest goes first

export class Neighbours {
  /** *clock*: simulated; *ask*: called with an address whose owner is looked for. */
  constructor(clock, ask) {
    this.clock = clock;
    this.ask = ask;
    this.known = new Map(); // address: hardware address
    this.searches = new Map(); // address: {attempts, alarm, waiting}
  }

  learn(address, mac) {
    this.known.set(address, mac);
    const search = this.searches.get(address);
    if (!search) return;
    search.alarm.cancel();
    this.searches.delete(address);
    for (const send of search.waiting) send(mac);
  }

  /** Call *send* with the hardware address of *address* as soon as that is known, or never. */
  resolve(address, send) {
    const mac = this.known.get(address);
    if (mac) send(mac);
    else this.#search(address, send);
  }

  /** Forget everything that was learned, for example since the link is gone. */
  clear() {
    for (const search of this.searches.values()) search.alarm.cancel();
    this.searches.clear();
    this.known.clear();
  }

  #search(address, send) {
    let search = this.searches.get(address);
    if (!search) {
      search = { attempts: 0, waiting: [], alarm: this.clock.createAlarm(() => this.#ask(address)) };
      this.searches.set(address, search);
    }
    search.waiting.push(send);
    if (search.waiting.length > WAITING_LIMIT) search.waiting.shift();
    if (search.attempts === 0) this.#ask(address);
  }

  #ask(address) {
    const search = this.searches.get(address);
    if (search.attempts === ATTEMPTS) {
      this.searches.delete(address);
      return;
    }
    search.attempts++;
    search.alarm.schedule(ASK_AGAIN_NANOS);
    this.ask(address);
  }
}
