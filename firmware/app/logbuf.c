// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/logbuf.h"

#include "lib/mem.h"

MO_ASSERT((MO_LOGBUF_SIZE & (MO_LOGBUF_SIZE - 1)) == 0, "ring size");

void mo_logbuf_put(struct mo_logbuf *log, char c)
{
	log->text[log->end++ % MO_LOGBUF_SIZE] = c;
}

void mo_logbuf_get(const struct mo_logbuf *log, uint32_t offset, struct mo_mb_log *out)
{
	uint32_t held = log->end < MO_LOGBUF_SIZE ? log->end : MO_LOGBUF_SIZE;
	uint32_t len = log->end - offset;

	memset(out, 0, sizeof(*out));
	if (offset > log->end)
		len = 0; /* from before a restart: nothing newer than that yet */
	else if (len > held)
		len = held;
	offset = log->end - len;
	if (len > MO_LOG_CHUNK)
		len = MO_LOG_CHUNK;
	for (uint32_t i = 0; i < len; i++)
		out->text[i] = (__u8)log->text[(offset + i) % MO_LOGBUF_SIZE];
	out->offset = offset;
	out->len = len;
}
