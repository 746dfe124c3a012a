// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory functions that the compiler may call. Not part of host builds,
 * which have libc's. Built with -fno-tree-loop-distribute-patterns, or the
 * compiler would turn the loops into calls of themselves.
 */
#include "lib/mem.h"

#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (!(((uintptr_t)t | (uintptr_t)f) & 3)) {
		for (; len >= 4; len -= 4, t += 4, f += 4)
			*(uint32_t *)(void *)t = *(const uint32_t *)(const void *)f;
	}
	for (; len; len--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t len)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t <= f)
		for (; len; len--)
			*t++ = *f++;
	else
		for (; len; len--)
			t[len - 1] = f[len - 1];
	return to;
}

void *memset(void *to, int value, size_t len)
{
	uint32_t word = (uint8_t)value * 0x01010101U;
	uint8_t *t = to;

	for (; len && ((uintptr_t)t & 3); len--)
		*t++ = (uint8_t)value;
	for (; len >= 4; len -= 4, t += 4)
		*(uint32_t *)(void *)t = word;
	for (; len; len--)
		*t++ = (uint8_t)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a;
	const uint8_t *y = b;

	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
