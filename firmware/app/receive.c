// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/receive.h"

#include "drv/pcs.h"
#include "drv/serdes.h"
#include "lib/mem.h"

void mo_receive_look(uint8_t lanes, struct mo_receive *out)
{
	uint32_t pcs;

	memset(out, 0, sizeof(*out));
	for (uint32_t lane = 0; lane < MO_MAX_LANES; lane++) {
		uint8_t bit = (uint8_t)MO_BIT(lane);
		uint32_t status;

		if (!(lanes & bit))
			continue;
		status = mo_serdes_status(lane);
		if (!(status & MO_SERDES_SIGNAL))
			out->dark |= bit;
		if (!(status & MO_SERDES_LOCK))
			out->unlocked |= bit;
		if (!(status & MO_SERDES_ADAPTED))
			out->unadapted |= bit;
		if (status & MO_SERDES_FAILED)
			out->failed |= bit;
	}
	if (out->dark) {
		out->step = MO_RX_LIGHT;
		return;
	}
	if (out->unadapted) {
		out->step = MO_RX_LOCK;
		return;
	}
	pcs = mo_pcs_status();
	if (!(pcs & MO_PCS_ALIGNED)) {
		out->step = MO_RX_ALIGN;
		for (uint32_t lane = 0; lane < MO_MAX_LANES; lane++) {
			uint8_t bit = (uint8_t)MO_BIT(lane);
			uint32_t status;

			if (!(lanes & bit))
				continue;
			status = mo_pcs_lane_status(lane);
			if (status & MO_PCS_LANE_BLOCK)
				out->blocks |= bit;
			if (!(status & MO_PCS_LANE_MARKER))
				out->unaligned |= bit;
		}
		return;
	}
	if (pcs & MO_PCS_UNCORRECTABLE)
		out->step = MO_RX_ERRORS;
	else if (pcs & MO_PCS_REMOTE_FAULT)
		out->step = MO_RX_PEER;
	else
		out->step = MO_RX_GOOD;
}
