/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mesh Optical NIC driver: the device, and the order of its locks. What a file offers
 * the others is in the header of its name.
 *
 * Lock order, outermost first:
 *
 *   1. devlink instance lock (devl_lock). Held by probe, remove, reload, flash,
 *      health recovery, suspend, resume and the reset; so at most one of them
 *      changes the shape of the device at a time.
 *   2. md->event_lock: dispatch of asynchronous events, one after another.
 *   3. rtnl_lock, then the netdev's own lock (ops lock). Never take 1 or 2 here.
 *   4. md->link.send_lock: the order of LINK_SET. Never taken under 3.
 *   5. md->recorder.lock: the copy of the flight recorder. Never taken under 2 or 3.
 *   6. md->mgmt.lock: the one message to the management firmware.
 *   7. md->link.lock: requested link settings; nothing is waited for under it.
 *   8. md->adminq.lock: spinlock with interrupts off; rings of the admin queue.
 *   9. eq->lock: spinlock with interrupts off; ring of an event queue. Handlers of
 *      completion queues run under it.
 *
 * Admin commands sleep. They may be called with 1, 3, 4, 5 and 6 held, from any
 * process context; after the device has gone or while it is being reset they
 * fail at once, so a path that only destroys things ends in bounded time.
 * Nothing that runs under 2 waits for the firmware: it would wait for the
 * events that 2 holds up. Nor does what runs under 3, or the whole machine's
 * network configuration would wait with it: Documentation/dev/architecture.rst
 * lists who sends messages, and under which locks.
 * mo_service_stop() comes before devl_lock in remove: its work takes 1 itself.
 */
#ifndef MO_H
#define MO_H

#include <linux/bits.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/ethtool.h>
#include <linux/kfifo.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/devlink.h>

#include "hw/event.h"
#include "hw/ids.h"
#include "hw/regs.h"

#include "compat.h"
#include "adminq.h"
#include "eq.h"
#include "fault.h"
#include "health.h"
#include "link.h"
#include "mgmt.h"
#include "recorder.h"
#include "mo_aux.h"
#include "mo_db.h"

struct mo_aux_state;
struct mo_hwmon;
struct mo_net;

#define MO_DRV_NAME		"mesh_optical"

#define MO_EVENT_FIFO		256

struct mo_dev {
	struct pci_dev *pdev;
	struct device *dev;
	struct pci_saved_state *pci_state;	/* configuration, as it was at first */
	unsigned long state;		/* enum mo_state_bit */
	void __iomem *ctrl;
	void __iomem *db;		/* doorbell page 0 */
	u32 blk_admin;			/* offsets of register blocks */
	u32 blk_mgmt;
	u64 features;			/* MO_F_* that were negotiated */
	bool roce_offered;		/* MO_F_RDMA, taken or not */
	u32 if_version;
	struct mo_identify id;		/* bounded by the driver's own limits */
	unsigned int vectors;		/* granted */
	unsigned int channels;		/* completion event queues */
	struct mo_eq *eqs;		/* one per vector */
	struct xarray comps;		/* struct mo_comp by object index */
	struct mo_adminq adminq;
	struct mo_mgmt mgmt;
	struct mo_link link;
	struct mo_recorder recorder;
	struct mo_health_state health;
	DECLARE_KFIFO(events, struct mo_eqe, MO_EVENT_FIFO);
	unsigned int event_strays;	/* for nobody, one after another; event_lock */
	u64 events_late;		/* of objects that do not exist (any more) */
	u64 events_bad;			/* that no device should send */
	struct mutex event_lock;	/* dispatch of events, and net_ready */
	bool net_ready;			/* the netdev takes events */
	bool up;			/* between mo_dev_up() and mo_dev_down() */
	struct work_struct event_work;
	struct delayed_work service_work;	/* reset, device gone */
	const char *fail_text;		/* why the reset is due */
	unsigned int backoff_ms;	/* before the next reset */
	unsigned long last_reset;	/* jiffies, 0 = never */
	struct workqueue_struct *wq;
	struct devlink_port dl_port;
	struct mo_aux_state *auxdev;	/* the RDMA driver's side, auxdev.c */
	struct notifier_block nl_news;
	struct mo_net *net;		/* the datapath's part, or NULL */
	struct net_device *netdev;	/* set by mo_net_create() */
	struct device *hwmon;
	struct mo_hwmon *hwmon_data;
	struct dentry *debugfs;
};

static inline bool mo_gone(const struct mo_dev *md)
{
	return test_bit(MO_STATE_GONE, &md->state);
}

static inline struct devlink *mo_devlink(struct mo_dev *md)
{
	return priv_to_devlink(md);
}

static inline bool mo_shadow(const struct mo_dev *md)
{
	return md->features & MO_F_SHADOW_DB;
}

/* mo_db_publish() through the kernel's page. */
static inline void mo_db_ring(struct mo_dev *md, struct mo_db *db, u32 tail)
{
	mo_db_publish(md->db, mo_shadow(md), db, tail);
}

/* mo_arm_publish() for any entry, through the kernel's page. */
static inline void mo_arm(struct mo_dev *md, struct mo_arm *arm, u32 ci)
{
	mo_arm_publish(md->db, mo_shadow(md), arm, ci, MO_ARM_NEXT);
}

#endif /* MO_H */
