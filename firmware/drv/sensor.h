/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Board sensors (SENSOR block). */
#ifndef MO_DRV_SENSOR_H
#define MO_DRV_SENSOR_H

#include "lib/io.h"

struct mo_sensor_values {
	int32_t board_mc;	/* 1/1000 degree C */
	int32_t asic_mc;
	uint32_t core_mv;
	uint32_t io_mv;
	uint32_t power_mw;
	uint64_t energy_uj;
};

void mo_sensor_read(struct mo_sensor_values *out);

#endif /* MO_DRV_SENSOR_H */
