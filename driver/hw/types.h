/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * The integer types and assertions that the hardware interface is written in.
 *
 * The same headers are compiled by the kernel, by the rdma-core provider, by
 * the freestanding firmware and by C++. C++ must include them through
 * userspace/common/hw.hpp only: it places them in namespace mo::hw, where
 * __le16/32/64 name a strong little-endian type that cannot be mixed up with
 * a native integer.
 */
#ifndef MO_HW_TYPES_H
#define MO_HW_TYPES_H

#if defined(__KERNEL__)
#include <linux/build_bug.h>
#include <linux/types.h>
#elif defined(__cplusplus)
#ifndef MO_HW_CXX
#error "C++ includes the hardware interface through userspace/common/hw.hpp"
#endif
#elif defined(MO_HW_FREESTANDING)
#include <stdint.h>
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef uint16_t __le16;
typedef uint32_t __le32;
typedef uint64_t __le64;
#else
#include <linux/types.h>
#endif

#define MO_BIT(n)	(1U << (n))
/* Bits hi..lo of a 32-bit word, both included. */
#define MO_MASK(hi, lo)	((0xffffffffU >> (31 - (hi))) & (0xffffffffU << (lo)))

#ifdef __cplusplus
#define MO_ASSERT(cond, text)	static_assert(cond, text)
#define MO_OFFSETOF(type, member)	__builtin_offsetof(type, member)
#else
#define MO_ASSERT(cond, text)	_Static_assert(cond, text)
#define MO_OFFSETOF(type, member)	__builtin_offsetof(struct type, member)
#endif

/* Every structure that crosses the interface states its size. */
#ifdef __cplusplus
#define MO_ASSERT_SIZE(tag, bytes) \
	MO_ASSERT(sizeof(tag) == (bytes), "size of " #tag)
#else
#define MO_ASSERT_SIZE(tag, bytes) \
	MO_ASSERT(sizeof(struct tag) == (bytes), "size of " #tag)
#endif

#endif /* MO_HW_TYPES_H */
