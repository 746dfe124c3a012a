// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/timers.h"

#include "drv/timer.h"

void mo_timers_init(struct mo_timers *timers)
{
	for (uint32_t i = 0; i < MO_TIMER_COUNT; i++)
		timers->at_us[i] = MO_TIMER_NEVER;
	timers->armed_us = MO_TIMER_NEVER;
	mo_timer_arm(MO_TIMER_NEVER);
}

void mo_timers_set(struct mo_timers *timers, enum mo_timer_id id, uint64_t at_us)
{
	timers->at_us[id] = at_us;
}

void mo_timers_stop(struct mo_timers *timers, enum mo_timer_id id)
{
	timers->at_us[id] = MO_TIMER_NEVER;
}

bool mo_timers_running(const struct mo_timers *timers, enum mo_timer_id id)
{
	return timers->at_us[id] != MO_TIMER_NEVER;
}

bool mo_timers_take(struct mo_timers *timers, enum mo_timer_id id, uint64_t now_us)
{
	if (timers->at_us[id] > now_us)
		return false;
	timers->at_us[id] = MO_TIMER_NEVER;
	return true;
}

void mo_timers_arm(struct mo_timers *timers)
{
	uint64_t first = MO_TIMER_NEVER;

	for (uint32_t i = 0; i < MO_TIMER_COUNT; i++)
		if (timers->at_us[i] < first)
			first = timers->at_us[i];
	if (first != timers->armed_us) {
		timers->armed_us = first;
		mo_timer_arm(first);
	}
}
