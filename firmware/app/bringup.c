// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/bringup.h"

#include "app/app.h"
#include "app/link.h"
#include "drv/laser.h"
#include "drv/mac.h"
#include "drv/pcs.h"
#include "drv/serdes.h"
#include "lib/log.h"
#include "lib/mem.h"

/* Taps that undo the trace from the chip to the cage, as measured on the boards. */
static const struct mo_fir board_fir = {
	.pre2 = MO_SOC_FIR_PRE2,
	.pre1 = MO_SOC_FIR_PRE1,
	.main = MO_SOC_FIR_MAIN,
	.post1 = MO_SOC_FIR_POST1,
};

static void check(enum mo_error error)
{
	if (error != MO_OK)
		mo_log("link: %s", mo_error_text(error));
}

void mo_bringup_down(struct mo_app *app, enum mo_link_reason reason)
{
	struct mo_link_state *state = &app->link.state;

	if (!state->carrier)
		return;
	mo_mac_close();
	state->carrier = 0;
	state->last_reason = reason;
	state->down_count++;
	state->changed_ns = app->now_us * 1000;
	app->link.started_us = 0;
	app->link.changed = true;
}

/* Why the link ends that is being taken down as a whole. */
static enum mo_link_reason stop_reason(const struct mo_app *app)
{
	if (!app->link.state.admin_up)
		return MO_REASON_ADMIN_DOWN;
	switch (app->module.fsm) {
	case MO_MODULE_ABSENT:
		return MO_REASON_NO_MODULE;
	case MO_MODULE_FAULT:
		return MO_REASON_MODULE_FAULT;
	case MO_MODULE_IO_ERROR:
		return MO_REASON_MODULE_IO;
	case MO_MODULE_READY:
		break;
	default:
		return MO_REASON_MODULE_NOT_READY;
	}
	return app->thermal.level == MO_THERMAL_ALARM ? MO_REASON_OVERHEAT : MO_REASON_STARTING;
}

void mo_bringup_stop(struct mo_app *app)
{
	struct mo_link *link = &app->link;

	mo_bringup_down(app, stop_reason(app));
	mo_timers_stop(&app->timers, MO_TIMER_LINK);
	if (!link->lasers)
		return;
	link->lasers = false;
	mo_laser_allow(false);
	mo_pcs_stop();
	for (uint32_t lane = 0; lane < app->lanes; lane++)
		check(mo_serdes_enable(lane, false, false));
	mo_dpath_stop(app);
	link->lanes = 0;
	link->stable_us = 0;
	mo_lanes_reset(app);
}

void mo_bringup_start(struct mo_app *app)
{
	struct mo_link *link = &app->link;
	struct mo_link_state *state = &link->state;
	const struct mo_mode *mode = link->mode;
	uint8_t lanes = (uint8_t)(MO_BIT(mode->lanes) - 1);
	uint8_t fec = mo_link_choose_fec(mode, link->want_fec);

	link->lanes = lanes;
	link->lasers = true;
	link->changed = true;
	state->mode = mode->mode;
	state->speed_mbps = mode->mbps;
	state->lanes = mode->lanes;
	state->fec = fec;
	/* The module wants a signal from the host before its data path initialises. */
	for (uint32_t lane = 0; lane < mode->lanes; lane++) {
		check(mo_serdes_configure(lane, mode->rate, &board_fir));
		check(mo_serdes_enable(lane, true, true));
	}
	check(mo_pcs_start(lanes, fec));
	mo_laser_allow(true);
	mo_lanes_reset(app);
	mo_dpath_start(app, mo_module_app(&app->module, mode->mode), lanes);
}

void mo_bringup_adapt(struct mo_app *app)
{
	for (uint32_t lane = 0; lane < app->lanes; lane++)
		if (app->link.lanes & MO_BIT(lane))
			check(mo_serdes_adapt(lane));
}

void mo_bringup_hold(struct mo_app *app, bool hold)
{
	if (app->link.lasers)
		mo_pcs_hold(hold);
}

void mo_bringup_up(struct mo_app *app)
{
	struct mo_link *link = &app->link;
	struct mo_link_state *state = &link->state;

	state->carrier = 1;
	state->changed_ns = app->now_us * 1000;
	state->up_ns = (app->now_us - link->started_us) * 1000;
	link->started_us = 0;
	link->changed = true;
	check(mo_mac_open(link->mode->mbps));
	mo_lanes_reset(app);
}

uint8_t mo_bringup_tx_faults(const struct mo_app *app)
{
	uint8_t faults = 0;

	for (uint32_t lane = 0; lane < app->lanes; lane++)
		if ((app->link.lanes & MO_BIT(lane)) &&
		    (mo_laser_status(lane) & (MO_LASER_EMITS | MO_LASER_FAULT)) !=
		    MO_LASER_EMITS)
			faults |= (uint8_t)MO_BIT(lane);
	return faults;
}
