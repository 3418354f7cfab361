/** The UF2 format (github.com/microsoft/uf2): 512-byte blocks, each with up to 476 bytes and their address. */

const BLOCK_BYTES = 512;
const MAGIC_START = [0x0a324655, 0x9e5d5157];
const MAGIC_END = 0x0ab16f30;
const FLAG_NOT_MAIN_FLASH = 0x00000001;
const FLAG_FAMILY_ID = 0x00002000;
const FAMILY_RP2040 = 0xe48bff56;
const FLASH_START = 0x10000000;

/** Return [{offset, data}] for the RP2040 flash blocks in *file* (a Buffer); offsets count from the start of flash. */
export function parseUF2(file, flashBytes) {
  if (file.length === 0 || file.length % BLOCK_BYTES) throw new Error('the firmware is not a UF2 file: odd length');
  const blocks = [];
  for (let at = 0; at < file.length; at += BLOCK_BYTES) {
    const word = (index) => file.readUInt32LE(at + 4 * index);
    if (word(0) !== MAGIC_START[0] || word(1) !== MAGIC_START[1] || file.readUInt32LE(at + 508) !== MAGIC_END) {
      throw new Error(`the firmware is not a UF2 file: bad magic number in block ${at / BLOCK_BYTES}`);
    }
    const [flags, address, bytes, family] = [word(2), word(3), word(4), word(7)];
    if (flags & FLAG_NOT_MAIN_FLASH || (flags & FLAG_FAMILY_ID && family !== FAMILY_RP2040)) continue;
    const offset = address - FLASH_START;
    if (offset < 0 || bytes > 476 || offset + bytes > flashBytes) {
      throw new Error(`the firmware does not fit the flash: block at 0x${address.toString(16)}`);
    }
    blocks.push({ offset, data: file.subarray(at + 32, at + 32 + bytes) });
  }
  if (!blocks.length) throw new Error('the firmware holds no RP2040 blocks');
  return blocks;
}
