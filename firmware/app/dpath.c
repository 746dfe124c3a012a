// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/dpath.h"

#include "app/app.h"
#include "hw/cmis.h"
#include "lib/log.h"
#include "lib/mem.h"

#define POLL_US			4000
#define CONFIG_MAX_US		500000
#define ACTIVE_MAX_US		10000000

static void step_done(struct mo_app *app, uint32_t step, enum mo_error error)
{
	struct mo_dpath *path = &app->dpath;

	if (step != path->step)
		return; /* of a step that was left */
	if (error != MO_OK)
		path->step_failed = true;
	if (--path->outstanding == 0)
		mo_dpath_event(app, path->step_failed ? MO_DPATH_EV_IO_ERROR :
							MO_DPATH_EV_IO_DONE);
}

static void step_write(struct mo_app *app, uint8_t offset, const uint8_t *data, uint8_t len)
{
	struct mo_dpath *path = &app->dpath;

	if (mo_cmis_write(app, 0, MO_CMIS_PAGE_10, offset, data, len, step_done,
			  path->step) == MO_OK)
		path->outstanding++;
	else
		path->step_failed = true;
}

static void step_begin(struct mo_app *app)
{
	app->dpath.step++;
	app->dpath.outstanding = 0;
	app->dpath.step_failed = false;
}

static void timer(struct mo_app *app, uint64_t after_us)
{
	mo_timers_set(&app->timers, MO_TIMER_DPATH, app->now_us + after_us);
}

/* Guards */

static bool all_lanes(const struct mo_app *app, uint8_t (*value)(const struct mo_module *,
								  uint32_t), uint8_t wanted)
{
	for (uint32_t lane = 0; lane < MO_MAX_LANES; lane++)
		if ((app->dpath.lanes & MO_BIT(lane)) && value(&app->module, lane) != wanted)
			return false;
	return true;
}

static bool g_configured(const struct mo_app *app)
{
	return all_lanes(app, mo_module_config_status, MO_CMIS_CONFIG_SUCCESS);
}

static bool g_rejected(const struct mo_app *app)
{
	for (uint32_t lane = 0; lane < MO_MAX_LANES; lane++) {
		uint8_t status = mo_module_config_status(&app->module, lane);

		if ((app->dpath.lanes & MO_BIT(lane)) && status > MO_CMIS_CONFIG_SUCCESS &&
		    status != MO_CMIS_CONFIG_IN_PROGRESS)
			return true;
	}
	return false;
}

static bool g_active(const struct mo_app *app)
{
	return all_lanes(app, mo_module_dp_state, MO_CMIS_DP_ACTIVATED);
}

static bool g_not_active(const struct mo_app *app)
{
	return !g_active(app);
}

static bool g_deadline(const struct mo_app *app)
{
	return app->now_us >= app->dpath.deadline_us;
}

/* Actions */

static void a_config(struct mo_app *app)
{
	static const uint8_t all = 0xff;
	const struct mo_dpath *path = &app->dpath;
	uint8_t config[MO_MAX_LANES] = { 0 };

	/* One data path from lane 0 on: data path id 0. */
	for (uint32_t lane = 0; lane < MO_MAX_LANES; lane++)
		if (path->lanes & MO_BIT(lane))
			config[lane] = (uint8_t)(path->selector << 4);
	app->dpath.rejected = false;
	step_begin(app);
	step_write(app, MO_CMIS_10_DP_DEINIT, &all, 1);
	step_write(app, MO_CMIS_10_CONFIG, config, sizeof(config));
	step_write(app, MO_CMIS_10_APPLY_DP_INIT, &path->lanes, 1);
	timer(app, CONFIG_MAX_US);
}

static void a_wait_config(struct mo_app *app)
{
	app->dpath.deadline_us = app->now_us + CONFIG_MAX_US;
	timer(app, POLL_US);
}

static void a_poll(struct mo_app *app)
{
	mo_module_poll(app);
	timer(app, POLL_US);
}

static void a_start(struct mo_app *app)
{
	const uint8_t deinit = (uint8_t)~app->dpath.lanes;

	step_begin(app);
	step_write(app, MO_CMIS_10_DP_DEINIT, &deinit, 1);
	timer(app, CONFIG_MAX_US);
}

static void a_wait_active(struct mo_app *app)
{
	app->dpath.deadline_us = app->now_us + ACTIVE_MAX_US;
	timer(app, POLL_US);
}

static void a_active(struct mo_app *app)
{
	mo_timers_stop(&app->timers, MO_TIMER_DPATH);
	mo_link_event(app, MO_LINK_EV_PATH_ACTIVE);
}

static void a_failed(struct mo_app *app)
{
	mo_timers_stop(&app->timers, MO_TIMER_DPATH);
	app->dpath.step++;
	mo_log("module: data path of application %u does not come up",
	       (unsigned int)app->dpath.selector);
	mo_link_event(app, MO_LINK_EV_PATH_FAILED);
}

