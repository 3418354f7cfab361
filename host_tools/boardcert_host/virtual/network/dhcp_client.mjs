/** A DHCP client, for a station in the network of a board that is an access point: RFC 2131, section 4.4. */
import { LIMITED_BROADCAST, UNSPECIFIED, addressBytes, addressText } from './addresses.mjs';
import { CLIENT_PORT, KIND, OPTION, SERVER_PORT, buildDHCP, parseDHCP } from './dhcp_message.mjs';

const ASK_AGAIN_NANOS = 2e9;

export class DHCPClient {
  /** *host*: the station; *bound*({address, mask, server, router}) is called when it has an address. */
  constructor(host, bound) {
    this.host = host;
    this.bound = bound;
    this.offer = null;
    this.alarm = host.clock.createAlarm(() => this.start());
    host.udp.serve(CLIENT_PORT, (datagram) => this.#receive(datagram));
  }

  /** Look for a server, again and again until one has answered. */
  start() {
    this.offer = null;
    const number = this.host.random.integer();
    this.transaction = Uint8Array.of(number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255);
    this.#send([[OPTION.kind, [KIND.discover]]]);
    this.alarm.schedule(ASK_AGAIN_NANOS);
  }

  stop() {
    this.alarm.cancel();
  }

  #receive({ data }) {
    const message = parseDHCP(data);
    if (!message || message.isRequest || message.mac !== this.host.mac) return;
    if (!message.transaction.every((byte, index) => byte === this.transaction?.[index])) return;
    if (message.kind === KIND.offer && !this.offer) this.#request(message);
    else if (message.kind === KIND.ack && this.offer) this.#bind(message);
    else if (message.kind === KIND.nak) this.start();
  }

  #request({ offered, options }) {
    const server = options.get(OPTION.server);
    if (!server) return;
    this.offer = offered;
    this.#send([[OPTION.kind, [KIND.request]], [OPTION.server, server], [OPTION.requested, addressBytes(offered)]]);
  }

  #bind({ offered, options }) {
    this.alarm.cancel();
    const text = (code) => (options.has(code) ? addressText(options.get(code).subarray(0, 4)) : null);
    this.bound({ address: offered, mask: text(OPTION.mask), server: text(OPTION.server), router: text(OPTION.router) });
  }

  #send(options) {
    const { host, transaction } = this;
    const asked = [OPTION.parameters, [OPTION.mask, OPTION.router, OPTION.dns]];
    const name = [OPTION.hostName, Buffer.from('station')];
    const message = buildDHCP({ isRequest: true, transaction, mac: host.mac, options: [...options, name, asked] });
    host.udp.send(UNSPECIFIED, CLIENT_PORT, LIMITED_BROADCAST, SERVER_PORT, message);
  }
}
