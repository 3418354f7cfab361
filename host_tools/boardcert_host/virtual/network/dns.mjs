/** The network's name server, and its mDNS responder (RFC 6762) for invented names that end in ".local". */
import { answering, buildAnswer, parseQuery } from './dns_message.mjs';

export const DNS_PORT = 53;
export const MDNS_PORT = 5353;
export const MDNS_GROUP = '224.0.0.251';
export const MDNS_GROUP_V6 = 'ff02::fb';
const RECURSION_DESIRED = 0x0100;
const RECURSION_AVAILABLE = 0x0080;
const NO_SUCH_NAME = 3;
const REFUSED = 4; // "not implemented": a query of another kind, or without a question
const OPERATION_MASK = 0x7800;
const AUTHORITATIVE = 0x0400;
const LIFETIME_S = 60;
const LEGACY_LIFETIME_S = 10; // RFC 6762, section 6.7

/** Return the answer of the name server to *query*, or null. *names*: a Names. */
export function answerDNS(query, names) {
  const message = parseQuery(query);
  if (!message) return null;
  const { identification, questions } = message;
  const base = { identification, questions, records: [], lifetimeSeconds: LIFETIME_S };
  const flags = (message.flags & RECURSION_DESIRED) | RECURSION_AVAILABLE;
  if (message.flags & OPERATION_MASK || questions.length !== 1) return buildAnswer({ ...base, flags: flags | REFUSED });
  const [question] = questions;
  const addresses = names.lookUp(question.name);
  if (!addresses) return buildAnswer({ ...base, flags: flags | NO_SUCH_NAME });
  const records = answering(question, addresses).map((address) => ({ name: question.name, address }));
  return buildAnswer({ ...base, flags, records });
}

/**
 * Answer what the board asks by mDNS. *datagram*: its question. *send*(address, port, data): who asks from another port
 * than 5353 cannot hear the group, and is answered alone, as the name server would.
 */
export function answerMDNS(datagram, names, send) {
  const message = parseQuery(datagram.data);
  if (!message) return;
  const records = message.questions.flatMap((question) => {
    const addresses = question.name.toLowerCase().endsWith('.local') ? names.lookUp(question.name) : null;
    return answering(question, addresses ?? []).map((address) => ({ name: question.name, address }));
  });
  if (!records.length) return;
  if (datagram.sourcePort === MDNS_PORT) {
    const answer = buildAnswer({ flags: AUTHORITATIVE, records, lifetimeSeconds: LIFETIME_S, isUnique: true });
    send(datagram.destination, MDNS_PORT, answer);
  } else {
    const { identification, questions } = message;
    const legacy = { identification, questions, records, lifetimeSeconds: LEGACY_LIFETIME_S };
    send(datagram.source, datagram.sourcePort, buildAnswer({ flags: AUTHORITATIVE, ...legacy }));
  }
}
