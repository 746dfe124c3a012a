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
/* How often to look at a job, should its event get lost; and to show progress. */
#define MO_FLASH_LOOK_MS	250
#define MO_FLASH_CHECK_MS	10000

static void mo_flash_status(struct mo_dev *md, const char *text)
{
	devlink_flash_update_status_notify(mo_devlink(md), text, MO_FLASH_COMPONENT, 0, 0);
}

static void mo_flash_progress(struct mo_dev *md, u32 done, u32 total)
{
	devlink_flash_update_status_notify(mo_devlink(md), "Sending", MO_FLASH_COMPONENT,
					   done, total);
}

void mo_flash_event(struct mo_dev *md)
{
	WRITE_ONCE(md->mgmt.flash_events, md->mgmt.flash_events + 1);
	wake_up_all(&md->mgmt.wait);
}

/* Until a job ends, firmware or device die, or it is time to look. */
static void mo_flash_wait(struct mo_dev *md, unsigned int events)
{
	wait_event_timeout(md->mgmt.wait,
			   READ_ONCE(md->mgmt.flash_events) != events ||
			   !READ_ONCE(md->mgmt.usable) || mo_gone(md),
			   msecs_to_jiffies(MO_FLASH_LOOK_MS));
}

/*
 * Firmware holds the slots' signatures against its keys only once, and so is it
 * asked only once: reading versions needs no privilege. Waits for what is not
 * known yet for @wait_ms at most.
 */
int mo_flash_info(struct mo_dev *md, struct mo_mb_flash_info *info, unsigned int wait_ms,
		  struct netlink_ext_ack *extack)
{
	unsigned long end = jiffies + msecs_to_jiffies(wait_ms);
	u8 all = BIT(ARRAY_SIZE(info->slot)) - 1;
	struct mo_mgmt *mgmt = &md->mgmt;
	unsigned int events;
	int err;

	devl_assert_locked(mo_devlink(md));
	while (!mgmt->flash_valid) {
		events = READ_ONCE(mgmt->flash_events);
		err = mo_mgmt_call(md, 0, MO_MB_FLASH_INFO, NULL, 0, &mgmt->flash,
				   sizeof(mgmt->flash), extack);
		if (err)
			return err;
		if ((mgmt->flash.known & all) == all) {
			mgmt->flash_valid = true;
			break;
		}
		if (time_after(jiffies, end)) {
			NL_SET_ERR_MSG(extack, "firmware does not come to an end with its flash");
			return -ETIMEDOUT;
		}
		mo_flash_wait(md, events);
	}
	if (!READ_ONCE(mgmt->usable)) {
		NL_SET_ERR_MSG(extack, "management firmware does not run; see the kernel log");
		return -EHOSTDOWN;
	}
	*info = mgmt->flash;
	return 0;
}

/* The slot that is not needed: not the running one, else not the good one. */
static int mo_flash_pick(struct mo_dev *md, u8 *slot, struct netlink_ext_ack *extack)
{
	struct mo_mb_flash_info info;
	int err;

	err = mo_flash_info(md, &info, MO_FLASH_CHECK_MS, extack);
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

/* How a job ended. */
static int mo_flash_result(const struct mo_mb_flash_job *job, struct netlink_ext_ack *extack)
{
	u16 status = le16_to_cpu(job->status);

	if (status == MO_MB_OK)
		return 0;
	if (job->error == MO_FW_ERR_NONE) {
		NL_SET_ERR_MSG_FMT(extack, "firmware refused: %s", mo_mb_status_text(status));
		return mo_mb_status_errno(status);
	}
	NL_SET_ERR_MSG_FMT(extack, "image refused: %s", mo_fw_error_text(job->error));
	if (job->error == MO_FW_ERR_KEY || job->error == MO_FW_ERR_SIGNATURE)
		return -EKEYREJECTED;
	return mo_mb_status_errno(status);
}

/*
 * FLASH_WRITE or FLASH_SELECT, and the job that it starts. The firmware holds
 * the image against all that the boot ROM will check, before it touches the
 * slot; what it found is told. It answers others meanwhile.
 */
static int mo_flash_job(struct mo_dev *md, enum mo_mb_cmd cmd, const char *text,
			const struct mo_mb_flash_write *req, struct netlink_ext_ack *extack)
{
	unsigned long end = jiffies + MO_FLASH_WRITE_S * HZ;
	struct mo_mb_flash_job job;
	unsigned int events;
	__le32 seq;
	int err;

	err = mo_mgmt_call(md, 0, cmd, req, sizeof(*req), &job, sizeof(job), extack);
	if (err)
		return err;
	seq = job.seq;
	for (;;) {
		events = READ_ONCE(md->mgmt.flash_events);
		err = mo_mgmt_call(md, 0, MO_MB_FLASH_JOB, NULL, 0, &job, sizeof(job), extack);
		if (err)
			return err;
		if (job.seq != seq || job.state == MO_FLASH_JOB_NONE) {
			NL_SET_ERR_MSG(extack, "firmware has started anew and forgotten the job");
			return -EIO;
		}
		if (job.state == MO_FLASH_JOB_DONE)
			return mo_flash_result(&job, extack);
		if (time_after(jiffies, end)) {
			NL_SET_ERR_MSG(extack, "firmware does not come to an end with its flash");
			return -ETIMEDOUT;
		}
		if (job.total)
			devlink_flash_update_status_notify(mo_devlink(md), text,
							   MO_FLASH_COMPONENT,
							   le32_to_cpu(job.done),
							   le32_to_cpu(job.total));
		mo_flash_wait(md, events);
	}
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
	md->mgmt.flash_valid = false;
	err = mo_flash_job(md, MO_MB_FLASH_WRITE, "Writing", &req, extack);
	if (err)
		return err;
	mo_flash_status(md, "Selecting");
	err = mo_flash_job(md, MO_MB_FLASH_SELECT, "Selecting", &req, extack);
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
