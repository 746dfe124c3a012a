/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family.
 */
#ifndef MO_NL_H
#define MO_NL_H

struct mo_dev;

int mo_nl_init(void);
void mo_nl_exit(void);
/* Listeners hear of the link of a device with a netdev from here on, or no more. */
void mo_nl_add(struct mo_dev *md);
void mo_nl_del(struct mo_dev *md);

#endif /* MO_NL_H */
