// SPDX-License-Identifier: GPL-2.0
/*
 * The auxiliary driver: registers and unregisters the RDMA device of a NIC.
 *
 * remove() comes while the NIC works (unload, reload, reset) or after it has
 * gone, with users active in both cases: the core takes everything away from
 * them (disassociate), and what the driver does for it ends in bounded time.
 */
#include <linux/auxiliary_bus.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <net/addrconf.h>

#include "mo_ib.h"

static const struct ib_device_ops mo_ib_ops = {
	.owner = THIS_MODULE,
	.driver_id = (enum rdma_driver_id)MO_RDMA_DRIVER_ID,
	.uverbs_abi_ver = MO_UVERBS_ABI_VERSION,
	MO_IB_OPS_UDATA
	.device_group = &mo_ib_attr_group,

	.query_device = mo_ib_query_device,
	.modify_device = mo_ib_modify_device,
	.query_port = mo_ib_query_port,
	.query_pkey = mo_ib_query_pkey,
	.get_port_immutable = mo_ib_get_port_immutable,
	.get_link_layer = mo_ib_get_link_layer,
	.get_dev_fw_str = mo_ib_get_dev_fw_str,
	.add_gid = mo_ib_add_gid,
	.del_gid = mo_ib_del_gid,

	.alloc_ucontext = mo_ib_alloc_ucontext,
	.dealloc_ucontext = mo_ib_dealloc_ucontext,
	.disassociate_ucontext = mo_ib_disassociate_ucontext,
	.mmap = mo_ib_mmap,
	.mmap_free = mo_ib_mmap_free,

	.alloc_pd = mo_ib_alloc_pd,
	.dealloc_pd = mo_ib_dealloc_pd,
	.create_ah = mo_ib_create_ah,
	.create_user_ah = mo_ib_create_user_ah,
	.query_ah = mo_ib_query_ah,
	.destroy_ah = mo_ib_destroy_ah,

	MO_IB_OPS_MR
	.rereg_user_mr = mo_ib_rereg_user_mr,
	.get_dma_mr = mo_ib_get_dma_mr,
	.alloc_mr = mo_ib_alloc_mr,
	.map_mr_sg = mo_ib_map_mr_sg,
	.dereg_mr = mo_ib_dereg_mr,
	.alloc_mw = mo_ib_alloc_mw,
	.dealloc_mw = mo_ib_dealloc_mw,

	MO_IB_OPS_CQ
	.modify_cq = mo_ib_modify_cq,
	.destroy_cq = mo_ib_destroy_cq,
	.poll_cq = mo_ib_poll_cq,
	.req_notify_cq = mo_ib_req_notify_cq,

	.create_qp = mo_ib_create_qp,
	.modify_qp = mo_ib_modify_qp,
	.query_qp = mo_ib_query_qp,
	.destroy_qp = mo_ib_destroy_qp,
	.post_send = mo_ib_post_send,
	.post_recv = mo_ib_post_recv,
	.drain_sq = mo_ib_drain_sq,
	.drain_rq = mo_ib_drain_rq,
	.attach_mcast = mo_ib_attach_mcast,
	.detach_mcast = mo_ib_detach_mcast,

	.process_mad = mo_ib_process_mad,
	.alloc_hw_port_stats = mo_ib_alloc_hw_port_stats,
	.get_hw_stats = mo_ib_get_hw_stats,
	.fill_res_mr_entry = mo_ib_fill_res_mr,
	.fill_res_cq_entry = mo_ib_fill_res_cq,
	.fill_res_qp_entry = mo_ib_fill_res_qp,

	INIT_RDMA_OBJ_SIZE(ib_ah, mo_ib_ah, ibah),
	INIT_RDMA_OBJ_SIZE(ib_cq, mo_ib_cq, ibcq),
	INIT_RDMA_OBJ_SIZE(ib_mw, mo_ib_mw, ibmw),
	INIT_RDMA_OBJ_SIZE(ib_pd, mo_ib_pd, ibpd),
	INIT_RDMA_OBJ_SIZE(ib_qp, mo_ib_qp, ibqp),
	INIT_RDMA_OBJ_SIZE(ib_ucontext, mo_ib_ucontext, ibuc),
};

