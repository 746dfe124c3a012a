// SPDX-License-Identifier: GPL-2.0-or-later
// Access to registers and memory windows of the chip (driver/hw/soc.h). On the chip these are loads
// and stores. With MO_IO_HOST defined the four functions are undefined here: a unit test's ordered
// mock or a model of the chip supplies them, so everything above this header compiles for the host.
#ifndef MO_FW_IO_H
#define MO_FW_IO_H

#include <stdint.h>

#if defined(MO_IO_HOST)

// A register: a 32-bit word at an absolute address (MO_SOC_<block>_<NAME>).
uint32_t mo_io_read(uint32_t addr);
void mo_io_write(uint32_t addr, uint32_t value);

// Bytes of a memory window: mailbox, I2C buffer, link buffer, stage, flash.
void mo_io_get(void* to, uint32_t addr, uint32_t len);
void mo_io_put(uint32_t addr, const void* from, uint32_t len);

#else

#include <string.h>

static inline uint32_t mo_io_read(uint32_t addr) {
    return *(const volatile uint32_t*)(uintptr_t)addr;
}

static inline void mo_io_write(uint32_t addr, uint32_t value) {
    *(volatile uint32_t*)(uintptr_t)addr = value;
}

static inline void mo_io_get(void* to, uint32_t addr, uint32_t len) {
    memcpy(to, (const void*)(uintptr_t)addr, len);
    __asm__ volatile("" ::: "memory");
}

static inline void mo_io_put(uint32_t addr, const void* from, uint32_t len) {
    __asm__ volatile("" ::: "memory");
    memcpy((void*)(uintptr_t)addr, from, len);
    __asm__ volatile("" ::: "memory");
}

#endif

#endif // MO_FW_IO_H
