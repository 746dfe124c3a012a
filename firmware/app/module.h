/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pluggable module as a whole: presence, identification, power, faults.
 * Knows the link only as somebody who wants it powered.
 */
#ifndef MO_APP_MODULE_H
#define MO_APP_MODULE_H

#include <stdbool.h>

#include "hw/cmis.h"
#include "hw/mbox.h"
#include "lib/mem.h"
#include "lib/error.h"

struct mo_app;

#define MO_PAGE_LEN	MO_CMIS_PAGE_LEN

/* Pages that do not change while the module is plugged, with their numbers as index. */
#define MO_MODULE_STATIC_PAGES	3

/* Events of the machine. */
enum mo_module_event {
	MO_MODULE_EV_PLUGGED,
	MO_MODULE_EV_UNPLUGGED,
	MO_MODULE_EV_RESET,	/* the host wants a reset */
	MO_MODULE_EV_TIMER,
	MO_MODULE_EV_IO_DONE,	/* the step's transfers are done */
	MO_MODULE_EV_IO_ERROR,
	MO_MODULE_EV_STATUS,	/* module state was read */
	MO_MODULE_EV_POWER,	/* somebody changed what power is wanted */
};

struct mo_module {
	enum mo_module_fsm fsm;
	bool want_high;		/* the link needs it */
	uint8_t policy;		/* MO_MODULE_POWER_* */
	uint8_t cmis_state;	/* 00h:3 bits 3..1, as last read */
	uint8_t fault;		/* 00h:41 */
	uint32_t outstanding;	/* transfers of the current step */
	bool step_failed;
	bool polling;
	uint16_t trouble;	/* why it was reset last (MO_REASON_*), until it is ready */
	bool known;		/* @lower and @pages are of this module */
	uint64_t deadline_us;	/* of the state */
	uint8_t lower[MO_PAGE_LEN];	/* 00h:0..127 as identified, 0..25 as last polled */
	uint8_t pages[MO_MODULE_STATIC_PAGES][MO_PAGE_LEN];	/* 00h, 01h, 02h upper */
	bool has_state;		/* @state is of this module */
	uint8_t state[MO_PAGE_LEN];	/* 11h:128..255 as last polled */
	uint8_t poll_lower[MO_CMIS_LOW_SOFT_RESET];	/* up to the controls */
	uint8_t poll_state[MO_PAGE_LEN];
	/* Latched flags that polling has cleared and nobody has been told yet. */
	uint8_t module_flags[MO_CMIS_LOW_FLAGS_LEN];
	uint8_t lane_flags[MO_CMIS_11_LANE_FLAGS_LEN];
};

void mo_module_init(struct mo_app *app);
/* MODULE interrupt. */
void mo_module_interrupt(struct mo_app *app);
void mo_module_timer(struct mo_app *app);
void mo_module_event(struct mo_app *app, enum mo_module_event event);
/* The link needs high power, or does not any more. */
void mo_module_want(struct mo_app *app, bool high);
/* Reads state, flags and monitors; the machines get what is new. */
void mo_module_poll(struct mo_app *app);

/* What the module is, is known. */
static inline bool mo_module_identified(const struct mo_module *module)
{
	return module->known;
}

/* It can be asked. */
static inline bool mo_module_managed(const struct mo_module *module)
{
	return module->fsm >= MO_MODULE_SETUP && module->fsm <= MO_MODULE_POWER_DOWN;
}

/* CMIS byte `address` (128..255) of page 00h, 01h or 02h. */
static inline uint8_t mo_module_byte(const struct mo_module *module, uint32_t page,
				     uint32_t address)
{
	return module->pages[page][address & (MO_PAGE_LEN - 1)];
}

/* `len` bytes of a page's field. */
static inline void mo_module_copy(const struct mo_module *module, uint32_t page,
				  uint32_t address, void *out, uint32_t len)
{
	memcpy(out, &module->pages[page][address - MO_PAGE_LEN], len);
}

static inline uint16_t mo_be16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* CMIS data path state of a lane (11h:128), 0 when unknown. */
uint8_t mo_module_dp_state(const struct mo_module *module, uint32_t lane);
/* 11h:202, 0 when unknown. */
uint8_t mo_module_config_status(const struct mo_module *module, uint32_t lane);
/* MO_LM_* that the module advertises on lanes from 0 on. */
uint32_t mo_module_modes(const struct mo_module *module);
/* Application (1..15) for exactly one MO_LM_*; 0 when there is none. */
uint8_t mo_module_app(const struct mo_module *module, uint32_t mode);
/* MO_MEDIA_* */
uint8_t mo_module_media(const struct mo_module *module);
/* Body of MODULE_GET. */
void mo_module_fill(const struct mo_app *app, struct mo_mb_module *out);

#endif /* MO_APP_MODULE_H */
