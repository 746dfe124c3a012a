/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot ROM leaves for the image that it started, at the end of RAM.
 * lib/app.ld keeps the firmware off this place.
 */
#ifndef MO_LIB_BOOT_INFO_H
#define MO_LIB_BOOT_INFO_H

#ifndef MO_HW_FREESTANDING
#define MO_HW_FREESTANDING 1
#endif
#include "hw/fwimg.h"
#include "hw/soc.h"
#include "lib/verify.h"

#define MO_BOOT_INFO_MAGIC	0x544f4f42	/* "BOOT" */
#define MO_BOOT_INFO_SIZE	512
#define MO_BOOT_INFO_ADDR \
	(MO_SOC_RAM_BASE + MO_SOC_RAM_SIZE - MO_BOOT_INFO_SIZE)

/*
 * The ROM's own stack and data lie in front of it. An image may not be loaded
 * above this address; once it runs, it may use the RAM up to MO_BOOT_INFO_ADDR.
 */
#define MO_ROM_RAM_SIZE		(16 * 1024)
#define MO_ROM_RAM_BASE \
	(MO_SOC_RAM_BASE + MO_SOC_RAM_SIZE - MO_ROM_RAM_SIZE)

/**
 * struct mo_boot_info - hand-over from the boot ROM
 * @magic: MO_BOOT_INFO_MAGIC
 * @source: MO_SOC_BOOT_AUTO = flash, MO_SOC_BOOT_STAGE = from the host
 * @slot: flash slot when @source is flash, else 0
 * @keys: MO_ROOT_KEYS; 0 from a ROM that does not tell its keys
 * @rsvd: zero
 * @hdr: the verified header of the image that runs
 * @root_keys: what the ROM will verify the next image with
 */
struct mo_boot_info {
	uint32_t magic;
	__u8 source;
	__u8 slot;
	__u8 keys;
	__u8 rsvd[9];
	struct mo_fw_hdr hdr;
	struct mo_root_keys root_keys;
};

MO_ASSERT_SIZE(mo_boot_info, 336);

#endif /* MO_LIB_BOOT_INFO_H */
