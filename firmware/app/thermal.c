// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/thermal.h"

#include "app/app.h"
#include "drv/laser.h"
#include "drv/sensor.h"
#include "hw/event.h"
#include "lib/log.h"
#include "lib/mem.h"

/* Limits in 1/1000 degree C. */
#define MODULE_WARN_MC		70000	/* when the module names none */
#define MODULE_ALARM_MC		75000
#define BOARD_WARN_MC		85000
#define BOARD_ALARM_MC		95000
#define ASIC_WARN_MC		95000
#define ASIC_ALARM_MC		105000
#define HYSTERESIS_MC		5000
#define ALARM_LOOKS		3	/* one look may err */

struct limits {
	int32_t warn_mc;
	int32_t alarm_mc;
};

/* Four s16 in 1/256 degree C: high alarm, low alarm, high warning, low warning. */
static struct limits module_limits(const struct mo_module *module)
{
	struct limits limits = { MODULE_WARN_MC, MODULE_ALARM_MC };

	if (mo_module_identified(module)) {
		const uint8_t *at = &module->pages[MO_CMIS_PAGE_02][MO_CMIS_02_TEMP_LIMITS -
								    MO_PAGE_LEN];
		int32_t alarm = (int16_t)mo_be16(&at[0]);
		int32_t warn = (int16_t)mo_be16(&at[4]);

		if (alarm > 0 && warn > 0 && warn <= alarm) {
			limits.alarm_mc = alarm * 1000 / 256;
			limits.warn_mc = warn * 1000 / 256;
		}
	}
	return limits;
}

static enum mo_thermal_level grade(int32_t temp_mc, struct limits limits,
				   enum mo_thermal_level was)
{
	int32_t less = was == MO_THERMAL_ALARM ? HYSTERESIS_MC : 0;

	if (temp_mc >= limits.alarm_mc - less)
		return MO_THERMAL_ALARM;
	less = was == MO_THERMAL_NORMAL ? 0 : HYSTERESIS_MC;
	return temp_mc >= limits.warn_mc - less ? MO_THERMAL_WARNING : MO_THERMAL_NORMAL;
}

static enum mo_thermal_level worse(enum mo_thermal_level a, enum mo_thermal_level b)
{
	return a > b ? a : b;
}

void mo_thermal_look(struct mo_app *app)
{
	struct mo_thermal *thermal = &app->thermal;
	struct mo_sensor_values values;
	enum mo_thermal_level was = thermal->level;
	enum mo_thermal_level level;

	mo_sensor_read(&values);
	level = worse(grade(values.board_mc, (struct limits){ BOARD_WARN_MC, BOARD_ALARM_MC },
			    was),
		      grade(values.asic_mc, (struct limits){ ASIC_WARN_MC, ASIC_ALARM_MC }, was));
	if (app->module.fsm != MO_MODULE_ABSENT)
		level = worse(level, grade(mo_laser_case_temp(), module_limits(&app->module),
					   was));
	if (level == MO_THERMAL_ALARM && was != MO_THERMAL_ALARM) {
		if (++thermal->hot < ALARM_LOOKS)
			level = MO_THERMAL_WARNING;
	} else {
		thermal->hot = 0;
	}
	if (level == was)
		return;
	thermal->level = level;
	mo_log("temperature: %s", level == MO_THERMAL_ALARM ? "alarm" :
	       level == MO_THERMAL_WARNING ? "warning" : "normal");
	mo_app_event(app, MO_EVENT_THERMAL, (uint8_t)level, 0);
	if (level == MO_THERMAL_ALARM || was == MO_THERMAL_ALARM)
		mo_link_event(app, MO_LINK_EV_THERMAL);
}

static struct mo_mb_sensor *add(struct mo_mb_sensors *out, uint8_t kind, const char *label,
				uint64_t value, int32_t high, int32_t critical)
{
	struct mo_mb_sensor *sensor = &out->sensor[out->count];

	out->count++;
	sensor->kind = kind;
	sensor->value = value;
	sensor->high = (__le32)high;
	sensor->critical = (__le32)critical;
	for (uint32_t i = 0; label[i] && i + 1 < sizeof(sensor->label); i++)
		sensor->label[i] = (__u8)label[i];
	return sensor;
}

/* Without a module its sensors stay in the list, where they always are, and say so. */
static void add_module(const struct mo_app *app, struct mo_mb_sensors *out, uint8_t kind,
		       uint64_t value, int32_t high, int32_t critical)
{
	struct mo_mb_sensor *sensor = add(out, kind, "module", value, high, critical);

	if (!mo_module_identified(&app->module)) {
		sensor->value = 0;
		sensor->flags = MO_SENSOR_F_ABSENT;
	}
}

void mo_sensors_fill(const struct mo_app *app, struct mo_mb_sensors *out)
{
	struct limits limits = module_limits(&app->module);
	struct mo_sensor_values values;

	memset(out, 0, sizeof(*out));
	mo_sensor_read(&values);
	add(out, MO_SENSOR_TEMP, "board", (uint64_t)(int64_t)values.board_mc, BOARD_WARN_MC,
	    BOARD_ALARM_MC);
	add(out, MO_SENSOR_TEMP, "asic", (uint64_t)(int64_t)values.asic_mc, ASIC_WARN_MC,
	    ASIC_ALARM_MC);
	add_module(app, out, MO_SENSOR_TEMP, (uint64_t)(int64_t)mo_laser_case_temp(),
		   limits.warn_mc, limits.alarm_mc);
	add(out, MO_SENSOR_VOLT, "core", values.core_mv, 0, 0);
	add(out, MO_SENSOR_VOLT, "io", values.io_mv, 0, 0);
	add_module(app, out, MO_SENSOR_VOLT,
		   mo_be16(&app->module.lower[MO_CMIS_LOW_VCC]) / 10U, 0, 0);
	add(out, MO_SENSOR_POWER, "board", (uint64_t)values.power_mw * 1000, 0, 0);
	add(out, MO_SENSOR_ENERGY, "board", values.energy_uj, 0, 0);
}
