/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reset vector of the management core, and the way out of the ROM. */
	.section .text.start, "ax"
	.globl _start
_start:
	la	t0, trap_vector
	csrw	mtvec, t0
	csrw	mie, zero
	la	sp, __stack_top
	la	t0, __bss_start
	la	t1, __bss_end
1:	bgeu	t0, t1, 2f
	sw	zero, 0(t0)
	addi	t0, t0, 4
	j	1b
2:	call	main
	j	.

	/* A trap in the ROM is a defect of the ROM: report it and stop. */
	.balign	4
trap_vector:
	la	sp, __stack_top
	csrr	a0, mcause
	csrr	a1, mepc
	csrr	a2, mtval
	call	mo_trap

	/* void mo_rom_enter(uint32_t entry): no register says anything about us. */
	.globl	mo_rom_enter
mo_rom_enter:
	fence.i
	mv	t0, a0
	.irp	r, x1, x2, x3, x4, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15
	li	\r, 0
	.endr
	.irp	r, x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27
	li	\r, 0
	.endr
	.irp	r, x28, x29, x30, x31
	li	\r, 0
	.endr
	jr	t0
