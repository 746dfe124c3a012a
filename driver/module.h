/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The optical module, as ethtool sees it.
 */
#ifndef MO_MODULE_H
#define MO_MODULE_H

#include <linux/types.h>

struct ethtool_eeprom;
struct ethtool_modinfo;
struct ethtool_module_eeprom;
struct ethtool_module_power_mode_params;
struct mo_dev;
struct netlink_ext_ack;

int mo_module_get_page(struct mo_dev *md, const struct ethtool_module_eeprom *page,
		       struct netlink_ext_ack *extack);
int mo_module_get_info(struct mo_dev *md, struct ethtool_modinfo *info);
int mo_module_get_eeprom(struct mo_dev *md, const struct ethtool_eeprom *eeprom, u8 *data);
int mo_module_get_power(struct mo_dev *md, struct ethtool_module_power_mode_params *params,
			struct netlink_ext_ack *extack);
int mo_module_set_power(struct mo_dev *md,
			const struct ethtool_module_power_mode_params *params,
			struct netlink_ext_ack *extack);
/* ethtool's reset with ETH_RESET_PHY: resets the optical module. */
int mo_module_reset(struct mo_dev *md, u32 *flags);

#endif /* MO_MODULE_H */
