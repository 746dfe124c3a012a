/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devlink instance, its parameters and its port.
 */
#ifndef MO_DEVLINK_H
#define MO_DEVLINK_H

#include <linux/types.h>

struct devlink_ops;
struct mo_dev;

/* devlink.c */
extern const struct devlink_ops mo_devlink_ops;
int mo_devlink_init(struct mo_dev *md);
void mo_devlink_exit(struct mo_dev *md);

/* devlink_param.c: devl_lock held */
int mo_devlink_params_add(struct mo_dev *md);
void mo_devlink_params_del(struct mo_dev *md);
u8 mo_devlink_fw_policy(struct mo_dev *md);
bool mo_devlink_roce_enabled(struct mo_dev *md);

/* devlink_port.c */
int mo_devlink_port_add(struct mo_dev *md);
void mo_devlink_port_del(struct mo_dev *md);

#endif /* MO_DEVLINK_H */
