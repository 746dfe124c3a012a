// SPDX-License-Identifier: GPL-2.0
/*
 * Bring-up and tear-down order, feature negotiation, and the one function
 * that resets the device and replays everything.
 */
#include <linux/delay.h>
#include <linux/rtnetlink.h>

#include "mo.h"
#include "auxdev.h"
#include "cmd.h"
#include "dev.h"
#include "devlink.h"
#include "event.h"
#include "fw.h"
#include "hwmon.h"
#include "netdev.h"
#include "nl.h"
#include "regs.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* What this driver can make use of; anything else stays off. */
#define MO_DRV_FEATURES		(MO_F_SHADOW_DB | MO_F_MGMT | MO_F_ETH | MO_F_GRO_HW | \
				 MO_F_RDMA | MO_F_TX_URGENT | MO_F_OPTICS)

#define MO_READY_TIMEOUT_MS	3000
#define MO_GONE_LOOK_MS		5000

static int mo_dev_features(struct mo_dev *md)
{
	u64 offered, accept;

	offered = mo_rd(md, MO_DEV_FEATURES_LO);
	offered |= (u64)mo_rd(md, MO_DEV_FEATURES_HI) << 32;
	if (mo_gone(md))
		return -ENODEV;
	md->roce_offered = offered & MO_F_RDMA;
	accept = offered & MO_DRV_FEATURES;
	if (!mo_devlink_roce_enabled(md))
		accept &= ~(u64)MO_F_RDMA;
	mo_wr(md, MO_DEV_ACCEPT_LO, lower_32_bits(accept));
	mo_wr(md, MO_DEV_ACCEPT_HI, upper_32_bits(accept));
	if ((accept & MO_F_MGMT) && !md->blk_mgmt) {
		dev_err(md->dev, "device offers a management core, but has no registers for it\n");
		return -ENODEV;
	}
	/* All that is read of the link, the module and the board comes that way. */
	if ((accept & MO_F_MGMT) && !(accept & MO_F_OPTICS)) {
		dev_err(md->dev, "device offers a management core, but publishes nothing of it\n");
		return -ENODEV;
	}
	md->features = accept;
	return 0;
}

static int mo_dev_identify(struct mo_dev *md)
{
	struct mo_identify *id;
	dma_addr_t dma;
	int err;

	id = dma_alloc_coherent(md->dev, sizeof(*id), &dma, GFP_KERNEL);
	if (!id)
		return -ENOMEM;
	err = mo_cmd_identify(md, dma, sizeof(*id));
	if (err) {
		dev_err(md->dev, "device does not identify itself: %pe\n", ERR_PTR(err));
		goto free;
	}
	md->id = *id;
	md->id.serial[sizeof(id->serial) - 1] = 0;
	md->id.board_name[sizeof(id->board_name) - 1] = 0;
	if (!id->ports || id->ports > MO_MAX_PORTS || !id->planes || id->planes > MO_MAX_PLANES ||
	    !id->lanes || id->lanes > MO_MAX_LANES ||
	    id->queue_max_log < MO_QUEUE_MIN_LOG || !le32_to_cpu(id->max_eq)) {
		dev_err(md->dev, "device describes itself in a way that makes no sense (%u ports, %u lanes, rings of 2^%u)\n",
			id->ports, id->lanes, id->queue_max_log);
		err = -EPROTO;
		goto free;
	}
	md->id.queue_max_log = min_t(u8, id->queue_max_log, MO_QUEUE_MAX_LOG);
	md->channels = max(md->vectors, 2U) - 1;
	md->channels = min3(md->channels, max(le32_to_cpu(id->max_eq), 2U) - 1,
			    le32_to_cpu(id->max_cq));
	if (md->features & MO_F_ETH)
		md->channels = min3(md->channels, le32_to_cpu(id->max_txq),
				    le32_to_cpu(id->max_rxq));
	if (!md->channels) {
		dev_err(md->dev, "device has no queues\n");
		err = -EPROTO;
	}
free:
	dma_free_coherent(md->dev, sizeof(*id), id, dma);
	return err;
}

/*
 * Configures a device that has lost its configuration: plugged again, or reset by
 * somebody who did not know of us. It knows nothing of before. It is not let at
 * memory.
 */
