/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Software timers: one deadline per purpose, on the one hardware comparator. */
#ifndef MO_APP_TIMERS_H
#define MO_APP_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

enum mo_timer_id {
	MO_TIMER_HEARTBEAT,
	MO_TIMER_CMIS,		/* retry of a transfer */
	MO_TIMER_MODULE,	/* state of the module machine */
	MO_TIMER_DPATH,		/* state of the data path machine */
	MO_TIMER_LINK,		/* state of the link machine */
	MO_TIMER_LANES,		/* lane quality window */
	MO_TIMER_MONITOR,	/* module monitors and temperatures */
	MO_TIMER_COUNT
};

struct mo_timers {
	uint64_t at_us[MO_TIMER_COUNT];
	uint64_t armed_us;	/* what the comparator holds */
};

void mo_timers_init(struct mo_timers *timers);
void mo_timers_set(struct mo_timers *timers, enum mo_timer_id id, uint64_t at_us);
void mo_timers_stop(struct mo_timers *timers, enum mo_timer_id id);
bool mo_timers_running(const struct mo_timers *timers, enum mo_timer_id id);
/* True once when the timer is due; it is stopped then. */
bool mo_timers_take(struct mo_timers *timers, enum mo_timer_id id, uint64_t now_us);
/* Sets the comparator to the earliest deadline. */
void mo_timers_arm(struct mo_timers *timers);

#endif /* MO_APP_TIMERS_H */
