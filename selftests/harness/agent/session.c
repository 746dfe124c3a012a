// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands of the host: each in a session, a process group and a cgroup of its own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "agent.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

struct session {
	struct session *next;
	uint32_t id;
	int pid;
	int status; /* of waitpid(), once `exited` */
	bool exited;
	bool tty;
	bool stdin_closing;
	bool hung_up; /* nobody holds the terminal now; poll() would spin on it */
	int in; /* its standard input; the terminal's master when tty */
	int out[2]; /* standard output and error; -1 when at end of file */
	uint64_t window; /* bytes of output that the reader still takes */
	uint8_t *input; /* not yet written to `in` */
	size_t input_length;
};

static struct session *sessions;

static struct session *session_find(uint32_t id)
{
	struct session *s;

	for (s = sessions; s; s = s->next)
		if (s->id == id)
			return s;
	return NULL;
}

static void cgroup_path(char *path, size_t size, uint32_t id, const char *file)
{
	snprintf(path, size, CGROUP_ROOT "/exec-%u%s%s", id, file ? "/" : "", file ? file : "");
}

static bool cgroup_write(uint32_t id, const char *file, const char *text)
{
	char path[96];
	int fd;
	bool ok;

	cgroup_path(path, sizeof(path), id, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) > 0;
	close(fd);
	return ok;
}

static void session_kill(struct session *s)
{
	if (!cgroup_write(s->id, "cgroup.kill", "1") && !s->exited)
		kill(-s->pid, SIGKILL);
}

static void close_input(struct session *s)
{
	if (s->in >= 0 && !s->tty)
		close(s->in);
	s->in = -1;
	free(s->input);
	s->input = NULL;
	s->input_length = 0;
}

static void session_free(struct session *s)
{
	struct session **link;
	char path[96];

	for (link = &sessions; *link != s; link = &(*link)->next)
		;
	*link = s->next;
	close_input(s);
	for (int i = 0; i < 2; i++)
		if (s->out[i] >= 0)
			close(s->out[i]);
	/* Stays while something that the command left running is in it. */
	cgroup_path(path, sizeof(path), s->id, NULL);
	rmdir(path);
	free(s);
}

static void fail(uint32_t id, int error, const char *what)
{
	struct {
		uint32_t error;
		char text[200];
	} __attribute__((packed)) reply = { .error = (uint32_t)error };
	int length = snprintf(reply.text, sizeof(reply.text), "%s: %s", what, strerror(error));

	if (length > (int)sizeof(reply.text) - 1)
		length = sizeof(reply.text) - 1;
	port_send(id, WIRE_FAILED, &reply, sizeof(reply.error) + (size_t)length);
}

