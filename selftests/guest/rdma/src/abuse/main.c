// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *   rdma_abuse server|client ADDRESS GID GROUP [DEVICE]
 *   rdma_abuse verbs DEVICE
 *   rdma_abuse many DEVICE NUMBER
 *   rdma_abuse storm DEVICE QPS CQS
 *   rdma_abuse poison SECONDS
 *
 * The client is the bad one; the server is what it has to do with. As
 * rdma_data else.
 */
#include <stdlib.h>
#include <string.h>

#include "rdma_abuse.h"

static const struct group groups[] = {
	{ "entries", group_entries },		{ "doorbells", group_doorbells },	{ "foreign", group_foreign },
	{ "random", group_random },		{ "endless", group_endless },		{ "orphan", group_orphan },
	{ "moderation", group_moderation },	{ "leak-control", group_leak_control }, { "leak-dereg", group_leak_dereg },
	{ "leak-destroy", group_leak_destroy }, { "leak-error", group_leak_error },	{ "leak-rereg", group_leak_rereg },
	{ "leak-unmap", group_leak_unmap },	{ "leak-exit", group_leak_exit },	{ "leak-kill", group_leak_kill },
	{ "leak-hold", group_leak_hold },
};

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "verbs"))
		return verbs(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "many"))
		return many(argv[2], atoi(argv[3]));
	if (argc == 5 && !strcmp(argv[1], "storm"))
		return storm(argv[2], atoi(argv[3]), atoi(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "poison"))
		return poison(atoi(argv[2]));
	/* Before anything is open that the child must not have. */
	if (argc >= 5 && !strcmp(argv[1], "client") && !strncmp(argv[4], "leak-", 5))
		refill_prepare();
	return run_group(argc, argv, groups, ARRAY_SIZE(groups),
			 "       rdma_abuse verbs DEVICE\n       rdma_abuse many DEVICE NUMBER\n"
			 "       rdma_abuse storm DEVICE QPS CQS\n       rdma_abuse poison SECONDS\n");
}