static void a_rejected(struct mo_app *app)
{
	app->dpath.rejected = true;
	a_failed(app);
}

static void a_stop(struct mo_app *app)
{
	static const uint8_t all = 0xff;

	step_begin(app);
	step_write(app, MO_CMIS_10_DP_DEINIT, &all, 1);
	timer(app, CONFIG_MAX_US);
}

static void a_down(struct mo_app *app)
{
	mo_timers_stop(&app->timers, MO_TIMER_DPATH);
	app->dpath.step++;
}

#define ANY	0xff

static const struct dpath_row {
	uint8_t state;
	uint8_t event;
	bool (*guard)(const struct mo_app *app);
	void (*action)(struct mo_app *app);
	uint8_t next;
} dpath_rows[] = {
	{ ANY, MO_DPATH_EV_START, NULL, a_config, MO_DPATH_CONFIG },
	{ ANY, MO_DPATH_EV_LOST, NULL, a_down, MO_DPATH_DOWN },
	{ MO_DPATH_DOWN, ANY, NULL, NULL, MO_DPATH_DOWN },
	{ ANY, MO_DPATH_EV_STOP, NULL, a_stop, MO_DPATH_STOP },

	{ MO_DPATH_CONFIG, MO_DPATH_EV_IO_DONE, NULL, a_wait_config, MO_DPATH_WAIT_CONFIG },
	{ MO_DPATH_CONFIG, MO_DPATH_EV_IO_ERROR, NULL, a_failed, MO_DPATH_FAILED },
	{ MO_DPATH_CONFIG, MO_DPATH_EV_TIMER, NULL, a_failed, MO_DPATH_FAILED },

	{ MO_DPATH_WAIT_CONFIG, MO_DPATH_EV_STATUS, g_configured, a_start, MO_DPATH_START },
	{ MO_DPATH_WAIT_CONFIG, MO_DPATH_EV_STATUS, g_rejected, a_rejected, MO_DPATH_FAILED },
	{ MO_DPATH_WAIT_CONFIG, MO_DPATH_EV_TIMER, g_deadline, a_failed, MO_DPATH_FAILED },
	{ MO_DPATH_WAIT_CONFIG, MO_DPATH_EV_TIMER, NULL, a_poll, MO_DPATH_WAIT_CONFIG },

	{ MO_DPATH_START, MO_DPATH_EV_IO_DONE, NULL, a_wait_active, MO_DPATH_WAIT_ACTIVE },
	{ MO_DPATH_START, MO_DPATH_EV_IO_ERROR, NULL, a_failed, MO_DPATH_FAILED },
	{ MO_DPATH_START, MO_DPATH_EV_TIMER, NULL, a_failed, MO_DPATH_FAILED },

	{ MO_DPATH_WAIT_ACTIVE, MO_DPATH_EV_STATUS, g_active, a_active, MO_DPATH_ACTIVE },
	{ MO_DPATH_WAIT_ACTIVE, MO_DPATH_EV_TIMER, g_deadline, a_failed, MO_DPATH_FAILED },
	{ MO_DPATH_WAIT_ACTIVE, MO_DPATH_EV_TIMER, NULL, a_poll, MO_DPATH_WAIT_ACTIVE },

	/* Somebody or the module itself took it down. */
	{ MO_DPATH_ACTIVE, MO_DPATH_EV_STATUS, g_not_active, a_failed, MO_DPATH_FAILED },

	{ MO_DPATH_STOP, MO_DPATH_EV_IO_DONE, NULL, a_down, MO_DPATH_DOWN },
	{ MO_DPATH_STOP, MO_DPATH_EV_IO_ERROR, NULL, a_down, MO_DPATH_DOWN },
	{ MO_DPATH_STOP, MO_DPATH_EV_TIMER, NULL, a_down, MO_DPATH_DOWN },
};

void mo_dpath_event(struct mo_app *app, enum mo_dpath_event event)
{
	for (uint32_t i = 0; i < sizeof(dpath_rows) / sizeof(dpath_rows[0]); i++) {
		const struct dpath_row *row = &dpath_rows[i];

		if ((row->state != ANY && row->state != app->dpath.fsm) ||
		    (row->event != ANY && row->event != event) ||
		    (row->guard && !row->guard(app)))
			continue;
		app->dpath.fsm = (enum mo_dpath_fsm)row->next;
		if (row->action)
			row->action(app);
		return;
	}
}

void mo_dpath_start(struct mo_app *app, uint8_t selector, uint8_t lanes)
{
	app->dpath.selector = selector;
	app->dpath.lanes = lanes;
	mo_dpath_event(app, MO_DPATH_EV_START);
}

void mo_dpath_stop(struct mo_app *app)
{
	mo_dpath_event(app, app->module.fsm == MO_MODULE_READY ? MO_DPATH_EV_STOP :
								  MO_DPATH_EV_LOST);
}
