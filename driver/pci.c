// SPDX-License-Identifier: GPL-2.0
/*
 * PCI glue: probe, remove, error recovery, FLR, power management. Calls into
 * dev.c and decides nothing.
 */
#include <linux/module.h>

#include "mo.h"
#include "debugfs.h"
#include "dev.h"
#include "devlink.h"
#include "nl.h"
#include "regs.h"

static int mo_pci_vectors(struct mo_dev *md)
{
	int want, have;

	have = pci_msix_vec_count(md->pdev);
	if (have < 1) {
		dev_err(md->dev, "device has no MSI-X\n");
		return -ENODEV;
	}
	/* One for admin and asynchronous events, then one per CPU. */
	want = min(num_online_cpus() + 1, (unsigned int)MO_MAX_VECTORS);
	have = pci_alloc_irq_vectors(md->pdev, 1, min(want, have), PCI_IRQ_MSIX);
	if (have < 0) {
		dev_err(md->dev, "no interrupt vectors: %pe\n", ERR_PTR(have));
		return have;
	}
	/* Too small a table, or a host that is short of vectors. */
	if (have < want)
		dev_warn(md->dev, "only %d of %d interrupt vectors, so %d instead of %d channels\n",
			 have, want, max(have - 1, 1), want - 1);
	md->vectors = have;
	return 0;
}

static int mo_pci_map(struct mo_dev *md)
{
	struct pci_dev *pdev = md->pdev;

	if (pci_resource_len(pdev, MO_BAR_CTRL) < PAGE_SIZE ||
	    pci_resource_len(pdev, MO_BAR_DB) < MO_DB_PAGE_SIZE) {
		dev_err(md->dev, "BARs are too small\n");
		return -ENODEV;
	}
	md->ctrl = pcim_iomap_region(pdev, MO_BAR_CTRL, MO_DRV_NAME);
	if (IS_ERR(md->ctrl))
		return PTR_ERR(md->ctrl);
	md->db = pcim_iomap_region(pdev, MO_BAR_DB, MO_DRV_NAME);
	return PTR_ERR_OR_ZERO(md->db);
}

static int mo_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct devlink *devlink;
	struct mo_dev *md;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		return err;

	devlink = devlink_alloc(&mo_devlink_ops, sizeof(*md), &pdev->dev);
	if (!devlink)
		return -ENOMEM;
	md = devlink_priv(devlink);
	md->pdev = pdev;
	md->dev = &pdev->dev;
	pci_set_drvdata(pdev, md);

	err = mo_pci_map(md);
	if (err)
		goto free_devlink;
	err = mo_pci_vectors(md);
	if (err)
		goto free_devlink;
	err = mo_dev_init(md);
	if (err)
		goto free_vectors;

	devl_lock(devlink);
	err = mo_devlink_init(md);
	if (err)
		goto unlock;
	err = mo_dev_up(md);
	if (err)
		goto exit_devlink;
	/* What error recovery restores. */
	pci_save_state(pdev);
	md->pci_state = pci_store_saved_state(pdev);
	devl_register(devlink);
	mo_health_settle(md);
	devl_unlock(devlink);
	mo_service_start(md);
	mo_debugfs_add(md);
	return 0;

exit_devlink:
	mo_devlink_exit(md);
unlock:
	devl_unlock(devlink);
	mo_dev_exit(md);
free_vectors:
	pci_free_irq_vectors(pdev);
free_devlink:
	devlink_free(devlink);
	return err;
}

static void mo_pci_remove(struct pci_dev *pdev)
{
	struct mo_dev *md = pci_get_drvdata(pdev);
	struct devlink *devlink = mo_devlink(md);

	mo_debugfs_remove(md);
	mo_service_stop(md);
	devl_lock(devlink);
	devl_unregister(devlink);
	/* Nobody is left who wants the link. It would outlive us. */
	mo_link_set_admin(md, false);
	mo_dev_down(md);
	mo_devlink_exit(md);
	devl_unlock(devlink);
	mo_dev_exit(md);
	kfree(md->pci_state);
	pci_free_irq_vectors(pdev);
	devlink_free(devlink);
}

/* The PCI core takes the device away for a while. */
static void mo_pci_freeze(struct mo_dev *md)
{
	struct devlink *devlink = mo_devlink(md);

	devl_lock(devlink);
	set_bit(MO_STATE_FROZEN, &md->state);
	mo_dev_quiesce(md);
	devl_unlock(devlink);
}

