// SPDX-License-Identifier: GPL-2.0-or-later
// Text formatting without libc.
#ifndef MO_FW_FMT_H
#define MO_FW_FMT_H

#include <stdarg.h>
#include <stdint.h>

// Formats into `out`, always terminated when size > 0. Knows %u %d %x (uint32_t/int32_t), %s, %c,
// %% and a width of one or two digits, with leading 0 for zero padding. An unknown conversion is
// copied as it stands. Returns the characters written, without the terminator.
uint32_t mo_vfmt(char* out, uint32_t size, const char* format, va_list args);
uint32_t mo_fmt(char* out, uint32_t size, const char* format, ...)
    __attribute__((format(printf, 3, 4)));

#endif // MO_FW_FMT_H
