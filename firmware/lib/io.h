/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access to registers and to the memories around the management core.
 *
 * Compiled for the core these are plain loads and stores. Compiled for the
 * host (MO_HOST_TEST), the four functions come from the test: a strict, ordered
 * mock of the hardware. Everything above this file is the same source in both.
 */
#ifndef MO_LIB_IO_H
#define MO_LIB_IO_H

#include <stdint.h>

#ifndef MO_HW_FREESTANDING
#define MO_HW_FREESTANDING 1
#endif
#include "hw/soc.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef MO_HOST_TEST

uint32_t mo_read32(uint32_t addr);
void mo_write32(uint32_t addr, uint32_t value);

/*
 * Memory that is no register: mailbox buffers, I2C window, link block, flash,
 * stage. The test returns storage for [addr, addr + len) or fails.
 */
const void *mo_mem(uint32_t addr, uint32_t len);
void *mo_mem_rw(uint32_t addr, uint32_t len);

#else

static inline uint32_t mo_read32(uint32_t addr)
{
	return *(volatile uint32_t *)addr;
}

static inline void mo_write32(uint32_t addr, uint32_t value)
{
	*(volatile uint32_t *)addr = value;
}

static inline const void *mo_mem(uint32_t addr, uint32_t len)
{
	(void)len;
	return (const void *)addr;
}

static inline void *mo_mem_rw(uint32_t addr, uint32_t len)
{
	(void)len;
	return (void *)addr;
}

#endif

/* Register of a lane: `reg` is that of lane 0, e.g. MO_SOC_SERDES_CTRL. */
static inline uint32_t mo_lane_reg(uint32_t reg, uint32_t lane)
{
	return reg + lane * MO_SOC_LANE_STRIDE;
}

#ifdef __cplusplus
}
#endif

#endif /* MO_LIB_IO_H */
