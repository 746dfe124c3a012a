// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the programs of pairs have in common: a group of steps that both sides
 * go through, and the end of both when one fails.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdma_data.h"

static struct side side = { .peer = -1 };

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

/* Exit status: 2 after a wrong call, with @more of the usage. */
int run_group(int argc, char **argv, const struct group *groups, size_t num, const char *more)
{
	const struct group *group = NULL;
	size_t i;

	for (i = 0; argc >= 5 && i < num; i++)
		if (!strcmp(argv[4], groups[i].name))
			group = &groups[i];
	if (!group) {
		fprintf(stderr, "usage: %s server|client ADDRESS GID GROUP [DEVICE]\n%sgroups:", argv[0], more);
		for (i = 0; i < num; i++)
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
