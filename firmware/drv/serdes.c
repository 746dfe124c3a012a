// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/serdes.h"

#define SERDES_TX	MO_BIT(0)
#define SERDES_RX	MO_BIT(1)
#define SERDES_ADAPT	MO_BIT(2)
#define FIR_SCALE	1000

static uint32_t reg(uint32_t address, uint32_t lane)
{
	return mo_lane_reg(address, lane);
}

static uint32_t magnitude(int16_t tap)
{
	return (uint32_t)(tap < 0 ? -tap : tap);
}

static uint32_t pair(int16_t low, int16_t high)
{
	return (uint32_t)(uint16_t)high << 16 | (uint16_t)low;
}

uint32_t mo_serdes_lanes(void)
{
	uint32_t lanes = mo_read32(MO_SOC_SERDES_LANES);

	return lanes < MO_MAX_LANES ? lanes : MO_MAX_LANES;
}

enum mo_error mo_serdes_configure(uint32_t lane, uint32_t rate,
				  const struct mo_fir *fir)
{
	if (lane >= MO_MAX_LANES || rate > MO_SOC_RATE_100G_PAM4 ||
	    magnitude(fir->pre2) + magnitude(fir->pre1) + magnitude(fir->main) +
	    magnitude(fir->post1) > FIR_SCALE)
		return MO_ERR_PARAM;
	if (mo_read32(reg(MO_SOC_SERDES_CTRL, lane)))
		return MO_ERR_STATE;
	mo_write32(reg(MO_SOC_SERDES_RATE, lane), rate);
	mo_write32(reg(MO_SOC_SERDES_FIR0, lane), pair(fir->pre2, fir->pre1));
	mo_write32(reg(MO_SOC_SERDES_FIR1, lane), pair(fir->main, fir->post1));
	return MO_OK;
}

enum mo_error mo_serdes_enable(uint32_t lane, bool tx, bool rx)
{
	if (lane >= MO_MAX_LANES)
		return MO_ERR_PARAM;
	mo_write32(reg(MO_SOC_SERDES_CTRL, lane),
		   (tx ? SERDES_TX : 0) | (rx ? SERDES_RX : 0));
	return MO_OK;
}

enum mo_error mo_serdes_adapt(uint32_t lane)
{
	uint32_t ctrl;

	if (lane >= MO_MAX_LANES)
		return MO_ERR_PARAM;
	ctrl = mo_read32(reg(MO_SOC_SERDES_CTRL, lane));
	if (!(ctrl & SERDES_RX))
		return MO_ERR_STATE;
	mo_write32(reg(MO_SOC_SERDES_CTRL, lane), ctrl | SERDES_ADAPT);
	return MO_OK;
}

uint32_t mo_serdes_status(uint32_t lane)
{
	return lane < MO_MAX_LANES ? mo_read32(reg(MO_SOC_SERDES_STATUS, lane)) : 0;
}

uint32_t mo_serdes_snr(uint32_t lane)
{
	return lane < MO_MAX_LANES ? mo_read32(reg(MO_SOC_SERDES_SNR, lane)) : 0;
}

uint32_t mo_serdes_take_changed(void)
{
	uint32_t changed = mo_read32(MO_SOC_SERDES_CHANGED);

	if (changed)
		mo_write32(MO_SOC_SERDES_CHANGED, changed);
	return changed;
}
