/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's two halves: port.c moves frames, session.c runs commands. */
#ifndef MO_AGENT_H
#define MO_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* Bytes queued towards the host above which children are not read. */
#define PORT_HIGH_WATER 262144U

/* port.c */
int port_open(void);
bool port_wants_write(void);
bool port_has_room(void);
void port_send(uint32_t session, enum wire_type type, const void *data, size_t length);
void port_send_u32(uint32_t session, enum wire_type type, uint32_t first, uint32_t second, size_t count);
void port_flush(void);
void port_receive(void);

/* session.c */
struct pollfd;
void session_frame(uint32_t id, uint32_t type, const uint8_t *data, size_t length);
void session_reset_all(void);
size_t session_poll_set(struct pollfd *set, size_t room);
void session_pump_all(void);
void session_child_exited(int pid, int status);

#endif
