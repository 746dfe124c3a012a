// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/pcs.h"

#define PCS_ON		MO_BIT(0)
#define PCS_HOLD	MO_BIT(1)

static uint64_t read64(uint32_t low)
{
	return (uint64_t)mo_read32(low + 4) << 32 | mo_read32(low);
}

enum mo_error mo_pcs_start(uint32_t lanes, uint32_t fec)
{
	if (lanes == 0 || lanes >= MO_BIT(MO_MAX_LANES))
		return MO_ERR_PARAM;
	switch (fec) {
	case MO_FEC_OFF:
	case MO_FEC_BASER:
	case MO_FEC_RS528:
	case MO_FEC_RS544:
		break;
	default:
		return MO_ERR_PARAM;
	}
	mo_write32(MO_SOC_PCS_LANES, lanes);
	mo_write32(MO_SOC_PCS_FEC, fec);
	mo_write32(MO_SOC_PCS_CTRL, PCS_ON | PCS_HOLD);
	return MO_OK;
}

void mo_pcs_stop(void)
{
	mo_write32(MO_SOC_PCS_CTRL, 0);
}

void mo_pcs_hold(bool hold)
{
	mo_write32(MO_SOC_PCS_CTRL, PCS_ON | (hold ? PCS_HOLD : 0));
}

uint32_t mo_pcs_status(void)
{
	return mo_read32(MO_SOC_PCS_STATUS);
}

uint32_t mo_pcs_lane_status(uint32_t lane)
{
	if (lane >= MO_MAX_LANES)
		return 0;
	return mo_read32(mo_lane_reg(MO_SOC_PCS_LANE_STATUS, lane));
}

uint32_t mo_pcs_take_changed(void)
{
	uint32_t changed = mo_read32(MO_SOC_PCS_CHANGED);

	if (changed)
		mo_write32(MO_SOC_PCS_CHANGED, changed);
	return changed;
}

uint64_t mo_pcs_snap(void)
{
	mo_write32(MO_SOC_PCS_SNAP, 1);
	return read64(MO_SOC_PCS_SNAP_NS_LO);
}

uint64_t mo_pcs_counter(uint32_t reg_lo)
{
	return read64(reg_lo);
}

uint64_t mo_pcs_bin(uint32_t bin)
{
	return bin < MO_FEC_BINS ? read64(MO_SOC_PCS_BIN0_LO + 8 * bin) : 0;
}

void mo_pcs_lane_counters(uint32_t lane, struct mo_pcs_lane *out)
{
	*out = (struct mo_pcs_lane){ 0 };
	if (lane >= MO_MAX_LANES)
		return;
	out->bits = read64(mo_lane_reg(MO_SOC_PCS_LANE_BITS_LO, lane));
	out->bit_errors = read64(mo_lane_reg(MO_SOC_PCS_LANE_BITERR_LO, lane));
	out->symbol_errors = read64(mo_lane_reg(MO_SOC_PCS_LANE_SYMERR_LO, lane));
}
