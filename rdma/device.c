// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of the device and its port.
 */
#include <linux/netdevice.h>
#include <net/addrconf.h>
#include <rdma/ib_addr.h>
#include <rdma/ib_cache.h>
#include <rdma/ib_mad.h>

#include "mo_ib.h"

#define MO_IB_MAX_PD		(BIT(24) - 1)	/* domain 0 is nobody's */

/* Of each kind the core takes one for itself: the GSI's, ib_mad. */
#define MO_IB_CORE_OBJECTS	1

/* Nothing bounds what lives in the host's memory only. */
#define MO_IB_MAX_AH		INT_MAX

static u32 mo_ib_log_limit(u8 log, u8 limit)
{
	return BIT(min(log, limit));
}

/**
 * mo_ib_caps_read() - ask the device for its limits
 * @mib: device
 *
 * What the interface cannot express is cut.
 *
 * Return: 0 or -errno; -EIO when the device offers less than the driver needs.
 */
int mo_ib_caps_read(struct mo_ib_dev *mib)
{
	struct device *dev = mo_ib_dma_dev(mib);
	struct mo_ib_caps *caps = &mib->caps;
	struct mo_cmd_dma body = {};
	struct mo_rdma_caps *raw;
	dma_addr_t dma;
	int err;

	raw = dma_alloc_coherent(dev, sizeof(*raw), &dma, GFP_KERNEL);
	if (!raw)
		return -ENOMEM;
	body.addr = cpu_to_le64(dma);
	body.len = cpu_to_le32(sizeof(*raw));
	err = mo_ib_cmd(mib, MO_CMD_RDMA_CAPS, &body, sizeof(body));
	if (err)
		goto free;

	caps->max_qp = min_t(u32, le32_to_cpu(raw->max_qp), MO_OBJ_INDEX + 1);
	caps->max_cq = min_t(u32, le32_to_cpu(raw->max_cq), MO_OBJ_INDEX + 1);
	caps->max_mr = min_t(u32, le32_to_cpu(raw->max_mr), MO_KEY_INDEX >> 8);
	caps->max_mr_pages = le32_to_cpu(raw->max_mr_pages);
	caps->max_mcast = min_t(u32, le32_to_cpu(raw->max_mcast), INT_MAX);
	caps->max_mcast_qp = min_t(u32, le32_to_cpu(raw->max_mcast_qp), INT_MAX);
	caps->max_wq = mo_ib_log_limit(raw->max_wq_log, MO_RDMA_WQ_MAX_LOG);
	caps->max_cqe = mo_ib_log_limit(raw->max_cq_log, MO_RDMA_CQ_MAX_LOG);
	caps->max_stride = mo_ib_log_limit(raw->max_stride_log, MO_RDMA_STRIDE_MAX_LOG);
	caps->max_rd_atomic = min_t(u32, raw->max_rd_atomic, MO_RDMA_MAX_RD_ATOMIC);
	caps->max_gid = min_t(u32, le16_to_cpu(raw->max_gid), MO_RDMA_MAX_GID);
	caps->max_sge = min_t(u32, le16_to_cpu(raw->max_sge), MO_RDMA_MAX_SGE);
	caps->max_inline = min_t(u32, le16_to_cpu(raw->max_inline), MO_RDMA_MAX_INLINE);
	caps->max_fast_reg = min_t(u32, le16_to_cpu(raw->max_fast_reg), MO_RDMA_MAX_FAST_REG);

	if (caps->max_qp < 2 || caps->max_cq < 2 || caps->max_mr < 4 || caps->max_mr_pages < 2 ||
	    !caps->max_gid || caps->max_sge < 2 ||
	    caps->max_stride < mo_ib_send_bytes(IB_QPT_GSI, 2, 0)) {
		dev_err(dev, "RDMA limits of the device are too small: %u QPs, %u CQs, %u keys, %u addresses, %u SGEs, %u bytes an entry\n",
			caps->max_qp, caps->max_cq, caps->max_mr, caps->max_gid, caps->max_sge,
			caps->max_stride);
		err = -EIO;
	}
free:
	dma_free_coherent(dev, sizeof(*raw), raw, dma);
	return err;
}

