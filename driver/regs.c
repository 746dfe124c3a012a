// SPDX-License-Identifier: GPL-2.0
/*
 * Control registers: access, discovery of blocks, all-ones detection. Only
 * probe, reset, error handling and debugfs read; never a datapath or an
 * interrupt handler.
 */
#include <linux/delay.h>

#include "mo.h"
#include "regs.h"

/* Nobody is resetting the device, which makes it read as if it had gone. */
static bool mo_regs_stable(const struct mo_dev *md)
{
	return !test_bit(MO_STATE_FROZEN, &md->state) &&
	       !test_bit(MO_STATE_RESETTING, &md->state) &&
	       md->pdev->error_state != pci_channel_io_frozen;
}

bool mo_readable(const struct mo_dev *md)
{
	return !mo_gone(md) && mo_regs_stable(md);
}

bool mo_regs_answer(struct mo_dev *md)
{
	return pci_device_is_present(md->pdev) && readl(md->ctrl + MO_DEV_MAGIC) == MO_MAGIC;
}

/**
 * mo_rd() - read a control register
 * @md: device
 * @offset: in BAR 0
 *
 * All ones from a register that can hold them is ambiguous, so the status
 * register, which cannot, decides whether the device has gone. While it is
 * being reset that means nothing; mo_regs_wait_ready() waits for the end.
 *
 * Return: the value; all ones when the device has gone, or is the PCI core's.
 */
u32 mo_rd(struct mo_dev *md, u32 offset)
{
	u32 value;

	if (mo_gone(md) || test_bit(MO_STATE_FROZEN, &md->state))
		return ~0U;
	value = readl(md->ctrl + offset);
	/* Whoever resets it says so first. */
	if (unlikely(value == ~0U) && readl(md->ctrl + MO_DEV_STATUS) == ~0U &&
	    mo_regs_stable(md))
		mo_dev_gone(md);
	return value;
}

void mo_wr(struct mo_dev *md, u32 offset, u32 value)
{
	if (!mo_gone(md))
		writel(value, md->ctrl + offset);
}

/* Registers of the fixed first block, then of those that the walk found. */
struct mo_reg_row {
	const char *name;
	u16 block;
	u16 offset;
	bool readable;
};

#define MO_ACCESS_RO	true
#define MO_ACCESS_RW	true
#define MO_ACCESS_WO	false

static const struct mo_reg_row mo_reg_rows[] = {
#define X(block, name, offset, access, reset, text) \
	{ #block "." #name, MO_BLK_##block, offset, MO_ACCESS_##access },
	MO_REGS(X)
#undef X
};

unsigned int mo_regs_count(void)
{
	return ARRAY_SIZE(mo_reg_rows);
}

bool mo_regs_row(struct mo_dev *md, unsigned int i, const char **name, u32 *offset)
{
	const struct mo_reg_row *row;
	u32 base;

	if (i >= ARRAY_SIZE(mo_reg_rows))
		return false;
	row = &mo_reg_rows[i];
	if (!row->readable)
		return false;
	switch (row->block) {
	case MO_BLK_DEV:
		base = 0;
		break;
	case MO_BLK_ADMIN:
		base = md->blk_admin;
		break;
	case MO_BLK_MGMT:
		base = md->blk_mgmt;
		if (!base)
			return false;
		break;
	default:
		return false;
	}
	*name = row->name;
	*offset = base + row->offset;
	return true;
}

/* The bytes that a block of @type needs, 0 if the type is not known. */
static u32 mo_block_span(u32 type)
{
	u32 span = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mo_reg_rows); i++)
		if (mo_reg_rows[i].block == type)
			span = max_t(u32, span, mo_reg_rows[i].offset + 4);
	return span;
}

/**
 * mo_regs_discover() - check the identity and find the register blocks
 * @md: device
 *
 * Unknown blocks are skipped; newer versions of known ones are compatible by
 * the interface's rules.
 *
 * Return: 0, -ENODEV for another or a missing device.
 */
int mo_regs_discover(struct mo_dev *md)
{
	resource_size_t len = pci_resource_len(md->pdev, MO_BAR_CTRL);
	u32 offset = 0, word, magic;
	unsigned int n;

	magic = mo_rd(md, MO_DEV_MAGIC);
	if (mo_gone(md)) {
		dev_err(md->dev, "device does not answer (reads all ones)\n");
		return -ENODEV;
	}
	if (magic != MO_MAGIC) {
		dev_err(md->dev, "not a Mesh Optical device (magic 0x%08x)\n", magic);
		return -ENODEV;
	}

	md->if_version = mo_rd(md, MO_DEV_IF_VERSION);
	if (md->if_version >> 16 != MO_IF_MAJOR) {
		dev_err(md->dev,
			"hardware interface %u.%u is not supported, this driver knows %u.x; install a matching driver\n",
			md->if_version >> 16, md->if_version & 0xffff, MO_IF_MAJOR);
		return -ENODEV;
	}

	md->blk_admin = 0;
	md->blk_mgmt = 0;
	for (n = 0; n < MO_BLK_MAX; n++) {
		u32 type;

		word = mo_rd(md, offset);
		type = word & MO_BLK_TYPE;
		if (offset + mo_block_span(type) > len) {
			dev_err(md->dev, "register block 0x%04x at 0x%x does not fit the BAR\n",
				type, offset);
			return -ENODEV;
		}
		if (type == MO_BLK_ADMIN)
			md->blk_admin = offset;
		else if (type == MO_BLK_MGMT)
			md->blk_mgmt = offset;

		offset = mo_rd(md, offset + MO_DEV_NEXT);
		if (!offset)
			break;
		if (!IS_ALIGNED(offset, 4) || offset + 8 > len) {
			dev_err(md->dev, "list of register blocks is broken (next 0x%x)\n",
				offset);
			return -ENODEV;
		}
	}
	if (n == MO_BLK_MAX || !md->blk_admin) {
		dev_err(md->dev, n == MO_BLK_MAX ? "list of register blocks does not end\n" :
			"device has no admin queue\n");
		return -ENODEV;
	}
	return 0;
}

/**
 * mo_regs_wait_ready() - wait until the device has come out of reset
 * @md: device
 * @timeout_ms: how long
 *
 * All ones contain every bit, and are no answer.
 *
 * Return: 0, -ETIMEDOUT, -ENODEV when it does not answer at all.
 */
int mo_regs_wait_ready(struct mo_dev *md, unsigned int timeout_ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms);
	u32 status;

	for (;;) {
		bool last = time_after(jiffies, end);

		/* Not mo_rd(): it is the PCI core's while it resets a slot. */
		status = readl(md->ctrl + MO_DEV_STATUS);
		if (status != ~0U && (status & MO_DEV_STATUS_READY))
			return 0;
		if (status == ~0U && (last || !pci_device_is_present(md->pdev)))
			return -ENODEV;
		if (last)
			return -ETIMEDOUT;
		usleep_range(500, 1000);
	}
}
