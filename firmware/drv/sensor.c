// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/sensor.h"

void mo_sensor_read(struct mo_sensor_values *out)
{
	uint32_t high;

	out->board_mc = (int32_t)mo_read32(MO_SOC_SENSOR_TEMP_BOARD);
	out->asic_mc = (int32_t)mo_read32(MO_SOC_SENSOR_TEMP_ASIC);
	out->core_mv = mo_read32(MO_SOC_SENSOR_VOLT_CORE);
	out->io_mv = mo_read32(MO_SOC_SENSOR_VOLT_IO);
	out->power_mw = mo_read32(MO_SOC_SENSOR_POWER);
	/* Nothing latches the high half: read until it stands still. */
	do {
		high = mo_read32(MO_SOC_SENSOR_ENERGY_HI);
		out->energy_uj = (uint64_t)high << 32 |
				 mo_read32(MO_SOC_SENSOR_ENERGY_LO);
	} while (high != mo_read32(MO_SOC_SENSOR_ENERGY_HI));
}
