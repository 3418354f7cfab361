/** A plain bank of registers, for the blocks of the chip where remembering what was written is enough. */
import { BasePeripheral } from './rp2040js.mjs';

export class Registers extends BasePeripheral {
  /** *fixed*: {offset: value} for registers that read as a constant. */
  constructor(mcu, name, fixed = {}) {
    super(mcu, name);
    this.values = new Map();
    this.fixed = new Map(Object.entries(fixed).map(([offset, value]) => [Number(offset), value]));
  }

  readUint32(offset) {
    return this.fixed.get(offset) ?? this.values.get(offset) ?? 0;
  }

  writeUint32(offset, value) {
    this.values.set(offset, value >>> 0);
  }
}
