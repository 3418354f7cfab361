/** The world outside: invented names and addresses, and which of them lead to a port of this computer. */
import { isIPAddress } from './addresses.mjs';

const INVENTED = [198, 18]; // RFC 2544: for tests of networks, never routed
const ALWAYS = ['pool.ntp.org']; // the default of MicroPython's ntptime

export class Names {
  /**
   * *names*: {name: address or list of addresses}; null as address: one is invented. *outward*: {"name:port" or
   * "address:port": port on loopback}, the only ones that a board can connect to.
   */
  constructor({ names = {}, outward = {} }) {
    this.addresses = new Map();
    this.targets = new Map();
    this.invented = 0;
    for (const name of ALWAYS) this.add(name, null);
    for (const [name, address] of Object.entries(names)) this.add(name, address);
    for (const [target, port] of Object.entries(outward)) this.allow(target, port);
  }

  add(name, address) {
    const list = [address ?? this.#invent()].flat();
    const bad = list.find((each) => !isIPAddress(each));
    if (bad !== undefined) throw new Error(`"${bad}" is not an IP address`);
    this.addresses.set(name.toLowerCase(), list);
  }

  /** Let boards connect to *target* ("name:port" or "address:port"): to *port* on loopback. */
  allow(target, port) {
    const at = target.lastIndexOf(':');
    const place = target.slice(0, at).toLowerCase();
    const number = Number(target.slice(at + 1));
    if (at < 1 || !(number > 0 && number < 65536)) throw new Error(`"${target}" is not a NAME:PORT or ADDRESS:PORT`);
    if (!(port > 0 && port < 65536)) throw new Error(`${port} is not a port`);
    if (!isIPAddress(place) && !this.addresses.has(place)) this.add(place, null);
    for (const address of this.addresses.get(place) ?? [place]) this.targets.set(`${address} ${number}`, port);
  }

  /** Return the addresses of *name*, or null when there is no such name. */
  lookUp(name) {
    return this.addresses.get(name.toLowerCase()) ?? null;
  }

  /** Return the port on loopback that *port* of *address* leads to, or null. */
  target(address, port) {
    return this.targets.get(`${address} ${port}`) ?? null;
  }

  /** Whether there is anything at *address*. */
  has(address) {
    const isNamed = [...this.addresses.values()].some((list) => list.includes(address));
    return isNamed || [...this.targets.keys()].some((key) => key.startsWith(`${address} `));
  }

  #invent() {
    this.invented++;
    return [...INVENTED, this.invented >> 8, this.invented & 255].join('.');
  }
}
