/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins of the module cage (MODULE block). */
#ifndef MO_DRV_CAGE_H
#define MO_DRV_CAGE_H

#include <stdbool.h>

#include "lib/io.h"

#define MO_CAGE_CHANGED_PRESENCE	MO_BIT(0)
#define MO_CAGE_CHANGED_INTERRUPT	MO_BIT(1)

bool mo_cage_present(void);
bool mo_cage_interrupt(void);
/* ResetL and LPMode as levels. */
void mo_cage_control(bool reset, bool low_power);
/* MO_CAGE_CHANGED_* since the last call. */
uint32_t mo_cage_take_changed(void);

#endif /* MO_DRV_CAGE_H */
