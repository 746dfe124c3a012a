/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state machines' tables as data, for tests of the tables themselves. */
#ifndef MO_TESTS_TABLES_H
#define MO_TESTS_TABLES_H

#ifdef __cplusplus
extern "C" {
#endif

#define MO_TABLE_ANY	(-1)	/* every state, every event */
#define MO_TABLE_LIVE	(-2)	/* the link's states in which the module is in use */
#define MO_TABLE_SAME	(-3)	/* next: the state stays */

struct mo_table_row {
	int state;
	int event;
	int guarded;
	int next;
};

/* Row `index`; 0 when there is none. */
int mo_table_link(unsigned int index, struct mo_table_row *row);
int mo_table_module(unsigned int index, struct mo_table_row *row);
int mo_table_dpath(unsigned int index, struct mo_table_row *row);

#ifdef __cplusplus
}
#endif

#endif /* MO_TESTS_TABLES_H */