static int mo_ib_setup(struct mo_ib_dev *mib)
{
	struct mo_aux *aux = mib->aux;
	struct ib_device *ibdev = &mib->ibdev;
	int err;

	ibdev->node_type = RDMA_NODE_IB_CA;
	ibdev->phys_port_cnt = 1;
	ibdev->num_comp_vectors = aux->vectors;
	/* Tools look below the PCI function, not below the auxiliary device. */
	ibdev->dev.parent = &aux->pdev->dev;
	addrconf_addr_eui48((u8 *)&ibdev->node_guid, aux->netdev->perm_addr);
	strscpy(ibdev->node_desc, "Mesh Optical", sizeof(ibdev->node_desc));

	/* Pages of a key may be larger than what the block layer likes. */
	dma_set_max_seg_size(mo_ib_dma_dev(mib), UINT_MAX);
	mib->shadow = aux->features & MO_F_SHADOW_DB;
	err = mo_ib_caps_read(mib);
	if (err)
		return err;
	ib_set_device_ops(ibdev, &mo_ib_ops);
	return ib_device_set_netdev(ibdev, aux->netdev, MO_IB_PORT);
}

static int mo_ib_probe(struct auxiliary_device *adev, const struct auxiliary_device_id *id)
{
	struct mo_aux *aux = to_mo_aux(adev);
	struct mo_ib_dev *mib;
	int err;

	mib = ib_alloc_device(mo_ib_dev, ibdev);
	if (!mib)
		return -ENOMEM;
	mib->aux = aux;
	ida_init(&mib->pds);
	xa_init(&mib->qps);
	xa_init(&mib->cqs);
	mutex_init(&mib->stats_lock);

	err = mo_ib_setup(mib);
	if (err)
		goto dealloc;
	mib->recs = dma_pool_create("mo_ib_recs", mo_ib_dma_dev(mib), MO_IB_REC_SIZE,
				    MO_IB_REC_SIZE, 0);
	if (!mib->recs) {
		err = -ENOMEM;
		goto dealloc;
	}
	err = mo_ib_stats_init(mib);
	if (err)
		goto destroy_recs;
	/* The core creates queue pairs while it registers the device. */
	err = mo_aux_register(aux, &mo_ib_aux_ops, mib);
	if (err)
		goto stop_stats;
	err = ib_register_device(&mib->ibdev, "mo%d", mo_ib_dma_dev(mib));
	if (err)
		goto unregister_aux;
	err = mo_ib_port_events_start(mib);
	if (err)
		goto unregister;
	auxiliary_set_drvdata(adev, mib);
	return 0;

unregister:
	ib_unregister_device(&mib->ibdev);
unregister_aux:
	mo_aux_unregister(aux);
stop_stats:
	mo_ib_stats_exit(mib);
destroy_recs:
	dma_pool_destroy(mib->recs);
dealloc:
	ib_dealloc_device(&mib->ibdev);
	return dev_err_probe(&adev->dev, err, "cannot register the RDMA device\n");
}

/*
 * The device still works: users that poll see their requests end in errors
 * before the queues are taken away from them.
 */
static void mo_ib_stop_users(struct mo_ib_dev *mib)
{
	unsigned long index = 0;
	struct mo_ib_qp *qp;

	while (!mo_ib_gone(mib) && (qp = mo_ib_qp_next(mib, &index))) {
		if (qp->ibqp.uobject) {
			mutex_lock(&qp->lock);
			if (qp->state != IB_QPS_RESET && qp->state != IB_QPS_ERR)
				mo_ib_qp_set_state(qp, MO_QPS_ERR);
			mutex_unlock(&qp->lock);
		}
		mo_ib_qp_put(qp);
	}
}

static void mo_ib_remove(struct auxiliary_device *adev)
{
	struct mo_ib_dev *mib = auxiliary_get_drvdata(adev);

	mo_ib_port_events_stop(mib);
	if (mo_ib_gone(mib))
		mo_ib_kill_all(mib);
	else
		mo_ib_stop_users(mib);
	ib_unregister_device(&mib->ibdev);
	mo_aux_unregister(mib->aux);
	mo_ib_stats_exit(mib);
	WARN_ON(!xa_empty(&mib->qps));
	WARN_ON(!xa_empty(&mib->cqs));
	xa_destroy(&mib->qps);
	xa_destroy(&mib->cqs);
	ida_destroy(&mib->pds);
	dma_pool_destroy(mib->recs);
	ib_dealloc_device(&mib->ibdev);
}

static const struct auxiliary_device_id mo_ib_ids[] = {
	{ .name = MO_AUX_MATCH },
	{}
};
MODULE_DEVICE_TABLE(auxiliary, mo_ib_ids);

static struct auxiliary_driver mo_ib_driver = {
	.name = MO_AUX_RDMA,
	.probe = mo_ib_probe,
	.remove = mo_ib_remove,
	.id_table = mo_ib_ids,
};
module_auxiliary_driver(mo_ib_driver);

MODULE_DESCRIPTION("RDMA (RoCEv2) on Mesh Optical network adapters");
MODULE_AUTHOR("Mesh Optical");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(MO_AUX_NAMESPACE);
