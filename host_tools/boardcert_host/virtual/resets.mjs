/** The block that holds other blocks in reset (RP2040 datasheet, section 2.14); rp2040js's does not reset anything. */
import { Registers } from './registers.mjs';

const RESET = 0x00;
const RESET_DONE = 0x08;
const ALL = 0x01ffffff;
export const RESET_USBCTRL = 1 << 24;
export const RESET_UART0 = 1 << 22;
export const RESET_UART1 = 1 << 23;

export class Resets extends Registers {
  /** *actions*: {bit: function} to call when that block is put into reset. */
  constructor(mcu, actions) {
    super(mcu, 'RESETS_BASE');
    this.actions = actions;
  }

  readUint32(offset) {
    if (offset === RESET_DONE) return ~super.readUint32(RESET) & ALL;
    return super.readUint32(offset);
  }

  writeUint32(offset, value) {
    const entered = offset === RESET ? value & ~this.readUint32(RESET) : 0;
    super.writeUint32(offset, value & ALL);
    for (const [bit, action] of Object.entries(this.actions)) {
      if (entered & bit) action();
    }
  }
}
