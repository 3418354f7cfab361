"""Inversion for Xtensa; make_inverse_xtensa.py made it and explains it (do not edit)."""

# ruff: noqa
# fmt: off
import micropython


@micropython.viper
def divide_steps(rows: ptr8):
    _divide_steps(int(rows) >> 2)


@micropython.viper
def spread(number: ptr8, rows: ptr8, place: int):
    _spread(int(number) >> 2, int(rows) >> 2, place)


@micropython.viper
def gather(rows: ptr8, place: int, number: ptr8):
    _gather(int(rows) >> 2, int(number) >> 2, place)


@micropython.asm_xtensa
def _divide_steps():
    data(2, 0x05ad)  # mov(a10, a5)
    data(3, 0x0000a5)  # call8(inside)
    data(2, 0x120c)  # movi(a2, 1)
    data(3, 0x003e46)  # j(outside)
    data(1, 0)
    # inside:
    data(3, 0x008136)  # entry(a1, 64)
    data(2, 0x0238)  # l32i(a3, a2, 0)
    data(2, 0x330b)  # addi(a3, a3, -1)
    data(3, 0x1133f0)  # slli(a3, a3, 1)
    data(2, 0xf27c)  # movi(a2, -1)
    data(2, 0x0129)  # s32i(a2, a1, 0)
    data(2, 0x025c)  # movi(a2, 80)
    # matrix:
    data(2, 0x1129)  # s32i(a2, a1, 4)
    data(2, 0x63a8)  # l32i(a10, a3, 24)
    data(2, 0x73b8)  # l32i(a11, a3, 28)
    data(2, 0x0188)  # l32i(a8, a1, 0)
    data(2, 0x1c0c)  # movi(a12, 1)
    data(3, 0x11dc00)  # slli(a13, a12, 16)
    data(2, 0xee0c)  # movi(a14, 14)
    # divide:
    data(3, 0x312f80)  # srai(a2, a8, 31)
    data(3, 0x04f0b0)  # extui(a15, a11, 0, 1)
    data(3, 0x60f0f0)  # neg(a15, a15)
    data(3, 0x309a20)  # xor(a9, a10, a2)
    data(3, 0xc09920)  # sub(a9, a9, a2)
    data(3, 0x1099f0)  # and(a9, a9, a15)
    data(2, 0xbb9a)  # add(a11, a11, a9)
    data(3, 0x309c20)  # xor(a9, a12, a2)
    data(3, 0xc09920)  # sub(a9, a9, a2)
    data(3, 0x1099f0)  # and(a9, a9, a15)
    data(2, 0xdd9a)  # add(a13, a13, a9)
    data(3, 0x1022f0)  # and(a2, a2, a15)
    data(3, 0x308820)  # xor(a8, a8, a2)
    data(2, 0x880b)  # addi(a8, a8, -1)
    data(3, 0xc08820)  # sub(a8, a8, a2)
    data(3, 0x109b20)  # and(a9, a11, a2)
    data(2, 0xaa9a)  # add(a10, a10, a9)
    data(3, 0x109d20)  # and(a9, a13, a2)
    data(2, 0xcc9a)  # add(a12, a12, a9)
    data(3, 0x21b1b0)  # srai(a11, a11, 1)
    data(2, 0xccca)  # add(a12, a12, a12)
    data(2, 0xee0b)  # addi(a14, a14, -1)
    data(3, 0xfc1e56)  # bnez(a14, divide)
    data(2, 0x0189)  # s32i(a8, a1, 0)
    data(3, 0x114c00)  # slli(a4, a12, 16)
    data(3, 0x314040)  # srai(a4, a4, 16)
    data(3, 0xc05c40)  # sub(a5, a12, a4)
    data(3, 0x315050)  # srai(a5, a5, 16)
    data(3, 0x116d00)  # slli(a6, a13, 16)
    data(3, 0x316060)  # srai(a6, a6, 16)
    data(3, 0xc07d60)  # sub(a7, a13, a6)
    data(3, 0x317070)  # srai(a7, a7, 16)
    data(2, 0x03ed)  # mov(a14, a3)
    # pair:
    data(2, 0x6ea8)  # l32i(a10, a14, 24)
    data(2, 0x7eb8)  # l32i(a11, a14, 28)
    data(2, 0x2ec8)  # l32i(a12, a14, 8)
    data(3, 0x82d4a0)  # mull(a13, a4, a10)
    data(3, 0x82f5b0)  # mull(a15, a5, a11)
    data(2, 0xddfa)  # add(a13, a13, a15)
    data(3, 0x82ddc0)  # mull(a13, a13, a12)
    data(3, 0xd480d0)  # extui(a8, a13, 0, 14)
    data(3, 0x82d6a0)  # mull(a13, a6, a10)
    data(3, 0x82f7b0)  # mull(a15, a7, a11)
    data(2, 0xddfa)  # add(a13, a13, a15)
    data(3, 0x82ddc0)  # mull(a13, a13, a12)
    data(3, 0xd490d0)  # extui(a9, a13, 0, 14)
    data(3, 0xa0a2f2)  # movi(a15, 672)
    data(2, 0xffea)  # add(a15, a15, a14)
    data(2, 0x0a0c)  # movi(a10, 0)
    data(2, 0x0b0c)  # movi(a11, 0)
    # limb:
    data(2, 0x6ec8)  # l32i(a12, a14, 24)
    data(3, 0x82d4c0)  # mull(a13, a4, a12)
    data(2, 0xaada)  # add(a10, a10, a13)
    data(3, 0x82d6c0)  # mull(a13, a6, a12)
    data(2, 0xbbda)  # add(a11, a11, a13)
    data(2, 0x7ec8)  # l32i(a12, a14, 28)
    data(3, 0x82d5c0)  # mull(a13, a5, a12)
    data(2, 0xaada)  # add(a10, a10, a13)
    data(3, 0x82d7c0)  # mull(a13, a7, a12)
    data(2, 0xbbda)  # add(a11, a11, a13)
    data(2, 0x8ec8)  # l32i(a12, a14, 32)
    data(3, 0x82d8c0)  # mull(a13, a8, a12)
    data(2, 0xaada)  # add(a10, a10, a13)
    data(3, 0x82d9c0)  # mull(a13, a9, a12)
    data(2, 0xbbda)  # add(a11, a11, a13)
    data(3, 0xd4d0a0)  # extui(a13, a10, 0, 14)
    data(2, 0x0ed9)  # s32i(a13, a14, 0)
    data(3, 0x21aea0)  # srai(a10, a10, 14)
    data(3, 0xd4d0b0)  # extui(a13, a11, 0, 14)
    data(2, 0x1ed9)  # s32i(a13, a14, 4)
    data(3, 0x21beb0)  # srai(a11, a11, 14)
    data(3, 0x18cee2)  # addi(a14, a14, 24)
    data(3, 0xc59ef7)  # bne(a14, a15, limb)
    data(2, 0x0ea9)  # s32i(a10, a14, 0)
    data(2, 0x1eb9)  # s32i(a11, a14, 4)
    data(3, 0xa0a222)  # movi(a2, 672)
    data(3, 0xc02e20)  # sub(a2, a14, a2)
    data(2, 0xe3cb)  # addi(a14, a3, 12)
    data(3, 0x8b1237)  # beq(a2, a3, pair)
    data(2, 0x1128)  # l32i(a2, a1, 4)
    data(2, 0x220b)  # addi(a2, a2, -1)
    data(3, 0x002216)  # beqz(a2, end)
    data(3, 0xffc606)  # j(matrix)
    # end:
    data(2, 0xf01d)  # retw()
    # outside:


