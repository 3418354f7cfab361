/**
 * Function 2 of the bus: frames of the SDPCM protocol, with three channels and credits for the driver to send.
 *
 * A frame: u16 size, u16 ~size, u8 sequence, u8 channel, u8 0, u8 header length, u8 flow control, u8 credit, u16 0,
 * then from header length on what its channel says. The driver stops sending when its sequence number reaches the
 * last credit that it has seen.
 */
import { view } from './bytes.mjs';

export const [CONTROL, EVENT, DATA] = [0, 1, 2];
const HEADER_BYTES = 12;
const BDC_BYTES = 4;
const BDC_VERSION = 0x20;
const PADDED_HEADER_BYTES = 14; // so that what follows the BDC header starts 2 beyond a multiple of 4, as drivers need
const CREDIT_WINDOW = 12; // frames that the driver may be ahead; it ignores jumps of more than 20
const CREDIT_LAG = CREDIT_WINDOW / 2; // after so many without a frame to the driver it gets an empty one
export const DATA_FRAMES = 32; // more Ethernet frames than these are not kept for the driver
export const LONGEST_ETHERNET = 1518;

export class Link {
  /** *onControl*(request), *onData*(interfaceNumber, ethernet) receive what the driver sends. */
  constructor({ onControl, onData, note }) {
    this.onControl = onControl;
    this.onData = onData;
    this.note = note;
    this.onQueued = () => {};
    this.queue = [];
    this.dataQueued = 0;
    this.nextSequence = 0;
    this.expected = 0; // the driver's next sequence number
    this.credit = 1; // the last that the driver was given
  }

  /** A frame from the driver, padded to whole words. */
  receive(bytes) {
    const data = view(bytes);
    const size = bytes.length < HEADER_BYTES ? 0 : data.getUint16(0, true);
    const header = bytes[7];
    if (size > bytes.length || size < header || (size ^ data.getUint16(2, true)) !== 0xffff) {
      return this.note('a frame with a wrong size');
    }
    this.expected = (bytes[4] + 1) & 0xff;
    const payload = bytes.slice(header, size);
    const channel = bytes[5] & 0x0f;
    if (channel === CONTROL) this.onControl(payload);
    else if (channel === DATA) this.onData(payload[2] & 0x0f, payload.subarray(BDC_BYTES + 4 * payload[3]));
    else this.note(`channel ${channel}`);
    if (((this.expected + CREDIT_WINDOW - this.credit) & 0xff) >= CREDIT_LAG && this.queue.length === 0) {
      this.#push(CONTROL, HEADER_BYTES, new Uint8Array(0));
    }
  }

  /** Queue an answer for the driver. */
  answer(payload) {
    this.#push(CONTROL, HEADER_BYTES, payload);
  }

  /** Queue an event (an Ethernet frame of the firmware's) for the driver. */
  event(payload) {
    this.#push(EVENT, PADDED_HEADER_BYTES, withBDC(0, payload));
  }

  /** Queue an Ethernet frame; return whether there was room for it. */
  data(interfaceNumber, ethernet) {
    if (this.dataQueued >= DATA_FRAMES || ethernet.length > LONGEST_ETHERNET) return false;
    this.dataQueued++;
    this.#push(DATA, PADDED_HEADER_BYTES, withBDC(interfaceNumber, ethernet));
    return true;
  }

  #push(channel, header, payload) {
    this.queue.push({ channel, header, payload });
    this.onQueued();
  }

  /** The size in bytes of the frame that `next` will return, 0 for none. */
  get nextLength() {
    return this.queue.length ? this.queue[0].header + this.queue[0].payload.length : 0;
  }

  /** Take the next frame for the driver out of the queue, with the credits of this moment. */
  next() {
    const size = this.nextLength;
    const frame = new Uint8Array(size);
    if (size === 0) return frame;
    const { channel, header, payload } = this.queue.shift();
    if (channel === DATA) this.dataQueued--;
    this.credit = (this.expected + CREDIT_WINDOW) & 0xff;
    view(frame).setUint16(0, size, true);
    view(frame).setUint16(2, ~size & 0xffff, true);
    frame.set([this.nextSequence, channel, 0, header, 0, this.credit], 4);
    frame.set(payload, header);
    this.nextSequence = (this.nextSequence + 1) & 0xff;
    return frame;
  }
}

function withBDC(interfaceNumber, payload) {
  const bytes = new Uint8Array(BDC_BYTES + payload.length);
  bytes.set([BDC_VERSION, 0, interfaceNumber, 0]);
  bytes.set(payload, BDC_BYTES);
  return bytes;
}
