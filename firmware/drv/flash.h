/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flash controller. An operation is started and ends with the FLASH interrupt;
 * reads are loads from MO_SOC_FLASH_BASE.
 */
#ifndef MO_DRV_FLASH_H
#define MO_DRV_FLASH_H

#include "lib/error.h"
#include "lib/io.h"

/* Erases the sector that begins at `offset` of the flash. */
MO_MUST_USE enum mo_error mo_flash_start_erase(uint32_t offset);
/* Programs `len` bytes of the stage, from `stage` on; not crossing a sector. */
MO_MUST_USE enum mo_error mo_flash_start_program(uint32_t offset, uint32_t stage,
						 uint32_t len);
/* MO_ERR_BUSY while one runs, else how the last one ended. */
MO_MUST_USE enum mo_error mo_flash_finish(void);

#endif /* MO_DRV_FLASH_H */
