// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *   rdma_data server|client ADDRESS GID GROUP [DEVICE]
 *   rdma_data limits DEVICE
 *   rdma_data told DEVICE QPS
 *   rdma_data kept DEVICE
 *
 * ADDRESS is where the server listens by TCP, GID the own address, IPv4 or
 * IPv6. Both sides name the same group. Exit status 0: all data was right.
 */
#include <stdlib.h>
#include <string.h>

#include "rdma_data.h"

static const struct group groups[] = {
	{ "ops", group_ops },		{ "sges", group_sges },		{ "inline", group_inline },
	{ "batches", group_batches },	{ "both-ways", group_both_ways }, { "atomics", group_atomics },
	{ "errors", group_errors },	{ "flush", group_flush },	{ "datagrams", group_datagrams },
	{ "events", group_events },	{ "windows", group_windows },	{ "posts", group_posts },
	{ "lists", group_lists },		{ "steady", group_steady },
	{ "settings", group_settings },
};

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "limits")) {
		limits(argv[2]);
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "told")) {
		told(argv[2], atoi(argv[3]));
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "kept")) {
		kept(argv[2]);
		return 0;
	}
	return run_group(argc, argv, groups, ARRAY_SIZE(groups),
			 "       rdma_data limits DEVICE\n       rdma_data told DEVICE QPS\n"
			 "       rdma_data kept DEVICE\n");
}