@micropython.asm_xtensa
def _spread():
    data(2, 0x05ad)  # mov(a10, a5)
    data(3, 0x0000a5)  # call8(inside)
    data(2, 0x120c)  # movi(a2, 1)
    data(3, 0x001306)  # j(outside)
    data(1, 0)
    # inside:
    data(3, 0x008136)  # entry(a1, 64)
    data(2, 0x0238)  # l32i(a3, a2, 0)
    data(2, 0x330b)  # addi(a3, a3, -1)
    data(3, 0x1133f0)  # slli(a3, a3, 1)
    data(2, 0x1248)  # l32i(a4, a2, 4)
    data(2, 0x440b)  # addi(a4, a4, -1)
    data(3, 0x1144f0)  # slli(a4, a4, 1)
    data(2, 0x2258)  # l32i(a5, a2, 8)
    data(3, 0x215150)  # srai(a5, a5, 1)
    data(3, 0xa04540)  # addx4(a4, a5, a4)
    data(2, 0x060c)  # movi(a6, 0)
    data(2, 0x070c)  # movi(a7, 0)
    data(2, 0xc81c)  # movi(a8, 28)
    data(2, 0xe90c)  # movi(a9, 14)
    # limb:
    data(3, 0x12a797)  # bge(a7, a9, enough)
    data(3, 0x0003a2)  # l8ui(a10, a3, 0)
    data(2, 0x331b)  # addi(a3, a3, 1)
    data(3, 0x401700)  # ssl(a7)
    data(3, 0xa1aa00)  # sll(a10, a10)
    data(3, 0x2066a0)  # or(a6, a6, a10)
    data(2, 0x778b)  # addi(a7, a7, 8)
    data(3, 0xfffa46)  # j(limb)
    # enough:
    data(3, 0x18c442)  # addi(a4, a4, 24)
    data(3, 0xd4a060)  # extui(a10, a6, 0, 14)
    data(2, 0x04a9)  # s32i(a10, a4, 0)
    data(3, 0x416e60)  # srli(a6, a6, 14)
    data(3, 0xf2c772)  # addi(a7, a7, -14)
    data(2, 0x880b)  # addi(a8, a8, -1)
    data(3, 0xfd6856)  # bnez(a8, limb)
    data(2, 0xf01d)  # retw()
    # outside:


