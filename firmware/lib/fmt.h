/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formatted text without libc.
 *
 * Conversions: %c %s %d %u %x %%, with an optional width that pads with blanks
 * or, when it starts with 0, with zeros (%8s, %4u, %08x); %lld %llu %llx for 64
 * bits. A conversion that is not known is printed as it stands.
 */
#ifndef MO_LIB_FMT_H
#define MO_LIB_FMT_H

#include <stdarg.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*mo_put_fn)(void *ctx, char c);

/* Calls put(ctx, c) for each character of the result. */
void mo_vformat(mo_put_fn put, void *ctx, const char *fmt, va_list args);

/*
 * Formats into buf, always NUL-terminated when size > 0. Returns the length of
 * the whole text without its NUL; a result >= size means that it was cut.
 */
uint32_t mo_format(char *buf, uint32_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#endif /* MO_LIB_FMT_H */
