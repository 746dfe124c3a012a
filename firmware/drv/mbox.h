/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailbox to the host: one request, one response, events (MBOX block). Knows no command. */
#ifndef MO_DRV_MBOX_H
#define MO_DRV_MBOX_H

#include <stdbool.h>

#include "hw/mbox.h"
#include "lib/error.h"
#include "lib/io.h"

bool mo_mbox_waiting(void);
/* Copies the request; at most `size` bytes. Returns its bytes, cut to `size`. */
uint32_t mo_mbox_take(void *to, uint32_t size);
/* Answers and takes the request away; `len` <= MO_MB_MAX. */
MO_MUST_USE enum mo_error mo_mbox_answer(const void *response, uint32_t len);
/* Raises an event at the host (MO_EVENT_*). */
void mo_mbox_event(uint8_t type, uint8_t code, uint16_t data);

#endif /* MO_DRV_MBOX_H */
