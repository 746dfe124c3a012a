// SPDX-License-Identifier: GPL-2.0
/*
 * Management firmware: which one runs, and getting one to run. The load
 * policy (devlink parameter fw_load_policy, handed in) decides between the flash and the
 * file; every way to fail ends in one message that names the file, what is
 * wrong with it, and what to do. A device without firmware keeps devlink and
 * its netdev, without a carrier.
 *
 * The state comes from the device's registers; events only say that it is
 * time to look, so that an event of the past cannot be mistaken for news.
 */
#include <linux/delay.h>
#include <linux/firmware.h>

#include "hw/soc.h"
#include "mo.h"
#include "cmd.h"
#include "fw.h"
#include "regs.h"
#include "status.h"

#define MO_FW_PIECE		(16 * 1024)
#define MO_FW_BOOT_TIMEOUT_MS	10000
#define MO_FW_SETTLE_TIMEOUT_MS	3000

/* Why firmware is wanted. */
enum mo_fw_why {
	MO_FW_BOOT,	/* the device is new */
	MO_FW_RESUME,	/* the device comes back; firmware may have gone on */
	MO_FW_RESTART,	/* start anew, whatever runs */
};

MODULE_FIRMWARE(MO_FW_FILE);

/* Reads state and error, returns the new state. */
static enum mo_mgmt_state mo_fw_look(struct mo_dev *md)
{
	u32 state, error;

	state = mo_rd(md, md->blk_mgmt + MO_MGMT_STATE);
	error = mo_rd(md, md->blk_mgmt + MO_MGMT_ERROR);
	if (mo_gone(md))
		state = MO_MGMT_RESET;
	else if (state == ~0U)
		return md->mgmt.state;	/* reset under our eyes */
	WRITE_ONCE(md->mgmt.error, error);
	WRITE_ONCE(md->mgmt.state, state);
	if (state != MO_MGMT_RUNNING)
		WRITE_ONCE(md->mgmt.usable, false);
	return state;
}

/* An event says that the state changed; event work. */
void mo_fw_event(struct mo_dev *md, u16 state, u32 error)
{
	enum mo_mgmt_state old = md->mgmt.state, now;

	if (!(md->features & MO_F_MGMT))
		return;
	wake_up_all(&md->mgmt.wait);
	/* Who resets the device looks himself. */
	if (!mo_readable(md))
		return;
	now = mo_fw_look(md);
	if (READ_ONCE(md->mgmt.expect_restart) || now == old)
		return;
	/* Crashed, or came back by itself and knows nothing of our settings. */
	if (now == MO_MGMT_CRASHED || now == MO_MGMT_RUNNING) {
		if (now == MO_MGMT_CRASHED)
			md->mgmt.crashes++;
		dev_err(md->dev, "management firmware %s: %s\n",
			now == MO_MGMT_CRASHED ? "crashed" : "restarted by itself",
			mo_fw_error_text(now == MO_MGMT_CRASHED ? md->mgmt.error : error));
		mo_health_crashed(md);
	}
}

/* Is the state still what the last look said? The device was being reset. */
void mo_fw_recheck(struct mo_dev *md)
{
	mutex_lock(&md->event_lock);
	mo_fw_event(md, 0, md->mgmt.error);
	mutex_unlock(&md->event_lock);
}

static bool mo_fw_settled(struct mo_dev *md, bool rom_too)
{
	switch (mo_fw_look(md)) {
	case MO_MGMT_RUNNING:
	case MO_MGMT_REJECTED:
	case MO_MGMT_CRASHED:
		return true;
	case MO_MGMT_ROM:
		return rom_too;
	default:
		return mo_gone(md);
	}
}

/* Waits for the end of a boot; events wake us, and we look ourselves too. */
static enum mo_mgmt_state mo_fw_wait(struct mo_dev *md, bool rom_too,
				     unsigned int timeout_ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms);

	while (!wait_event_timeout(md->mgmt.wait, mo_fw_settled(md, rom_too),
				   msecs_to_jiffies(50)))
		if (time_after(jiffies, end))
			break;
	return md->mgmt.state;
}