/* In the child, after fork(): never returns. Reports a failed exec through `report`. */
static void child(struct session *s, char **argv, char **env, const int fds[3], const char *terminal, int report)
{
	sigset_t none;
	int error;

	setsid();
	cgroup_write(s->id, "cgroup.procs", "0");
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (terminal) {
		int fd = open(terminal, O_RDWR);

		if (fd < 0)
			goto out;
		ioctl(fd, TIOCSCTTY, 0);
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
		if (fd > 2)
			close(fd);
	} else {
		for (int i = 0; i < 3; i++)
			dup2(fds[i], i);
	}
	if (chdir("/root"))
		goto out;
	environ = env;
	execvpe(argv[0], argv, env);
out:
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

static void set_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* Splits the frame's strings into argv and environment; false when malformed. */
static bool split_strings(const char *data, size_t length, uint32_t arguments, char ***argv, char ***env)
{
	size_t strings = 0, at = 0, index = 0;
	char **all;

	if (!length || data[length - 1])
		return false;
	for (size_t i = 0; i < length; i++)
		strings += !data[i];
	if (!arguments || arguments > strings)
		return false;
	all = calloc(strings + 2, sizeof(*all));
	if (!all)
		return false;
	for (size_t i = 0; i < strings; i++) {
		if (i == arguments)
			index++; /* the NULL that ends argv */
		all[index++] = (char *)data + at;
		at += strlen(data + at) + 1;
	}
	*argv = all;
	*env = all + arguments + 1;
	return true;
}

static int open_terminal(const struct wire_start *start, char *name, size_t size)
{
	const struct winsize window = {
		.ws_row = (unsigned short)start->rows, .ws_col = (unsigned short)start->columns,
	};
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -1;
	if (grantpt(fd) || unlockpt(fd) || ptsname_r(fd, name, size)) {
		close(fd);
		return -1;
	}
	ioctl(fd, TIOCSWINSZ, &window);
	return fd;
}

static void session_start(uint32_t id, const uint8_t *data, size_t length)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, report[2] = { -1, -1 };
	struct wire_start start;
	char terminal[64] = "", path[96];
	char **argv, **env;
	struct session *s;
	int error = 0;

	if (length < sizeof(start))
		return fail(id, EPROTO, "start");
	memcpy(&start, data, sizeof(start));
	if (session_find(id) || !split_strings((const char *)data + sizeof(start), length - sizeof(start), start.arguments, &argv, &env))
		return fail(id, EPROTO, "start");
	s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->id = id;
	s->tty = start.flags & WIRE_START_TTY;
	s->window = start.window;
	s->in = s->out[0] = s->out[1] = -1;
	s->next = sessions;
	sessions = s;

	if (pipe2(report, O_CLOEXEC))
		goto failed;
	if (s->tty) {
		s->in = s->out[0] = open_terminal(&start, terminal, sizeof(terminal));
		if (s->in < 0)
			goto failed;
	} else if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		goto failed;
	} else {
		s->in = in[1];
		s->out[0] = out[0];
		s->out[1] = err[0];
		set_nonblocking(s->in);
		set_nonblocking(s->out[0]);
		set_nonblocking(s->out[1]);
	}
	cgroup_path(path, sizeof(path), id, NULL);
	mkdir(path, 0755);
	s->pid = fork();
	if (s->pid < 0)
		goto failed;
	if (!s->pid)
		child(s, argv, env, (const int[3]){ in[0], out[1], err[1] }, s->tty ? terminal : NULL, report[1]);
	close(report[1]);
	report[1] = -1;
	if (read(report[0], &error, sizeof(error)) == sizeof(error)) {
		waitpid(s->pid, NULL, 0);
		errno = error;
		goto failed;
	}
	port_send_u32(id, WIRE_STARTED, (uint32_t)s->pid, 0, 1);
	goto out;
failed:
	fail(id, errno, argv[0]);
	session_free(s);
out:
	close(report[0]);
	if (report[1] >= 0)
		close(report[1]);
	if (in[0] >= 0)
		close(in[0]);
	if (out[1] >= 0)
		close(out[1]);
	if (err[1] >= 0)
		close(err[1]);
	free(argv);
}

static void write_input(struct session *s)
{
	size_t done = 0;

	while (s->in >= 0 && done < s->input_length) {
		ssize_t n = write(s->in, s->input + done, s->input_length - done);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			/* The command reads no more: swallow, as a closed pipe would. */
			port_send_u32(s->id, WIRE_STDIN_WINDOW_UP, (uint32_t)s->input_length, 0, 1);
			close_input(s);
			return;
		}
		done += (size_t)n;
	}
	if (done) {
		memmove(s->input, s->input + done, s->input_length - done);
		s->input_length -= done;
		port_send_u32(s->id, WIRE_STDIN_WINDOW_UP, (uint32_t)done, 0, 1);
	}
	if (s->stdin_closing && !s->input_length && s->in >= 0 && !s->tty)
		close_input(s);
}

static void session_input(struct session *s, const uint8_t *data, size_t length)
{
	static const uint8_t end_of_file = 4; /* ^D of a terminal */

	if (!length) {
		if (!s->tty) {
			s->stdin_closing = true;
			write_input(s);
			return;
		}
		data = &end_of_file;
		length = 1;
	}
	if (s->in < 0) {
		port_send_u32(s->id, WIRE_STDIN_WINDOW_UP, (uint32_t)length, 0, 1);
		return;
	}
	if (length > WIRE_STDIN_WINDOW - s->input_length)
		return session_kill(s); /* the daemon ignores the window */
	if (!s->input) {
		s->input = malloc(WIRE_STDIN_WINDOW);
		if (!s->input)
			abort();
	}
	memcpy(s->input + s->input_length, data, length);
	s->input_length += length;
	write_input(s);
}

