// SPDX-License-Identifier: GPL-2.0-or-later
/* The table is private to its file, so the file is compiled into the test. */
#include "app/link.c"

#include "tables.h"

int mo_table_link(unsigned int index, struct mo_table_row *row)
{
	const struct link_row *at;

	if (index >= sizeof(link_rows) / sizeof(link_rows[0]))
		return 0;
	at = &link_rows[index];
	row->state = at->state == LIVE ? MO_TABLE_LIVE : at->state == ANY ? MO_TABLE_ANY : at->state;
	row->event = at->event == ANY ? MO_TABLE_ANY : at->event;
	row->guarded = at->guard != NULL;
	row->next = at->next == SAME ? MO_TABLE_SAME : at->next;
	return 1;
}
