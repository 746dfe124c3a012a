/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module's data path: application selection and activation (OIF-CMIS-05.2
 * section 6.3.3). Asked by the link, which gets MO_LINK_EV_PATH_*.
 */
#ifndef MO_APP_DPATH_H
#define MO_APP_DPATH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

struct mo_app;

/* X(NAME, value): states. */
#define MO_DPATH_FSM(X) \
	X(DOWN, 0) \
	X(CONFIG, 1) \
	X(WAIT_CONFIG, 2) \
	X(START, 3) \
	X(WAIT_ACTIVE, 4) \
	X(ACTIVE, 5) \
	X(STOP, 6) \
	X(FAILED, 7)

enum mo_dpath_fsm {
#define X(name, value) MO_DPATH_##name = (value),
	MO_DPATH_FSM(X)
#undef X
};

enum mo_dpath_event {
	MO_DPATH_EV_START,
	MO_DPATH_EV_STOP,
	MO_DPATH_EV_LOST,	/* module gone, in reset or in low power */
	MO_DPATH_EV_IO_DONE,
	MO_DPATH_EV_IO_ERROR,
	MO_DPATH_EV_STATUS,	/* 11h was read */
	MO_DPATH_EV_TIMER,
};

struct mo_dpath {
	enum mo_dpath_fsm fsm;
	uint8_t selector;	/* application */
	uint8_t lanes;		/* bit per lane of the data path */
	uint32_t outstanding;
	bool step_failed;
	bool rejected;		/* the module refused the configuration */
	uint32_t step;		/* counts steps, so that late answers are told apart */
	uint64_t deadline_us;
};

/* Activates application `selector` on `lanes`, deactivates all others. */
void mo_dpath_start(struct mo_app *app, uint8_t selector, uint8_t lanes);
void mo_dpath_stop(struct mo_app *app);
void mo_dpath_event(struct mo_app *app, enum mo_dpath_event event);

#endif /* MO_APP_DPATH_H */