int mo_fw_stage(struct mo_dev *md, const struct mo_fw_image *img,
		void (*progress)(struct mo_dev *md, u32 done, u32 total))
{
	u32 done = 0, n;
	dma_addr_t dma;
	void *piece;
	int err = 0;

	piece = dma_alloc_coherent(md->dev, MO_FW_PIECE, &dma, GFP_KERNEL);
	if (!piece)
		return -ENOMEM;
	while (done < img->len && !err) {
		n = min_t(u32, img->len - done, MO_FW_PIECE);
		memcpy(piece, img->data + done, n);
		err = mo_cmd_fw_load(md, dma, n, done, img->len);
		done += n;
		if (!err && progress)
			progress(md, done, img->len);
	}
	dma_free_coherent(md->dev, MO_FW_PIECE, piece, dma);
	return err;
}

/* Resets the core; NULL or why nothing runs afterwards. */
static const char *mo_fw_start(struct mo_dev *md, u32 source)
{
	enum mo_mgmt_state state;
	const char *text = NULL;

	WRITE_ONCE(md->mgmt.expect_restart, true);
	WRITE_ONCE(md->mgmt.usable, false);
	md->mgmt.flash_valid = false;
	mo_link_fw_down(md);
	if (mo_cmd_fw_start(md, source)) {
		text = "management core does not start";
		goto out;
	}
	state = mo_fw_wait(md, source != MO_FW_START_STAGE, MO_FW_BOOT_TIMEOUT_MS);
	if (state == MO_MGMT_REJECTED)
		text = mo_fw_error_text(md->mgmt.error);
	else if (state == MO_MGMT_CRASHED)
		text = "crashed while it booted";
	else if (state == MO_MGMT_ROM && source == MO_FW_START_FLASH)
		text = mo_fw_error_text(MO_FW_ERR_EMPTY);
	else if (state != MO_MGMT_RUNNING)
		text = "did not boot in time";
out:
	/* Events of before must not look like a crash of what runs now. */
	flush_work(&md->event_work);
	WRITE_ONCE(md->mgmt.expect_restart, false);
	return text;
}

/* What runs, and whether we can talk to it; NULL or why not. */
static const char *mo_fw_check_running(struct mo_dev *md)
{
	u32 abi = mo_rd(md, md->blk_mgmt + MO_MGMT_ABI);
	struct mo_mb_version *ver = &md->mgmt.version;

	if (abi >> 16 != MO_FW_ABI_MAJOR) {
		snprintf(md->mgmt.text, sizeof(md->mgmt.text),
			 "it speaks mailbox ABI %u.%u, this driver needs %u.x", abi >> 16,
			 abi & 0xffff, MO_FW_ABI_MAJOR);
		return md->mgmt.text;
	}
	if (mo_mgmt_call_early(md, 0, MO_MB_VERSION_GET, NULL, 0, ver, sizeof(*ver), NULL))
		return "it does not answer";
	return NULL;
}

/* Accepts what runs and says so. */
static void mo_fw_accept(struct mo_dev *md, const char *from)
{
	const struct mo_mb_version *ver = &md->mgmt.version;
	u16 minor = le16_to_cpu(ver->abi_minor);

	WRITE_ONCE(md->mgmt.starts, md->mgmt.starts + 1);
	WRITE_ONCE(md->mgmt.usable, true);
	dev_info(md->dev, "firmware %u.%u.%u (mailbox ABI %u.%u, build %*phN) runs from %s\n",
		 ver->ver_major, ver->ver_minor, ver->ver_patch,
		 le16_to_cpu(ver->abi_major), minor, 6, ver->build_id, from);
	if (minor > MO_FW_ABI_MINOR)
		dev_warn(md->dev,
			 "firmware speaks a newer mailbox ABI (%u.%u) than this driver (%u.%u); what is new stays unused\n",
			 MO_FW_ABI_MAJOR, minor, MO_FW_ABI_MAJOR, MO_FW_ABI_MINOR);
}

static bool mo_fw_from_flash(struct mo_dev *md)
{
	return md->mgmt.version.source == MO_SOC_BOOT_AUTO;
}

