/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few things of the core itself that C code needs. Not for host tests:
 * code above the drivers takes what it needs as arguments.
 *
 * The firmware runs with interrupts masked in mstatus. It enables sources in
 * mie and INTC_ENABLE, sleeps in mo_cpu_wait() until one is pending, and looks
 * at INTC_PENDING and the timer itself: no handler, no reentrancy.
 */
#ifndef MO_LIB_CPU_H
#define MO_LIB_CPU_H

#include <stdint.h>

#define MO_MIE_TIMER	(1U << 7)
#define MO_MIE_EXTERNAL	(1U << 11)

/* Interrupts (MO_MIE_*) that end mo_cpu_wait(). */
static inline void mo_cpu_wake_sources(uint32_t mie)
{
	__asm__ volatile("csrw mie, %0" : : "r"(mie));
}

/* Sleeps until a wake source is pending; returns at once when one is. */
static inline void mo_cpu_wait(void)
{
	__asm__ volatile("wfi" : : : "memory");
}

/* Instructions written before are seen by fetches after. */
static inline void mo_cpu_sync_code(void)
{
	__asm__ volatile("fence.i" : : : "memory");
}

#endif /* MO_LIB_CPU_H */
