// SPDX-License-Identifier: GPL-2.0
/*
 * Codes of the device as errno and text, all from the tables of the hardware
 * interface. Knows nothing but these tables.
 */
#include "mo.h"
#include "status.h"

struct mo_code {
	u32 code;
	int err;
	const char *text;
};

static const struct mo_code mo_statuses[] = {
#define X(name, code, err, text) { code, err, text },
	MO_STATUSES(X)
#undef X
};

static const struct mo_code mo_mb_statuses[] = {
#define X(name, code, err, text) { code, err, text },
	MO_MB_STATUSES(X)
#undef X
};

static const struct mo_code mo_commands[] = {
#define X(name, opcode, text) { opcode, 0, #name },
	MO_COMMANDS(X)
	MO_RESERVED_COMMANDS(X)
#undef X
};

static const struct mo_code mo_mb_commands[] = {
#define X(name, code, req, rsp, text) { code, 0, #name },
	MO_MB_COMMANDS(X)
#undef X
};

static const struct mo_code mo_fatals[] = {
#define X(name, value, text) { value, 0, text },
	MO_FATALS(X)
#undef X
};

static const struct mo_code mo_mgmt_states[] = {
#define X(name, value, text) { value, 0, text },
	MO_MGMT_STATES(X)
#undef X
};

static const struct mo_code mo_fw_errors[] = {
#define X(name, value, text) { value, 0, text },
	MO_FW_ERRORS(X)
#undef X
};

static const struct mo_code mo_queue_errors[] = {
#define X(name, value, text) { value, 0, text },
	MO_QUEUE_ERRORS(X)
#undef X
};

static const struct mo_code mo_link_states[] = {
#define X(name, value, text) { value, 0, text },
	MO_LINK_FSM(X)
#undef X
};

static const struct mo_code mo_module_states[] = {
#define X(name, value, text) { value, 0, text },
	MO_MODULE_FSM(X)
#undef X
};

static const struct mo_code mo_lane_states[] = {
#define X(name, value, text) { value, 0, text },
	MO_LANE_STATES(X)
#undef X
};

static const struct mo_code mo_link_reasons[] = {
#define X(name, value, ext, sub, blame, text) { value, MO_BLAME_##blame, text },
	MO_LINK_REASONS(X)
#undef X
};

static const struct mo_code *mo_code_find(const struct mo_code *table, size_t n, u32 code)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (table[i].code == code)
			return &table[i];
	return NULL;
}

#define MO_CODE(table, code)	mo_code_find(table, ARRAY_SIZE(table), code)

static const char *mo_code_text(const struct mo_code *code, const char *unknown)
{
	return code ? code->text : unknown;
}

/* A code that we do not know is an error all the same. */
static int mo_code_errno(const struct mo_code *code)
{
	return code ? -code->err : -EIO;
}

int mo_status_errno(u16 status)
{
	return mo_code_errno(MO_CODE(mo_statuses, status));
}

const char *mo_status_text(u16 status)
{
	return mo_code_text(MO_CODE(mo_statuses, status), "unknown status");
}

const char *mo_cmd_name(u16 opcode)
{
	return mo_code_text(MO_CODE(mo_commands, opcode), "unknown command");
}

const char *mo_fatal_text(u32 fatal)
{
	return mo_code_text(MO_CODE(mo_fatals, fatal), "unknown cause");
}

const char *mo_mgmt_state_text(u32 state)
{
	return mo_code_text(MO_CODE(mo_mgmt_states, state), "unknown state");
}

const char *mo_fw_error_text(u32 error)
{
	return mo_code_text(MO_CODE(mo_fw_errors, error), "unknown error");
}

const char *mo_queue_error_text(u32 error)
{
	return mo_code_text(MO_CODE(mo_queue_errors, error), "unknown error");
}

int mo_mb_status_errno(u16 status)
{
	return mo_code_errno(MO_CODE(mo_mb_statuses, status));
}

const char *mo_mb_status_text(u16 status)
{
	return mo_code_text(MO_CODE(mo_mb_statuses, status), "unknown status");
}

const char *mo_mb_cmd_name(u16 cmd)
{
	return mo_code_text(MO_CODE(mo_mb_commands, cmd), "unknown message");
}

const char *mo_link_fsm_text(u8 state)
{
	return mo_code_text(MO_CODE(mo_link_states, state), "unknown state");
}

/* State of the machine (MO_RECORD_*) that a record of the flight recorder is about. */
const char *mo_record_state_text(u8 machine, u8 state)
{
	switch (machine) {
	case MO_RECORD_LINK:
		return mo_link_fsm_text(state);
	case MO_RECORD_MODULE:
		return mo_code_text(MO_CODE(mo_module_states, state), "unknown state");
	case MO_RECORD_LANE:
		return mo_code_text(MO_CODE(mo_lane_states, state), "unknown state");
	default:
		return "unknown state";
	}
}

const char *mo_link_reason_text(u16 reason)
{
	return mo_code_text(MO_CODE(mo_link_reasons, reason), "unknown reason");
}

u32 mo_link_reason_blame(u16 reason)
{
	const struct mo_code *code = MO_CODE(mo_link_reasons, reason);

	return code ? code->err : MO_BLAME_UNKNOWN;
}
