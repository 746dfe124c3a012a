// SPDX-License-Identifier: GPL-2.0
/*
 * The devlink instance: versions, flash, reload.
 */
#include "mo.h"
#include "dev.h"
#include "devlink.h"
#include "fw.h"
#include "hwmon.h"
#include "reporter.h"

/* For slots that firmware has just begun to check; anybody may ask, under devl_lock. */
#define MO_INFO_WAIT_MS		1000

static int mo_info_version(struct devlink_info_req *req, bool running, const char *name,
			   u8 major, u8 minor, u8 patch)
{
	char text[16];

	snprintf(text, sizeof(text), "%u.%u.%u", major, minor, patch);
	if (running)
		return devlink_info_version_running_put_ext(req, name, text,
							    DEVLINK_INFO_VERSION_TYPE_COMPONENT);
	return devlink_info_version_stored_put_ext(req, name, text,
						   DEVLINK_INFO_VERSION_TYPE_COMPONENT);
}

/* The slots of the flash: what the next boot takes, and each by its name. */
static int mo_info_flash(struct mo_dev *md, struct devlink_info_req *req)
{
	struct mo_mb_flash_info info;
	unsigned int i;
	char name[24];
	int err;

	if (mo_flash_info(md, &info, MO_INFO_WAIT_MS, NULL))
		return 0;
	for (i = 0; i < min_t(unsigned int, info.slots, ARRAY_SIZE(info.slot)); i++) {
		const struct mo_mb_flash_slot *slot = &info.slot[i];
		char text[16];

		if (slot->error == MO_FW_ERR_NONE)
			snprintf(text, sizeof(text), "%u.%u.%u", slot->ver_major,
				 slot->ver_minor, slot->ver_patch);
		else
			snprintf(text, sizeof(text), "%s",
				 slot->error == MO_FW_ERR_EMPTY ? "empty" : "invalid");
		snprintf(name, sizeof(name), "fw.mgmt.slot%u", i);
		err = devlink_info_version_stored_put(req, name, text);
		if (err)
			return err;
		if (i != info.boot_slot || slot->error != MO_FW_ERR_NONE)
			continue;
		err = mo_info_version(req, false, DEVLINK_INFO_VERSION_GENERIC_FW_MGMT,
				      slot->ver_major, slot->ver_minor, slot->ver_patch);
		if (err)
			return err;
	}
	return 0;
}

static int mo_info_running(struct mo_dev *md, struct devlink_info_req *req)
{
	const struct mo_mb_version *ver = &md->mgmt.version;
	char text[48];
	int err;

	if (!READ_ONCE(md->mgmt.usable))
		return 0;
	snprintf(text, sizeof(text), "%u.%u.%u", ver->ver_major, ver->ver_minor, ver->ver_patch);
	err = devlink_info_version_running_put(req, DEVLINK_INFO_VERSION_GENERIC_FW, text);
	if (err)
		return err;
	err = mo_info_version(req, true, DEVLINK_INFO_VERSION_GENERIC_FW_MGMT, ver->ver_major,
			      ver->ver_minor, ver->ver_patch);
	if (err)
		return err;
	snprintf(text, sizeof(text), "%u.%u", le16_to_cpu(ver->abi_major),
		 le16_to_cpu(ver->abi_minor));
	err = devlink_info_version_running_put(req, DEVLINK_INFO_VERSION_GENERIC_FW_MGMT_API,
					       text);
	if (err)
		return err;
	snprintf(text, sizeof(text), "%*phN", (int)sizeof(ver->build_id), ver->build_id);
	return devlink_info_version_running_put(req, "fw.mgmt.build", text);
}

static int mo_info_get(struct devlink *devlink, struct devlink_info_req *req,
		       struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_priv(devlink);
	char text[48];
	int err;

	if (md->id.serial[0]) {
		err = devlink_info_serial_number_put(req, md->id.serial);
		if (err)
			return err;
	}
	if (md->id.board_name[0]) {
		err = devlink_info_version_fixed_put(req, DEVLINK_INFO_VERSION_GENERIC_BOARD_ID,
						     md->id.board_name);
		if (err)
			return err;
	}
	snprintf(text, sizeof(text), "%u.%u", md->if_version >> 16, md->if_version & 0xffff);
	err = devlink_info_version_fixed_put(req, "asic.if", text);
	if (err)
		return err;
	err = mo_info_running(md, req);
	if (err)
		return err;
	return mo_info_flash(md, req);
}

static int mo_flash_update(struct devlink *devlink, struct devlink_flash_update_params *params,
			   struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_priv(devlink);
	int err;

	if (!md->up || test_bit(MO_STATE_RESETTING, &md->state)) {
		NL_SET_ERR_MSG(extack, "device is down");
		return -ENETDOWN;
	}
	err = mo_fw_flash(md, params->fw, extack);
	if (!err)
		mo_hwmon_init(md);
	mo_health_settle(md);
	return err;
}

static int mo_reload_down(struct devlink *devlink, bool netns_change,
			  enum devlink_reload_action action, enum devlink_reload_limit limit,
			  struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_priv(devlink);

	if (!mo_dev_adopt(md)) {
		NL_SET_ERR_MSG(extack, "device has gone");
		return -ENODEV;
	}
	if (test_bit(MO_STATE_FROZEN, &md->state)) {
		NL_SET_ERR_MSG(extack, "device is being reset or suspended");
		return -EBUSY;
	}
	if (action == DEVLINK_RELOAD_ACTION_FW_ACTIVATE) {
		/* Only the management core restarts; nothing to take down. */
		if (!md->up || !(md->features & MO_F_MGMT)) {
			NL_SET_ERR_MSG(extack, "management core is not available");
			return -EOPNOTSUPP;
		}
		return 0;
	}
	mo_dev_down(md);
	return 0;
}

static int mo_reload_up(struct devlink *devlink, enum devlink_reload_action action,
			enum devlink_reload_limit limit, u32 *actions_performed,
			struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_priv(devlink);
	int err;

	*actions_performed = BIT(action);
	if (action == DEVLINK_RELOAD_ACTION_FW_ACTIVATE) {
		err = mo_fw_restart(md, mo_devlink_fw_policy(md), extack);
		mo_hwmon_init(md);
	} else {
		err = mo_dev_up(md);
		if (err)
			NL_SET_ERR_MSG(extack, "device does not come up; see the kernel log");
	}
	mo_health_settle(md);
	return err;
}

const struct devlink_ops mo_devlink_ops = {
	.reload_actions = BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT) |
			  BIT(DEVLINK_RELOAD_ACTION_FW_ACTIVATE),
	.reload_down = mo_reload_down,
	.reload_up = mo_reload_up,
	.info_get = mo_info_get,
	.flash_update = mo_flash_update,
};

/* Parameters and reporters; devl_lock held, before the device is up. */
int mo_devlink_init(struct mo_dev *md)
{
	int err;

	err = mo_devlink_params_add(md);
	if (err)
		return err;
	err = mo_reporters_add(md);
	if (err)
		mo_devlink_params_del(md);
	return err;
}

void mo_devlink_exit(struct mo_dev *md)
{
	mo_reporters_del(md);
	mo_devlink_params_del(md);
}
