// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *   rdma_data server|client ADDRESS GID GROUP [DEVICE]
 *   rdma_data limits DEVICE
 *
 * ADDRESS is where the server listens by TCP, GID the own address, IPv4 or
 * IPv6. Both sides name the same group. Exit status 0: all data was right.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdma_data.h"

static struct side side = { .peer = -1 };

static const struct group {
	const char *name;
	void (*run)(struct side *side);
} groups[] = {
	{ "ops", group_ops },		{ "sges", group_sges },		{ "inline", group_inline },
	{ "batches", group_batches },	{ "both-ways", group_both_ways }, { "atomics", group_atomics },
	{ "errors", group_errors },	{ "flush", group_flush },	{ "datagrams", group_datagrams },
	{ "events", group_events },	{ "windows", group_windows },
};

void fail(const char *format, ...)
{
	va_list arguments;

	if (side.peer >= 0)
		oob_tell_failure(side.peer);
	printf("%s: ", side.server ? "server" : "client");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	exit(1);
}

int main(int argc, char **argv)
{
	const struct group *group = NULL;
	size_t i;

	if (argc == 3 && !strcmp(argv[1], "limits")) {
		limits(argv[2]);
		return 0;
	}
	for (i = 0; argc >= 5 && i < ARRAY_SIZE(groups); i++)
		if (!strcmp(argv[4], groups[i].name))
			group = &groups[i];
	if (!group) {
		fprintf(stderr, "usage: %s server|client ADDRESS GID GROUP [DEVICE]\n       %s limits DEVICE\ngroups:", argv[0],
			argv[0]);
		for (i = 0; i < ARRAY_SIZE(groups); i++)
			fprintf(stderr, " %s", groups[i].name);
		fprintf(stderr, "\n");
		return 2;
	}
	side.server = !strcmp(argv[1], "server");
	side.peer = oob_open(side.server, argv[2]);
	side_open(&side, argc > 5 ? argv[5] : NULL, argv[3]);
	group->run(&side);
	oob_sync(&side, "end");
	side_close(&side);
	return 0;
}
