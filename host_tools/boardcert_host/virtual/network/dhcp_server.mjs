/** A DHCP server that has one address for the one board on its wire: RFC 2131, section 4.3. */
import { LIMITED_BROADCAST, addressBytes, addressText } from './addresses.mjs';
import { CLIENT_PORT, KIND, OPTION, SERVER_PORT, buildDHCP, parseDHCP, seconds } from './dhcp_message.mjs';

export class DHCPServer {
  /** *host*: the gateway. *plan*: {address, lease_s, silent}, which may be changed at any time. */
  constructor(host, plan) {
    this.host = host;
    this.plan = plan;
    this.lease = null; // {address, mac, host_name, granted_us}
    host.udp.serve(SERVER_PORT, (datagram) => this.#receive(datagram));
  }

  #receive({ data }) {
    const message = parseDHCP(data);
    if (!message?.isRequest || this.plan.silent) return;
    if (message.kind === KIND.discover) this.#answer(message, KIND.offer);
    else if (message.kind === KIND.request) this.#request(message);
    else if (message.kind === KIND.inform) this.#answer(message, KIND.ack);
    else if (message.kind === KIND.release || message.kind === KIND.decline) this.lease = null;
  }

  /** Grant what was offered, a renewal, or an address from before; refuse any other, and it asks anew. */
  #request(message) {
    const chosen = message.options.get(OPTION.server);
    if (chosen && addressText(chosen) !== this.host.address) return;
    const requested = message.options.get(OPTION.requested);
    const address = requested ? addressText(requested) : message.current;
    if (address !== this.plan.address) {
      this.host.note(`DHCP: ${address} was refused, the board's address is ${this.plan.address}`);
      this.#send(message, KIND.nak, []);
      return;
    }
    this.#grant(message);
    this.#answer(message, KIND.ack);
  }

  #grant({ mac, options }) {
    const name = options.get(OPTION.hostName);
    const hostName = name ? Buffer.from(name).toString('latin1') : null;
    const grantedMicros = Math.floor(this.host.clock.nanos / 1000);
    this.lease = { address: this.plan.address, mac, host_name: hostName, granted_us: grantedMicros };
  }

  #answer(message, kind) {
    const { host, plan } = this;
    const leaseSeconds = plan.lease_s;
    const times = [
      [OPTION.leaseTime, seconds(leaseSeconds)],
      [OPTION.renewal, seconds(Math.floor(leaseSeconds / 2))],
      [OPTION.rebinding, seconds(Math.floor((leaseSeconds * 7) / 8))],
    ];
    const own = addressBytes(host.address);
    const always = [[OPTION.mask, addressBytes(host.subnet.mask)], [OPTION.router, own], [OPTION.dns, own]];
    this.#send(message, kind, message.kind === KIND.inform ? always : [...times, ...always]);
  }

  /** Answers go by broadcast: a board without an address hears no other. */
  #send(message, kind, options) {
    const { host, plan } = this;
    const isRefusal = kind === KIND.nak;
    const answer = buildDHCP({
      isRequest: false,
      transaction: message.transaction,
      current: isRefusal ? undefined : message.current,
      offered: isRefusal || message.kind === KIND.inform ? undefined : plan.address,
      mac: message.mac,
      options: [[OPTION.kind, [kind]], [OPTION.server, addressBytes(host.address)], ...options],
    });
    host.udp.send(host.address, SERVER_PORT, LIMITED_BROADCAST, CLIENT_PORT, answer);
  }
}
