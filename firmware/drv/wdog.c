// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/wdog.h"

enum mo_error mo_wdog_start(uint32_t period_us)
{
	if (period_us == 0)
		return MO_ERR_PARAM;
	mo_write32(MO_SOC_WDOG_PERIOD_US, period_us);
	mo_write32(MO_SOC_WDOG_KICK, MO_SOC_WDOG_MAGIC);
	return MO_OK;
}

void mo_wdog_kick(void)
{
	mo_write32(MO_SOC_WDOG_KICK, MO_SOC_WDOG_MAGIC);
}
