/** A capture of frames for Wireshark and tcpdump: the pcap format of libpcap, with nanoseconds of simulated time. */
import { closeSync, openSync, writeSync } from 'node:fs';

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINK_ETHERNET = 1;
const SNAP_BYTES = 65535;

export class Capture {
  /** Write to a new file at *path*; an old one is replaced. */
  constructor(path) {
    this.file = openSync(path, 'w', 0o600);
    const header = Buffer.alloc(24);
    header.writeUInt32LE(MAGIC_NANOSECONDS, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(SNAP_BYTES, 16);
    header.writeUInt32LE(LINK_ETHERNET, 20);
    writeSync(this.file, header);
  }

  /** Note that *frame* passed *nanos* after the beginning of 1970. */
  record(frame, nanos) {
    const header = Buffer.alloc(16);
    header.writeUInt32LE(Math.floor(nanos / 1e9), 0);
    header.writeUInt32LE(Math.floor(nanos % 1e9), 4);
    header.writeUInt32LE(frame.length, 8);
    header.writeUInt32LE(frame.length, 12);
    writeSync(this.file, Buffer.concat([header, frame]));
  }

  close() {
    closeSync(this.file);
  }
}
