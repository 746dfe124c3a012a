// SPDX-License-Identifier: GPL-2.0-or-later
#include "drv/i2c.h"

#include "lib/mem.h"

#define I2C_BUSY	MO_BIT(0)
#define I2C_NACK	MO_BIT(1)
#define I2C_DONE	MO_BIT(2)

static enum mo_error check(uint8_t offset, uint32_t len)
{
	if (len == 0 || len > MO_I2C_MAX || offset + len > 256)
		return MO_ERR_I2C_LENGTH;
	if (mo_read32(MO_SOC_I2C_STATUS) & I2C_BUSY)
		return MO_ERR_BUSY;
	return MO_OK;
}

static void start(uint8_t offset, uint32_t len, uint32_t command)
{
	mo_write32(MO_SOC_I2C_TARGET, MO_I2C_MODULE);
	mo_write32(MO_SOC_I2C_OFFSET, offset);
	mo_write32(MO_SOC_I2C_LEN, len);
	mo_write32(MO_SOC_I2C_CMD, command);
}

enum mo_error mo_i2c_start_read(uint8_t offset, uint32_t len)
{
	enum mo_error error = check(offset, len);

	if (error == MO_OK)
		start(offset, len, MO_SOC_I2C_READ);
	return error;
}

enum mo_error mo_i2c_start_write(uint8_t offset, const void *data, uint32_t len)
{
	enum mo_error error = check(offset, len);

	if (error == MO_OK) {
		memcpy(mo_mem_rw(MO_SOC_I2C_BUF_BASE, len), data, len);
		start(offset, len, MO_SOC_I2C_WRITE);
	}
	return error;
}

enum mo_error mo_i2c_finish(void)
{
	uint32_t status = mo_read32(MO_SOC_I2C_STATUS);

	if (status & I2C_BUSY)
		return MO_ERR_BUSY;
	if (!(status & I2C_DONE))
		return MO_ERR_STATE;
	mo_write32(MO_SOC_I2C_ACK, 1);
	return status & I2C_NACK ? MO_ERR_I2C_NACK : MO_OK;
}

void mo_i2c_take(void *to, uint32_t len)
{
	if (len > MO_I2C_MAX)
		len = MO_I2C_MAX;
	memcpy(to, mo_mem(MO_SOC_I2C_BUF_BASE, len), len);
}
