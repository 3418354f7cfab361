/**
 * The pure functions of the boot ROM: arithmetic, bits and memory blocks, without the machine around them.
 *
 * They behave as version 3 of the RP2040's boot ROM does (chips B2), written from its documented behaviour: RP2040
 * datasheet section 2.8.3, pico-sdk 2.1.1 (the version inside MicroPython v1.27.0) and the published ROM source, of
 * which nothing is copied here.
 *
 * Interface
 *   floatTable, doubleTable: 32 entries {name, call(r)}, indexed by table offset / 4; every slot is defined.
 *     *r* holds r[0] to r[3], the registers as unsigned 32-bit integers; call writes its results there. Floats and
 *     32-bit integers take one register, doubles and 64-bit integers two, low word first. Registers that carry no
 *     result keep their values. The three comparisons also set r.flags = {n, z, c, v}, the APSR flags on return.
 *   bitFunctions: {code: {name, call(r)}}.
 *   memoryFunctions: {code: {name, cycles(r), call(r, memory)}}; *memory* is described in rom_bits.mjs.
 *
 * What the ROM around them must say, so that pico-sdk copies both tables as they are:
 *   byte at 0x13: ROM_VERSION. At version 2 the SDK would call ROM addresses of its own knowledge for sincos.
 *   byte two before the float table (also data code 'FZ'): TABLE_ENTRIES, the size in words.
 *   data codes 'SF' and 'SD': the two tables, of TABLE_ENTRIES words each, Thumb bit set.
 *
 * What the official Pico W image of MicroPython v1.27.0 looks up, read from its literals; it uses no other code:
 *   at start-up, as two lists: P3 R3 L3 T3, MS MC S4 C4
 *   around flash operations: IF EX RE RP FC (it leaves XIP restored by its own copy of the second boot stage, not CX)
 *   for machine.bootloader(): UB
 *   data: SF SD
 * Of the float table it calls fadd, fsub, fmul, fdiv, float2int, float2uint, float2uint64 and float2double, of the
 * double table dadd, dsub, dmul, ddiv, double2uint and double2float; MicroPython brings its own sine to ln.
 */
export { bitFunctions, memoryFunctions } from './rom_bits.mjs';
export { floatTable } from './rom_float.mjs';
export { doubleTable } from './rom_double.mjs';

export const ROM_VERSION = 3;
export const TABLE_ENTRIES = 32;
