/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCS and FEC (PCS block). */
#ifndef MO_DRV_PCS_H
#define MO_DRV_PCS_H

#include <stdbool.h>

#include "hw/ids.h"
#include "hw/mbox.h"
#include "lib/error.h"
#include "lib/io.h"

#define MO_PCS_ALIGNED		MO_BIT(0)
#define MO_PCS_REMOTE_FAULT	MO_BIT(1)
#define MO_PCS_LOCAL_FAULT	MO_BIT(2)
#define MO_PCS_UNCORRECTABLE	MO_BIT(3)

#define MO_PCS_LANE_BLOCK	MO_BIT(0)
#define MO_PCS_LANE_MARKER	MO_BIT(1)

/* Lanes that carry data and FEC (exactly one MO_FEC_*); turns the PCS on, telling
 * the partner that this end is not ready. */
MO_MUST_USE enum mo_error mo_pcs_start(uint32_t lanes, uint32_t fec);
void mo_pcs_stop(void);
/* While on: whether the partner is told to wait (remote fault) although aligned. */
void mo_pcs_hold(bool hold);
uint32_t mo_pcs_status(void);
uint32_t mo_pcs_lane_status(uint32_t lane);
/* Status bits that changed since the last call. */
uint32_t mo_pcs_take_changed(void);

/* Counters of one lane. */
struct mo_pcs_lane {
	uint64_t bits;
	uint64_t bit_errors;
	uint64_t symbol_errors;
};

/* Latches all counters at one instant and returns its time, ns. */
uint64_t mo_pcs_snap(void);
/* Counters as latched. */
uint64_t mo_pcs_counter(uint32_t reg_lo);
uint64_t mo_pcs_bin(uint32_t bin);
void mo_pcs_lane_counters(uint32_t lane, struct mo_pcs_lane *out);

#endif /* MO_DRV_PCS_H */
