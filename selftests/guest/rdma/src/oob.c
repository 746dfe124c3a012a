// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The TCP connection beside RDMA.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rdma_data.h"

#define PORT		"18515"
#define CONNECT_S	30
#define STEP_MS		60000

/* One per step: its name, so that sides that got out of step say so. */
struct step {
	char failed;
	char name[47];
};

static int try_open(bool server, const struct addrinfo *address)
{
	int fd = socket(address->ai_family, address->ai_socktype, 0), one = 1, accepted;

	if (fd < 0)
		return -1;
	if (!server) {
		if (!connect(fd, address->ai_addr, address->ai_addrlen))
			return fd;
		close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, address->ai_addr, address->ai_addrlen) || listen(fd, 1)) {
		close(fd);
		return -1;
	}
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	accepted = poll(&wait, 1, CONNECT_S * 1000) == 1 ? accept(fd, NULL, NULL) : -1;
	close(fd);
	return accepted;
}

int oob_open(bool server, const char *address)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
				  .ai_flags = server ? AI_PASSIVE : 0 };
	struct timespec pause = { .tv_nsec = 100000000 };
	struct addrinfo *found;
	int tries, fd = -1;

	check(!getaddrinfo(address, PORT, &hints, &found), "%s: no such address", address);
	for (tries = 0; fd < 0 && tries < (server ? 1 : CONNECT_S * 10); tries++) {
		fd = try_open(server, found);
		if (fd < 0 && !server)
			nanosleep(&pause, NULL);
	}
	freeaddrinfo(found);
	check(fd >= 0, "no connection with the other side: %s", strerror(errno));
	return fd;
}

static void move(int peer, void *data, size_t size, bool out)
{
	struct pollfd wait = { .fd = peer, .events = out ? POLLOUT : POLLIN };
	ssize_t moved;

	while (size) {
		check(poll(&wait, 1, STEP_MS) == 1, "the other side does not answer");
		moved = out ? send(peer, data, size, MSG_NOSIGNAL) : recv(peer, data, size, 0);
		check(moved > 0, "the other side is gone");
		data = (char *)data + moved;
		size -= moved;
	}
}

void oob_swap(struct side *side, const void *mine, void *theirs, size_t size)
{
	oob_sync(side, "swap");
	move(side->peer, (void *)mine, size, true);
	move(side->peer, theirs, size, false);
}

void oob_sync(struct side *side, const char *step)
{
	struct step mine = {}, theirs = {};

	snprintf(mine.name, sizeof(mine.name), "%s", step);
	move(side->peer, &mine, sizeof(mine), true);
	move(side->peer, &theirs, sizeof(theirs), false);
	check(!theirs.failed, "the other side failed");
	theirs.name[sizeof(theirs.name) - 1] = 0;
	check(!strcmp(mine.name, theirs.name), "here %s, there %s", mine.name, theirs.name);
}

void oob_tell_failure(int peer)
{
	struct step mine = { .failed = 1 };
	ssize_t ignored = send(peer, &mine, sizeof(mine), MSG_NOSIGNAL);

	(void)ignored;
}
