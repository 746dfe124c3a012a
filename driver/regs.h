/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers.
 */
#ifndef MO_REGS_H
#define MO_REGS_H

#include <linux/types.h>

struct mo_dev;

u32 mo_rd(struct mo_dev *md, u32 offset);
/* For those who only look: false while somebody else brings the device down or up. */
bool mo_readable(const struct mo_dev *md);
/* The device is there, whatever was thought before. */
bool mo_regs_answer(struct mo_dev *md);
void mo_wr(struct mo_dev *md, u32 offset, u32 value);
int mo_regs_discover(struct mo_dev *md);
int mo_regs_wait_ready(struct mo_dev *md, unsigned int timeout_ms);
/* Offset of row @i of MO_REGS and its name; false behind the last one. */
bool mo_regs_row(struct mo_dev *md, unsigned int i, const char **name, u32 *offset);
unsigned int mo_regs_count(void);

#endif /* MO_REGS_H */
