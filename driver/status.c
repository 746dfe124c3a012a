// SPDX-License-Identifier: GPL-2.0
/*
 * Codes of the device as errno and text, all from the tables of the hardware
 * interface. Knows nothing but these tables.
 */
#include "mo.h"

int mo_status_errno(u16 status)
{
	switch (status) {
#define X(name, code, err, text) case code: return -(err);
	MO_STATUSES(X)
#undef X
	default:
		return -EIO;
	}
}

const char *mo_status_text(u16 status)
{
	switch (status) {
#define X(name, code, err, text) case code: return text;
	MO_STATUSES(X)
#undef X
	default:
		return "unknown status";
	}
}

const char *mo_cmd_name(u16 opcode)
{
	switch (opcode) {
#define X(name, opcode, text) case opcode: return #name;
	MO_COMMANDS(X)
#undef X
	default:
		return "unknown command";
	}
}

const char *mo_fatal_text(u32 fatal)
{
	switch (fatal) {
#define X(name, value, text) case value: return text;
	MO_FATALS(X)
#undef X
	default:
		return "unknown cause";
	}
}

const char *mo_mgmt_state_text(u32 state)
{
	switch (state) {
#define X(name, value, text) case value: return text;
	MO_MGMT_STATES(X)
#undef X
	default:
		return "unknown state";
	}
}

const char *mo_fw_error_text(u32 error)
{
	switch (error) {
#define X(name, value, text) case value: return text;
	MO_FW_ERRORS(X)
#undef X
	default:
		return "unknown error";
	}
}

const char *mo_queue_error_text(u32 error)
{
	switch (error) {
#define X(name, value, text) case value: return text;
	MO_QUEUE_ERRORS(X)
#undef X
	default:
		return "unknown error";
	}
}

int mo_mb_status_errno(u16 status)
{
	switch (status) {
#define X(name, code, err, text) case code: return -(err);
	MO_MB_STATUSES(X)
#undef X
	default:
		return -EIO;
	}
}

const char *mo_mb_status_text(u16 status)
{
	switch (status) {
#define X(name, code, err, text) case code: return text;
	MO_MB_STATUSES(X)
#undef X
	default:
		return "unknown status";
	}
}

const char *mo_mb_cmd_name(u16 cmd)
{
	switch (cmd) {
#define X(name, code, req, rsp, text) case code: return #name;
	MO_MB_COMMANDS(X)
#undef X
	default:
		return "unknown message";
	}
}

const char *mo_link_reason_text(u16 reason)
{
	switch (reason) {
#define X(name, value, ext, sub, blame, text) case value: return text;
	MO_LINK_REASONS(X)
#undef X
	default:
		return "unknown reason";
	}
}