static void mo_dev_revive(struct mo_dev *md)
{
	if (!md->pci_state || !pci_device_is_present(md->pdev) ||
	    pci_load_saved_state(md->pdev, md->pci_state))
		return;
	pci_restore_state(md->pdev);
	pci_clear_master(md->pdev);
}

/* To a state in which nothing of before is left, and no DMA in flight. */
static int mo_dev_hw_reset(struct mo_dev *md)
{
	int err;

	/* Where nothing decodes its registers they need not read all ones. */
	if (!mo_regs_answer(md))
		mo_dev_revive(md);
	mo_wr(md, MO_DEV_CONTROL, MO_DEV_CONTROL_RESET);
	err = mo_regs_wait_ready(md, MO_READY_TIMEOUT_MS);
	/* Registers that read all ones may be all that it has lost. */
	if (!err || !pci_device_is_present(md->pdev))
		goto out;

	dev_warn(md->dev, "device does not come out of its own reset, trying FLR\n");
	pci_save_state(md->pdev);
	err = pcie_reset_flr(md->pdev, PCI_RESET_DO_RESET);
	pci_restore_state(md->pdev);
	if (!err)
		err = mo_regs_wait_ready(md, MO_READY_TIMEOUT_MS);
out:
	if (err)
		dev_err(md->dev, "device cannot be reset: %pe\n", ERR_PTR(err));
	else
		pci_restore_msi_state(md->pdev);
	if (err == -ENODEV)
		mo_dev_gone(md);
	return err;
}

/* From reset to a device that takes commands and reports events. */
static int mo_dev_hw_up(struct mo_dev *md)
{
	int err;

	clear_bit(MO_STATE_FATAL, &md->state);
	err = mo_dev_hw_reset(md);
	if (err)
		return err;
	pci_set_master(md->pdev);
	err = mo_regs_discover(md);
	if (err)
		goto fence;
	err = mo_dev_features(md);
	if (err)
		goto fence;
	err = mo_adminq_start(md);
	if (err)
		goto fence;
	err = mo_dev_identify(md);
	if (err)
		goto fence;
	mo_event_reset(md);
	err = mo_eqs_start(md);
	if (err)
		goto fence;
	err = mo_link_start(md);
	if (err)
		goto stop_eqs;
	err = mo_health_start(md);
	if (err)
		goto stop_link;
	return 0;

stop_link:
	mo_link_stop(md);
stop_eqs:
	mo_eqs_stop(md);
fence:
	mo_adminq_stop(md);
	return err;
}

/* The reverse; on a dead device every command fails at once. */
static void mo_dev_hw_down(struct mo_dev *md)
{
	mo_health_stop(md);
	mo_link_stop(md);
	mo_eqs_stop(md);
	/* No DMA from here on, whatever state the device is in. */
	mo_adminq_stop(md);
	if (!mo_gone(md))
		mo_wr(md, MO_DEV_CONTROL, MO_DEV_CONTROL_RESET);
}

/* Events reach the netdev from here on, or no longer. */
static void mo_dev_net_ready(struct mo_dev *md, bool ready)
{
	mutex_lock(&md->event_lock);
	md->net_ready = ready;
	mutex_unlock(&md->event_lock);
}

static int mo_dev_net_up(struct mo_dev *md)
{
	int err;

	if (!(md->features & MO_F_ETH))
		return 0;
	err = mo_net_create(md);
	if (err) {
		dev_err(md->dev, "cannot create the network interface: %pe\n", ERR_PTR(err));
		return err;
	}
	mo_dev_net_ready(md, true);
	mo_nl_add(md);
	return 0;
}

/**
 * mo_dev_up() - everything from reset to a registered netdev
 * @md: device; devl_lock held
 *
 * Missing or bad firmware is not an error: devlink and the netdev remain.
 *
 * Return: 0 or -errno, then nothing is left up.
 */
int mo_dev_up(struct mo_dev *md)
{
	int err;

	devl_assert_locked(mo_devlink(md));
	err = mo_dev_hw_up(md);
	if (err)
		return err;
	err = mo_fw_boot(md, mo_devlink_fw_policy(md), NULL);
	if (mo_gone(md) || !test_bit(MO_STATE_ADMIN_UP, &md->state))
		goto down;
	err = mo_devlink_port_add(md);
	if (err)
		goto down;
	err = mo_dev_net_up(md);
	if (err)
		goto del_port;
	md->up = true;
	mo_hwmon_init(md);
	mo_auxdev_add(md);
	return 0;

del_port:
	mo_devlink_port_del(md);
down:
	mo_dev_hw_down(md);
	return err ?: -EIO;
}

