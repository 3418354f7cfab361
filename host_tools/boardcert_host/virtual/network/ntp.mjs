/** A time server: SNTP version 4, RFC 4330. */

const PACKET_BYTES = 48;
const UNIX_EPOCH_S = 2_208_988_800; // counted from 1900
const MODE_CLIENT = 3;
const MODE_SERVER = 4;
const STRATUM = 2;
const PRECISION_2_20 = 0xec; // -20: about a microsecond

/** Return the answer to *request*, or null if it is not a request. *epochNanos*: the time since 1970. */
export function answerNTP(request, epochNanos) {
  if (request.length < PACKET_BYTES || (request[0] & 7) !== MODE_CLIENT) return null;
  const answer = Buffer.alloc(PACKET_BYTES);
  answer[0] = (request[0] & 0x38) | MODE_SERVER; // no leap second, the version of the request
  answer[1] = STRATUM;
  answer[2] = request[2];
  answer[3] = PRECISION_2_20;
  answer.write('BCRT', 12, 'latin1');
  answer.set(request.subarray(40, 48), 24); // originate: when the request was sent
  for (const offset of [16, 32, 40]) writeTime(answer, offset, epochNanos);
  return answer;
}

function writeTime(packet, offset, nanos) {
  const seconds = Math.floor(nanos / 1e9);
  packet.writeUInt32BE((seconds + UNIX_EPOCH_S) % 2 ** 32, offset);
  packet.writeUInt32BE(Math.floor(((nanos % 1e9) / 1e9) * 2 ** 32), offset + 4);
}
