// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/flash.h"

#define FLASH_BUSY	MO_BIT(0)
#define FLASH_FAILED	MO_BIT(1)

static enum mo_error idle(void)
{
	return mo_read32(MO_SOC_FLASH_STATUS) & FLASH_BUSY ? MO_ERR_BUSY : MO_OK;
}

enum mo_error mo_flash_start_erase(uint32_t offset)
{
	enum mo_error error;

	if (offset >= MO_SOC_FLASH_SIZE || offset % MO_SOC_FLASH_SECTOR)
		return MO_ERR_FLASH_RANGE;
	error = idle();
	if (error != MO_OK)
		return error;
	mo_write32(MO_SOC_FLASH_ADDR, offset);
	mo_write32(MO_SOC_FLASH_LEN, MO_SOC_FLASH_SECTOR);
	mo_write32(MO_SOC_FLASH_CMD, MO_SOC_FLASH_ERASE);
	return MO_OK;
}

enum mo_error mo_flash_start_program(uint32_t offset, uint32_t stage, uint32_t len)
{
	enum mo_error error;

	if (offset >= MO_SOC_FLASH_SIZE || len == 0 ||
	    len > MO_SOC_FLASH_SECTOR - offset % MO_SOC_FLASH_SECTOR ||
	    stage > MO_SOC_STAGE_SIZE || len > MO_SOC_STAGE_SIZE - stage)
		return MO_ERR_FLASH_RANGE;
	error = idle();
	if (error != MO_OK)
		return error;
	mo_write32(MO_SOC_FLASH_ADDR, offset);
	mo_write32(MO_SOC_FLASH_LEN, len);
	mo_write32(MO_SOC_FLASH_SRC, MO_SOC_STAGE_BASE + stage);
	mo_write32(MO_SOC_FLASH_CMD, MO_SOC_FLASH_PROGRAM);
	return MO_OK;
}

enum mo_error mo_flash_finish(void)
{
	uint32_t status = mo_read32(MO_SOC_FLASH_STATUS);

	if (status & FLASH_BUSY)
		return MO_ERR_BUSY;
	return status & FLASH_FAILED ? MO_ERR_FLASH_FAILED : MO_OK;
}
