/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watchdog (WDOG block). */
#ifndef MO_DRV_WDOG_H
#define MO_DRV_WDOG_H

#include "lib/error.h"
#include "lib/io.h"

/* `period_us` > 0 without a kick crash the core. */
MO_MUST_USE enum mo_error mo_wdog_start(uint32_t period_us);
void mo_wdog_kick(void);

#endif /* MO_DRV_WDOG_H */
