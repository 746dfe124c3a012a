/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Laser interlock and monitors (LASER block). */
#ifndef MO_DRV_LASER_H
#define MO_DRV_LASER_H

#include <stdbool.h>

#include "lib/io.h"

#define MO_LASER_EMITS	MO_BIT(0)
#define MO_LASER_FAULT	MO_BIT(1)

/* Eye safety: without it no light leaves the module. Acts at once. */
void mo_laser_allow(bool allow);
/* 1/1000 degree C */
int32_t mo_laser_case_temp(void);
int32_t mo_laser_temp(uint32_t lane);
uint32_t mo_laser_status(uint32_t lane);

#endif /* MO_DRV_LASER_H */
