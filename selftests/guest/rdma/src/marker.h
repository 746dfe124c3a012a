/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marks around what is counted: a seven-byte NOP that every x86-64 CPU passes
 * over and that selftests/bench/insn_plugin.c knows. Shared by both.
 */
#ifndef MARKER_H
#define MARKER_H

/* nopl imm32(%rax), in front of the number. */
#define MARKER_CODE	{ 0x0f, 0x1f, 0x80 }
#define MARKER_SIZE	7
/* The number: magic, 1 at the end of a section, the section. */
#define MARKER_MAGIC	0x4d4f5000u
#define MARKER_MASK	0xfffff000u
#define MARKER_END	0x800u
#define MARKER_SECTION	0x7ffu

enum section { SECTION_POST, SECTION_POLL, SECTIONS };

#if defined(__x86_64__)
#define marker(number) \
	asm volatile(".byte 0x0f, 0x1f, 0x80\n\t.long %c0" :: "i"(MARKER_MAGIC | (number)) : "memory")
#else
#define marker(number) ((void)(number))
#endif
#define section_begin(section)	marker(section)
#define section_end(section)	marker((section) | MARKER_END)

#endif /* MARKER_H */