static u32 mo_fw_running_version(struct mo_dev *md)
{
	const struct mo_mb_version *ver = &md->mgmt.version;

	return MO_FW_VERSION(ver->ver_major, ver->ver_minor, ver->ver_patch);
}

static const char mo_fw_no_file[] = "file not found";

/* The one message about a file that does not do. */
static void mo_fw_complain(struct mo_dev *md, const char *what, bool optional,
			   struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG_FMT(extack, "%s: %s", MO_FW_FILE, what);
	if (optional)
		dev_warn(md->dev, "%s: %s; firmware from the flash is used instead\n",
			 MO_FW_FILE, what);
	else
		dev_err(md->dev,
			"%s: %s; the link stays down: install the right file in /lib/firmware, then 'devlink dev reload pci/%s', or 'devlink dev flash pci/%s file FILE'\n",
			MO_FW_FILE, what, pci_name(md->pdev), pci_name(md->pdev));
}

/* Stages and starts an image; NULL or why it is not in use now. */
const char *mo_fw_adopt(struct mo_dev *md, const struct mo_fw_image *img)
{
	const char *text;

	if (mo_fw_stage(md, img, NULL))
		return "image cannot be sent to the device";
	text = mo_fw_start(md, MO_FW_START_STAGE);
	if (!text)
		text = mo_fw_check_running(md);
	if (!text)
		mo_fw_accept(md, "the host's file");
	return text;
}

/* NULL and *@fw, or why there is no usable file. */
static const char *mo_fw_get_file(struct mo_dev *md, const struct firmware **fw,
				  struct mo_fw_image *img)
{
	const char *text;
	int err;

	err = firmware_request_nowarn(fw, MO_FW_FILE, md->dev);
	if (err) {
		*fw = NULL;
		return err == -ENOENT ? mo_fw_no_file : "file is empty or cannot be read";
	}
	text = mo_fwfile_parse(md, *fw, img);
	if (!text && img->abi_major != MO_FW_ABI_MAJOR) {
		snprintf(img->text, sizeof(img->text),
			 "file speaks mailbox ABI %u.%u, this driver needs %u.x",
			 img->abi_major, img->abi_minor, MO_FW_ABI_MAJOR);
		text = img->text;
	}
	if (text) {
		release_firmware(*fw);
		*fw = NULL;
	}
	return text;
}

/*
 * The flash's firmware: it may run already, from the boot or because it was
 * started; NULL or why it does not.
 */
static const char *mo_fw_try_flash(struct mo_dev *md, bool restart)
{
	const char *text = NULL;

	if (restart || md->mgmt.state != MO_MGMT_RUNNING)
		text = mo_fw_start(md, MO_FW_START_FLASH);
	if (!text)
		text = mo_fw_check_running(md);
	if (text || mo_fw_from_flash(md))
		return text;
	/* Something from the stage, of a driver before us. */
	text = mo_fw_start(md, MO_FW_START_FLASH);
	return text ?: mo_fw_check_running(md);
}

/* Accepts what runs, wherever it came from. */
static void mo_fw_accept_running(struct mo_dev *md)
{
	char from[24];

	if (mo_fw_from_flash(md))
		snprintf(from, sizeof(from), "flash slot %u", md->mgmt.version.slot);
	else
		snprintf(from, sizeof(from), "the host's file");
	mo_fw_accept(md, from);
}

static int mo_fw_boot_flash(struct mo_dev *md, bool restart, struct netlink_ext_ack *extack)
{
	const char *text = mo_fw_try_flash(md, restart);

	if (!text) {
		mo_fw_accept_running(md);
		return 0;
	}
	NL_SET_ERR_MSG_FMT(extack, "firmware in the flash: %s", text);
	dev_err(md->dev,
		"firmware in the flash: %s; the link stays down: 'devlink dev flash pci/%s file FILE', or set the devlink parameter fw_load_policy to 0 (driver) and reload\n",
		text, pci_name(md->pdev));
	return -ENOENT;
}

/*
 * Is what runs what the policy wants? @img is NULL without a usable file; what
 * a host sent before then only counts for a device that comes back.
 */
