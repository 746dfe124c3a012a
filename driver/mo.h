/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mesh Optical NIC driver: the device, and what its files offer each other.
 *
 * Lock order, outermost first:
 *
 *   1. devlink instance lock (devl_lock). Held by probe, remove, reload, flash,
 *      health recovery, suspend, resume and the reset; so at most one of them
 *      changes the shape of the device at a time.
 *   2. md->event_lock: dispatch of asynchronous events, one after another.
 *   3. rtnl_lock, then the netdev's own lock (ops lock). Never take 1 or 2 here.
 *   4. md->link.send_lock: the order of LINK_SET. Never taken under 3.
 *   5. md->mgmt.lock: the one message to the management firmware.
 *   6. md->link.lock: requested link settings; nothing is waited for under it.
 *   7. md->adminq.lock: spinlock with interrupts off; rings of the admin queue.
 *   8. eq->lock: spinlock with interrupts off; ring of an event queue. Handlers of
 *      completion queues run under it.
 *
 * Admin commands sleep. They may be called with 1, 3, 4 and 5 held, from any
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

#include "hw/cmd.h"
#include "hw/db.h"
#include "hw/eth.h"
#include "hw/event.h"
#include "hw/fwimg.h"
#include "hw/ids.h"
#include "hw/link.h"
#include "hw/mbox.h"
#include "hw/regs.h"
#include "hw/stats.h"
#include "hw/status.h"

#include "compat.h"
#include "eq.h"
#include "fault.h"
#include "mo_aux.h"
#include "mo_db.h"

struct mo_aux_state;
struct mo_dev;
struct mo_eq;
struct mo_hwmon;
struct mo_net;

#define MO_DRV_NAME		"mesh_optical"

/* ----------------------------------------------------------- admin queue */

#define MO_ADMINQ_LOG		6
#define MO_ADMINQ_SIZE		BIT(MO_ADMINQ_LOG)
#define MO_ADMIN_TIMEOUT_MS	5000

/* Place of a command in flight; its index and generation make the tag. */
struct mo_admin_slot {
	struct completion done;
	u16 tag;
	u16 status;
	bool busy;
	u8 generation;
	u8 result[sizeof_field(struct mo_cmd_cqe, result)];
};

struct mo_adminq {
	spinlock_t lock;		/* rings, slots, indices */
	wait_queue_head_t room;		/* for a free slot */
	struct mo_cmd_desc *sq;
	struct mo_cmd_cqe *cq;
	struct mo_db_rec *rec;
	dma_addr_t sq_dma;
	dma_addr_t cq_dma;
	dma_addr_t rec_dma;
	struct mo_db db;
	u32 tail;
	u32 head;			/* entries that the device has read */
	u32 ci;
	u32 epoch;			/* raised at each end, so that none is ended twice */
	unsigned int busy;
	struct mo_admin_slot slot[MO_ADMINQ_SIZE];
	/* counters, for debugfs */
	u64 commands;
	u64 failed;
	u64 timeouts;
	u64 late;			/* completion of an earlier generation */
	u64 bad;			/* tag or index that was never given out */
	u64 polled;			/* completions found without an interrupt */
};

/* ---------------------------------------------------------------- device */

struct mo_mgmt {
	struct mutex lock;		/* one message at a time */
	void *buf;			/* request, then response */
	dma_addr_t dma;
	wait_queue_head_t wait;		/* for changes of state */
	enum mo_mgmt_state state;
	enum mo_fw_error error;
	bool usable;			/* runs and speaks our ABI */
	bool expect_restart;		/* the driver restarts it right now */
	struct mo_mb_version version;	/* of what runs, when usable */
	char text[96];			/* a reason that has numbers in it */
	u64 crashes;
};

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
	struct mo_mb_link_caps caps;
	bool caps_valid;
	struct blocking_notifier_head news;	/* enum mo_link_news, struct mo_link_note */
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

struct mo_health_state {
	struct mo_health *area;
	dma_addr_t area_dma;
	struct delayed_work watch;	/* looks for signs of life */
	struct delayed_work recover;	/* reports a crash, after a back-off */
	struct devlink_health_reporter *fw;
	struct devlink_health_reporter *device;
	u32 last_gen;
	unsigned int silent;		/* looks without a new generation */
	unsigned int backoff_ms;
	unsigned long last_recovery;	/* jiffies */
	u64 resets;
};

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

