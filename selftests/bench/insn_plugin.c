// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plugin for QEMU that counts a guest's instructions between two marks
 * (marker.h), those of user space and those of the kernel apart:
 *
 *   -plugin insn_plugin.so,out=FILE
 *
 * For each end of a section it appends "SECTION USER KERNEL" to FILE. Marks
 * are not counted. Interrupts between them are, so take medians. For guests
 * with one CPU: a section that ends on another one would be nonsense.
 *
 * Debian ships QEMU without the plugins' header; what is declared here are the
 * functions of version 7 of that interface. QEMU refuses a plugin of another.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "marker.h"

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;

struct qemu_plugin_u64 {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
};

enum { NO_REGISTERS = 0 };
enum { INLINE_ADD = 0 };

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int cpu);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t size);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*function)(struct qemu_plugin_tb *tb, void *data),
					   void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*function)(unsigned int cpu, void *data), int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn, int operation,
							 struct qemu_plugin_u64 entry, uint64_t value);

EXPORT int qemu_plugin_version = 7;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

struct counts {
	uint64_t user, kernel;
};

/* Of one CPU. QEMU gives it zeroed. */
struct cell {
	struct counts now;
	struct counts begin[SECTIONS];
};

static const char *const section_names[SECTIONS] = { [SECTION_POST] = "post", [SECTION_POLL] = "poll" };
static struct qemu_plugin_scoreboard *score;
static int out = -1;

static void begin(unsigned int cpu, void *data)
{
	struct cell *cell = qemu_plugin_scoreboard_find(score, cpu);

	cell->begin[(uintptr_t)data] = cell->now;
}

static void end(unsigned int cpu, void *data)
{
	const struct cell *cell = qemu_plugin_scoreboard_find(score, cpu);
	uintptr_t section = (uintptr_t)data;

	dprintf(out, "%s %llu %llu\n", section_names[section],
		(unsigned long long)(cell->now.user - cell->begin[section].user),
		(unsigned long long)(cell->now.kernel - cell->begin[section].kernel));
}

/* The number of a mark; 0: this is none. */
static uint32_t mark_of(const struct qemu_plugin_insn *insn)
{
	static const uint8_t code[] = MARKER_CODE;
	uint8_t bytes[MARKER_SIZE];
	uint32_t number;

	if (qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) != sizeof(bytes) || memcmp(bytes, code, sizeof(code)))
		return 0;
	memcpy(&number, bytes + sizeof(code), sizeof(number));
	return (number & MARKER_MASK) == MARKER_MAGIC && (number & MARKER_SECTION) < SECTIONS ? number : 0;
}

static void translated(struct qemu_plugin_tb *tb, void *unused)
{
	size_t number = qemu_plugin_tb_n_insns(tb), i;

	(void)unused;
	for (i = 0; i < number; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t mark = mark_of(insn);
		/* The upper half of the addresses is the kernel's. */
		size_t which = (int64_t)qemu_plugin_insn_vaddr(insn) < 0 ? offsetof(struct cell, now.kernel) :
									   offsetof(struct cell, now.user);

		if (mark)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark & MARKER_END ? end : begin, NO_REGISTERS,
							       (void *)(uintptr_t)(mark & MARKER_SECTION));
		else
			qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, INLINE_ADD,
				(struct qemu_plugin_u64){ score, which }, 1);
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = open(argv[i] + 4, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (out < 0) {
		fprintf(stderr, "insn_plugin: out=FILE is missing or cannot be written\n");
		return 1;
	}
	score = qemu_plugin_scoreboard_new(sizeof(struct cell));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);
	return 0;
}
