// SPDX-License-Identifier: GPL-2.0-or-later
/* Crash report: registers first, then the state, which stops the core. */
#include "lib/crash.h"

#include "hw/fwimg.h"
#include "lib/cpu.h"
#include "lib/io.h"
#include "lib/log.h"

static __attribute__((noreturn)) void stop(enum mo_fw_error error)
{
	mo_write32(MO_SOC_SYS_ERROR, error);
	mo_write32(MO_SOC_SYS_STATE, MO_MGMT_CRASHED);
	/* Not reached on a device that keeps its word. */
	mo_cpu_wake_sources(0);
	for (;;)
		mo_cpu_wait();
}

void mo_panic(const char *reason)
{
	mo_write32(MO_SOC_SYS_CRASH_PC,
		   (uint32_t)__builtin_return_address(0));
	mo_write32(MO_SOC_SYS_CRASH_CAUSE, 0);
	mo_log("panic: %s", reason);
	stop(MO_FW_ERR_PANIC);
}

void mo_trap(uint32_t cause, uint32_t pc, uint32_t value)
{
	mo_write32(MO_SOC_SYS_CRASH_PC, pc);
	mo_write32(MO_SOC_SYS_CRASH_CAUSE, cause);
	mo_log("trap: cause %x pc %08x value %08x", cause, pc, value);
	stop(MO_FW_ERR_TRAP);
}
