/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The management firmware: files, loading, flash.
 */
#ifndef MO_FW_H
#define MO_FW_H

#include <linux/types.h>

#include "hw/mbox.h"

struct firmware;
struct mo_dev;
struct netlink_ext_ack;

/* As the VERSION register of the management block. */
#define MO_FW_VERSION(major, minor, patch) \
	((u32)(major) << 16 | (u32)(minor) << 8 | (u32)(patch))

/**
 * struct mo_fw_image - image of a firmware package
 * @data: signed header and image; points into the file
 * @len: bytes of both
 * @build_id: of the header
 * @version: MO_FW_VERSION() of the header
 * @abi_major: mailbox ABI
 * @abi_minor: mailbox ABI
 * @text: what is wrong with it, when that has numbers in it
 */
struct mo_fw_image {
	const u8 *data;
	u32 len;
	u8 build_id[20];
	u32 version;
	u16 abi_major;
	u16 abi_minor;
	char text[96];
};

const char *mo_fwfile_parse(struct mo_dev *md, const struct firmware *fw,
			    struct mo_fw_image *img);

/* Copies an image to the management core's stage. */
int mo_fw_stage(struct mo_dev *md, const struct mo_fw_image *img,
		void (*progress)(struct mo_dev *md, u32 done, u32 total));
/* Stages and starts an image; NULL or why it is not in use now. */
const char *mo_fw_adopt(struct mo_dev *md, const struct mo_fw_image *img);

/* fw.c */
/*
 * Gets firmware running as the load policy (DEVLINK_PARAM_FW_LOAD_POLICY_VALUE_*)
 * says; says in the log why not.
 */
int mo_fw_boot(struct mo_dev *md, u8 policy, struct netlink_ext_ack *extack);
/* As mo_fw_boot(), but firmware that runs may go on. */
int mo_fw_resume(struct mo_dev *md, u8 policy);
/* As mo_fw_boot(), but starts anew what runs already. */
int mo_fw_restart(struct mo_dev *md, u8 policy, struct netlink_ext_ack *extack);
void mo_fw_event(struct mo_dev *md, u16 state, u32 error);
void mo_fw_recheck(struct mo_dev *md);

/* flash.c */
int mo_fw_flash(struct mo_dev *md, const struct firmware *fw,
		struct netlink_ext_ack *extack);
/* What the slots hold; asks the firmware once per content. devl_lock held. */
int mo_flash_info(struct mo_dev *md, struct mo_mb_flash_info *info, unsigned int wait_ms,
		  struct netlink_ext_ack *extack);
/* Event work: a job of the flash has ended. */
void mo_flash_event(struct mo_dev *md);

#endif /* MO_FW_H */
