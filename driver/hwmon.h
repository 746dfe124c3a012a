/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Temperatures, voltages and powers of the module and the board.
 */
#ifndef MO_HWMON_H
#define MO_HWMON_H

struct mo_dev;

void mo_hwmon_init(struct mo_dev *md);
void mo_hwmon_exit(struct mo_dev *md);

#endif /* MO_HWMON_H */
