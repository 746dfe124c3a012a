// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames over the virtio-serial port; knows nothing of what they mean. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent.h"

#define PORT_NAME "mesh-optical.agent"

static int port_fd = -1;
static bool synchronised;

static uint8_t *out_buffer;
static size_t out_start, out_end, out_room;

static uint8_t in_buffer[sizeof(struct wire_header) + WIRE_MAX_PAYLOAD];
static size_t in_length;

/* What PING asks for: bytes from SYNC on that were taken, and from HELLO on. */
static uint32_t taken, sent;

static void say_hello(void)
{
	struct {
		char cookie[WIRE_COOKIE_SIZE];
		uint32_t version;
		char release[65];
	} __attribute__((packed)) hello = { .version = WIRE_VERSION };
	struct utsname system;

	uname(&system);
	memcpy(hello.cookie, WIRE_COOKIE, WIRE_COOKIE_SIZE);
	snprintf(hello.release, sizeof(hello.release), "%s", system.release);
	sent = 0;
	port_send(0, WIRE_HELLO, &hello, sizeof(hello));
}

/* Returns the port's file descriptor, or -1. */
int port_open(void)
{
	static const char folder[] = "/sys/class/virtio-ports";
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[300], name[64];

	if (!dir)
		return -1;
	while (port_fd < 0 && (entry = readdir(dir))) {
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/name", folder, entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, PORT_NAME "\n", sizeof(PORT_NAME))) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			port_fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		}
		fclose(file);
	}
	closedir(dir);
	if (port_fd >= 0)
		say_hello();
	return port_fd;
}

bool port_wants_write(void)
{
	return out_end > out_start;
}

bool port_has_room(void)
{
	return out_end - out_start < PORT_HIGH_WATER;
}

static void out_append(const void *data, size_t length)
{
	if (out_start == out_end)
		out_start = out_end = 0;
	if (out_end + length > out_room) {
		memmove(out_buffer, out_buffer + out_start, out_end - out_start);
		out_end -= out_start;
		out_start = 0;
		if (out_end + length > out_room) {
			size_t room = (out_end + length) * 2;
			uint8_t *grown = realloc(out_buffer, room);

			if (!grown)
				abort();
			out_buffer = grown;
			out_room = room;
		}
	}
	if (length)
		memcpy(out_buffer + out_end, data, length);
	out_end += length;
}

void port_send(uint32_t session, enum wire_type type, const void *data, size_t length)
{
	const struct wire_header header = {
		.magic = WIRE_MAGIC, .session = session, .type = type, .length = (uint32_t)length,
	};

	out_append(&header, sizeof(header));
	out_append(data, length);
	sent += (uint32_t)(sizeof(header) + length);
}

void port_send_u32(uint32_t session, enum wire_type type, uint32_t first, uint32_t second, size_t count)
{
	const uint32_t values[2] = { first, second };

	port_send(session, type, values, count * sizeof(values[0]));
}

void port_flush(void)
{
	while (out_end > out_start) {
		ssize_t done = write(port_fd, out_buffer + out_start, out_end - out_start);

		if (done <= 0)
			return;
		out_start += (size_t)done;
	}
}

/* Skips what is for the previous boot, or follows the break of the stream. */
static void synchronise(void)
{
	const size_t need = sizeof(struct wire_header) + WIRE_COOKIE_SIZE;
	size_t at;

	for (at = 0; at + need <= in_length; at++) {
		struct wire_header header;

		memcpy(&header, in_buffer + at, sizeof(header));
		if (header.magic == WIRE_MAGIC && header.type == WIRE_SYNC && header.length == WIRE_COOKIE_SIZE &&
		    !memcmp(in_buffer + at + sizeof(header), WIRE_COOKIE, WIRE_COOKIE_SIZE)) {
			synchronised = true;
			taken = (uint32_t)need;
			at += need;
			break;
		}
	}
	memmove(in_buffer, in_buffer + at, in_length - at);
	in_length -= at;
}

/* Tells the daemon whether the port has lost anything while it was suspended. */
static void answer(const uint8_t *data, size_t length)
{
	uint32_t there = taken;

	if (length >= sizeof(there))
		memcpy(&there, data, sizeof(there));
	port_send_u32(0, WIRE_PONG, there - taken, sent, 2);
}

static void dispatch(void)
{
	size_t at = 0;

	while (in_length - at >= sizeof(struct wire_header)) {
		struct wire_header header;

		memcpy(&header, in_buffer + at, sizeof(header));
		if (header.magic != WIRE_MAGIC || header.length > WIRE_MAX_PAYLOAD) {
			/* The stream is broken: end all sessions and begin anew. */
			synchronised = false;
			session_reset_all();
			say_hello();
			synchronise();
			return;
		}
		if (in_length - at < sizeof(header) + header.length)
			break;
		if (header.type == WIRE_PING)
			answer(in_buffer + at + sizeof(header), header.length);
		else
			session_frame(header.session, header.type, in_buffer + at + sizeof(header), header.length);
		at += sizeof(header) + header.length;
		taken += (uint32_t)(sizeof(header) + header.length);
	}
	memmove(in_buffer, in_buffer + at, in_length - at);
	in_length -= at;
}

void port_receive(void)
{
	for (;;) {
		ssize_t got = read(port_fd, in_buffer + in_length, sizeof(in_buffer) - in_length);

		if (got < 0)
			return;
		if (got == 0) {
			/* No daemon at the other end; poll() would spin on it. */
			usleep(100000);
			return;
		}
		in_length += (size_t)got;
		if (!synchronised)
			synchronise();
		if (synchronised)
			dispatch();
	}
}
