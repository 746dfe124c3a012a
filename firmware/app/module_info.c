// SPDX-License-Identifier: GPL-2.0-or-later
/* What the module's pages say (OIF-CMIS-05.2 chapter 8, SFF-8024). */
#include "app/app.h"
#include "app/module.h"
#include "drv/laser.h"
#include "hw/link.h"
#include "lib/mem.h"

#define CMIS_APPS		86	/* 00h, 8 descriptors of 4 bytes */
#define CMIS_MORE_APPS		223	/* 01h, 7 more */
#define CMIS_APPS_MAX		15
#define CMIS_DP_STATE		128
#define CMIS_CONFIG_STATUS	202

/* Host interfaces of SFF-8024 table 4-5 that a mode of ours can use. */
static const struct host_mode {
	uint8_t host_id;
	uint8_t retimed;	/* 0 linear, 2 full */
	uint8_t lanes;
	uint32_t mode;
} host_modes[] = {
	{ 0x23, 0, 8, MO_LM_800G_R8 },	/* LEI-800G */
	{ 0x22, 0, 4, MO_LM_400G_R4 },	/* LEI-400G */
	{ 0x21, 0, 2, MO_LM_200G_R2 },	/* LEI-200G */
	{ 0x20, 0, 1, MO_LM_100G_R1 },	/* LEI-100G */
	{ 0x74, 0, 8, MO_LM_800G_R8 },	/* CEI-112G-LINEAR, by its lanes */
	{ 0x74, 0, 4, MO_LM_400G_R4 },
	{ 0x74, 0, 2, MO_LM_200G_R2 },
	{ 0x74, 0, 1, MO_LM_100G_R1 },
	{ 0x51, 2, 8, MO_LM_800G_R8 },	/* 800GAUI-8 */
	{ 0x4f, 2, 4, MO_LM_400G_R4 },	/* 400GAUI-4-S */
	{ 0x4b, 2, 1, MO_LM_100G_R1 },	/* 100GAUI-1-S */
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
	const uint8_t *bytes = app <= 8 ? &module->lower[CMIS_APPS + 4 * (app - 1)] :
			       &module->pages[1][CMIS_MORE_APPS - 128 + 4 * (app - 9)];

	if (bytes[0] == 0 || bytes[0] == 0xff)
		return false;
	*out = (struct app_descriptor){ bytes[0], bytes[1], bytes[2] >> 4, bytes[3] };
	return true;
}

/* The first application whose host side is `mode`, from lane 0 on. */
static const struct host_mode *find(const struct mo_module *module, uint32_t mode,
				    uint8_t *app_out, struct app_descriptor *found)
{
	for (uint8_t app = 1; app <= CMIS_APPS_MAX; app++) {
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
	if (module->lower[85] == 0x03)
		return MO_MEDIA_CR; /* passive copper */
	switch (at.media_id) {
	case 0x14: /* 100GBASE-DR */
	case 0x1c: /* 400GBASE-DR4 */
	case 0x56: /* 800GBASE-DR8 */
	case 0x8f: /* 100G-DR1-LPO, 200G-DR2-LPO, 400G-DR4-LPO, 800G-DR8-LPO */
	case 0x90:
	case 0x91:
	case 0x92:
		return MO_MEDIA_DR;
	case 0x1d: /* 400G-FR4 */
	case 0x93: /* 800G-FR4-LPO */
		return MO_MEDIA_FR;
	default:
		return MO_MEDIA_NONE;
	}
}

uint8_t mo_module_dp_state(const struct mo_module *module, uint32_t lane)
{
	uint8_t pair;

	if (!module->has_state || lane >= MO_MAX_LANES)
		return 0;
	pair = module->state[CMIS_DP_STATE - 128 + lane / 2];
	return lane % 2 ? pair >> 4 : pair & 15;
}

uint8_t mo_module_config_status(const struct mo_module *module, uint32_t lane)
{
	uint8_t pair;

	if (!module->has_state || lane >= MO_MAX_LANES)
		return 0;
	pair = module->state[CMIS_CONFIG_STATUS - 128 + lane / 2];
	return lane % 2 ? pair >> 4 : pair & 15;
}

static uint32_t link_length_m(const struct mo_module *module)
{
	uint8_t value = mo_module_byte(module, 1, 132);

	return (uint32_t)(value & 0x3f) * (value >> 6 ? 1000 : 100);
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
	out->identifier = module->lower[0];
	out->revision = module->lower[1];
	out->state = module->cmis_state;
	out->power_mode = module->fsm == MO_MODULE_READY || module->fsm == MO_MODULE_POWER_UP ?
			  2 : 1;
	out->fault = module->fault;
	if (!mo_module_identified(module))
		return;
	out->flags = (uint32_t)module->module_flags[1] | (uint32_t)module->module_flags[2] << 8 |
		     (uint32_t)module->module_flags[3] << 16;
	out->temp_mc = (__le32)mo_laser_case_temp();
	out->vcc_uv = (uint32_t)mo_be16(&module->lower[16]) * 100;
	memcpy(out->vendor, &module->pages[0][129 - 128], sizeof(out->vendor));
	memcpy(out->part, &module->pages[0][148 - 128], sizeof(out->part));
	memcpy(out->serial, &module->pages[0][166 - 128], sizeof(out->serial));
	out->length_m = link_length_m(module);
	out->wavelength_pm = (uint32_t)mo_be16(&module->pages[1][138 - 128]) * 50;
	out->max_power_mw = (uint32_t)mo_module_byte(module, 0, 201) * 250;
	out->media = mo_module_media(module);
#define X(name, bit, mbps, lanes, rate, fec) \
	if (!host) \
		host = find(module, MO_LM_##name, &selector, &at);
	MO_LINK_MODES(X)
#undef X
	out->retimed = host ? host->retimed : 0;
}
