// SPDX-License-Identifier: GPL-2.0-or-later
/* What the module's pages say. */
#include "app/app.h"
#include "app/module.h"
#include "drv/laser.h"
#include "hw/cmis.h"
#include "hw/link.h"
#include "lib/mem.h"

#define APPS_LOW	(MO_CMIS_LOW_APPS_LEN / MO_CMIS_APP_LEN)
#define APPS_MAX	(APPS_LOW + MO_CMIS_01_MORE_APPS_LEN / MO_CMIS_APP_LEN)

/* Host interfaces that a mode of ours can use; CEI_112G has as many lanes as the module says. */
static const struct host_mode {
	uint8_t host_id;
	uint8_t retimed;	/* 0 linear, 2 full */
	uint8_t lanes;
	uint32_t mode;
} host_modes[] = {
	{ MO_CMIS_HOST_LEI_800G, 0, 8, MO_LM_800G_R8 },
	{ MO_CMIS_HOST_LEI_400G, 0, 4, MO_LM_400G_R4 },
	{ MO_CMIS_HOST_LEI_200G, 0, 2, MO_LM_200G_R2 },
	{ MO_CMIS_HOST_LEI_100G, 0, 1, MO_LM_100G_R1 },
	{ MO_CMIS_HOST_CEI_112G, 0, 8, MO_LM_800G_R8 },
	{ MO_CMIS_HOST_CEI_112G, 0, 4, MO_LM_400G_R4 },
	{ MO_CMIS_HOST_CEI_112G, 0, 2, MO_LM_200G_R2 },
	{ MO_CMIS_HOST_CEI_112G, 0, 1, MO_LM_100G_R1 },
	{ MO_CMIS_HOST_800GAUI_8, 2, 8, MO_LM_800G_R8 },
	{ MO_CMIS_HOST_400GAUI_4, 2, 4, MO_LM_400G_R4 },
	{ MO_CMIS_HOST_100GAUI_1, 2, 1, MO_LM_100G_R1 },
};

struct app_descriptor {
	uint8_t host_id;
	uint8_t media_id;
	uint8_t lanes;	/* of the host */
	uint8_t starts;
};

static bool descriptor(const struct mo_module *module, uint32_t app,
		       struct app_descriptor *out)
{
	const uint8_t *bytes = app <= APPS_LOW ?
		&module->lower[MO_CMIS_LOW_APPS + MO_CMIS_APP_LEN * (app - 1)] :
		&module->pages[MO_CMIS_PAGE_01][MO_CMIS_01_MORE_APPS - MO_PAGE_LEN +
						MO_CMIS_APP_LEN * (app - APPS_LOW - 1)];

	if (bytes[0] == 0 || bytes[0] == MO_CMIS_APPS_END)
		return false;
	*out = (struct app_descriptor){ bytes[0], bytes[1], bytes[2] >> 4, bytes[3] };
	return true;
}

/* The first application whose host side is `mode`, from lane 0 on. */
static const struct host_mode *find(const struct mo_module *module, uint32_t mode,
				    uint8_t *app_out, struct app_descriptor *found)
{
	for (uint8_t app = 1; app <= APPS_MAX; app++) {
		struct app_descriptor at;

		if (!descriptor(module, app, &at))
			break;
		for (uint32_t i = 0; i < sizeof(host_modes) / sizeof(host_modes[0]); i++) {
			const struct host_mode *host = &host_modes[i];

			if (host->mode == mode && host->host_id == at.host_id &&
			    host->lanes == at.lanes && (at.starts & 1)) {
				*app_out = app;
				*found = at;
				return host;
			}
		}
	}
	return NULL;
}

uint8_t mo_module_app(const struct mo_module *module, uint32_t mode)
{
	struct app_descriptor at;
	uint8_t app = 0;

	if (mo_module_identified(module))
		(void)find(module, mode, &app, &at);
	return app;
}

