/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry of the firmware, called by the boot ROM: stack, trap vector, bss, main.
 * There is no return to the ROM; main that returns is a panic.
 */
	.section .text.start, "ax"
	.globl _start
_start:
	.option push
	.option norelax
	la	gp, __global_pointer$
	.option pop
	la	sp, __stack_top
	csrw	mie, zero
	la	t0, trap_vector
	csrw	mtvec, t0
	la	t0, __bss_start
	la	t1, __bss_end
1:	bgeu	t0, t1, 2f
	sw	zero, 0(t0)
	addi	t0, t0, 4
	j	1b
2:	call	main
	la	a0, returned
	call	mo_panic

	/* Every trap is the end: the firmware takes no interrupts. */
	.balign	4
trap_vector:
	la	sp, __stack_top
	csrr	a0, mcause
	csrr	a1, mepc
	csrr	a2, mtval
	call	mo_trap

	.section .rodata.returned, "a"
returned:
	.asciz	"main returned"