@micropython.asm_xtensa
def _gather():
    data(2, 0x05ad)  # mov(a10, a5)
    data(3, 0x0000a5)  # call8(inside)
    data(2, 0x120c)  # movi(a2, 1)
    data(3, 0x001246)  # j(outside)
    data(1, 0)
    # inside:
    data(3, 0x008136)  # entry(a1, 64)
    data(2, 0x0238)  # l32i(a3, a2, 0)
    data(2, 0x330b)  # addi(a3, a3, -1)
    data(3, 0x1133f0)  # slli(a3, a3, 1)
    data(2, 0x1248)  # l32i(a4, a2, 4)
    data(2, 0x440b)  # addi(a4, a4, -1)
    data(3, 0x1144f0)  # slli(a4, a4, 1)
    data(2, 0x2258)  # l32i(a5, a2, 8)
    data(3, 0x215150)  # srai(a5, a5, 1)
    data(3, 0xa03530)  # addx4(a3, a5, a3)
    data(2, 0x060c)  # movi(a6, 0)
    data(2, 0x070c)  # movi(a7, 0)
    data(2, 0xc81c)  # movi(a8, 28)
    data(2, 0x890c)  # movi(a9, 8)
    # limb:
    data(3, 0x18c332)  # addi(a3, a3, 24)
    data(2, 0x03a8)  # l32i(a10, a3, 0)
    data(3, 0x401700)  # ssl(a7)
    data(3, 0xa1aa00)  # sll(a10, a10)
    data(3, 0x2066a0)  # or(a6, a6, a10)
    data(2, 0x77eb)  # addi(a7, a7, 14)
    # byte:
    data(3, 0x004462)  # s8i(a6, a4, 0)
    data(2, 0x441b)  # addi(a4, a4, 1)
    data(3, 0x216860)  # srai(a6, a6, 8)
    data(3, 0xf8c772)  # addi(a7, a7, -8)
    data(3, 0xf1a797)  # bge(a7, a9, byte)
    data(2, 0x880b)  # addi(a8, a8, -1)
    data(3, 0xfdc856)  # bnez(a8, limb)
    data(3, 0x004462)  # s8i(a6, a4, 0)
    data(2, 0xf01d)  # retw()
    # outside:
