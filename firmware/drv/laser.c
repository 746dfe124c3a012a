// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/laser.h"

#include "hw/ids.h"

void mo_laser_allow(bool allow)
{
	mo_write32(MO_SOC_LASER_INTERLOCK, allow ? 1 : 0);
}

int32_t mo_laser_case_temp(void)
{
	return (int32_t)mo_read32(MO_SOC_LASER_CASE_TEMP);
}

int32_t mo_laser_temp(uint32_t lane)
{
	if (lane >= MO_MAX_LANES)
		return 0;
	return (int32_t)mo_read32(mo_lane_reg(MO_SOC_LASER_TEMP, lane));
}

uint32_t mo_laser_status(uint32_t lane)
{
	if (lane >= MO_MAX_LANES)
		return 0;
	return mo_read32(mo_lane_reg(MO_SOC_LASER_STATUS, lane));
}
