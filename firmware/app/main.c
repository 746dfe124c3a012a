// SPDX-License-Identifier: GPL-2.0-or-later
/* Entry of the management firmware: one object, one loop. */
#include "app/app.h"
#include "lib/cpu.h"

static struct mo_app app;

int main(void)
{
	mo_app_init(&app);
	mo_cpu_wake_sources(MO_MIE_TIMER | MO_MIE_EXTERNAL);
	for (;;) {
		mo_app_step(&app);
		if (!mo_app_busy(&app))
			mo_cpu_wait();
	}
}
