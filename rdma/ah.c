// SPDX-License-Identifier: GPL-2.0
/*
 * Address handles live in the host's memory only: the address goes into each
 * request. Source MAC and VLAN are those of the entry of the address table, the
 * priority in the VLAN tag is the service level.
 */
#include <linux/etherdevice.h>

#include "mo_ib.h"

static_assert(sizeof_field(struct mo_uresp_create_ah, av) == sizeof(struct mo_av));

void mo_ib_av_fill(struct mo_av *av, const struct rdma_ah_attr *attr, u16 sport)
{
	const struct ib_global_route *grh = rdma_ah_read_grh(attr);

	*av = (struct mo_av){
		.udp_sport = cpu_to_le16(sport),
		.flow = cpu_to_le32((grh->flow_label & MO_AV_FLOW_LABEL) |
				    (u32)rdma_ah_get_sl(attr) << MO_AV_SL_SHIFT),
		.sgid_index = cpu_to_le16(grh->sgid_index),
		.traffic_class = grh->traffic_class,
		.hop_limit = grh->hop_limit,
	};
	memcpy(av->dgid, grh->dgid.raw, sizeof(av->dgid));
	ether_addr_copy(av->dmac, attr->roce.dmac);
}

/* The reverse, for queries: without a reference to the source address. */
void mo_ib_av_read(const struct mo_av *av, struct rdma_ah_attr *attr)
{
	u32 flow = le32_to_cpu(av->flow);
	union ib_gid dgid;

	memset(attr, 0, sizeof(*attr));
	attr->type = RDMA_AH_ATTR_TYPE_ROCE;
	memcpy(dgid.raw, av->dgid, sizeof(dgid.raw));
	rdma_ah_set_grh(attr, &dgid, flow & MO_AV_FLOW_LABEL, le16_to_cpu(av->sgid_index),
			av->hop_limit, av->traffic_class);
	rdma_ah_set_sl(attr, flow >> MO_AV_SL_SHIFT);
	rdma_ah_set_port_num(attr, MO_IB_PORT);
	ether_addr_copy(attr->roce.dmac, av->dmac);
}

/* May be called in atomic context. */
int mo_ib_create_ah(struct ib_ah *ibah, struct rdma_ah_init_attr *init, struct ib_udata *udata)
{
	struct mo_ib_ah *ah = to_mo_ib_ah(ibah);
	const struct rdma_ah_attr *attr = init->ah_attr;
	u32 label = rdma_ah_read_grh(attr)->flow_label;

	if (!(rdma_ah_get_ah_flags(attr) & IB_AH_GRH) || rdma_ah_get_sl(attr) > MO_IB_MAX_SL)
		return -EINVAL;
	ah->attr = *attr;
	ah->attr.grh.sgid_attr = NULL;
	mo_ib_av_fill(&ah->av, attr, label ? rdma_flow_label_to_udp_sport(label) : 0);
	return 0;
}

int mo_ib_create_user_ah(struct ib_ah *ibah, struct rdma_ah_init_attr *init,
			 struct ib_udata *udata)
{
	struct mo_uresp_create_ah resp = {};
	int err;

	err = ib_is_udata_in_empty(udata);
	if (!err)
		err = mo_ib_create_ah(ibah, init, NULL);
	if (err)
		return err;
	memcpy(resp.av, &to_mo_ib_ah(ibah)->av, sizeof(resp.av));
	return ib_respond_udata(udata, resp);
}

int mo_ib_query_ah(struct ib_ah *ibah, struct rdma_ah_attr *attr)
{
	*attr = to_mo_ib_ah(ibah)->attr;
	return 0;
}

int mo_ib_destroy_ah(struct ib_ah *ibah, u32 flags)
{
	return 0;
}
