/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory functions, which have no <string.h> to come from. */
#ifndef MO_LIB_MEM_H
#define MO_LIB_MEM_H

#ifdef MO_HOST_TEST
#include <string.h>
#else
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
#endif

#endif /* MO_LIB_MEM_H */
