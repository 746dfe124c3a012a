// SPDX-License-Identifier: GPL-2.0
/*
 * devlink parameters.
 */
#include "mo.h"
#include "devlink.h"

static int mo_param_fw_policy_validate(struct devlink *devlink, u32 id, MO_PARAM_VALUE val,
				       struct netlink_ext_ack *extack)
{
	switch (mo_param_u8(val)) {
	case DEVLINK_PARAM_FW_LOAD_POLICY_VALUE_DRIVER:
	case DEVLINK_PARAM_FW_LOAD_POLICY_VALUE_FLASH:
	case DEVLINK_PARAM_FW_LOAD_POLICY_VALUE_DISK:
		return 0;
	default:
		NL_SET_ERR_MSG_FMT(extack,
				   "fw_load_policy %u: 0 (driver), 1 (flash) and 2 (disk) are possible",
				   mo_param_u8(val));
		return -EINVAL;
	}
}

static int mo_param_roce_validate(struct devlink *devlink, u32 id, MO_PARAM_VALUE val,
				  struct netlink_ext_ack *extack)
{
	struct mo_dev *md = devlink_priv(devlink);

	if (mo_param_bool(val) && !md->roce_offered) {
		NL_SET_ERR_MSG(extack, "device has no RDMA transport");
		return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * Policy: driver = the newer of flash and file, flash, disk = the file. RoCE:
 * off leaves UDP port 4791 to the network stack. Both take effect at the next
 * reload.
 */
static const struct devlink_param mo_params[] = {
	DEVLINK_PARAM_GENERIC(FW_LOAD_POLICY, BIT(DEVLINK_PARAM_CMODE_DRIVERINIT), NULL, NULL,
			      mo_param_fw_policy_validate),
	DEVLINK_PARAM_GENERIC(ENABLE_ROCE, BIT(DEVLINK_PARAM_CMODE_DRIVERINIT), NULL, NULL,
			      mo_param_roce_validate),
};

u8 mo_devlink_fw_policy(struct mo_dev *md)
{
	union devlink_param_value value;

	if (devl_param_driverinit_value_get(mo_devlink(md),
					    DEVLINK_PARAM_GENERIC_ID_FW_LOAD_POLICY, &value))
		return DEVLINK_PARAM_FW_LOAD_POLICY_VALUE_DRIVER;
	return value.vu8;
}

bool mo_devlink_roce_enabled(struct mo_dev *md)
{
	union devlink_param_value value;

	if (devl_param_driverinit_value_get(mo_devlink(md), DEVLINK_PARAM_GENERIC_ID_ENABLE_ROCE,
					    &value))
		return true;
	return value.vbool;
}

int mo_devlink_params_add(struct mo_dev *md)
{
	union devlink_param_value value = {
		.vu8 = DEVLINK_PARAM_FW_LOAD_POLICY_VALUE_DRIVER,
	};
	struct devlink *devlink = mo_devlink(md);
	int err;

	err = devl_params_register(devlink, mo_params, ARRAY_SIZE(mo_params));
	if (err)
		return err;
	mo_param_driverinit_set(devlink, DEVLINK_PARAM_GENERIC_ID_FW_LOAD_POLICY, &value);
	value.vbool = true;
	mo_param_driverinit_set(devlink, DEVLINK_PARAM_GENERIC_ID_ENABLE_ROCE, &value);
	return 0;
}

void mo_devlink_params_del(struct mo_dev *md)
{
	devl_params_unregister(mo_devlink(md), mo_params, ARRAY_SIZE(mo_params));
}
