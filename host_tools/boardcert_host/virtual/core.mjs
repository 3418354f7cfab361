import { CortexM0Core } from './rp2040js.mjs';

export class Core extends CortexM0Core {
  constructor(mcu) {
    super(mcu);
    this.limitChanged = false;
    this.onTrap = () => {};
    mcu.onBreak = (number) => this.onTrap(number);
  }

  setFlags({ n, z, c, v }) {
    this.N = !!n; this.Z = !!z; this.C = !!c; this.V = !!v;
  }

  run(limit) {
    this.limitChanged = false;
    while (this.cycles < limit && !this.waiting && !this.limitChanged) this.executeInstruction();
  }
}
