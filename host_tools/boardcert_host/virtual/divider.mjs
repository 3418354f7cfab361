/** The hardware divider of the SIO block, exact also for zero divisors (RP2040 datasheet, section 2.3.1.5). */

const READY_AND_DIRTY = 3;

/**
 * Replace *sio*'s divider. Software waits eight cycles for a result by executing instructions, so the result is
 * there at once and takes no cycles of its own.
 */
export function divideInto(sio) {
  sio.updateHardwareDivider = (signed) => {
    const dividend = signed ? sio.divDividend | 0 : sio.divDividend >>> 0;
    const divisor = signed ? sio.divDivisor | 0 : sio.divDivisor >>> 0;
    if (divisor === 0) {
      sio.divQuotient = dividend < 0 ? 1 : 0xffffffff;
      sio.divRemainder = dividend >>> 0;
    } else {
      sio.divQuotient = Math.trunc(dividend / divisor) >>> 0;
      sio.divRemainder = dividend % divisor >>> 0;
    }
    sio.divCSR = READY_AND_DIRTY;
  };
}
