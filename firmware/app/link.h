/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link: decides whether frames pass. States are enum mo_link_fsm; what the
 * host wants, what the module can and what the receivers see come in as events.
 */
#ifndef MO_APP_LINK_H
#define MO_APP_LINK_H

#include <stdbool.h>

#include "hw/link.h"
#include "hw/mbox.h"
#include "lib/error.h"

struct mo_app;

enum mo_link_event {
	MO_LINK_EV_BEGIN,	/* start over with what is wanted now */
	MO_LINK_EV_MODULE,	/* state of the module changed */
	MO_LINK_EV_PATH_ACTIVE,
	MO_LINK_EV_PATH_FAILED,
	MO_LINK_EV_STATUS,	/* SerDes or PCS changed */
	MO_LINK_EV_TIMER,
	MO_LINK_EV_THERMAL,	/* too hot, or cool again */
	MO_LINK_EV_COUNT
};

/* A row of MO_LINK_MODES. */
struct mo_mode {
	uint32_t mode;
	uint32_t mbps;
	uint8_t lanes;
	uint8_t rate;
	uint8_t fec;		/* default */
	uint8_t fec_mask;	/* possible */
};

struct mo_link {
	struct mo_link_state state;	/* as published, but for what changed since */
	uint32_t want_modes;
	uint8_t want_fec;
	const struct mo_mode *mode;	/* chosen; NULL before */
	uint8_t lanes;			/* mask of @mode */
	bool posted[MO_LINK_EV_COUNT];
	bool running;			/* in the event loop */
	bool changed;			/* to be published */
	bool lasers;			/* interlock is open, SerDes run */
	uint64_t started_us;		/* of the bring-up under way */
	uint64_t stable_us;		/* light has been there since; 0: is not */
	uint64_t report_us;		/* when waiting becomes a reason to tell */
};

void mo_link_init(struct mo_app *app);
/* May be called from anywhere: events are handled one after the other. */
void mo_link_event(struct mo_app *app, enum mo_link_event event);
/* SERDES or PCS interrupt. */
void mo_link_interrupt(struct mo_app *app);
void mo_link_timer(struct mo_app *app);
/* LINK_SET; MO_MB_* */
enum mo_mb_status mo_link_set(struct mo_app *app, const struct mo_mb_link_set *set);
/* Lanes of the mode that have signal and clock. */
uint32_t mo_link_lanes_ok(const struct mo_app *app);
/* The evidence for the state that lasts: lanes of its reason, lanes that receive. */
void mo_link_renew(struct mo_app *app);
/* Publishes when something changed. */
void mo_link_publish(struct mo_app *app);

/* Modes and FEC of the port. */
uint32_t mo_link_port_modes(const struct mo_app *app);
uint8_t mo_link_port_fec(const struct mo_app *app);
/* Body of LINK_CAPS_GET. */
void mo_link_caps_fill(const struct mo_app *app, struct mo_mb_link_caps *out);
/* Fastest of `modes` that `fec` allows; NULL when there is none. */
const struct mo_mode *mo_link_choose(uint32_t modes, uint8_t fec);
/* FEC for `mode` when `fec` (a mask) is asked for: one MO_FEC_*, 0 when none fits. */
uint8_t mo_link_choose_fec(const struct mo_mode *mode, uint8_t fec);

static inline bool mo_link_is_up(const struct mo_link *link)
{
	return link->state.fsm == MO_LINK_UP;
}

#endif /* MO_APP_LINK_H */
