/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quality of the lanes: error ratios over windows, states, snapshots for the host. */
#ifndef MO_APP_LANES_H
#define MO_APP_LANES_H

#include <stdbool.h>

#include "hw/ids.h"
#include "hw/mbox.h"

struct mo_app;

#define MO_LANES_WINDOW_US	(MO_OPTICS_PERIOD_MS * 1000)

struct mo_lanes {
	uint8_t state[MO_MAX_LANES];	/* enum mo_lane_state */
	uint8_t bad[MO_MAX_LANES];	/* windows in a row above the limit */
	uint8_t good[MO_MAX_LANES];	/* and below that of recovery */
	uint64_t bits[MO_MAX_LANES];	/* counters at the start of the window */
	uint64_t errors[MO_MAX_LANES];
	bool window;			/* the above are valid */
};

void mo_lanes_init(struct mo_app *app);
/* The link began, came up or ended: states follow, the window starts anew. */
void mo_lanes_reset(struct mo_app *app);
/* End of a window. */
void mo_lanes_timer(struct mo_app *app);
/* Body of LANES_GET from the counters now and the monitors as last polled. */
void mo_lanes_fill(struct mo_app *app, struct mo_mb_lanes *out);
/* Body of FEC_GET. */
void mo_fec_fill(struct mo_app *app, struct mo_mb_fec *out);

#endif /* MO_APP_LANES_H */
