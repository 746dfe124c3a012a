// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/mbox.h"

#include "lib/mem.h"

MO_ASSERT(MO_MB_MAX <= MO_SOC_MBOX_SIZE, "mailbox window");

bool mo_mbox_waiting(void)
{
	return mo_read32(MO_SOC_MBOX_STATUS) & MO_BIT(0);
}

uint32_t mo_mbox_take(void *to, uint32_t size)
{
	uint32_t len = mo_read32(MO_SOC_MBOX_REQ_LEN);

	if (len > MO_MB_MAX)
		len = MO_MB_MAX;
	if (len > size)
		len = size;
	if (len)
		memcpy(to, mo_mem(MO_SOC_MBOX_REQ_BASE, len), len);
	return len;
}

enum mo_error mo_mbox_answer(const void *response, uint32_t len)
{
	if (len > MO_MB_MAX)
		return MO_ERR_PARAM;
	memcpy(mo_mem_rw(MO_SOC_MBOX_RSP_BASE, len), response, len);
	mo_write32(MO_SOC_MBOX_RSP_LEN, len);
	mo_write32(MO_SOC_MBOX_DONE, 1);
	return MO_OK;
}

void mo_mbox_event(uint8_t type, uint8_t code, uint16_t data)
{
	mo_write32(MO_SOC_MBOX_EVENT,
		   (uint32_t)type << 24 | (uint32_t)code << 16 | data);
}
