// SPDX-License-Identifier: GPL-2.0-or-later
/* The text log. */
#include "lib/log.h"

#include <stdarg.h>
#include <stddef.h>

#include "lib/fmt.h"
#include "lib/io.h"

static void (*log_sink)(char c);

void mo_log_set_sink(void (*sink)(char c))
{
	log_sink = sink;
}

static void put_log(void *ctx, char c)
{
	(void)ctx;
	mo_write32(MO_SOC_SYS_LOG, (uint8_t)c);
	if (log_sink)
		log_sink(c);
}

void mo_log(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	mo_vformat(put_log, NULL, fmt, args);
	va_end(args);
	put_log(NULL, '\n');
}
