// SPDX-License-Identifier: GPL-2.0-or-later
/* The module's state machine; what its pages say is in module_info.c. */
#include "app/module.h"

#include "app/app.h"
#include "drv/cage.h"
#include "hw/cmis.h"
#include "hw/event.h"
#include "lib/log.h"
#include "lib/mem.h"

#define RESET_PULSE_US		10000
#define PROBE_US		5000
#define MGMT_INIT_MAX_US	2000000	/* CMIS table 6-4 */
#define POLL_US			20000
#define POWER_MAX_US		10000000
#define RETRY_US		5000000

enum module_status {
	MODULE_PRESENT = 1,
	MODULE_GONE = 0,
	MODULE_CHANGED = 2,
};

static bool wants_high(const struct mo_module *module)
{
	return module->want_high || module->policy == MO_MODULE_POWER_HIGH;
}

/* Steps of several transfers: each is counted, the last one posts the event. */
static void step_done(struct mo_app *app, uint32_t fsm, enum mo_error error)
{
	struct mo_module *module = &app->module;

	if (module->fsm != fsm || error == MO_ERR_STATE)
		return; /* of a step that was left */
	if (error != MO_OK)
		module->step_failed = true;
	if (--module->outstanding == 0)
		mo_module_event(app, module->step_failed ? MO_MODULE_EV_IO_ERROR :
							   MO_MODULE_EV_IO_DONE);
}

static void step_add(struct mo_app *app, enum mo_error error)
{
	if (error == MO_OK)
		app->module.outstanding++;
	else
		app->module.step_failed = true;
}

static void step_begin(struct mo_app *app)
{
	app->module.outstanding = 0;
	app->module.step_failed = false;
}

/* Guards */

static bool g_deadline(const struct mo_app *app)
{
	return app->now_us >= app->module.deadline_us;
}

static bool g_ready(const struct mo_app *app)
{
	return app->module.cmis_state == MO_CMIS_STATE_READY;
}

static bool g_not_ready(const struct mo_app *app)
{
	return !g_ready(app);
}

static bool g_low(const struct mo_app *app)
{
	return app->module.cmis_state == MO_CMIS_STATE_LOW_PWR;
}

static bool g_fault(const struct mo_app *app)
{
	return app->module.cmis_state == MO_CMIS_STATE_FAULT;
}

static bool g_want_high(const struct mo_app *app)
{
	return wants_high(&app->module);
}

static bool g_want_low(const struct mo_app *app)
{
	return !wants_high(&app->module);
}

static bool g_in_use(const struct mo_app *app)
{
	return app->module.known && app->link.lasers;
}

static uint8_t state_of(const uint8_t *lower)
{
	return (lower[MO_CMIS_LOW_STATE] & MO_CMIS_LOW_STATE_MASK) >> MO_CMIS_LOW_STATE_SHIFT;
}

static bool g_same_module(const struct mo_app *app)
{
	const struct mo_module *module = &app->module;

	/* Still in ModuleReady, thus not reset in between. */
	return module->known && state_of(module->poll_lower) == MO_CMIS_STATE_READY;
}

static bool g_present(const struct mo_app *app)
{
	(void)app;
	return mo_cage_present();
}

/* Actions. They see the new state. */

static void timer(struct mo_app *app, uint64_t after_us)
{
	mo_timers_set(&app->timers, MO_TIMER_MODULE, app->now_us + after_us);
}

static void forget(struct mo_app *app)
{
	struct mo_module *module = &app->module;

	mo_timers_stop(&app->timers, MO_TIMER_MODULE);
	module->polling = false;
	module->known = false;
	module->cmis_state = 0;
	module->fault = 0;
	module->has_state = false;
	memset(module->lower, 0, sizeof(module->lower));
	memset(module->pages, 0, sizeof(module->pages));
	memset(module->state, 0, sizeof(module->state));
	memset(module->module_flags, 0, sizeof(module->module_flags));
	memset(module->lane_flags, 0, sizeof(module->lane_flags));
	mo_cmis_flush(app);
}

static void a_gone(struct mo_app *app)
{
	forget(app);
	app->module.trouble = MO_REASON_NONE;
	mo_cage_control(true, true);
	mo_log("module: unplugged");
}

static void a_reset(struct mo_app *app)
{
	forget(app);
	mo_cage_control(true, true);
	timer(app, RESET_PULSE_US);
}

