// SPDX-License-Identifier: GPL-2.0-or-later
#include "fmt.h"

struct sink {
    char* out;
    uint32_t size;
    uint32_t used;
};

static void put(struct sink* sink, char c) {
    if (sink->used + 1 < sink->size)
        sink->out[sink->used++] = c;
}

static void put_number(struct sink* sink, uint32_t value, uint32_t base, int negative,
                       uint32_t width, char pad) {
    char digits[10]; // 2^32 has ten decimal digits
    uint32_t count = 0;
    uint32_t length;

    do {
        uint32_t digit = value % base;

        digits[count++] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
        value /= base;
    } while (value != 0);
    length = count + (negative ? 1 : 0);
    if (negative && pad == '0')
        put(sink, '-');
    for (; length < width; length++)
        put(sink, pad);
    if (negative && pad != '0')
        put(sink, '-');
    while (count > 0)
        put(sink, digits[--count]);
}

static void put_text(struct sink* sink, const char* text, uint32_t width) {
    uint32_t length = 0;

    if (!text)
        text = "(null)";
    while (text[length])
        put(sink, text[length++]);
    for (; length < width; length++)
        put(sink, ' ');
}

uint32_t mo_vfmt(char* out, uint32_t size, const char* format, va_list args) {
    struct sink sink = {out, size, 0};

    if (size == 0)
        return 0;
    for (; *format; format++) {
        const char* start = format;
        uint32_t width = 0;
        char pad = ' ';

        if (*format != '%') {
            put(&sink, *format);
            continue;
        }
        format++;
        if (*format == '0') {
            pad = '0';
            format++;
        }
        while (*format >= '0' && *format <= '9' && width < 10)
            width = width * 10 + (uint32_t)(*format++ - '0');
        switch (*format) {
        case 'u':
            put_number(&sink, va_arg(args, unsigned int), 10, 0, width, pad);
            break;
        case 'x':
            put_number(&sink, va_arg(args, unsigned int), 16, 0, width, pad);
            break;
        case 'd': {
            int value = va_arg(args, int);
            unsigned int magnitude = value < 0 ? 0U - (unsigned int)value : (unsigned int)value;

            put_number(&sink, magnitude, 10, value < 0, width, pad);
            break;
        }
        case 's':
            put_text(&sink, va_arg(args, const char*), width);
            break;
        case 'c':
            put(&sink, (char)va_arg(args, int));
            break;
        case '%':
            put(&sink, '%');
            break;
        default:
            while (start < format)
                put(&sink, *start++);
            if (!*format) {
                sink.out[sink.used] = '\0';
                return sink.used;
            }
            put(&sink, *format);
            break;
        }
    }
    sink.out[sink.used] = '\0';
    return sink.used;
}

uint32_t mo_fmt(char* out, uint32_t size, const char* format, ...) {
    va_list args;
    uint32_t used;

    va_start(args, format);
    used = mo_vfmt(out, size, format, args);
    va_end(args);
    return used;
}
