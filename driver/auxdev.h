/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The auxiliary device of the RDMA driver.
 */
#ifndef MO_AUXDEV_H
#define MO_AUXDEV_H

#include <linux/types.h>

struct mo_dev;
struct mo_eqe;

int mo_auxdev_init(struct mo_dev *md);
void mo_auxdev_exit(struct mo_dev *md);
void mo_auxdev_add(struct mo_dev *md);
void mo_auxdev_del(struct mo_dev *md);
bool mo_auxdev_event(struct mo_dev *md, const struct mo_eqe *eqe);

#endif /* MO_AUXDEV_H */