static void probe(struct mo_app *app)
{
	step_begin(app);
	step_add(app, mo_cmis_probe(app, 0, 4, app->module.lower, step_done,
				    MO_MODULE_WAIT_MGMT));
	if (app->module.step_failed)
		timer(app, PROBE_US);
}

static void a_release(struct mo_app *app)
{
	mo_cage_control(false, true);
	app->module.deadline_us = app->now_us + MGMT_INIT_MAX_US;
	timer(app, PROBE_US);
}

static void a_probe(struct mo_app *app)
{
	probe(app);
}

static void a_probe_later(struct mo_app *app)
{
	timer(app, PROBE_US);
}

static void a_identify(struct mo_app *app)
{
	struct mo_module *module = &app->module;

	step_begin(app);
	step_add(app, mo_cmis_read(app, 0, 0, 0, MO_PAGE_LEN, module->lower, step_done,
				   MO_MODULE_IDENTIFY));
	for (uint8_t page = 0; page < MO_MODULE_STATIC_PAGES; page++)
		step_add(app, mo_cmis_read(app, 0, page, 128, MO_PAGE_LEN,
					   module->pages[page], step_done,
					   MO_MODULE_IDENTIFY));
	timer(app, RETRY_US);
}

static void check_sum(const struct mo_module *module, uint32_t page, uint32_t first,
		      uint32_t last)
{
	uint8_t sum = 0;

	for (uint32_t i = first; i < last; i++)
		sum = (uint8_t)(sum + mo_module_byte(module, page, i));
	if (sum != mo_module_byte(module, page, last))
		mo_log("module: page %02xh has a wrong checksum", (unsigned int)page);
}

