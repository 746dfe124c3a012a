/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devlink health reporters.
 */
#ifndef MO_REPORTER_H
#define MO_REPORTER_H

struct mo_dev;

/* Both, or -errno and none. devl_lock held. */
int mo_reporters_add(struct mo_dev *md);
void mo_reporters_del(struct mo_dev *md);

#endif /* MO_REPORTER_H */
