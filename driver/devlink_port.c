// SPDX-License-Identifier: GPL-2.0
/*
 * The devlink port.
 */
#include "mo.h"
#include "devlink.h"

/* The port comes and goes with the netdev: none may be left over a reload. */
int mo_devlink_port_add(struct mo_dev *md)
{
	struct devlink_port_attrs attrs = {
		.flavour = DEVLINK_PORT_FLAVOUR_PHYSICAL,
		.phys.port_number = 0,
	};

	memset(&md->dl_port, 0, sizeof(md->dl_port));
	devlink_port_attrs_set(&md->dl_port, &attrs);
	return devl_port_register(mo_devlink(md), &md->dl_port, 0);
}

void mo_devlink_port_del(struct mo_dev *md)
{
	devl_port_unregister(&md->dl_port);
}