/* ------------------------------------------------------------------ dev.c */
int mo_dev_init(struct mo_dev *md);
void mo_dev_exit(struct mo_dev *md);
int mo_dev_up(struct mo_dev *md);
void mo_dev_down(struct mo_dev *md);
/* Function reset and replay of all settings. devl_lock held. */
int mo_dev_reset(struct mo_dev *md);
/* Tear down but keep netdev and settings; mo_dev_reattach() replays. */
void mo_dev_quiesce(struct mo_dev *md);
int mo_dev_reattach(struct mo_dev *md);
/* True unless the device has gone; one that answers again is taken back. devl_lock held. */
bool mo_dev_adopt(struct mo_dev *md);
void mo_service_start(struct mo_dev *md);
void mo_service_stop(struct mo_dev *md);

/* ------------------------------------------------------------------ pci.c */
void mo_pci_revive(struct mo_dev *md);

/* ----------------------------------------------------------------- regs.c */
u32 mo_rd(struct mo_dev *md, u32 offset);
/* For those who only look: false while somebody else brings the device down or up. */
bool mo_readable(const struct mo_dev *md);
/* The device is there, whatever was thought before. */
bool mo_regs_answer(struct mo_dev *md);
void mo_wr(struct mo_dev *md, u32 offset, u32 value);
int mo_regs_discover(struct mo_dev *md);
int mo_regs_wait_ready(struct mo_dev *md, unsigned int timeout_ms);
/* Offset of row @i of MO_REGS and its name; false behind the last one. */
bool mo_regs_row(struct mo_dev *md, unsigned int i, const char **name, u32 *offset);
unsigned int mo_regs_count(void);

/* --------------------------------------------------------------- status.c */
int mo_status_errno(u16 status);
const char *mo_status_text(u16 status);
const char *mo_cmd_name(u16 opcode);
const char *mo_fatal_text(u32 fatal);
const char *mo_mgmt_state_text(u32 state);
const char *mo_fw_error_text(u32 error);
const char *mo_queue_error_text(u32 error);
const char *mo_mb_status_text(u16 status);
int mo_mb_status_errno(u16 status);
const char *mo_mb_cmd_name(u16 cmd);
const char *mo_link_fsm_text(u8 state);
const char *mo_record_state_text(u8 machine, u8 state);
const char *mo_link_reason_text(u16 reason);
u32 mo_link_reason_blame(u16 reason);

/* --------------------------------------------------------------- adminq.c */
int mo_adminq_alloc(struct mo_dev *md);
void mo_adminq_free(struct mo_dev *md);
int mo_adminq_start(struct mo_dev *md);
/*
 * Takes bus mastering away, then ends all commands in flight and accepts no
 * more: who sees that may free memory. Any context.
 */
void mo_adminq_stop(struct mo_dev *md);
/* Takes completions; any context. @by_irq is false for polling. */
unsigned int mo_adminq_poll(struct mo_dev *md, bool by_irq);
int mo_adminq_exec(struct mo_dev *md, struct mo_cmd_desc *desc, void *result,
		   size_t result_len, unsigned int timeout_ms,
		   struct netlink_ext_ack *extack);

/* ------------------------------------------------------------------ cmd.c */
/*
 * One function per admin command; 0 or -errno. They sleep. @extack may be NULL
 * and gets the device's reason. When a command ends with -ETIMEDOUT the driver
 * has already taken bus mastering away from the device, so that memory given
 * to it may be freed; the reset follows by itself.
 */
struct mo_eq_attr {
	dma_addr_t ring;
	dma_addr_t rec;
	u16 vector;
	u8 size_log;
};

struct mo_cq_attr {
	dma_addr_t ring;
	dma_addr_t rec;
	u32 eqn;
	u32 db_page;
	u8 size_log;
	u8 entry_log;
	u16 period_us;
	u16 count;
};

struct mo_queue_attr {
	dma_addr_t ring;
	dma_addr_t rec;
	u32 cqn;
	u32 db_page;
	u8 size_log;
	u32 buf_len;	/* RXQ */
	u32 hdr_len;	/* RXQ */
};

/* A command whose body is @body; the rest of the entry is zero. */
int mo_cmd_exec(struct mo_dev *md, u8 port, u16 opcode, const void *body, size_t body_len,
		void *result, size_t result_len, struct netlink_ext_ack *extack);
int mo_cmd_nop(struct mo_dev *md, const void *in, void *out, size_t len);
int mo_cmd_identify(struct mo_dev *md, dma_addr_t addr, u32 len);
int mo_cmd_area_set(struct mo_dev *md, u8 port, enum mo_area area,
		    dma_addr_t addr, u32 len, u32 period_us);
int mo_cmd_area_sync(struct mo_dev *md, u8 port, enum mo_area area);
int mo_cmd_fw_load(struct mo_dev *md, dma_addr_t addr, u32 len, u32 offset,
		   u32 total);
