/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The optical link: what the host wants of it and what it is.
 */
#ifndef MO_LINK_H
#define MO_LINK_H

#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "hw/link.h"
#include "hw/mbox.h"

struct mo_dev;
struct ethtool_fecparam;
struct ethtool_link_ext_state_info;
struct ethtool_link_ksettings;

/**
 * struct mo_link_request - what the host wants of the link
 * @admin_up: carrier wanted
 * @fec: mask of MO_FEC_*
 * @modes: mask of MO_LM_*
 */
struct mo_link_request {
	bool admin_up;
	u8 fec;
	u32 modes;
};

struct mo_link {
	struct mutex lock;		/* requests below; held for a moment only */
	struct mutex send_lock;		/* one sender of requests; outside of @lock */
	struct work_struct send_work;	/* sends what changed, so that nobody waits */
	spinlock_t snap_lock;		/* snapshot */
	struct mo_link_state snap;	/* last consistent copy of the area */
	u64 downs;			/* losses of carrier; does not fall back */
	struct mo_link_state *area;
	dma_addr_t area_dma;
	struct mo_link_request want;	/* replayed to firmware that starts anew */
	u32 want_mask;			/* MO_LINK_SET_* that were asked for */
	struct mo_link_request taken;	/* what the firmware took last */
	u32 taken_mask;
	struct blocking_notifier_head news;	/* enum mo_link_news, struct mo_link_note */
	struct mo_optics *optics;	/* area of optics.c */
	dma_addr_t optics_dma;
};

/* What subscribers of md->link.news are told, one after another, in process context. */
enum mo_link_news {
	MO_LINK_CHANGED,	/* mo_link_get() has a new state */
	MO_LINK_QUALITY,	/* the module or the quality of lanes changed */
};

/**
 * struct mo_link_note - data of a link's news
 * @md: device
 * @lanes: bit per lane whose quality changed
 */
struct mo_link_note {
	struct mo_dev *md;
	u32 lanes;
};

int mo_link_init(struct mo_dev *md);
void mo_link_exit(struct mo_dev *md);
int mo_link_start(struct mo_dev *md);
void mo_link_stop(struct mo_dev *md);
/* The link goes down until the settings are sent again: the host will sleep. devl_lock held. */
void mo_link_rest(struct mo_dev *md);
/* Sends the requested settings again, after a firmware restart. */
int mo_link_replay(struct mo_dev *md);
/* Events; event_lock held. */
void mo_link_event(struct mo_dev *md);
void mo_link_module_event(struct mo_dev *md, u16 code);
void mo_link_lane_event(struct mo_dev *md, u32 lanes);
/* Firmware is about to restart, or has gone: no carrier. */
void mo_link_fw_down(struct mo_dev *md);
/* Last consistent state; any context. */
void mo_link_get(struct mo_dev *md, struct mo_link_state *ls);
u64 mo_link_downs(struct mo_dev *md);
/*
 * Requests, checked by the caller. They are kept and sent by a work item: the
 * callers hold RTNL, and nobody who does may wait for the firmware.
 */
void mo_link_set_admin(struct mo_dev *md, bool up);
void mo_link_set_modes(struct mo_dev *md, u32 modes);
void mo_link_set_fec(struct mo_dev *md, u8 fec);
void mo_link_requested(struct mo_dev *md, u32 *modes, u8 *fec);

/* linkmode.c */
/*
 * For the ethtool operations of the same name; the netdev's ethtool_ops must
 * have cap_link_lanes_supported.
 */
int mo_link_get_ksettings(struct mo_dev *md, struct ethtool_link_ksettings *ks);
int mo_link_set_ksettings(struct mo_dev *md, const struct ethtool_link_ksettings *ks);
int mo_link_get_fecparam(struct mo_dev *md, struct ethtool_fecparam *fec);
int mo_link_set_fecparam(struct mo_dev *md, const struct ethtool_fecparam *fec);
int mo_link_get_ext_state(struct mo_dev *md, struct ethtool_link_ext_state_info *info);

#endif /* MO_LINK_H */