/* The reverse of mo_dev_up(); also on a dead device. devl_lock held. */
void mo_dev_down(struct mo_dev *md)
{
	devl_assert_locked(mo_devlink(md));
	if (!md->up)
		return;
	md->up = false;
	mo_auxdev_del(md);
	mo_hwmon_exit(md);
	mo_dev_net_ready(md, false);
	if (md->features & MO_F_ETH) {
		mo_nl_del(md);
		mo_net_destroy(md);
	}
	mo_devlink_port_del(md);
	if (!test_bit(MO_STATE_RESETTING, &md->state))
		mo_dev_hw_down(md);
	clear_bit(MO_STATE_RESETTING, &md->state);
}

bool mo_dev_adopt(struct mo_dev *md)
{
	devl_assert_locked(mo_devlink(md));
	if (!mo_gone(md))
		return true;
	/* The PCI core is at work. */
	if (test_bit(MO_STATE_FROZEN, &md->state))
		return false;
	if (!mo_regs_answer(md))
		mo_dev_revive(md);
	if (!mo_regs_answer(md))
		return false;
	/* What it knew of before is not worth a command. */
	mo_adminq_stop(md);
	clear_bit(MO_STATE_GONE, &md->state);
	dev_info(md->dev, "device answers again\n");
	return true;
}

/**
 * mo_dev_quiesce() - stop the device, keep netdev and settings
 * @md: device; devl_lock held
 *
 * mo_dev_reattach() is its end; a second call does nothing.
 */
void mo_dev_quiesce(struct mo_dev *md)
{
	devl_assert_locked(mo_devlink(md));
	if (!md->up || test_and_set_bit(MO_STATE_RESETTING, &md->state))
		return;
	/* Commands still work if the device does, so queues end in order. */
	mo_auxdev_del(md);
	if (md->net_ready)
		mo_net_detach(md);
	mo_dev_hw_down(md);
}

/* The service work resets the device, and it may be the second time that it tries. */
static void mo_dev_reset_due(struct mo_dev *md, const char *why)
{
	WRITE_ONCE(md->fail_text, why);
	set_bit(MO_STATE_FATAL, &md->state);
	mo_service_kick(md);
}

/**
 * mo_dev_reattach() - bring a quiesced device back and replay all settings
 * @md: device; devl_lock held
 *
 * Return: 0; -errno, then the device stays quiesced until the service work resets it.
 */
int mo_dev_reattach(struct mo_dev *md)
{
	int err;

	devl_assert_locked(mo_devlink(md));
	if (!test_bit(MO_STATE_RESETTING, &md->state))
		return 0;
	if (!mo_dev_adopt(md))
		return -ENODEV;
	err = mo_dev_hw_up(md);
	if (err) {
		mo_dev_reset_due(md, "device could not be started");
		return err;
	}
	mo_fw_resume(md, mo_devlink_fw_policy(md));
	if (md->net_ready)
		err = mo_net_attach(md);
	if (!err && !test_bit(MO_STATE_ADMIN_UP, &md->state))
		err = -EIO;
	if (err) {
		dev_err(md->dev, "settings could not be replayed: %pe\n", ERR_PTR(err));
		if (md->net_ready)
			mo_net_detach(md);
		mo_dev_hw_down(md);
		mo_dev_reset_due(md, "settings could not be replayed");
		return err;
	}
	clear_bit(MO_STATE_RESETTING, &md->state);
	/* Events of meanwhile could not be looked into. */
	mo_fw_recheck(md);
	mo_auxdev_add(md);
	return 0;
}

int mo_dev_reset(struct mo_dev *md)
{
	int err;

	devl_assert_locked(mo_devlink(md));
	if (!mo_dev_adopt(md))
		return -ENODEV;
	if (!md->up)
		return -ENETDOWN;
	/* The PCI core is at work and brings the device back itself. */
	if (test_bit(MO_STATE_FROZEN, &md->state))
		return -EBUSY;
	mo_dev_quiesce(md);
	err = mo_dev_reattach(md);
	if (err) {
		dev_err(md->dev, "device could not be recovered: %pe\n", ERR_PTR(err));
		return err;
	}
	md->health.resets++;
	dev_info(md->dev, "device was reset, all settings are replayed\n");
	return 0;
}

