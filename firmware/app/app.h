/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management firmware as one object: no state lives outside of it, so a
 * host program can run several. One port.
 *
 * Everything happens in mo_app_step(), which looks at the pending interrupts
 * and due timers once and never waits; the main loop sleeps between steps.
 */
#ifndef MO_APP_APP_H
#define MO_APP_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "app/cmis.h"
#include "app/dpath.h"
#include "app/lanes.h"
#include "app/link.h"
#include "app/logbuf.h"
#include "app/mailbox.h"
#include "app/module.h"
#include "app/optics.h"
#include "app/recorder.h"
#include "app/thermal.h"
#include "app/timers.h"
#include "app/update.h"
#include "lib/boot_info.h"

#define MO_HEARTBEAT_US	100000
#define MO_WATCHDOG_US	1000000

struct mo_app {
	uint64_t now_us;	/* of the step */
	uint32_t heartbeat;
	bool started;		/* every part has been made */
	uint32_t lanes;		/* of the port */
	uint32_t ports;
	struct mo_boot_info boot;
	struct mo_timers timers;
	struct mo_cmis cmis;
	struct mo_module module;
	struct mo_dpath dpath;
	struct mo_link link;
	struct mo_lanes quality;
	struct mo_thermal thermal;
	struct mo_recorder recorder;
	struct mo_logbuf log;
	struct mo_mailbox mailbox;
	struct mo_update update;
	uint8_t page[MO_MB_PAGE_MAX];	/* of the MODULE_READ under way */
	uint8_t page_check[2];
};

void mo_app_init(struct mo_app *app);
void mo_app_step(struct mo_app *app);
/* True when the next step has work that no interrupt announces. */
bool mo_app_busy(const struct mo_app *app);
/* Event for the host (MO_EVENT_*). */
void mo_app_event(struct mo_app *app, uint8_t type, uint8_t code, uint16_t data);

#endif /* MO_APP_APP_H */
