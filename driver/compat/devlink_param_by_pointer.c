// SPDX-License-Identifier: GPL-2.0
/* Parameter values are passed by pointer. */
#include <net/devlink.h>

void probe(struct devlink *devlink, union devlink_param_value *value);
void probe(struct devlink *devlink, union devlink_param_value *value)
{
	devl_param_driverinit_value_set(devlink, 0, value);
}
