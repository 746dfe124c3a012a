// SPDX-License-Identifier: GPL-2.0-or-later
/* Which mode and FEC the link uses. */
#include <stddef.h>

#include "app/app.h"
#include "app/link.h"

static const struct mo_mode modes[] = {
#define X(name, bit, mbps, lanes, rate, fec) \
	{ MO_LM_##name, mbps, lanes, MO_SOC_RATE_##rate, MO_FEC_##fec, \
	  MO_RATE_FEC_##rate },
	MO_LINK_MODES(X)
#undef X
};

/* Strongest first. */
static const uint8_t fec_order[] = {
	MO_FEC_RS544, MO_FEC_RS528, MO_FEC_BASER, MO_FEC_OFF,
};

uint8_t mo_link_choose_fec(const struct mo_mode *mode, uint8_t fec)
{
	if (fec & MO_FEC_AUTO)
		return mode->fec;
	for (uint32_t i = 0; i < sizeof(fec_order); i++)
		if (fec & mode->fec_mask & fec_order[i])
			return fec_order[i];
	return 0;
}

const struct mo_mode *mo_link_choose(uint32_t wanted, uint8_t fec)
{
	const struct mo_mode *best = NULL;

	for (uint32_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if ((wanted & modes[i].mode) && mo_link_choose_fec(&modes[i], fec) &&
		    (!best || modes[i].mbps > best->mbps))
			best = &modes[i];
	return best;
}

uint32_t mo_link_port_modes(const struct mo_app *app)
{
	uint32_t mask = 0;

	for (uint32_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (modes[i].lanes <= app->lanes)
			mask |= modes[i].mode;
	return mask;
}

uint8_t mo_link_port_fec(const struct mo_app *app)
{
	uint8_t mask = MO_FEC_AUTO;

	for (uint32_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (modes[i].lanes <= app->lanes)
			mask |= modes[i].fec_mask;
	return mask;
}

void mo_link_caps_fill(const struct mo_app *app, struct mo_mb_link_caps *out)
{
	out->port_modes = mo_link_port_modes(app);
	out->module_modes = mo_module_modes(&app->module);
	out->port_fec = mo_link_port_fec(app);
	out->lanes = (__u8)app->lanes;
	out->module_type = app->module.lower[MO_CMIS_LOW_ID];
	out->media = mo_module_media(&app->module);
}
