/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames between the testbed's daemon (wire.py) and the guest's agent.
 *
 * A frame is a 16-byte header and `length` bytes, little endian. Session 0 is
 * the connection itself. Output flows against a window per session, counted
 * from end to end, so that one slow reader holds up no other session.
 */
#ifndef MO_AGENT_WIRE_H
#define MO_AGENT_WIRE_H

#include <stdint.h>

#define WIRE_MAGIC 0x5442544dU /* "MTBT" */
#define WIRE_MAX_PAYLOAD 65536U
#define WIRE_STDIN_WINDOW 262144U
#define WIRE_VERSION 2U

/*
 * Sent in HELLO and SYNC: what each side looks for after a reset of the guest,
 * and when it was sent something that is no frame.
 */
#define WIRE_COOKIE "\x02mesh-testbed\x03\xf5\xfa"
#define WIRE_COOKIE_SIZE 16U

struct wire_header {
	uint32_t magic;
	uint32_t session;
	uint32_t type;
	uint32_t length;
};

enum wire_type {
	/* daemon to agent */
	WIRE_SYNC = 1,	 /* cookie */
	WIRE_START = 2,	 /* struct wire_start, then NUL-terminated strings */
	WIRE_STDIN = 3,	 /* bytes; none = end of file */
	WIRE_SIGNAL = 4, /* u32 number, to the foreground process group */
	WIRE_KILL = 5,	 /* everything that the session started */
	WIRE_WINDOW = 6, /* u32 more bytes of output may be sent */
	WIRE_RESIZE = 7, /* u32 rows, u32 columns */
	WIRE_PING = 8,	 /* u32 bytes sent before this frame, from SYNC on */
	/* agent to daemon */
	WIRE_HELLO = 16,	/* cookie, u32 version, kernel release */
	WIRE_STARTED = 17,	/* u32 pid */
	WIRE_STDOUT = 18,	/* bytes */
	WIRE_STDERR = 19,	/* bytes */
	WIRE_EXIT = 20,		/* u32 exit code, u32 signal (0: it exited) */
	WIRE_FAILED = 21,	/* u32 errno, text */
	WIRE_STDIN_WINDOW_UP = 22, /* u32 more bytes of input may be sent */
	WIRE_PONG = 23, /* u32 of the bytes that PING tells of, how many never came; u32 bytes sent before this
			 * frame, from HELLO on */
};

#define WIRE_START_TTY 1U

struct wire_start {
	uint32_t flags;
	uint32_t rows;
	uint32_t columns;
	uint32_t window; /* bytes of output that may be sent at once */
	uint32_t arguments; /* strings that are arguments; the rest is NAME=VALUE */
};

#endif
