// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes that say where they come from: each 8 differ from all others of the
 * same seed, and from those of other seeds.
 */
#include <string.h>

#include "rdma_data.h"

static uint64_t word(uint64_t index, uint64_t seed)
{
	uint64_t x = (index + 1) * 0x9e3779b97f4a7c15ULL ^ seed * 0xc2b2ae3d27d4eb4fULL;

	return x ^ x >> 29;
}

/* Bytes `from` and later of the endless pattern. */
void fill_at(uint8_t *to, size_t from, size_t size, uint64_t seed)
{
	size_t skip, part;
	uint64_t value;

	while (size) {
		skip = from % 8;
		part = size < 8 - skip ? size : 8 - skip;
		value = word(from / 8, seed);
		memcpy(to, (uint8_t *)&value + skip, part);
		to += part;
		from += part;
		size -= part;
	}
}

void fill(uint8_t *to, size_t size, uint64_t seed)
{
	fill_at(to, 0, size, seed);
}

/* Fails with the first byte that is not of the pattern. */
void expect(const uint8_t *at, size_t from, size_t size, uint64_t seed, const char *what)
{
	uint8_t block[4096];
	size_t done = 0, part, i;

	while (done < size) {
		part = size - done < sizeof(block) ? size - done : sizeof(block);
		fill_at(block, from + done, part, seed);
		if (memcmp(block, at + done, part)) {
			for (i = 0; block[i] == at[done + i]; i++)
				;
			fail("%s: byte %zu of %zu is 0x%02x, expected 0x%02x", what, done + i, size,
			     at[done + i], block[i]);
		}
		done += part;
	}
}
