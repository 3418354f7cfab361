/** Messages of DNS: RFC 1035, section 4. Only what a small server needs: questions in, address records out. */
import { addressBytes } from './addresses.mjs';

export const TYPE_A = 1;
export const TYPE_AAAA = 28;
const TYPE_ANY = 255;
const CLASS_IN = 1;
const CLASS_MASK = 0x7fff; // the highest bit of a question in mDNS asks for an answer by unicast
const CACHE_FLUSH = 0x8000;
const HEADER_BYTES = 12;
const FLAG_ANSWER = 0x8000;
const POINTER_MASK = 0xc0;
const NAME_LIMIT = 255;

/** Return {identification, flags, questions: [{name, type}], bytes} of a query, or null. */
export function parseQuery(bytes) {
  if (bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  if (flags & FLAG_ANSWER) return null;
  const questions = [];
  let offset = HEADER_BYTES;
  for (let count = view.getUint16(4); count > 0; count--) {
    const name = readName(bytes, offset);
    if (!name || name.end + 4 > bytes.length) return null;
    questions.push({ name: name.text, type: view.getUint16(name.end), isIN: (view.getUint16(name.end + 2) & CLASS_MASK) === CLASS_IN });
    offset = name.end + 4;
  }
  return { identification: view.getUint16(0), flags, questions };
}

/** Which of *addresses* answer *question*. */
export function answering(question, addresses) {
  const fits = (address) => question.type === TYPE_ANY || question.type === (address.includes(':') ? TYPE_AAAA : TYPE_A);
  return question.isIN ? addresses.filter(fits) : [];
}

/**
 * Return an answer. *questions*: repeated in it. *records*: [{name, address}]. *isUnique*: the mark of mDNS that these
 * are all records of that name.
 */
export function buildAnswer({ identification = 0, flags, questions = [], records, lifetimeSeconds, isUnique = false }) {
  const parts = [...number16(identification), ...number16(FLAG_ANSWER | flags)];
  parts.push(...number16(questions.length), ...number16(records.length), 0, 0, 0, 0);
  for (const { name, type } of questions) parts.push(...encodeName(name), ...number16(type), ...number16(CLASS_IN));
  for (const { name, address } of records) {
    const bytes = addressBytes(address);
    parts.push(...encodeName(name), ...number16(bytes.length === 16 ? TYPE_AAAA : TYPE_A));
    parts.push(...number16(CLASS_IN | (isUnique ? CACHE_FLUSH : 0)), 0, 0, ...number16(lifetimeSeconds));
    parts.push(...number16(bytes.length), ...bytes);
  }
  return Uint8Array.from(parts);
}

/** Return {text, end} of the name at *offset*, or null. A pointer goes backwards only, so that there is an end. */
function readName(bytes, offset) {
  const labels = [];
  let [at, end, limit] = [offset, null, offset];
  for (let length = bytes[at]; length !== 0; length = bytes[at]) {
    if (length === undefined || labels.length > NAME_LIMIT / 2) return null;
    if ((length & POINTER_MASK) === POINTER_MASK) {
      end ??= at + 2;
      at = ((length & ~POINTER_MASK) << 8) | bytes[at + 1];
      if (!(at < limit)) return null;
      limit = at;
      continue;
    }
    if (length & POINTER_MASK || at + 1 + length > bytes.length) return null;
    labels.push(Buffer.from(bytes.subarray(at + 1, at + 1 + length)).toString('utf8'));
    at += 1 + length;
  }
  return { text: labels.join('.'), end: end ?? at + 1 };
}

function encodeName(name) {
  const labels = name.split('.').filter((label) => label).map((label) => Buffer.from(label, 'utf8'));
  return [...labels.flatMap((label) => [label.length, ...label]), 0];
}

function number16(value) {
  return [value >> 8, value & 0xff];
}
