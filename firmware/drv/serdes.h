/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host SerDes lanes (SERDES block). */
#ifndef MO_DRV_SERDES_H
#define MO_DRV_SERDES_H

#include <stdbool.h>

#include "hw/ids.h"
#include "lib/error.h"
#include "lib/io.h"

#define MO_SERDES_SIGNAL	MO_BIT(0)
#define MO_SERDES_LOCK		MO_BIT(1)
#define MO_SERDES_ADAPTED	MO_BIT(2)
#define MO_SERDES_FAILED	MO_BIT(3)

/* Transmit taps, 1/1000 of full scale; their absolute values add up to 1000 at most. */
struct mo_fir {
	int16_t pre2;
	int16_t pre1;
	int16_t main;
	int16_t post1;
};

uint32_t mo_serdes_lanes(void);

/* Rate (MO_SOC_RATE_*) and taps; the lane must be off. */
MO_MUST_USE enum mo_error mo_serdes_configure(uint32_t lane, uint32_t rate,
					      const struct mo_fir *fir);
MO_MUST_USE enum mo_error mo_serdes_enable(uint32_t lane, bool tx, bool rx);
/* The lane must be enabled; adaptation starts when its clock is recovered. */
MO_MUST_USE enum mo_error mo_serdes_adapt(uint32_t lane);
uint32_t mo_serdes_status(uint32_t lane);
/* 1/1000 dB */
uint32_t mo_serdes_snr(uint32_t lane);
/* Lanes whose status changed since the last call. */
uint32_t mo_serdes_take_changed(void);

#endif /* MO_DRV_SERDES_H */
