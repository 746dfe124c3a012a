/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bringing the device up and down.
 */
#ifndef MO_DEV_H
#define MO_DEV_H

#include <linux/types.h>

struct mo_dev;

int mo_dev_init(struct mo_dev *md);
void mo_dev_exit(struct mo_dev *md);
int mo_dev_up(struct mo_dev *md);
void mo_dev_down(struct mo_dev *md);
/* Function reset and replay of all settings. devl_lock held. */
int mo_dev_reset(struct mo_dev *md);
/* Tear down but keep netdev and settings; mo_dev_reattach() replays. */
void mo_dev_quiesce(struct mo_dev *md);
int mo_dev_reattach(struct mo_dev *md);
/* True unless the device has gone; one that answers again is taken back. devl_lock held. */
bool mo_dev_adopt(struct mo_dev *md);
void mo_service_start(struct mo_dev *md);
void mo_service_stop(struct mo_dev *md);

#endif /* MO_DEV_H */
