/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Microsecond timer (TIMER block). */
#ifndef MO_DRV_TIMER_H
#define MO_DRV_TIMER_H

#include "lib/io.h"

#define MO_TIMER_NEVER	UINT64_MAX

/* Microseconds since power-on. */
uint64_t mo_timer_now(void);

/* The timer interrupt is pending from `at_us` on; MO_TIMER_NEVER = not at all. */
void mo_timer_arm(uint64_t at_us);

#endif /* MO_DRV_TIMER_H */
