/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters and rings for those who debug the driver.
 */
#ifndef MO_DEBUGFS_H
#define MO_DEBUGFS_H

struct mo_dev;

void mo_debugfs_init(void);
void mo_debugfs_exit(void);
void mo_debugfs_add(struct mo_dev *md);
void mo_debugfs_remove(struct mo_dev *md);

#endif /* MO_DEBUGFS_H */
