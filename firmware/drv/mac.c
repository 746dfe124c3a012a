// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/mac.h"

#include "lib/mem.h"

#define MAC_RX	MO_BIT(0)
#define MAC_TX	MO_BIT(1)

/* MAC_PUBLISH */
#define PUBLISH_LINK	1
#define PUBLISH_OPTICS	2

MO_ASSERT(sizeof(struct mo_link_state) <= MO_SOC_LINK_SIZE, "link window");
MO_ASSERT(sizeof(struct mo_optics) <= MO_SOC_OPTICS_SIZE, "optics window");

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
	mo_write32(MO_SOC_MAC_PUBLISH, PUBLISH_LINK);
}

struct mo_optics *mo_mac_optics(void)
{
	return mo_mem_rw(MO_SOC_OPTICS_BASE, sizeof(struct mo_optics));
}

void mo_mac_publish_optics(void)
{
	mo_write32(MO_SOC_MAC_PUBLISH, PUBLISH_OPTICS);
}
