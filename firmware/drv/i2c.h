/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I2C controller of the optical module. A transfer is started and ends with
 * the I2C interrupt; nothing here waits.
 */
#ifndef MO_DRV_I2C_H
#define MO_DRV_I2C_H

#include <stdbool.h>

#include "lib/error.h"
#include "lib/io.h"

#define MO_I2C_MODULE	0x50	/* 7-bit address of every pluggable module */
#define MO_I2C_MAX	128

/* `offset` + `len` may not cross byte 256 of the target. */
MO_MUST_USE enum mo_error mo_i2c_start_read(uint8_t offset, uint32_t len);
MO_MUST_USE enum mo_error mo_i2c_start_write(uint8_t offset, const void *data,
					     uint32_t len);

/*
 * MO_ERR_BUSY while a transfer runs. Otherwise acknowledges its end and tells
 * how it ended: MO_OK or MO_ERR_I2C_NACK; MO_ERR_STATE when none was started.
 */
MO_MUST_USE enum mo_error mo_i2c_finish(void);

/* Bytes of the read that mo_i2c_finish() called MO_OK. */
void mo_i2c_take(void *to, uint32_t len);

#endif /* MO_DRV_I2C_H */
