// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/timer.h"

uint64_t mo_timer_now(void)
{
	/* Reading the low half latches the high one. */
	uint32_t low = mo_read32(MO_SOC_TIMER_NOW_LO);

	return (uint64_t)mo_read32(MO_SOC_TIMER_NOW_HI) << 32 | low;
}

void mo_timer_arm(uint64_t at_us)
{
	mo_write32(MO_SOC_TIMER_CMP_HI, 0xffffffff);
	mo_write32(MO_SOC_TIMER_CMP_LO, (uint32_t)at_us);
	mo_write32(MO_SOC_TIMER_CMP_HI, (uint32_t)(at_us >> 32));
}