int mo_cmd_fw_start(struct mo_dev *md, u32 source);
int mo_cmd_mgmt(struct mo_dev *md, u8 port, dma_addr_t req, u32 req_len,
		dma_addr_t rsp, u32 rsp_room, u32 *rsp_len,
		unsigned int timeout_ms, struct netlink_ext_ack *extack);
int mo_cmd_eq_create(struct mo_dev *md, const struct mo_eq_attr *attr, u32 *eqn);
int mo_cmd_eq_destroy(struct mo_dev *md, u32 eqn);
int mo_cmd_cq_create(struct mo_dev *md, const struct mo_cq_attr *attr, u32 *cqn,
		     struct netlink_ext_ack *extack);
int mo_cmd_cq_destroy(struct mo_dev *md, u32 cqn);
int mo_cmd_cq_modify(struct mo_dev *md, u32 cqn, u16 period_us, u16 count,
		     struct netlink_ext_ack *extack);
int mo_cmd_txq_create(struct mo_dev *md, u8 port, const struct mo_queue_attr *attr,
		      u32 *object, struct netlink_ext_ack *extack);
int mo_cmd_txq_destroy(struct mo_dev *md, u32 object);
int mo_cmd_rxq_create(struct mo_dev *md, u8 port, const struct mo_queue_attr *attr,
		      u32 *object, struct netlink_ext_ack *extack);
int mo_cmd_rxq_destroy(struct mo_dev *md, u32 object);
int mo_cmd_rxq_map(struct mo_dev *md, u8 port, u32 index, u32 object,
		   struct netlink_ext_ack *extack);
int mo_cmd_port_rx(struct mo_dev *md, u8 port, bool enable);
int mo_cmd_rx_mode(struct mo_dev *md, u8 port, dma_addr_t list, u32 count, u32 flags,
		   struct netlink_ext_ack *extack);
int mo_cmd_vlan_filter(struct mo_dev *md, u8 port, dma_addr_t bitmap,
		       struct netlink_ext_ack *extack);
int mo_cmd_offload(struct mo_dev *md, u8 port, u32 flags, u32 mtu,
		   struct netlink_ext_ack *extack);
int mo_cmd_rss_set(struct mo_dev *md, u8 port, dma_addr_t config,
		   struct netlink_ext_ack *extack);

/* ---------------------------------------------------------------- event.c */
void mo_event_work(struct work_struct *work);
void mo_event_reset(struct mo_dev *md);

/* ------------------------------------------------------------------- fw.c */
/*
 * Gets firmware running as the load policy (DEVLINK_PARAM_FW_LOAD_POLICY_VALUE_*)
 * says; says in the log why not.
 */
int mo_fw_boot(struct mo_dev *md, u8 policy, struct netlink_ext_ack *extack);
/* As mo_fw_boot(), but firmware that runs may go on. */
int mo_fw_resume(struct mo_dev *md, u8 policy);
/* As mo_fw_boot(), but starts anew what runs already. */
int mo_fw_restart(struct mo_dev *md, u8 policy, struct netlink_ext_ack *extack);
void mo_fw_event(struct mo_dev *md, u16 state, u32 error);
void mo_fw_recheck(struct mo_dev *md);

/* ---------------------------------------------------------------- flash.c */
int mo_fw_flash(struct mo_dev *md, const struct firmware *fw,
		struct netlink_ext_ack *extack);

/* ----------------------------------------------------------------- mgmt.c */
int mo_mgmt_init(struct mo_dev *md);
void mo_mgmt_exit(struct mo_dev *md);
int mo_mgmt_call_early(struct mo_dev *md, u8 port, enum mo_mb_cmd cmd, const void *req,
		       size_t req_len, void *rsp, size_t rsp_len,
		       struct netlink_ext_ack *extack);

/**
 * mo_mgmt_call() - send a message to the management firmware
 * @md: device
 * @port: port number
 * @cmd: enum mo_mb_cmd
 * @req: request body or NULL
 * @req_len: its length
 * @rsp: response body or NULL; zero-extended when firmware sends less
 * @rsp_len: room for it
 * @extack: gets the firmware's reason; may be NULL
 *
 * Return: 0, -EHOSTDOWN without usable firmware, or what the status says.
 */
int mo_mgmt_call(struct mo_dev *md, u8 port, enum mo_mb_cmd cmd, const void *req,
		 size_t req_len, void *rsp, size_t rsp_len,
		 struct netlink_ext_ack *extack);

