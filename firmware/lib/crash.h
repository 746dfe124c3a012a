/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end: report to the host and stop. The host resets the core.
 */
#ifndef MO_LIB_CRASH_H
#define MO_LIB_CRASH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The firmware stops itself (MO_FW_ERR_PANIC); `reason` goes to the log. */
__attribute__((noreturn)) void mo_panic(const char *reason);

/* Called by the trap vector of lib/start.S (MO_FW_ERR_TRAP). */
__attribute__((noreturn)) void mo_trap(uint32_t cause, uint32_t pc,
				       uint32_t value);

#ifdef __cplusplus
}
#endif

#endif /* MO_LIB_CRASH_H */
