// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the driver's arithmetic and tables, in user space:
 * compile this one file with any C compiler and run it.
 */
#include "kernel.h"
#include "../status.c"

static int failures;

static void check(int ok, const char *what)
{
	printf("%s %s\n", ok ? "ok" : "not ok", what);
	failures += !ok;
}

/* Each code of a table comes back with its own text. */
static void test_codes(void)
{
	int good = 1;

#define X(name, code, err, text) \
	good &= mo_status_errno(code) == -(err) && !strcmp(mo_status_text(code), text);
	MO_STATUSES(X)
#undef X
	check(good, "admin statuses");
	good = 1;
#define X(name, code, err, text) \
	good &= mo_mb_status_errno(code) == -(err) && !strcmp(mo_mb_status_text(code), text);
	MO_MB_STATUSES(X)
#undef X
	check(good, "mailbox statuses");
	good = 1;
#define X(name, value, ext, sub, blame, text) \
	good &= mo_link_reason_blame(value) == MO_BLAME_##blame && \
		!strcmp(mo_link_reason_text(value), text);
	MO_LINK_REASONS(X)
#undef X
	check(good, "link reasons");
	good = 1;
#define X(name, value, text) \
	good &= !strcmp(mo_record_state_text(MO_RECORD_MODULE, value), text);
	MO_MODULE_FSM(X)
#undef X
#define X(name, value, text) \
	good &= !strcmp(mo_record_state_text(MO_RECORD_LANE, value), text);
	MO_LANE_STATES(X)
#undef X
#define X(name, value, text) \
	good &= !strcmp(mo_record_state_text(MO_RECORD_LINK, value), text);
	MO_LINK_FSM(X)
#undef X
	check(good, "states of records");
	check(!strcmp(mo_record_state_text(77, 1), "unknown state"), "record of a newer firmware");
	check(!strcmp(mo_cmd_name(MO_CMD_RSS_SET), "RSS_SET"), "command name");
}

/* A device or firmware newer than the driver. */
static void test_unknown(void)
{
	check(mo_status_errno(0xffff) == -EIO, "unknown status is an error");
	check(mo_mb_status_errno(0xffff) == -EIO, "unknown mailbox status is an error");
	check(!strcmp(mo_link_reason_text(0xffff), "unknown reason"), "unknown reason");
	check(mo_link_reason_blame(0xffff) == MO_BLAME_UNKNOWN, "unknown reason blames nobody");
	check(!strcmp(mo_cmd_name(0xffff), "unknown command"), "unknown command");
}

/* The register is written exactly when a step passes the event index. */
static void test_doorbell(void)
{
	static const u32 bases[] = { 0, 1000, 0x7ffffff0, 0xfffffff0 };
	int good = 1;
	size_t i;
	u32 old, step, event;

	for (i = 0; i < ARRAY_SIZE(bases); i++)
		for (old = 0; old < 24; old++)
			for (step = 0; step < 24; step++)
				for (event = 0; event < 48; event++) {
					int passed = event >= old && event < old + step;

					good &= !!mo_db_needed(bases[i] + event,
							       bases[i] + old + step,
							       bases[i] + old) == passed;
				}
	check(good, "doorbell decision, also over the wrap");
	/* A device that polls keeps the event index behind. */
	check(!mo_db_needed(99, 110, 100), "event index behind: no doorbell");
	check(mo_db_needed(100, 101, 100), "device asleep at the tail: doorbell");
}

static void test_words(void)
{
	u64 arm = MO_ARM_WORD(0xfedcba98, MO_ARM_NEXT, MO_ARM_SEQ_MASK);

	check(MO_ARM_CI(arm) == 0xfedcba98 && MO_ARM_KIND(arm) == MO_ARM_NEXT &&
	      !MO_ARM_HAS_READ(arm) && MO_ARM_SEQ(arm) == MO_ARM_SEQ_MASK,
	      "arm word keeps its parts apart");
	arm = MO_ARM_WORD(0, MO_ARM_SOLICITED | MO_ARM_READ, 0);
	check(MO_ARM_KIND(arm) == MO_ARM_SOLICITED && MO_ARM_HAS_READ(arm) && !MO_ARM_CI(arm) &&
	      !MO_ARM_SEQ(arm), "and what was read since");
	check(MO_DB_VALUE(0x1234567, 0x89abcdef) == 0x89abcdef00234567ULL,
	      "doorbell value keeps 24 bits of the object");
}

int main(void)
{
	test_codes();
	test_unknown();
	test_doorbell();
	test_words();
	return failures != 0;
}
