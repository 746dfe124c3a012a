/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last characters of the text log, for LOG_GET. */
#ifndef MO_APP_LOGBUF_H
#define MO_APP_LOGBUF_H

#include "hw/mbox.h"

#define MO_LOGBUF_SIZE	8192

struct mo_logbuf {
	uint32_t end;	/* characters since the start, modulo 2^32 */
	char text[MO_LOGBUF_SIZE];
};

void mo_logbuf_put(struct mo_logbuf *log, char c);
void mo_logbuf_get(const struct mo_logbuf *log, uint32_t offset, struct mo_mb_log *out);

#endif /* MO_APP_LOGBUF_H */
