// SPDX-License-Identifier: GPL-2.0-or-later
/* The table is private to its file, so the file is compiled into the test. */
#include "app/dpath.c"

#include "tables.h"

int mo_table_dpath(unsigned int index, struct mo_table_row *row)
{
	const struct dpath_row *at;

	if (index >= sizeof(dpath_rows) / sizeof(dpath_rows[0]))
		return 0;
	at = &dpath_rows[index];
	row->state = at->state == ANY ? MO_TABLE_ANY : at->state;
	row->event = at->event == ANY ? MO_TABLE_ANY : at->event;
	row->guarded = at->guard != NULL;
	row->next = at->next;
	return 1;
}
