// SPDX-License-Identifier: GPL-2.0-or-later
/* The link towards the host: what it asks for and what it is told. */
#include "app/app.h"
#include "app/link.h"
#include "drv/mac.h"
#include "drv/pcs.h"
#include "drv/serdes.h"

#define FEC_ALL (MO_FEC_OFF | MO_FEC_BASER | MO_FEC_RS528 | MO_FEC_RS544 | MO_FEC_AUTO)

void mo_link_init(struct mo_app *app)
{
	struct mo_link *link = &app->link;

	link->want_modes = mo_link_port_modes(app);
	link->want_fec = MO_FEC_AUTO;
	link->state.fsm = MO_LINK_OFF;
	link->state.reason = MO_REASON_ADMIN_DOWN;
	link->state.fec_request = MO_FEC_AUTO;
	link->changed = true;
	mo_link_publish(app);
}

/* Whether what runs is still what would be chosen. */
static bool still_right(const struct mo_app *app)
{
	const struct mo_link *link = &app->link;
	const struct mo_mode *mode;

	if (!link->lasers)
		return false;
	mode = mo_link_choose(link->want_modes & mo_module_modes(&app->module), link->want_fec);
	return mode == link->mode && mo_link_choose_fec(mode, link->want_fec) == link->state.fec;
}

enum mo_mb_status mo_link_set(struct mo_app *app, const struct mo_mb_link_set *set)
{
	struct mo_link *link = &app->link;
	uint32_t modes = set->mask & MO_LINK_SET_MODES ? set->modes : link->want_modes;
	uint8_t fec = set->mask & MO_LINK_SET_FEC ? set->fec : link->want_fec;
	uint8_t admin = set->mask & MO_LINK_SET_ADMIN ? set->admin_up : link->state.admin_up;
	bool admin_changed = admin != link->state.admin_up;

	if ((set->mask & ~(MO_LINK_SET_ADMIN | MO_LINK_SET_MODES | MO_LINK_SET_FEC)) ||
	    admin > 1 || modes == 0 || fec == 0 || (fec & ~FEC_ALL))
		return MO_MB_ERR_PARAM;
	if (!mo_link_choose(modes & mo_link_port_modes(app), fec))
		return MO_MB_ERR_UNSUPPORTED;
	link->want_modes = modes & mo_link_port_modes(app);
	link->want_fec = fec;
	if (link->state.fec_request != fec) {
		link->state.fec_request = fec;
		link->changed = true;
	}
	if (admin_changed) {
		link->state.admin_up = admin;
		link->changed = true;
	}
	if (admin_changed || (admin && !still_right(app)))
		mo_link_event(app, MO_LINK_EV_BEGIN);
	else
		mo_link_publish(app);
	return MO_MB_OK;
}

uint32_t mo_link_lanes_ok(const struct mo_app *app)
{
	uint32_t ok = 0;

	for (uint32_t lane = 0; lane < app->lanes; lane++)
		if ((app->link.lanes & MO_BIT(lane)) &&
		    (mo_serdes_status(lane) & MO_SERDES_LOCK))
			ok |= MO_BIT(lane);
	return ok;
}

void mo_link_publish(struct mo_app *app)
{
	struct mo_link *link = &app->link;
	uint8_t present = app->module.fsm != MO_MODULE_ABSENT;

	if (!link->changed && link->state.module_present == present)
		return;
	link->changed = false;
	link->state.module_present = present;
	link->state.lanes_ok = mo_link_lanes_ok(app);
	link->state.gen++;
	link->state.gen_end = link->state.gen;
	/* Whom the news makes look finds what belongs to it. */
	if (app->started)
		mo_optics_publish(app);
	mo_mac_publish(&link->state);
}

void mo_link_interrupt(struct mo_app *app)
{
	uint32_t lanes = mo_serdes_take_changed();
	uint32_t pcs = mo_pcs_take_changed();

	if (lanes || pcs)
		mo_link_event(app, MO_LINK_EV_STATUS);
}
