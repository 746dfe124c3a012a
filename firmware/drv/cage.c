// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/cage.h"

#define CAGE_PRESENT	MO_BIT(0)
#define CAGE_INTERRUPT	MO_BIT(1)
#define CAGE_RESET	MO_BIT(0)
#define CAGE_LOW_POWER	MO_BIT(1)

bool mo_cage_present(void)
{
	return mo_read32(MO_SOC_MODULE_PINS) & CAGE_PRESENT;
}

bool mo_cage_interrupt(void)
{
	return mo_read32(MO_SOC_MODULE_PINS) & CAGE_INTERRUPT;
}

void mo_cage_control(bool reset, bool low_power)
{
	mo_write32(MO_SOC_MODULE_CTRL, (reset ? CAGE_RESET : 0) |
				       (low_power ? CAGE_LOW_POWER : 0));
}

uint32_t mo_cage_take_changed(void)
{
	uint32_t changed = mo_read32(MO_SOC_MODULE_CHANGED);

	if (changed)
		mo_write32(MO_SOC_MODULE_CHANGED, changed);
	return changed;
}