/* --------------------------------------------------------------- health.c */
int mo_health_init(struct mo_dev *md);
void mo_health_exit(struct mo_dev *md);
int mo_health_start(struct mo_dev *md);
void mo_health_stop(struct mo_dev *md);
int mo_health_register(struct mo_dev *md);
void mo_health_unregister(struct mo_dev *md);
/* Recoveries from crashes start from here on, or no more; the latter not under devl_lock. */
void mo_health_enable(struct mo_dev *md);
void mo_health_disable(struct mo_dev *md);
/* The device has been brought up in some way: reporters say how it is now. devl_lock held. */
void mo_health_settle(struct mo_dev *md);
void mo_health_crashed(struct mo_dev *md);
void mo_health_fatal(struct mo_dev *md, const char *why);

/* -------------------------------------------------------------- devlink.c */
extern const struct devlink_ops mo_devlink_ops;
int mo_devlink_init(struct mo_dev *md);
void mo_devlink_exit(struct mo_dev *md);
int mo_devlink_port_add(struct mo_dev *md);
void mo_devlink_port_del(struct mo_dev *md);
u8 mo_devlink_fw_policy(struct mo_dev *md);
bool mo_devlink_roce_enabled(struct mo_dev *md);

/* ----------------------------------------------------------------- link.c */
int mo_link_init(struct mo_dev *md);
void mo_link_exit(struct mo_dev *md);
int mo_link_start(struct mo_dev *md);
void mo_link_stop(struct mo_dev *md);
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
int mo_link_caps(struct mo_dev *md, struct mo_mb_link_caps *caps);
/*
 * Requests, checked by the caller. They are kept and sent by a work item: the
 * callers hold RTNL, and nobody who does may wait for the firmware.
 */
void mo_link_set_admin(struct mo_dev *md, bool up);
void mo_link_set_modes(struct mo_dev *md, u32 modes);
void mo_link_set_fec(struct mo_dev *md, u8 fec);
void mo_link_requested(struct mo_dev *md, u32 *modes, u8 *fec);
int mo_link_get_fec(struct mo_dev *md, struct mo_mb_fec *fec);

/* ------------------------------------------------------------- linkmode.c */
/*
 * For the ethtool operations of the same name; the netdev's ethtool_ops must
 * have cap_link_lanes_supported.
 */
int mo_link_get_ksettings(struct mo_dev *md, struct ethtool_link_ksettings *ks);
int mo_link_set_ksettings(struct mo_dev *md, const struct ethtool_link_ksettings *ks);
int mo_link_get_fecparam(struct mo_dev *md, struct ethtool_fecparam *fec);
int mo_link_set_fecparam(struct mo_dev *md, const struct ethtool_fecparam *fec);
int mo_link_get_ext_state(struct mo_dev *md, struct ethtool_link_ext_state_info *info);

/* --------------------------------------------------------------- module.c */
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

/* ---------------------------------------------------------------- hwmon.c */
void mo_hwmon_init(struct mo_dev *md);
void mo_hwmon_exit(struct mo_dev *md);

/* ------------------------------------------------------------------- nl.c */
int mo_nl_init(void);
void mo_nl_exit(void);
/* Listeners hear of the link of a device with a netdev from here on, or no more. */
void mo_nl_add(struct mo_dev *md);
void mo_nl_del(struct mo_dev *md);

/* --------------------------------------------------------------- auxdev.c */
int mo_auxdev_init(struct mo_dev *md);
void mo_auxdev_exit(struct mo_dev *md);
void mo_auxdev_add(struct mo_dev *md);
void mo_auxdev_del(struct mo_dev *md);
bool mo_auxdev_event(struct mo_dev *md, const struct mo_eqe *eqe);

/* -------------------------------------------------------------- debugfs.c */
void mo_debugfs_init(void);
void mo_debugfs_exit(void);
void mo_debugfs_add(struct mo_dev *md);
void mo_debugfs_remove(struct mo_dev *md);

/* ------------------------------------- netdev.c and the rest of the datapath */
/* The device is up. Allocates and registers the netdev. devl_lock held. */
int mo_net_create(struct mo_dev *md);
/* Unregisters and frees it; also on a dead device. devl_lock held. */
void mo_net_destroy(struct mo_dev *md);
/*
 * The device is about to be reset, or has gone: detaches the netdev, stops
 * traffic, frees what lives in the device (commands may fail) and keeps all
 * settings and counters. May come twice. devl_lock held, takes rtnl itself.
 */
void mo_net_detach(struct mo_dev *md);
/* The device is up again: replays settings and goes on. devl_lock held. */
int mo_net_attach(struct mo_dev *md);
/* MO_EVENT_QUEUE_ERROR or MO_EVENT_CQ_ERROR of @object. Process context, event_lock held. */
void mo_net_queue_error(struct mo_dev *md, u8 event, u32 object, u16 code);
/* The device behind a netdev, NULL if it is not ours. */
struct mo_dev *mo_net_to_dev(const struct net_device *netdev);

#endif /* MO_H */
