// SPDX-License-Identifier: GPL-2.0-or-later
/* Formatted text without libc. */
#include "lib/fmt.h"

#include <stdbool.h>
#include <stddef.h>

struct spec {
	uint32_t width;
	char pad;
	bool wide;	/* 64-bit argument */
};

static void put_padded(mo_put_fn put, void *ctx, const struct spec *spec,
		       const char *text, uint32_t len)
{
	uint32_t i;

	for (i = len; i < spec->width; i++)
		put(ctx, spec->pad);
	for (i = 0; i < len; i++)
		put(ctx, text[i]);
}

static void put_number(mo_put_fn put, void *ctx, struct spec spec,
		       uint64_t value, uint32_t base, bool negative)
{
	static const char digits[] = "0123456789abcdef";
	char text[24];
	uint32_t at = sizeof(text);

	do {
		text[--at] = digits[value % base];
		value /= base;
	} while (value);
	/* A sign stands before zeros and after blanks. */
	if (negative && spec.pad == '0') {
		put(ctx, '-');
		if (spec.width)
			spec.width--;
	} else if (negative) {
		text[--at] = '-';
	}
	put_padded(put, ctx, &spec, &text[at], sizeof(text) - at);
}

static const char *parse_spec(const char *p, struct spec *spec)
{
	spec->pad = *p == '0' ? '0' : ' ';
	spec->width = 0;
	spec->wide = false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (spec->width < 64)
			spec->width = spec->width * 10 + (uint32_t)(*p - '0');
	if (p[0] == 'l' && p[1] == 'l') {
		spec->wide = true;
		p += 2;
	}
	return p;
}

static uint32_t text_length(const char *text)
{
	uint32_t len = 0;

	while (text[len])
		len++;
	return len;
}

void mo_vformat(mo_put_fn put, void *ctx, const char *fmt, va_list args)
{
	for (; *fmt; fmt++) {
		const char *start = fmt;
		const char *text;
		struct spec spec;
		int64_t number;

		if (*fmt != '%') {
			put(ctx, *fmt);
			continue;
		}
		fmt = parse_spec(fmt + 1, &spec);
		switch (*fmt) {
		case 'c':
			put(ctx, (char)va_arg(args, int));
			break;
		case 's':
			text = va_arg(args, const char *);
			if (!text)
				text = "(null)";
			put_padded(put, ctx, &spec, text, text_length(text));
			break;
		case 'd':
			number = spec.wide ? va_arg(args, long long) :
					     va_arg(args, int);
			put_number(put, ctx, spec,
				   number < 0 ? -(uint64_t)number :
						(uint64_t)number,
				   10, number < 0);
			break;
		case 'u':
		case 'x':
			put_number(put, ctx, spec,
				   spec.wide ? va_arg(args, unsigned long long) :
					       va_arg(args, unsigned int),
				   *fmt == 'u' ? 10 : 16, false);
			break;
		case '%':
			put(ctx, '%');
			break;
		default:
			while (start < fmt)
				put(ctx, *start++);
			if (!*fmt)
				return;
			put(ctx, *fmt);
		}
	}
}

struct buffer {
	char *text;
	uint32_t size;
	uint32_t len;
};

static void put_buffer(void *ctx, char c)
{
	struct buffer *buffer = ctx;

	if (buffer->len + 1 < buffer->size)
		buffer->text[buffer->len] = c;
	buffer->len++;
}

uint32_t mo_format(char *buf, uint32_t size, const char *fmt, ...)
{
	struct buffer buffer = { .text = buf, .size = size };
	va_list args;

	va_start(args, fmt);
	mo_vformat(put_buffer, &buffer, fmt, args);
	va_end(args);
	if (size)
		buf[buffer.len < size ? buffer.len : size - 1] = '\0';
	return buffer.len;
}