static void a_setup(struct mo_app *app)
{
	/* Of the flags only changes of state, temperature and Tx faults interrupt:
	 * levels of light are the SerDes' business, and faster there. */
	static const uint8_t masks[MO_CMIS_LOW_FLAGS_LEN] = { 0xfe, 0xf0, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t lane_masks[MO_CMIS_11_LANE_FLAGS_LEN] = {
		0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	};
	static const uint8_t deinit = 0xff;
	struct mo_module *module = &app->module;
	char vendor[MO_CMIS_00_VENDOR_LEN + 1] = { 0 };
	char part[MO_CMIS_00_PART_LEN + 1] = { 0 };

	module->known = true;
	mo_module_copy(module, MO_CMIS_PAGE_00, MO_CMIS_00_VENDOR, vendor, MO_CMIS_00_VENDOR_LEN);
	mo_module_copy(module, MO_CMIS_PAGE_00, MO_CMIS_00_PART, part, MO_CMIS_00_PART_LEN);
	mo_log("module: %s %s, CMIS %u.%u", vendor, part,
	       (unsigned int)(module->lower[MO_CMIS_LOW_REVISION] >> 4),
	       (unsigned int)(module->lower[MO_CMIS_LOW_REVISION] & 15));
	check_sum(module, MO_CMIS_PAGE_00, MO_CMIS_00_ID, MO_CMIS_00_CHECKSUM);
	check_sum(module, MO_CMIS_PAGE_01, MO_CMIS_01_HW_MAJOR, MO_CMIS_01_CHECKSUM);
	check_sum(module, MO_CMIS_PAGE_02, MO_CMIS_02_TEMP_LIMITS, MO_CMIS_02_CHECKSUM);
	step_begin(app);
	step_add(app, mo_cmis_write(app, 0, 0, MO_CMIS_LOW_MASKS, masks, sizeof(masks), step_done,
				    MO_MODULE_SETUP));
	step_add(app, mo_cmis_write(app, 0, MO_CMIS_PAGE_10, MO_CMIS_10_DP_DEINIT, &deinit, 1,
				    step_done, MO_MODULE_SETUP));
	step_add(app, mo_cmis_write(app, 0, MO_CMIS_PAGE_10, MO_CMIS_10_LANE_MASKS, lane_masks,
				    sizeof(lane_masks), step_done, MO_MODULE_SETUP));
	timer(app, RETRY_US);
}

static void a_low(struct mo_app *app)
{
	mo_timers_stop(&app->timers, MO_TIMER_MODULE);
	mo_module_poll(app);
	mo_module_event(app, MO_MODULE_EV_POWER);
}

static void a_power_up(struct mo_app *app)
{
	mo_cage_control(false, false);
	app->module.deadline_us = app->now_us + POWER_MAX_US;
	timer(app, POLL_US);
}

static void a_power_down(struct mo_app *app)
{
	mo_cage_control(false, true);
	app->module.deadline_us = app->now_us + POWER_MAX_US;
	timer(app, POLL_US);
}

static void a_poll(struct mo_app *app)
{
	mo_module_poll(app);
	timer(app, POLL_US);
}

static void a_ready(struct mo_app *app)
{
	app->module.trouble = MO_REASON_NONE;
	mo_timers_stop(&app->timers, MO_TIMER_MODULE);
	mo_log("module: ready");
	mo_module_event(app, MO_MODULE_EV_POWER);
}

static void a_fault(struct mo_app *app)
{
	app->module.trouble = MO_REASON_MODULE_FAULT;
	mo_log("module: fault, cause %u", (unsigned int)app->module.fault);
	timer(app, RETRY_US);
}

static void a_timeout(struct mo_app *app)
{
	mo_log("module: no state change in time");
	timer(app, RETRY_US);
}

static void a_io_error(struct mo_app *app)
{
	app->module.trouble = MO_REASON_MODULE_IO;
	app->module.has_state = false;
	mo_log("module: does not answer on its bus");
	timer(app, RETRY_US);
}

/* A link is up: the module is left alone, but asked whether it answers again. */
static void a_ask_again(struct mo_app *app)
{
	step_begin(app);
	step_add(app, mo_cmis_probe(app, 0, 4, app->module.poll_lower, step_done,
				    MO_MODULE_IO_ERROR));
	timer(app, RETRY_US);
}

static void a_answers(struct mo_app *app)
{
	app->module.trouble = MO_REASON_NONE;
	mo_timers_stop(&app->timers, MO_TIMER_MODULE);
	mo_log("module: answers again");
	mo_module_poll(app);
}

#define ANY	0xff

static const struct module_row {
	uint8_t state;
	uint8_t event;
	bool (*guard)(const struct mo_app *app);
	void (*action)(struct mo_app *app);
	uint8_t next;
} module_rows[] = {
	{ ANY, MO_MODULE_EV_UNPLUGGED, NULL, a_gone, MO_MODULE_ABSENT },
	{ ANY, MO_MODULE_EV_PLUGGED, NULL, a_reset, MO_MODULE_RESET },
	{ MO_MODULE_ABSENT, MO_MODULE_EV_RESET, g_present, a_reset, MO_MODULE_RESET },
	{ MO_MODULE_ABSENT, ANY, NULL, NULL, MO_MODULE_ABSENT },
	{ ANY, MO_MODULE_EV_RESET, NULL, a_reset, MO_MODULE_RESET },

	{ MO_MODULE_RESET, MO_MODULE_EV_TIMER, NULL, a_release, MO_MODULE_WAIT_MGMT },

	{ MO_MODULE_WAIT_MGMT, MO_MODULE_EV_TIMER, NULL, a_probe, MO_MODULE_WAIT_MGMT },
	{ MO_MODULE_WAIT_MGMT, MO_MODULE_EV_IO_DONE, NULL, a_identify, MO_MODULE_IDENTIFY },
	{ MO_MODULE_WAIT_MGMT, MO_MODULE_EV_IO_ERROR, g_deadline, a_io_error,
	  MO_MODULE_IO_ERROR },
	{ MO_MODULE_WAIT_MGMT, MO_MODULE_EV_IO_ERROR, NULL, a_probe_later,
	  MO_MODULE_WAIT_MGMT },

	{ MO_MODULE_IDENTIFY, MO_MODULE_EV_IO_DONE, NULL, a_setup, MO_MODULE_SETUP },
	{ MO_MODULE_IDENTIFY, MO_MODULE_EV_IO_ERROR, NULL, a_io_error, MO_MODULE_IO_ERROR },
	{ MO_MODULE_IDENTIFY, MO_MODULE_EV_TIMER, NULL, a_reset, MO_MODULE_RESET },

	{ MO_MODULE_SETUP, MO_MODULE_EV_IO_DONE, NULL, a_low, MO_MODULE_LOW_POWER },
	{ MO_MODULE_SETUP, MO_MODULE_EV_IO_ERROR, NULL, a_io_error, MO_MODULE_IO_ERROR },
	{ MO_MODULE_SETUP, MO_MODULE_EV_TIMER, NULL, a_reset, MO_MODULE_RESET },

	{ MO_MODULE_LOW_POWER, MO_MODULE_EV_STATUS, g_fault, a_fault, MO_MODULE_FAULT },
	{ MO_MODULE_LOW_POWER, MO_MODULE_EV_POWER, g_want_high, a_power_up,
	  MO_MODULE_POWER_UP },

	{ MO_MODULE_POWER_UP, MO_MODULE_EV_STATUS, g_fault, a_fault, MO_MODULE_FAULT },
	{ MO_MODULE_POWER_UP, MO_MODULE_EV_STATUS, g_ready, a_ready, MO_MODULE_READY },
	{ MO_MODULE_POWER_UP, MO_MODULE_EV_TIMER, g_deadline, a_timeout, MO_MODULE_FAULT },
	{ MO_MODULE_POWER_UP, MO_MODULE_EV_TIMER, NULL, a_poll, MO_MODULE_POWER_UP },
	{ MO_MODULE_POWER_UP, MO_MODULE_EV_POWER, g_want_low, a_power_down,
	  MO_MODULE_POWER_DOWN },

	{ MO_MODULE_READY, MO_MODULE_EV_STATUS, g_fault, a_fault, MO_MODULE_FAULT },
	{ MO_MODULE_READY, MO_MODULE_EV_STATUS, g_not_ready, a_power_up, MO_MODULE_POWER_UP },
	{ MO_MODULE_READY, MO_MODULE_EV_POWER, g_want_low, a_power_down,
	  MO_MODULE_POWER_DOWN },

	{ MO_MODULE_POWER_DOWN, MO_MODULE_EV_STATUS, g_fault, a_fault, MO_MODULE_FAULT },
	{ MO_MODULE_POWER_DOWN, MO_MODULE_EV_STATUS, g_low, a_low, MO_MODULE_LOW_POWER },
	{ MO_MODULE_POWER_DOWN, MO_MODULE_EV_TIMER, g_deadline, a_timeout, MO_MODULE_FAULT },
	{ MO_MODULE_POWER_DOWN, MO_MODULE_EV_TIMER, NULL, a_poll, MO_MODULE_POWER_DOWN },
	{ MO_MODULE_POWER_DOWN, MO_MODULE_EV_POWER, g_want_high, a_power_up,
	  MO_MODULE_POWER_UP },

	/* In these the bus may work again, or the cause be gone, after a reset. */
	{ MO_MODULE_FAULT, MO_MODULE_EV_TIMER, NULL, a_reset, MO_MODULE_RESET },
	{ MO_MODULE_IO_ERROR, MO_MODULE_EV_IO_DONE, g_same_module, a_answers, MO_MODULE_READY },
	{ MO_MODULE_IO_ERROR, MO_MODULE_EV_IO_DONE, NULL, a_reset, MO_MODULE_RESET },
	{ MO_MODULE_IO_ERROR, MO_MODULE_EV_TIMER, g_in_use, a_ask_again, MO_MODULE_IO_ERROR },
	{ MO_MODULE_IO_ERROR, MO_MODULE_EV_TIMER, NULL, a_reset, MO_MODULE_RESET },
};

static uint16_t reason_of(enum mo_module_fsm fsm)
{
	switch (fsm) {
	case MO_MODULE_ABSENT:
		return MO_REASON_NO_MODULE;
	case MO_MODULE_FAULT:
		return MO_REASON_MODULE_FAULT;
	case MO_MODULE_IO_ERROR:
		return MO_REASON_MODULE_IO;
	case MO_MODULE_READY:
		return MO_REASON_NONE;
	default:
		return MO_REASON_MODULE_NOT_READY;
	}
}

void mo_module_event(struct mo_app *app, enum mo_module_event event)
{
	struct mo_module *module = &app->module;

	for (uint32_t i = 0; i < sizeof(module_rows) / sizeof(module_rows[0]); i++) {
		const struct module_row *row = &module_rows[i];
		enum mo_module_fsm from = module->fsm;

		if ((row->state != ANY && row->state != from) ||
		    (row->event != ANY && row->event != event) ||
		    (row->guard && !row->guard(app)))
			continue;
		module->fsm = (enum mo_module_fsm)row->next;
		if (module->fsm != from) {
			mo_recorder_add(&app->recorder, app->now_us * 1000,
					MO_RECORD_MODULE, (uint8_t)from,
					(uint8_t)module->fsm, reason_of(module->fsm),
					module->fault);
			mo_app_event(app, MO_EVENT_MODULE,
				     module->fsm == MO_MODULE_ABSENT ? MODULE_GONE :
				     from == MO_MODULE_ABSENT ? MODULE_PRESENT :
								MODULE_CHANGED, 0);
		}
		if (row->action)
			row->action(app);
		if (module->fsm != from) {
			mo_link_event(app, MO_LINK_EV_MODULE);
			if (app->started)
				mo_optics_publish(app);
		}
		return;
	}
}

void mo_module_want(struct mo_app *app, bool high)
{
	if (app->module.want_high != high) {
		app->module.want_high = high;
		mo_module_event(app, MO_MODULE_EV_POWER);
	}
}

static void take_flags(uint8_t *flags, const uint8_t *from, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		flags[i] |= from[i];
}

static void poll_done(struct mo_app *app, uint32_t last, enum mo_error error)
{
	struct mo_module *module = &app->module;

	if (error == MO_ERR_STATE)
		return; /* flushed; forget() has cleaned up */
	if (error != MO_OK) {
		module->polling = false;
		if (last && mo_module_managed(module)) {
			/* Answered before, not any more. */
			mo_recorder_add(&app->recorder, app->now_us * 1000,
					MO_RECORD_MODULE, (uint8_t)module->fsm,
					MO_MODULE_IO_ERROR, MO_REASON_MODULE_IO, 0);
			module->fsm = MO_MODULE_IO_ERROR;
			a_io_error(app);
			mo_link_event(app, MO_LINK_EV_MODULE);
		}
		return;
	}
	if (!last)
		return;
	module->polling = false;
	memcpy(module->lower, module->poll_lower, sizeof(module->poll_lower));
	memcpy(module->state, module->poll_state, sizeof(module->state));
	module->has_state = true;
	take_flags(module->module_flags, &module->poll_lower[MO_CMIS_LOW_FLAGS],
		   MO_CMIS_LOW_FLAGS_LEN);
	take_flags(module->lane_flags, &module->poll_state[MO_CMIS_11_LANE_FLAGS - MO_PAGE_LEN],
		   MO_CMIS_11_LANE_FLAGS_LEN);
	module->cmis_state = state_of(module->lower);
	mo_module_event(app, MO_MODULE_EV_STATUS);
	mo_dpath_event(app, MO_DPATH_EV_STATUS);
}

void mo_module_poll(struct mo_app *app)
{
	struct mo_module *module = &app->module;

	if (module->polling || !mo_module_managed(module))
		return;
	module->polling = true;
	if (mo_cmis_read(app, 0, 0, 0, sizeof(module->poll_lower), module->poll_lower,
			 poll_done, 0) != MO_OK ||
	    mo_cmis_read(app, 0, 0, MO_CMIS_LOW_FAULT_CAUSE, 1, &module->fault, poll_done, 0) !=
	    MO_OK ||
	    mo_cmis_read(app, 0, MO_CMIS_PAGE_11, MO_PAGE_LEN, MO_PAGE_LEN, module->poll_state,
			 poll_done, 1) != MO_OK)
		module->polling = false;
}

void mo_module_interrupt(struct mo_app *app)
{
	uint32_t changed = mo_cage_take_changed();

	if (changed & MO_CAGE_CHANGED_PRESENCE) {
		/* Pulled and plugged between two looks is a new module, too. */
		if (app->module.fsm != MO_MODULE_ABSENT)
			mo_module_event(app, MO_MODULE_EV_UNPLUGGED);
		if (mo_cage_present())
			mo_module_event(app, MO_MODULE_EV_PLUGGED);
		return;
	}
	if (changed & MO_CAGE_CHANGED_INTERRUPT)
		mo_module_poll(app);
}

void mo_module_timer(struct mo_app *app)
{
	mo_module_event(app, MO_MODULE_EV_TIMER);
}

void mo_module_init(struct mo_app *app)
{
	app->module.fsm = MO_MODULE_ABSENT;
	app->module.policy = MO_MODULE_POWER_AUTO;
	mo_cage_control(true, true);
	if (mo_cage_present())
		mo_module_event(app, MO_MODULE_EV_PLUGGED);
}
