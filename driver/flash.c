// SPDX-License-Identifier: GPL-2.0
/*
 * Writing firmware to the flash slots, for devlink flash. The firmware that
 * runs writes the flash; on a device without any, the new image is started
 * first and writes itself.
 */
#include <linux/firmware.h>

#include "hw/soc.h"
#include "mo.h"
#include "fw.h"
#include "status.h"

#define MO_FLASH_COMPONENT	"fw.mgmt"
#define MO_FLASH_WRITE_S	120

static void mo_flash_status(struct mo_dev *md, const char *text)
{
	devlink_flash_update_status_notify(mo_devlink(md), text, MO_FLASH_COMPONENT, 0, 0);
}

static void mo_flash_progress(struct mo_dev *md, u32 done, u32 total)
{
	devlink_flash_update_status_notify(mo_devlink(md), "Sending", MO_FLASH_COMPONENT,
					   done, total);
}

/* The slot that is not needed: not the running one, else not the good one. */
static int mo_flash_pick(struct mo_dev *md, u8 *slot, struct netlink_ext_ack *extack)
{
	struct mo_mb_flash_info info;
	int err;

	err = mo_mgmt_call(md, 0, MO_MB_FLASH_INFO, NULL, 0, &info, sizeof(info), extack);
	if (err)
		return err;
	if (info.slots != ARRAY_SIZE(info.slot) || info.boot_slot >= info.slots) {
		NL_SET_ERR_MSG(extack, "firmware describes its flash in a way that makes no sense");
		return -EPROTO;
	}
	if (md->mgmt.version.source == MO_SOC_BOOT_AUTO)
		*slot = !md->mgmt.version.slot;
	else if (info.slot[info.boot_slot].error == MO_FW_ERR_NONE)
		*slot = !info.boot_slot;
	else
		*slot = info.boot_slot;
	return 0;
}

/*
 * FLASH_WRITE or FLASH_SELECT. The firmware holds the image against all that
 * the boot ROM will check, before it touches the slot; what it found is told.
 */
static int mo_flash_call(struct mo_dev *md, enum mo_mb_cmd cmd,
			 const struct mo_mb_flash_write *req, struct netlink_ext_ack *extack)
{
	struct mo_mb_flash_result res = {};
	int err;

	err = mo_mgmt_call(md, 0, cmd, req, sizeof(*req), &res, sizeof(res), extack);
	if (!err || !res.error)
		return err;
	NL_SET_ERR_MSG_FMT(extack, "image refused: %s", mo_fw_error_text(res.error));
	if (res.error == MO_FW_ERR_KEY || res.error == MO_FW_ERR_SIGNATURE)
		return -EKEYREJECTED;
	return err;
}

static int mo_flash_write(struct mo_dev *md, const struct mo_fw_image *img,
			  struct netlink_ext_ack *extack)
{
	struct mo_mb_flash_write req = {};
	int err;

	err = mo_flash_pick(md, &req.slot, extack);
	if (err)
		return err;
	err = mo_fw_stage(md, img, mo_flash_progress);
	if (err) {
		NL_SET_ERR_MSG(extack, "image cannot be sent to the device");
		return err;
	}
	devlink_flash_update_timeout_notify(mo_devlink(md), "Writing", MO_FLASH_COMPONENT,
					    MO_FLASH_WRITE_S);
	err = mo_flash_call(md, MO_MB_FLASH_WRITE, &req, extack);
	if (err)
		return err;
	mo_flash_status(md, "Selecting");
	err = mo_flash_call(md, MO_MB_FLASH_SELECT, &req, extack);
	if (err)
		return err;
	dev_info(md->dev, "firmware %u.%u.%u is in flash slot %u; 'devlink dev reload pci/%s action fw_activate' starts it\n",
		 img->version >> 16, (img->version >> 8) & 0xff, img->version & 0xff,
		 req.slot, pci_name(md->pdev));
	return 0;
}

/**
 * mo_fw_flash() - write a package to the flash slot that is not in use
 * @md: device; devl_lock held
 * @fw: PLDM package
 * @extack: gets what is wrong
 *
 * Return: 0 or -errno: -EKEYREJECTED for an image that nobody has signed whom
 * the device trusts, -EBADMSG for one that is wrong otherwise. Nothing was
 * written then; the slot in use is never touched.
 */
int mo_fw_flash(struct mo_dev *md, const struct firmware *fw,
		struct netlink_ext_ack *extack)
{
	struct mo_fw_image img;
	const char *text;

	if (!(md->features & MO_F_MGMT)) {
		NL_SET_ERR_MSG(extack, "device has no management core");
		return -EOPNOTSUPP;
	}
	mo_flash_status(md, "Checking");
	text = mo_fwfile_parse(md, fw, &img);
	if (text) {
		NL_SET_ERR_MSG_FMT(extack, "%s", text);
		return -EBADMSG;
	}
	if (img.abi_major != MO_FW_ABI_MAJOR) {
		NL_SET_ERR_MSG_FMT(extack, "file speaks mailbox ABI %u.%u, this driver needs %u.x",
				   img.abi_major, img.abi_minor, MO_FW_ABI_MAJOR);
		return -EPROTONOSUPPORT;
	}
	if (!READ_ONCE(md->mgmt.usable)) {
		mo_flash_status(md, "Starting");
		text = mo_fw_adopt(md, &img);
		if (text) {
			NL_SET_ERR_MSG_FMT(extack, "%s", text);
			return -EBADMSG;
		}
		mo_link_replay(md);
	}
	return mo_flash_write(md, &img, extack);
}