static void session_signal(struct session *s, int number)
{
	int group = s->pid;

	if (s->exited)
		return;
	if (s->tty) {
		int foreground = s->out[0] >= 0 ? tcgetpgrp(s->out[0]) : -1;

		if (foreground > 0)
			group = foreground;
	}
	kill(-group, number);
}

void session_frame(uint32_t id, uint32_t type, const uint8_t *data, size_t length)
{
	uint32_t values[2] = { 0, 0 };
	struct session *s;

	if (type == WIRE_SYNC)
		return;
	if (type == WIRE_START)
		return session_start(id, data, length);
	s = session_find(id);
	if (!s)
		return; /* it has just ended */
	memcpy(values, data, length < sizeof(values) ? length : sizeof(values));
	switch (type) {
	case WIRE_STDIN:
		session_input(s, data, length);
		break;
	case WIRE_SIGNAL:
		session_signal(s, (int)values[0]);
		break;
	case WIRE_KILL:
		session_kill(s);
		break;
	case WIRE_WINDOW:
		s->window += values[0];
		break;
	case WIRE_RESIZE:
		if (s->tty && s->out[0] >= 0) {
			const struct winsize window = {
				.ws_row = (unsigned short)values[0], .ws_col = (unsigned short)values[1],
			};

			ioctl(s->out[0], TIOCSWINSZ, &window);
		}
		break;
	default:
		break;
	}
}

void session_reset_all(void)
{
	while (sessions) {
		session_kill(sessions);
		session_free(sessions);
	}
}

/* What to wait for; the set is rebuilt for each poll(). */
size_t session_poll_set(struct pollfd *set, size_t room)
{
	size_t count = 0;

	for (struct session *s = sessions; s; s = s->next) {
		const bool readable = s->window && !s->hung_up && port_has_room();

		for (int i = 0; i < 2 && count < room; i++)
			if (s->out[i] >= 0 && readable)
				set[count++] = (struct pollfd){ .fd = s->out[i], .events = POLLIN };
		if (s->in >= 0 && s->input_length && count < room)
			set[count++] = (struct pollfd){ .fd = s->in, .events = POLLOUT };
	}
	return count;
}

/* Move output until the stream is empty, the window is used up or the port is full. */
static void pump_output(struct session *s, int index)
{
	static uint8_t buffer[WIRE_MAX_PAYLOAD];

	while (s->out[index] >= 0 && s->window && port_has_room()) {
		const size_t want = s->window < sizeof(buffer) ? s->window : sizeof(buffer);
		const ssize_t got = read(s->out[index], buffer, want);

		if (got > 0) {
			s->window -= (uint64_t)got;
			port_send(s->id, index ? WIRE_STDERR : WIRE_STDOUT, buffer, (size_t)got);
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		/* What a background process writes after the command's end is not waited for. */
		if (got < 0 && errno == EAGAIN && !s->exited)
			return;
		if (got < 0 && errno == EIO && s->tty && !s->exited) {
			s->hung_up = true;
			return;
		}
		close(s->out[index]);
		s->out[index] = -1;
		if (s->tty)
			s->in = -1;
	}
}

void session_pump_all(void)
{
	struct session *next;

	for (struct session *s = sessions; s; s = next) {
		next = s->next;
		write_input(s);
		pump_output(s, 0);
		pump_output(s, 1);
		if (s->exited && s->out[0] < 0 && s->out[1] < 0) {
			port_send_u32(s->id, WIRE_EXIT, WIFEXITED(s->status) ? (uint32_t)WEXITSTATUS(s->status) : 0,
				      WIFSIGNALED(s->status) ? (uint32_t)WTERMSIG(s->status) : 0, 2);
			session_free(s);
		}
	}
}

void session_child_exited(int pid, int status)
{
	for (struct session *s = sessions; s; s = s->next)
		if (s->pid == pid) {
			s->exited = true;
			s->status = status;
		}
}
