// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/mac.h"

#include "lib/mem.h"

#define MAC_RX	MO_BIT(0)
#define MAC_TX	MO_BIT(1)

MO_ASSERT(sizeof(struct mo_link_state) <= MO_SOC_LINK_SIZE, "link window");

enum mo_error mo_mac_open(uint32_t mbps)
{
	if (mbps == 0)
		return MO_ERR_PARAM;
	mo_write32(MO_SOC_MAC_SPEED, mbps);
	mo_write32(MO_SOC_MAC_CTRL, MAC_RX | MAC_TX);
	return MO_OK;
}

void mo_mac_close(void)
{
	mo_write32(MO_SOC_MAC_CTRL, 0);
}

void mo_mac_publish(const struct mo_link_state *state)
{
	memcpy(mo_mem_rw(MO_SOC_LINK_BASE, sizeof(*state)), state, sizeof(*state));
	mo_write32(MO_SOC_MAC_PUBLISH, 1);
}
