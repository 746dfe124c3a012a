// SPDX-License-Identifier: GPL-2.0
/*
 * Lanes, FEC, module, capabilities and sensors, as the firmware publishes them
 * into memory. Reads of user space end here: they cost no message, so whoever
 * may read cannot keep the firmware busy, and whoever holds RTNL does not wait.
 */
#include "mo.h"
#include "cmd.h"
#include "optics.h"

#define MO_OPTICS_LOOKS		100

int mo_optics_init(struct mo_dev *md)
{
	struct mo_link *link = &md->link;

	link->optics = dma_alloc_coherent(md->dev, sizeof(*link->optics), &link->optics_dma,
					  GFP_KERNEL);
	return link->optics ? 0 : -ENOMEM;
}

void mo_optics_exit(struct mo_dev *md)
{
	struct mo_link *link = &md->link;

	if (link->optics)
		dma_free_coherent(md->dev, sizeof(*link->optics), link->optics,
				  link->optics_dma);
	link->optics = NULL;
}

/* Gives the area to the device, after a reset. */
int mo_optics_start(struct mo_dev *md)
{
	memset(md->link.optics, 0, sizeof(*md->link.optics));
	if (!(md->features & MO_F_OPTICS))
		return 0;
	return mo_cmd_area_set(md, 0, MO_AREA_OPTICS, md->link.optics_dma,
			       sizeof(*md->link.optics), 0);
}

void mo_optics_stop(struct mo_dev *md)
{
	if (md->features & MO_F_OPTICS)
		mo_cmd_area_set(md, 0, MO_AREA_OPTICS, 0, 0, 0);
}

/* Firmware has just started: what it has published is there afterwards. */
void mo_optics_sync(struct mo_dev *md)
{
	if (md->features & MO_F_OPTICS)
		mo_cmd_area_sync(md, 0, MO_AREA_OPTICS);
}

/* A consistent copy of a part, and when the firmware made it; false if there is none. */
static bool mo_optics_copy(const struct mo_optics *area, size_t offset, void *to, size_t len,
			   u64 *time_ns)
{
	unsigned int look;

	for (look = 0; look < MO_OPTICS_LOOKS; look++) {
		__le32 end = READ_ONCE(area->gen_end);

		dma_rmb();	/* the end of the last write before its content */
		memcpy(to, (const void *)area + offset, len);
		*time_ns = le64_to_cpu(READ_ONCE(area->time_ns));
		dma_rmb();	/* the content before the start of the next write */
		if (READ_ONCE(area->gen) == end)
			return true;
		cpu_relax();
	}
	return false;
}

/**
 * mo_optics_read() - a part of what the firmware has published
 * @md: device
 * @offset: of the part in struct mo_optics
 * @to: gets it
 * @len: its bytes
 * @extack: gets why there is none; may be NULL
 *
 * Does not sleep and sends nothing.
 *
 * Return: 0; -EHOSTDOWN without usable firmware; -ENODATA before it has
 * published anything.
 */
int mo_optics_read(struct mo_dev *md, size_t offset, void *to, size_t len,
		   struct netlink_ext_ack *extack)
{
	u64 time_ns;

	if (!READ_ONCE(md->mgmt.usable)) {
		NL_SET_ERR_MSG(extack, "management firmware does not run; see the kernel log");
		return -EHOSTDOWN;
	}
	if (!mo_optics_copy(md->link.optics, offset, to, len, &time_ns) || !time_ns) {
		memset(to, 0, len);
		NL_SET_ERR_MSG(extack, "management firmware has not published anything yet");
		return -ENODATA;
	}
	return 0;
}

/**
 * mo_optics_age() - how old something is
 * @md: device
 * @time_ns: device time of it
 *
 * By the device's clock as the device told it last, each 250 ms.
 *
 * Return: nanoseconds.
 */
u64 mo_optics_age(struct mo_dev *md, u64 time_ns)
{
	u64 now_ns = le64_to_cpu(READ_ONCE(md->health.area->time_ns));

	return now_ns > time_ns ? now_ns - time_ns : 0;
}
