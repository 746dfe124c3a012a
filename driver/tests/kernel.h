/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the driver's pure parts use of the kernel, for programs in user space.
 * Debian's kernels have no KUnit, so these parts are tested here. Stands in
 * for mo.h, whose include guard it takes.
 */
#ifndef MO_H
#define MO_H

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#include "../hw/cmd.h"
#include "../hw/db.h"
#include "../hw/fwimg.h"
#include "../hw/mbox.h"
#include "../hw/regs.h"

#endif /* MO_H */
