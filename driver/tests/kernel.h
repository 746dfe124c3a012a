/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the driver's pure parts use of the kernel, for programs in user space.
 * Debian's kernels have no KUnit, so these parts are tested here. Stands in
 * for mo.h, whose include guard it takes.
 */
#ifndef MO_H
#define MO_H

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#include "../hw/cmd.h"
#include "../hw/db.h"
#include "../hw/fwimg.h"
#include "../hw/mbox.h"
#include "../hw/regs.h"

int mo_status_errno(u16 status);
const char *mo_status_text(u16 status);
const char *mo_cmd_name(u16 opcode);
const char *mo_fatal_text(u32 fatal);
const char *mo_mgmt_state_text(u32 state);
const char *mo_fw_error_text(u32 error);
const char *mo_queue_error_text(u32 error);
int mo_mb_status_errno(u16 status);
const char *mo_mb_status_text(u16 status);
const char *mo_mb_cmd_name(u16 cmd);
const char *mo_link_fsm_text(u8 state);
const char *mo_record_state_text(u8 machine, u8 state);
const char *mo_link_reason_text(u16 reason);
u32 mo_link_reason_blame(u16 reason);

#endif /* MO_H */
