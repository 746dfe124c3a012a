/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Temperatures: limits, warnings, shut-down; and the sensors for the host. */
#ifndef MO_APP_THERMAL_H
#define MO_APP_THERMAL_H

#include "hw/mbox.h"

struct mo_app;

#define MO_MONITOR_US	1000000

enum mo_thermal_level {
	MO_THERMAL_NORMAL,
	MO_THERMAL_WARNING,
	MO_THERMAL_ALARM,	/* the link is taken down */
};

struct mo_thermal {
	enum mo_thermal_level level;
	uint8_t hot;		/* looks in a row above the alarm */
};

/* One look: module, board and chip. */
void mo_thermal_look(struct mo_app *app);
/* Body of SENSORS_GET. */
void mo_sensors_fill(const struct mo_app *app, struct mo_mb_sensors *out);

#endif /* MO_APP_THERMAL_H */
