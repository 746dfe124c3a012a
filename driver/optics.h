/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the firmware publishes about the optics.
 */
#ifndef MO_OPTICS_H
#define MO_OPTICS_H

#include <linux/stddef.h>
#include <linux/types.h>

#include "hw/mbox.h"

struct mo_dev;
struct netlink_ext_ack;

int mo_optics_init(struct mo_dev *md);
void mo_optics_exit(struct mo_dev *md);
int mo_optics_start(struct mo_dev *md);
void mo_optics_stop(struct mo_dev *md);
void mo_optics_sync(struct mo_dev *md);
int mo_optics_read(struct mo_dev *md, size_t offset, void *to, size_t len,
		   struct netlink_ext_ack *extack);
u64 mo_optics_age(struct mo_dev *md, u64 time_ns);

/* Copies the member @part of struct mo_optics to *@to; returns as mo_optics_read(). */
#define mo_optics_get(md, part, to, extack) \
	mo_optics_read(md, offsetof(struct mo_optics, part), \
		       1 ? (to) : &((struct mo_optics *)NULL)->part, \
		       sizeof_field(struct mo_optics, part), extack)

#endif /* MO_OPTICS_H */