/* Looks for a device that has gone, every MO_GONE_LOOK_MS: it may only have been away. */
static void mo_service_gone(struct mo_dev *md)
{
	if (mo_dev_adopt(md)) {
		/* It has lost the bus, and its configuration as well. */
		mo_dev_reset_due(md, "device did not answer for a while");
		return;
	}
	if (!test_bit(MO_STATE_RESETTING, &md->state))
		dev_err(md->dev, "device has gone (reads all ones); its interface is detached\n");
	queue_delayed_work(md->wq, &md->service_work, msecs_to_jiffies(MO_GONE_LOOK_MS));
}

static void mo_service_work(struct work_struct *work)
{
	struct mo_dev *md = container_of(work, struct mo_dev, service_work.work);
	struct devlink *devlink = mo_devlink(md);
	const char *why;

	if (!mo_gone(md)) {
		/* Reset meanwhile, or about to be? */
		if (!test_bit(MO_STATE_FATAL, &md->state) ||
		    test_bit(MO_STATE_FROZEN, &md->state))
			return;
		md->last_reset = jiffies ?: 1;
		/* Who fails it may not have said why yet. */
		why = READ_ONCE(md->fail_text) ?: "device stopped";
		dev_warn(md->dev, "reset is due: %s\n", why);
		mo_health_fatal(md, why);
	}
	devl_lock(devlink);
	if (mo_gone(md))
		mo_service_gone(md);
	/* Still dead, perhaps because nobody wants automatic recovery? */
	if (mo_gone(md) || test_bit(MO_STATE_FATAL, &md->state)) {
		mo_dev_quiesce(md);
		mo_health_settle(md);
	}
	devl_unlock(devlink);
}

/* Failures are taken care of from here on, also those of before. */
void mo_service_start(struct mo_dev *md)
{
	enable_delayed_work(&md->service_work);
	mo_health_enable(md);
	if (mo_gone(md) || test_bit(MO_STATE_FATAL, &md->state))
		mo_service_kick(md);
	else if (md->mgmt.state == MO_MGMT_CRASHED)
		mo_health_crashed(md);
}

/* No reset and no recovery starts any more. Not under devl_lock. */
void mo_service_stop(struct mo_dev *md)
{
	mo_health_disable(md);
	disable_delayed_work_sync(&md->service_work);
}

/**
 * mo_dev_init() - memory, interrupts and work of a device
 * @md: device with mapped BARs and granted vectors
 *
 * Return: 0 or -errno, then nothing is left.
 */
int mo_dev_init(struct mo_dev *md)
{
	int err;

	INIT_KFIFO(md->events);
	mutex_init(&md->event_lock);
	INIT_WORK(&md->event_work, mo_event_work);
	INIT_DELAYED_WORK(&md->service_work, mo_service_work);
	disable_delayed_work_sync(&md->service_work);
	md->wq = alloc_workqueue("mo-%s", WQ_UNBOUND | WQ_HIGHPRI, 0, pci_name(md->pdev));
	if (!md->wq)
		return -ENOMEM;
	err = mo_adminq_alloc(md);
	if (err)
		goto free_wq;
	err = mo_mgmt_init(md);
	if (err)
		goto free_adminq;
	err = mo_link_init(md);
	if (err)
		goto free_mgmt;
	err = mo_health_init(md);
	if (err)
		goto free_link;
	err = mo_eqs_alloc(md);
	if (err)
		goto free_health;
	err = mo_auxdev_init(md);
	if (err)
		goto free_eqs;
	return 0;

free_eqs:
	mo_eqs_free(md);
free_health:
	mo_health_exit(md);
free_link:
	mo_link_exit(md);
free_mgmt:
	mo_mgmt_exit(md);
free_adminq:
	mo_adminq_free(md);
free_wq:
	destroy_workqueue(md->wq);
	return err;
}

void mo_dev_exit(struct mo_dev *md)
{
	/* No event queue is live, so nobody queues event work any more. */
	cancel_work_sync(&md->event_work);
	mo_eqs_free(md);
	mo_auxdev_exit(md);
	mo_health_exit(md);
	mo_link_exit(md);
	mo_mgmt_exit(md);
	mo_adminq_free(md);
	destroy_workqueue(md->wq);
}