uint32_t mo_module_modes(const struct mo_module *module)
{
	uint32_t modes = 0;

#define X(name, bit, mbps, lanes, rate, fec) \
	if (mo_module_app(module, MO_LM_##name)) \
		modes |= MO_LM_##name;
	MO_LINK_MODES(X)
#undef X
	return modes;
}

uint8_t mo_module_media(const struct mo_module *module)
{
	struct app_descriptor at;

	if (!mo_module_identified(module) || !descriptor(module, 1, &at))
		return MO_MEDIA_NONE;
	if (module->lower[MO_CMIS_LOW_MEDIA_TYPE] == MO_CMIS_MEDIA_COPPER)
		return MO_MEDIA_CR;
	switch (at.media_id) {
#define X(name, code, medium, linear, text) \
	case (code): \
		return MO_MEDIA_##medium;
	MO_CMIS_SMF_MEDIA(X)
#undef X
	default:
		return MO_MEDIA_NONE;
	}
}

uint8_t mo_module_dp_state(const struct mo_module *module, uint32_t lane)
{
	uint8_t pair;

	if (!module->has_state || lane >= MO_MAX_LANES)
		return 0;
	pair = module->state[MO_CMIS_11_DP_STATE - MO_PAGE_LEN + lane / 2];
	return lane % 2 ? pair >> 4 : pair & 15;
}

uint8_t mo_module_config_status(const struct mo_module *module, uint32_t lane)
{
	uint8_t pair;

	if (!module->has_state || lane >= MO_MAX_LANES)
		return 0;
	pair = module->state[MO_CMIS_11_CONFIG_STATUS - MO_PAGE_LEN + lane / 2];
	return lane % 2 ? pair >> 4 : pair & 15;
}

static uint32_t link_length_m(const struct mo_module *module)
{
	uint8_t value = mo_module_byte(module, MO_CMIS_PAGE_01, MO_CMIS_01_LENGTH);

	return (uint32_t)(value & MO_CMIS_01_LENGTH_MASK) *
	       (value & MO_CMIS_01_LENGTH_SCALE_MASK ? 1000 : 100);
}

void mo_module_fill(const struct mo_app *app, struct mo_mb_module *out)
{
	const struct mo_module *module = &app->module;
	const struct host_mode *host = NULL;
	struct app_descriptor at;
	uint8_t selector;

	memset(out, 0, sizeof(*out));
	out->present = module->fsm != MO_MODULE_ABSENT;
	out->power_policy = module->policy;
	if (!out->present)
		return;
	out->identifier = module->lower[MO_CMIS_LOW_ID];
	out->revision = module->lower[MO_CMIS_LOW_REVISION];
	out->state = module->cmis_state;
	out->power_mode = module->fsm == MO_MODULE_READY || module->fsm == MO_MODULE_POWER_UP ?
			  2 : 1;
	out->fault = module->fault;
	if (!mo_module_identified(module))
		return;
	out->flags = (uint32_t)module->module_flags[1] | (uint32_t)module->module_flags[2] << 8 |
		     (uint32_t)module->module_flags[3] << 16;
	out->temp_mc = (__le32)mo_laser_case_temp();
	out->vcc_uv = (uint32_t)mo_be16(&module->lower[MO_CMIS_LOW_VCC]) * 100;
	mo_module_copy(module, MO_CMIS_PAGE_00, MO_CMIS_00_VENDOR, out->vendor,
		       sizeof(out->vendor));
	mo_module_copy(module, MO_CMIS_PAGE_00, MO_CMIS_00_PART, out->part,
		       sizeof(out->part));
	mo_module_copy(module, MO_CMIS_PAGE_00, MO_CMIS_00_SERIAL, out->serial,
		       sizeof(out->serial));
	out->length_m = link_length_m(module);
	out->wavelength_pm = (uint32_t)mo_be16(
		&module->pages[MO_CMIS_PAGE_01][MO_CMIS_01_WAVELENGTH - MO_PAGE_LEN]) * 50;
	out->max_power_mw = (uint32_t)mo_module_byte(module, MO_CMIS_PAGE_00,
						     MO_CMIS_00_MAX_POWER) * 250;
	out->media = mo_module_media(module);
#define X(name, bit, mbps, lanes, rate, fec) \
	if (!host) \
		host = find(module, MO_LM_##name, &selector, &at);
	MO_LINK_MODES(X)
#undef X
	out->retimed = host ? host->retimed : 0;
}
