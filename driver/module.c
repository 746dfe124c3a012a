// SPDX-License-Identifier: GPL-2.0
/*
 * The optical module for ethtool: pages, power, reset. The firmware owns the
 * module's bus; everything goes through it.
 */
#include <linux/ethtool.h>

#include "hw/cmis.h"
#include "mo.h"
#include "module.h"
#include "optics.h"

#define MO_MODULE_FLAT		BIT(7)	/* of byte 2: there is no page but 0 */
/* Lower memory and pages 0 to 2, one behind the other: what all paged modules have. */
#define MO_MODULE_EEPROM_LEN	(4 * MO_MB_PAGE_MAX)

/* Longest piece at @offset that stays on its side of byte 127/128. */
static u32 mo_module_piece(u32 offset, u32 len)
{
	u32 end = offset < MO_MB_PAGE_MAX ? MO_MB_PAGE_MAX : 2 * MO_MB_PAGE_MAX;

	return min3(len, end - offset, (u32)MO_MB_PAGE_MAX);
}

/* Reads from @req's place on, in as many messages as it takes. */
static int mo_module_read(struct mo_dev *md, struct mo_mb_page req, u32 length, u8 *data,
			  struct netlink_ext_ack *extack)
{
	struct mo_mb_page_data rsp;
	u32 offset = req.offset;
	u32 done = 0;
	int err;

	while (done < length) {
		req.offset = offset + done;
		req.len = mo_module_piece(req.offset, length - done);
		err = mo_mgmt_call(md, 0, MO_MB_MODULE_READ, &req, sizeof(req), &rsp,
				   sizeof(rsp), extack);
		if (err)
			return err;
		if (rsp.at.len != req.len) {
			NL_SET_ERR_MSG(extack, "firmware returned another length than asked for");
			return -EPROTO;
		}
		memcpy(data + done, rsp.data, req.len);
		done += req.len;
	}
	return 0;
}

/* Return: bytes read or -errno, as ethtool's operation. */
int mo_module_get_page(struct mo_dev *md, const struct ethtool_module_eeprom *page,
		       struct netlink_ext_ack *extack)
{
	struct mo_mb_page req = {
		.bank = page->bank,
		.page = page->page,
		.offset = page->offset,
	};
	int err;

	if (page->i2c_address != MO_CMIS_I2C_TARGET) {
		NL_SET_ERR_MSG(extack, "module has no memory at this I2C address");
		return -EINVAL;
	}
	if (page->offset >= 2 * MO_MB_PAGE_MAX ||
	    page->length > 2 * MO_MB_PAGE_MAX - page->offset) {
		NL_SET_ERR_MSG(extack, "reading past the end of the page");
		return -EINVAL;
	}
	err = mo_module_read(md, req, page->length, page->data, extack);
	return err ?: page->length;
}

/*
 * What `ethtool -m` asks for when no page was named: memory as one piece. CMIS has
 * no type of its own there; its pages lie as those of SFF-8636, and programs tell
 * them apart by the identifier in byte 0.
 */
int mo_module_get_info(struct mo_dev *md, struct ethtool_modinfo *info)
{
	u8 start[3];
	int err;

	err = mo_module_read(md, (struct mo_mb_page){}, sizeof(start), start, NULL);
	if (err)
		return err;
	info->type = ETH_MODULE_SFF_8636;
	info->eeprom_len = start[2] & MO_MODULE_FLAT ? ETH_MODULE_SFF_8636_LEN :
			   MO_MODULE_EEPROM_LEN;
	return 0;
}

int mo_module_get_eeprom(struct mo_dev *md, const struct ethtool_eeprom *eeprom, u8 *data)
{
	struct mo_mb_page req;
	u32 done = 0, at, len;
	int err;

	/* The core has held the range against eeprom_len. */
	while (done < eeprom->len) {
		at = eeprom->offset + done;
		req = (struct mo_mb_page){ .offset = at };
		if (at >= MO_MB_PAGE_MAX) {
			req.page = at / MO_MB_PAGE_MAX - 1;
			req.offset = MO_MB_PAGE_MAX + at % MO_MB_PAGE_MAX;
		}
		len = mo_module_piece(req.offset, eeprom->len - done);
		err = mo_module_read(md, req, len, data + done, NULL);
		if (err)
			return err;
		done += len;
	}
	return 0;
}

int mo_module_get_power(struct mo_dev *md, struct ethtool_module_power_mode_params *params,
			struct netlink_ext_ack *extack)
{
	struct mo_mb_module module;
	int err;

	err = mo_optics_get(md, module, &module, extack);
	if (err)
		return err;
	params->policy = module.power_policy;
	/* Without a module there is a policy, but no mode. */
	if (module.present)
		params->mode = module.power_mode;
	return 0;
}

int mo_module_set_power(struct mo_dev *md,
			const struct ethtool_module_power_mode_params *params,
			struct netlink_ext_ack *extack)
{
	struct mo_mb_module_set req = {
		.mask = cpu_to_le32(MO_MODULE_SET_POWER),
		.power_policy = params->policy,
	};

	BUILD_BUG_ON(MO_MODULE_POWER_HIGH != ETHTOOL_MODULE_POWER_MODE_POLICY_HIGH);
	BUILD_BUG_ON(MO_MODULE_POWER_AUTO != ETHTOOL_MODULE_POWER_MODE_POLICY_AUTO);
	return mo_mgmt_call(md, 0, MO_MB_MODULE_SET, &req, sizeof(req), NULL, 0, extack);
}

int mo_module_reset(struct mo_dev *md, u32 *flags)
{
	struct mo_mb_module_set req = { .mask = cpu_to_le32(MO_MODULE_SET_RESET) };
	int err;

	if (!(*flags & ETH_RESET_PHY))
		return -EOPNOTSUPP;
	err = mo_mgmt_call(md, 0, MO_MB_MODULE_SET, &req, sizeof(req), NULL, 0, NULL);
	if (!err)
		*flags &= ~ETH_RESET_PHY;
	return err;
}