static bool mo_fw_keep(struct mo_dev *md, const struct mo_fw_image *img, enum mo_fw_why why,
		       bool flash_too)
{
	const struct mo_mb_version *ver = &md->mgmt.version;

	if (why == MO_FW_RESTART || md->mgmt.state != MO_MGMT_RUNNING || mo_fw_check_running(md))
		return false;
	if (!img)
		return why == MO_FW_RESUME || (flash_too && mo_fw_from_flash(md));
	if (flash_too && mo_fw_from_flash(md) && mo_fw_running_version(md) >= img->version)
		return true;
	return mo_fw_running_version(md) == img->version &&
	       !memcmp(ver->build_id, img->build_id, sizeof(ver->build_id));
}

/* The newer of flash and file (policy driver), or the file alone (disk). */
static int mo_fw_boot_file(struct mo_dev *md, enum mo_fw_why why, bool flash_too,
			   struct netlink_ext_ack *extack)
{
	const struct firmware *fw;
	struct mo_fw_image img;
	const char *text;
	int err = 0;

	text = mo_fw_get_file(md, &fw, &img);
	if (mo_fw_keep(md, text ? NULL : &img, why, flash_too)) {
		if (text && text != mo_fw_no_file)
			mo_fw_complain(md, text, true, extack);
		mo_fw_accept_running(md);
		goto release;
	}
	/* A restart needs no file for what the flash has and is not older. */
	if (flash_too && why == MO_FW_RESTART && mo_fw_from_flash(md) &&
	    (text || mo_fw_running_version(md) >= img.version) && !mo_fw_try_flash(md, true)) {
		mo_fw_accept_running(md);
		goto release;
	}
	if (!text)
		text = mo_fw_adopt(md, &img);
	if (!text || mo_gone(md))
		goto release;
	/* Nothing is wrong with the file; whoever resets the device boots it again. */
	if (!test_bit(MO_STATE_ADMIN_UP, &md->state)) {
		NL_SET_ERR_MSG(extack, "device does not answer; it is reset soon");
		err = -EIO;
		goto release;
	}
	/* The file does not do; what is in the flash may. */
	if (flash_too && !mo_fw_try_flash(md, true)) {
		if (text != mo_fw_no_file)
			mo_fw_complain(md, text, true, extack);
		mo_fw_accept_running(md);
		goto release;
	}
	mo_fw_complain(md, text, false, extack);
	/* What a host before us sent shall not look as if it were wanted. */
	if (md->mgmt.state == MO_MGMT_RUNNING)
		mo_fw_start(md, MO_FW_START_HALT);
	err = -ENOENT;
release:
	release_firmware(fw);
	return err;
}

static int mo_fw_run(struct mo_dev *md, enum mo_fw_why why, u8 policy,
		     struct netlink_ext_ack *extack)
{
	int err;

	if (!(md->features & MO_F_MGMT))
		return 0;
	mo_fw_wait(md, true, MO_FW_SETTLE_TIMEOUT_MS);
	switch (policy) {
	case DEVLINK_PARAM_FW_LOAD_POLICY_VALUE_FLASH:
		err = mo_fw_boot_flash(md, why == MO_FW_RESTART, extack);
		break;
	case DEVLINK_PARAM_FW_LOAD_POLICY_VALUE_DISK:
		err = mo_fw_boot_file(md, why, false, extack);
		break;
	default:
		err = mo_fw_boot_file(md, why, true, extack);
		break;
	}
	if (mo_gone(md))
		return -ENODEV;
	if (!err)
		err = mo_link_replay(md);
	return err;
}

int mo_fw_boot(struct mo_dev *md, u8 policy, struct netlink_ext_ack *extack)
{
	return mo_fw_run(md, MO_FW_BOOT, policy, extack);
}

int mo_fw_resume(struct mo_dev *md, u8 policy)
{
	return mo_fw_run(md, MO_FW_RESUME, policy, NULL);
}

int mo_fw_restart(struct mo_dev *md, u8 policy, struct netlink_ext_ack *extack)
{
	return mo_fw_run(md, MO_FW_RESTART, policy, extack);
}