static int mo_pci_thaw(struct mo_dev *md)
{
	struct devlink *devlink = mo_devlink(md);
	int err;

	devl_lock(devlink);
	clear_bit(MO_STATE_FROZEN, &md->state);
	err = mo_dev_reattach(md);
	mo_health_settle(md);
	devl_unlock(devlink);
	if (err)
		dev_err(md->dev, "device does not come back: %pe\n", ERR_PTR(err));
	/* Also what failed meanwhile. */
	if (!err && test_bit(MO_STATE_FATAL, &md->state))
		mo_service_kick(md);
	return err;
}

static void mo_pci_shutdown(struct pci_dev *pdev)
{
	struct mo_dev *md = pci_get_drvdata(pdev);

	mo_service_stop(md);
	mo_pci_freeze(md);
}

static pci_ers_result_t mo_pci_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct mo_dev *md = pci_get_drvdata(pdev);

	dev_err(md->dev, "PCI error, channel %s\n",
		state == pci_channel_io_normal ? "works" :
		state == pci_channel_io_frozen ? "is frozen" : "is dead");
	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;
	/*
	 * The device reaches no memory any more, and commands end now and not by
	 * their time-outs. What it knew is freed after that.
	 */
	mo_adminq_stop(md);
	if (state == pci_channel_io_perm_failure) {
		mo_dev_gone(md);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	mo_pci_freeze(md);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t mo_pci_slot_reset(struct pci_dev *pdev)
{
	struct mo_dev *md = pci_get_drvdata(pdev);

	/* A reset that another device below the same port asked for. */
	if (!test_bit(MO_STATE_FROZEN, &md->state)) {
		mo_adminq_stop(md);
		mo_pci_freeze(md);
	}
	pci_restore_state(pdev);
	pci_save_state(pdev);
	if (mo_regs_wait_ready(md, 3000)) {
		dev_err(md->dev, "device is not ready after a slot reset\n");
		/* Nobody calls resume() now. A later reset may bring it back. */
		clear_bit(MO_STATE_FROZEN, &md->state);
		mo_dev_gone(md);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	return PCI_ERS_RESULT_RECOVERED;
}

static void mo_pci_error_resume(struct pci_dev *pdev)
{
	mo_pci_thaw(pci_get_drvdata(pdev));
}

static void mo_pci_reset_prepare(struct pci_dev *pdev)
{
	mo_pci_freeze(pci_get_drvdata(pdev));
}

static void mo_pci_reset_done(struct pci_dev *pdev)
{
	mo_pci_thaw(pci_get_drvdata(pdev));
}

static const struct pci_error_handlers mo_pci_err_handlers = {
	.error_detected = mo_pci_error_detected,
	.slot_reset = mo_pci_slot_reset,
	.resume = mo_pci_error_resume,
	.reset_prepare = mo_pci_reset_prepare,
	.reset_done = mo_pci_reset_done,
};

static int mo_pci_suspend(struct device *dev)
{
	struct mo_dev *md = dev_get_drvdata(dev);
	struct devlink *devlink = mo_devlink(md);

	/* A host that sleeps takes no packets; its peer had better know. */
	devl_lock(devlink);
	mo_link_rest(md);
	devl_unlock(devlink);
	mo_pci_freeze(md);
	return 0;
}

static int mo_pci_resume(struct device *dev)
{
	return mo_pci_thaw(dev_get_drvdata(dev));
}

static DEFINE_SIMPLE_DEV_PM_OPS(mo_pci_pm_ops, mo_pci_suspend, mo_pci_resume);

static const struct pci_device_id mo_pci_ids[] = {
	{ PCI_DEVICE(MO_PCI_VENDOR_ID, MO_PCI_DEVICE_ID) },
	{}
};
MODULE_DEVICE_TABLE(pci, mo_pci_ids);

static struct pci_driver mo_pci_driver = {
	.name = MO_DRV_NAME,
	.id_table = mo_pci_ids,
	.probe = mo_pci_probe,
	.remove = mo_pci_remove,
	.shutdown = mo_pci_shutdown,
	.err_handler = &mo_pci_err_handlers,
	.driver.pm = pm_sleep_ptr(&mo_pci_pm_ops),
	.driver.probe_type = PROBE_PREFER_ASYNCHRONOUS,
};

static int __init mo_init(void)
{
	int err;

	mo_debugfs_init();
	err = mo_nl_init();
	if (err)
		goto debugfs;
	err = pci_register_driver(&mo_pci_driver);
	if (err)
		goto nl;
	return 0;

nl:
	mo_nl_exit();
debugfs:
	mo_debugfs_exit();
	return err;
}
module_init(mo_init);

static void __exit mo_exit(void)
{
	pci_unregister_driver(&mo_pci_driver);
	mo_nl_exit();
	mo_debugfs_exit();
}
module_exit(mo_exit);

MODULE_DESCRIPTION("Mesh Optical network adapter");
MODULE_AUTHOR("Mesh Optical");
MODULE_LICENSE("GPL");
