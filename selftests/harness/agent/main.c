// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Agent of a testbed's guest, its PID 1: runs the host's commands, which come
 * over a virtio-serial port, and reaps every orphan. Called as `reboot` or
 * `poweroff` it does that instead.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define MAX_POLL 4096

static int restart(const char *name)
{
	sync();
	reboot(!strcmp(name, "reboot") ? RB_AUTOBOOT : RB_POWER_OFF);
	perror(name);
	return 1;
}

static void reap(int signals)
{
	struct signalfd_siginfo info;
	int status, pid;

	while (read(signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		session_child_exited(pid, status);
}

int main(int argc, char **argv)
{
	static struct pollfd set[MAX_POLL];
	const char *name = strrchr(argv[0], '/');
	sigset_t blocked;
	int signals, port, tries;

	(void)argc;
	name = name ? name + 1 : argv[0];
	if (!strcmp(name, "reboot") || !strcmp(name, "poweroff"))
		return restart(name);

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signals = signalfd(-1, &blocked, SFD_NONBLOCK | SFD_CLOEXEC);
	for (tries = 0, port = port_open(); port < 0 && tries < 200; tries++, port = port_open())
		usleep(50000);
	if (port < 0 || signals < 0) {
		perror("agent: no port to the host");
		for (;;)
			pause();
	}
	for (;;) {
		size_t count = 2;

		set[0] = (struct pollfd){ .fd = port, .events = POLLIN | (port_wants_write() ? POLLOUT : 0) };
		set[1] = (struct pollfd){ .fd = signals, .events = POLLIN };
		count += session_poll_set(set + 2, MAX_POLL - 2);
		if (poll(set, count, -1) < 0 && errno != EINTR)
			perror("agent: poll");
		if (set[0].revents & ~POLLOUT)
			port_receive();
		if (set[1].revents)
			reap(signals);
		session_pump_all();
		port_flush();
	}
}