int mo_ib_query_device(struct ib_device *ibdev, struct ib_device_attr *attr,
		       struct ib_udata *udata)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibdev);
	const struct mo_ib_caps *caps = &mib->caps;
	struct pci_dev *pdev = mib->aux->pdev;
	int err;

	err = ib_no_udata_io(udata);
	if (err)
		return err;

	memset(attr, 0, sizeof(*attr));
	attr->sys_image_guid = ibdev->node_guid;
	attr->fw_ver = mo_aux_fw_version(mib->aux);
	attr->vendor_id = pdev->vendor;
	attr->vendor_part_id = pdev->device;
	attr->hw_ver = pdev->revision;
	attr->device_cap_flags = IB_DEVICE_MEM_MGT_EXTENSIONS | IB_DEVICE_RC_RNR_NAK_GEN |
				 IB_DEVICE_PORT_ACTIVE_EVENT | IB_DEVICE_SYS_IMAGE_GUID |
				 IB_DEVICE_MEM_WINDOW | IB_DEVICE_MEM_WINDOW_TYPE_2B;
	/* Of the smallest pages, and it may begin anywhere in its first one. */
	attr->max_mr_size = (u64)(caps->max_mr_pages - 1) << PAGE_SHIFT;
	attr->page_size_cap = MO_IB_PAGE_SIZES;
	attr->max_qp = caps->max_qp - MO_IB_CORE_OBJECTS;
	attr->max_qp_wr = caps->max_wq;
	attr->max_send_sge = caps->max_sge;
	attr->max_recv_sge = caps->max_sge;
	attr->max_sge_rd = min_t(u32, caps->max_sge, MO_RDMA_MAX_SGE_RD);
	attr->max_cq = caps->max_cq - MO_IB_CORE_OBJECTS;
	attr->max_cqe = caps->max_cqe;
	/* Regions and windows are keys of one table: both numbers at once. */
	attr->max_mr = caps->max_mr / 2 - MO_IB_CORE_OBJECTS;
	attr->max_mw = caps->max_mr / 2;
	attr->max_pd = MO_IB_MAX_PD - MO_IB_CORE_OBJECTS;
	attr->max_ah = MO_IB_MAX_AH;
	attr->max_qp_rd_atom = caps->max_rd_atomic;
	attr->max_qp_init_rd_atom = caps->max_rd_atomic;
	attr->max_res_rd_atom = min_t(u64, (u64)caps->max_rd_atomic * caps->max_qp, INT_MAX);
	/* Atomic among queue pairs of this device, not with the host's CPUs. */
	attr->atomic_cap = IB_ATOMIC_HCA;
	attr->masked_atomic_cap = IB_ATOMIC_NONE;
	attr->max_mcast_grp = caps->max_mcast;
	attr->max_mcast_qp_attach = min(caps->max_mcast_qp, caps->max_qp);
	attr->max_total_mcast_qp_attach = caps->max_mcast_qp;
	attr->max_fast_reg_page_list_len = caps->max_fast_reg;
	attr->cq_caps.max_cq_moderation_count = U16_MAX;
	attr->cq_caps.max_cq_moderation_period = U16_MAX;
	attr->max_pkeys = 1;
	/* Default of the Communication Manager where it does not know better. */
	attr->local_ca_ack_delay = 15;
	return 0;
}

int mo_ib_modify_device(struct ib_device *ibdev, int mask, struct ib_device_modify *modify)
{
	if (mask & ~IB_DEVICE_MODIFY_NODE_DESC)
		return -EOPNOTSUPP;
	if (mask & IB_DEVICE_MODIFY_NODE_DESC)
		memcpy(ibdev->node_desc, modify->node_desc, sizeof(ibdev->node_desc));
	return 0;
}

int mo_ib_query_port(struct ib_device *ibdev, u32 port, struct ib_port_attr *attr)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibdev);
	struct net_device *netdev;

	netdev = ib_device_get_netdev(ibdev, port);
	if (!netdev)
		return -ENODEV;

	if (netif_running(netdev) && netif_carrier_ok(netdev)) {
		attr->state = IB_PORT_ACTIVE;
		attr->phys_state = IB_PORT_PHYS_STATE_LINK_UP;
	} else {
		attr->state = IB_PORT_DOWN;
		attr->phys_state = netif_running(netdev) ? IB_PORT_PHYS_STATE_POLLING :
							   IB_PORT_PHYS_STATE_DISABLED;
	}
	attr->max_mtu = IB_MTU_4096;
	attr->active_mtu = iboe_get_mtu(READ_ONCE(netdev->mtu));
	attr->phys_mtu = READ_ONCE(netdev->mtu);
	dev_put(netdev);

	attr->gid_tbl_len = mib->caps.max_gid;
	attr->ip_gids = true;
	attr->port_cap_flags = IB_PORT_CM_SUP;
	attr->max_msg_sz = MO_RDMA_MAX_MSG;
	attr->pkey_tbl_len = 1;
	attr->max_vl_num = 1;
	return ib_get_eth_speed(ibdev, port, &attr->active_speed, &attr->active_width);
}

int mo_ib_query_pkey(struct ib_device *ibdev, u32 port, u16 index, u16 *pkey)
{
	if (index)
		return -EINVAL;
	*pkey = MO_RDMA_PKEY;
	return 0;
}

int mo_ib_get_port_immutable(struct ib_device *ibdev, u32 port, struct ib_port_immutable *attr)
{
	attr->core_cap_flags = RDMA_CORE_PORT_IBA_ROCE_UDP_ENCAP;
	attr->gid_tbl_len = to_mo_ib_dev(ibdev)->caps.max_gid;
	attr->pkey_tbl_len = 1;
	attr->max_mad_size = IB_MGMT_MAD_SIZE;
	return 0;
}

enum rdma_link_layer mo_ib_get_link_layer(struct ib_device *ibdev, u32 port)
{
	return IB_LINK_LAYER_ETHERNET;
}

void mo_ib_get_dev_fw_str(struct ib_device *ibdev, char *str)
{
	u64 version = mo_aux_fw_version(to_mo_ib_dev(ibdev)->aux);

	snprintf(str, IB_FW_VERSION_NAME_MAX, "%u.%u.%u", (u32)(version >> 32),
		 (u16)(version >> 16), (u16)version);
}

static ssize_t hw_rev_show(struct device *device, struct device_attribute *attr, char *buf)
{
	struct mo_ib_dev *mib = rdma_device_to_drv_device(device, struct mo_ib_dev, ibdev);

	return sysfs_emit(buf, "0x%x\n", mib->aux->pdev->revision);
}
static DEVICE_ATTR_RO(hw_rev);

static ssize_t hca_type_show(struct device *device, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "Mesh Optical\n");
}
static DEVICE_ATTR_RO(hca_type);

static struct attribute *mo_ib_attrs[] = {
	&dev_attr_hw_rev.attr,
	&dev_attr_hca_type.attr,
	NULL
};

const struct attribute_group mo_ib_attr_group = {
	.attrs = mo_ib_attrs,
};
