/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What numbers of the hardware interface mean, as errno and as text.
 */
#ifndef MO_STATUS_H
#define MO_STATUS_H

#include <linux/types.h>

int mo_status_errno(u16 status);
const char *mo_status_text(u16 status);
const char *mo_cmd_name(u16 opcode);
const char *mo_fatal_text(u32 fatal);
const char *mo_mgmt_state_text(u32 state);
const char *mo_fw_error_text(u32 error);
const char *mo_queue_error_text(u32 error);
const char *mo_mb_status_text(u16 status);
int mo_mb_status_errno(u16 status);
const char *mo_mb_cmd_name(u16 cmd);
const char *mo_link_fsm_text(u8 state);
const char *mo_record_state_text(u8 machine, u8 state);
const char *mo_link_reason_text(u16 reason);
u32 mo_link_reason_blame(u16 reason);

#endif /* MO_STATUS_H */
