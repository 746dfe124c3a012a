// SPDX-License-Identifier: GPL-2.0
/*
 * States and attributes of queue pairs. Which attributes a transition needs
 * and allows is the core's table (IBA 11.2.5.2, ib_modify_qp_is_ok()); how they
 * reach the device is the table here.
 */
#include <linux/netdevice.h>
#include <rdma/ib_addr.h>

#include "mo_ib.h"

static_assert(sizeof(struct mo_qp_attr) <= MO_IB_REC_SIZE);

/* Places an attribute of @attr in @to. */
typedef int (*mo_ib_put_fn)(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			    struct mo_qp_attr *to);

static int mo_ib_put_state(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			   struct mo_qp_attr *to)
{
	to->state = attr->qp_state;
	return 0;
}

static int mo_ib_put_access(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			    struct mo_qp_attr *to)
{
	/* Rights to operations that the device does not know are never used. */
	to->access = attr->qp_access_flags & MO_IB_ACCESS_FLAGS;
	return 0;
}

static int mo_ib_put_pkey(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			  struct mo_qp_attr *to)
{
	return attr->pkey_index ? -EINVAL : 0;
}

static int mo_ib_put_port(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			  struct mo_qp_attr *to)
{
	return attr->port_num == MO_IB_PORT ? 0 : -EINVAL;
}

static int mo_ib_put_qkey(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			  struct mo_qp_attr *to)
{
	to->qkey = cpu_to_le32(attr->qkey);
	return 0;
}

static int mo_ib_put_dest_qp(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			     struct mo_qp_attr *to)
{
	if (attr->dest_qp_num & ~MO_DB_OBJECT)
		return -EINVAL;
	to->dest_qp = cpu_to_le32(attr->dest_qp_num);
	return 0;
}

/* Zero asks for no event. */
static int mo_ib_put_sqd_notify(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
				struct mo_qp_attr *to)
{
	if (attr->en_sqd_async_notify)
		to->mask |= cpu_to_le32(MO_QPA_SQD_NOTIFY);
	return 0;
}

/* Behind the number of the peer's queue pair, which the port depends on. */
static int mo_ib_put_av(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			struct mo_qp_attr *to)
{
	const struct ib_global_route *grh = rdma_ah_read_grh(&attr->ah_attr);
	u32 peer = le32_to_cpu(to->dest_qp) ?: qp->dest_qp;

	if (!(rdma_ah_get_ah_flags(&attr->ah_attr) & IB_AH_GRH) ||
	    rdma_ah_get_sl(&attr->ah_attr) > MO_IB_MAX_SL ||
	    grh->sgid_index >= to_mo_ib_dev(qp->ibqp.device)->caps.max_gid)
		return -EINVAL;
	mo_ib_av_fill(&to->av, &attr->ah_attr,
		      rdma_get_udp_sport(grh->flow_label, qp->object, peer));
	return 0;
}

/* A longer packet would not fit the port (IBA 11.2.5.2). */
static int mo_ib_put_mtu(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			 struct mo_qp_attr *to)
{
	const struct net_device *netdev = to_mo_ib_dev(qp->ibqp.device)->aux->netdev;
	int mtu = ib_mtu_enum_to_int(attr->path_mtu);

	if (mtu < 0 || attr->path_mtu > iboe_get_mtu(READ_ONCE(netdev->mtu)))
		return -EINVAL;
	to->path_mtu = cpu_to_le16(mtu);
	return 0;
}

static int mo_ib_put_timeout(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			     struct mo_qp_attr *to)
{
	to->timeout = attr->timeout;
	return attr->timeout > 31 ? -EINVAL : 0;
}

static int mo_ib_put_retry(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			   struct mo_qp_attr *to)
{
	to->retry_cnt = attr->retry_cnt;
	return attr->retry_cnt > 7 ? -EINVAL : 0;
}

static int mo_ib_put_rnr_retry(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			       struct mo_qp_attr *to)
{
	to->rnr_retry = attr->rnr_retry;
	return attr->rnr_retry > 7 ? -EINVAL : 0;
}

static int mo_ib_put_min_rnr(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			     struct mo_qp_attr *to)
{
	to->min_rnr_timer = attr->min_rnr_timer;
	return attr->min_rnr_timer > 31 ? -EINVAL : 0;
}

static int mo_ib_put_rq_psn(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			    struct mo_qp_attr *to)
{
	to->rq_psn = cpu_to_le32(attr->rq_psn & 0xffffff);
	return 0;
}

static int mo_ib_put_sq_psn(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			    struct mo_qp_attr *to)
{
	to->sq_psn = cpu_to_le32(attr->sq_psn & 0xffffff);
	return 0;
}

static int mo_ib_put_rd_atomic(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			       struct mo_qp_attr *to)
{
	to->max_rd_atomic = attr->max_rd_atomic;
	return attr->max_rd_atomic > to_mo_ib_dev(qp->ibqp.device)->caps.max_rd_atomic ?
	       -EINVAL : 0;
}

static int mo_ib_put_dest_rd_atomic(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
				    struct mo_qp_attr *to)
{
	to->max_dest_rd_atomic = attr->max_dest_rd_atomic;
	return attr->max_dest_rd_atomic > to_mo_ib_dev(qp->ibqp.device)->caps.max_rd_atomic ?
	       -EINVAL : 0;
}

/* There is one path, and it is never migrated from. */
static int mo_ib_put_migration(struct mo_ib_qp *qp, const struct ib_qp_attr *attr,
			       struct mo_qp_attr *to)
{
	return attr->path_mig_state == IB_MIG_MIGRATED ? 0 : -EOPNOTSUPP;
}

static const struct {
	int ib;			/* enum ib_qp_attr_mask */
	u32 mo;			/* MO_QPA_*, 0: nothing for the device */
	mo_ib_put_fn put;	/* NULL: the bit says it all */
} mo_ib_attrs_table[] = {
	{ IB_QP_STATE, MO_QPA_STATE, mo_ib_put_state },
	{ IB_QP_CUR_STATE, 0, NULL },
	{ IB_QP_EN_SQD_ASYNC_NOTIFY, 0, mo_ib_put_sqd_notify },
	{ IB_QP_ACCESS_FLAGS, MO_QPA_ACCESS, mo_ib_put_access },
	{ IB_QP_PKEY_INDEX, MO_QPA_PKEY, mo_ib_put_pkey },
	{ IB_QP_PORT, 0, mo_ib_put_port },
	{ IB_QP_QKEY, MO_QPA_QKEY, mo_ib_put_qkey },
	{ IB_QP_DEST_QPN, MO_QPA_DEST_QP, mo_ib_put_dest_qp },
	{ IB_QP_AV, MO_QPA_AV, mo_ib_put_av },
	{ IB_QP_PATH_MTU, MO_QPA_MTU, mo_ib_put_mtu },
	{ IB_QP_TIMEOUT, MO_QPA_TIMEOUT, mo_ib_put_timeout },
	{ IB_QP_RETRY_CNT, MO_QPA_RETRY, mo_ib_put_retry },
	{ IB_QP_RNR_RETRY, MO_QPA_RNR_RETRY, mo_ib_put_rnr_retry },
	{ IB_QP_RQ_PSN, MO_QPA_RQ_PSN, mo_ib_put_rq_psn },
	{ IB_QP_SQ_PSN, MO_QPA_SQ_PSN, mo_ib_put_sq_psn },
	{ IB_QP_MAX_QP_RD_ATOMIC, MO_QPA_RD_ATOMIC, mo_ib_put_rd_atomic },
	{ IB_QP_MAX_DEST_RD_ATOMIC, MO_QPA_DEST_RD_ATOMIC, mo_ib_put_dest_rd_atomic },
	{ IB_QP_MIN_RNR_TIMER, MO_QPA_MIN_RNR, mo_ib_put_min_rnr },
	{ IB_QP_PATH_MIG_STATE, 0, mo_ib_put_migration },
};

/* The states of core and device have the same numbers. */
#define X(name, value, text) static_assert((int)IB_QPS_##name == MO_QPS_##name);
MO_QP_STATES(X)
#undef X

#define X(name, bit) static_assert((int)IB_ACCESS_##name == MO_ACCESS_##name)
X(LOCAL_WRITE, 0);
X(REMOTE_WRITE, 1);
X(REMOTE_READ, 2);
X(REMOTE_ATOMIC, 3);
#undef X

/* All attributes in @mask, or an error; none is changed then. */
static int mo_ib_put_attrs(struct mo_ib_qp *qp, const struct ib_qp_attr *attr, int mask,
			   struct mo_qp_attr *to)
{
	u32 out = 0;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(mo_ib_attrs_table); i++) {
		if (!(mask & mo_ib_attrs_table[i].ib))
			continue;
		mask &= ~mo_ib_attrs_table[i].ib;
		if (mo_ib_attrs_table[i].put) {
			err = mo_ib_attrs_table[i].put(qp, attr, to);
			if (err)
				return err;
		}
		out |= mo_ib_attrs_table[i].mo;
	}
	to->mask |= cpu_to_le32(out);
	/* Alternative paths, rate limits, other sizes. */
	return mask ? -EOPNOTSUPP : 0;
}

static int mo_ib_qp_attr_cmd(struct mo_ib_qp *qp, u16 opcode, dma_addr_t dma)
{
	struct mo_cmd_qp_attr body = {
		.addr = cpu_to_le64(dma),
		.qp = cpu_to_le32(qp->object),
	};

	return mo_ib_cmd(to_mo_ib_dev(qp->ibqp.device), opcode, &body, sizeof(body));
}

/* What follows from a new state in the driver's own part. */
static void mo_ib_qp_entered(struct mo_ib_qp *qp, enum ib_qp_state state)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(qp->ibqp.device);

	WRITE_ONCE(qp->state, state);
	if (state == IB_QPS_RESET)
		mo_ib_qp_revive(qp);
	if (mo_ib_gone(mib))
		mo_ib_qp_kill(qp);
}

int mo_ib_qp_set_state(struct mo_ib_qp *qp, enum mo_qp_state state)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(qp->ibqp.device);
	struct mo_qp_attr *to;
	dma_addr_t dma;
	int err;

	lockdep_assert_held(&qp->lock);
	to = dma_pool_zalloc(mib->recs, GFP_KERNEL, &dma);
	if (!to)
		return -ENOMEM;
	to->mask = cpu_to_le32(MO_QPA_STATE);
	to->state = state;
	err = mo_ib_qp_attr_cmd(qp, MO_CMD_QP_MODIFY, dma);
	if (!err)
		WRITE_ONCE(qp->state, (enum ib_qp_state)state);
	dma_pool_free(mib->recs, to, dma);
	return err;
}

static int mo_ib_qp_modify(struct mo_ib_qp *qp, const struct ib_qp_attr *attr, int mask)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(qp->ibqp.device);
	enum ib_qp_state now, next;
	struct mo_qp_attr *to;
	dma_addr_t dma;
	int err;

	now = mask & IB_QP_CUR_STATE ? attr->cur_qp_state : qp->state;
	next = mask & IB_QP_STATE ? attr->qp_state : now;
	if (!ib_modify_qp_is_ok(now, next, qp->ibqp.qp_type, mask))
		return -EINVAL;

	to = dma_pool_zalloc(mib->recs, GFP_KERNEL, &dma);
	if (!to)
		return -ENOMEM;
	err = mo_ib_put_attrs(qp, attr, mask, to);
	if (err)
		goto free;
	err = mo_ib_qp_attr_cmd(qp, MO_CMD_QP_MODIFY, dma);
	/* Where a device ends that is gone: its users need these two states. */
	if (err && mo_ib_gone(mib) && (next == IB_QPS_ERR || next == IB_QPS_RESET))
		err = 0;
	/* The device knows better what state it is in (IBA 10.3.1). */
	if (err == -EBUSY)
		err = -EINVAL;
	if (!err && (mask & IB_QP_DEST_QPN))
		qp->dest_qp = attr->dest_qp_num;
	if (!err && (mask & IB_QP_STATE))
		mo_ib_qp_entered(qp, next);
free:
	dma_pool_free(mib->recs, to, dma);
	return err;
}

int mo_ib_modify_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		    struct ib_udata *udata)
{
	struct mo_ib_qp *qp = to_mo_ib_qp(ibqp);
	int err;

	if (mask & ~IB_QP_ATTR_STANDARD_BITS)
		return -EOPNOTSUPP;
	err = ib_no_udata_io(udata);
	if (err)
		return err;
	mutex_lock(&qp->lock);
	err = mo_ib_qp_modify(qp, attr, mask);
	mutex_unlock(&qp->lock);
	return err;
}

static void mo_ib_query_fill(struct mo_ib_qp *qp, const struct mo_qp_attr *from,
			     struct ib_qp_attr *attr)
{
	attr->qp_state = min_t(u8, from->state, IB_QPS_ERR);
	attr->cur_qp_state = attr->qp_state;
	attr->path_mtu = ib_mtu_int_to_enum(le16_to_cpu(from->path_mtu));
	attr->path_mig_state = IB_MIG_MIGRATED;
	attr->qkey = le32_to_cpu(from->qkey);
	attr->rq_psn = le32_to_cpu(from->rq_psn) & 0xffffff;
	attr->sq_psn = le32_to_cpu(from->sq_psn) & 0xffffff;
	attr->dest_qp_num = le32_to_cpu(from->dest_qp) & MO_DB_OBJECT;
	attr->qp_access_flags = from->access;
	attr->pkey_index = from->pkey_index;
	attr->sq_draining = attr->qp_state == IB_QPS_SQD && !from->sq_drained;
	attr->max_rd_atomic = from->max_rd_atomic;
	attr->max_dest_rd_atomic = from->max_dest_rd_atomic;
	attr->min_rnr_timer = from->min_rnr_timer;
	attr->port_num = MO_IB_PORT;
	attr->timeout = from->timeout;
	attr->retry_cnt = from->retry_cnt;
	attr->rnr_retry = from->rnr_retry;
	mo_ib_av_read(&from->av, &attr->ah_attr);
}

int mo_ib_query_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		   struct ib_qp_init_attr *init)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibqp->device);
	struct mo_ib_qp *qp = to_mo_ib_qp(ibqp);
	struct mo_qp_attr *from;
	dma_addr_t dma;
	int err;

	from = dma_pool_zalloc(mib->recs, GFP_KERNEL, &dma);
	if (!from)
		return -ENOMEM;
	mutex_lock(&qp->lock);
	err = mo_ib_qp_attr_cmd(qp, MO_CMD_QP_QUERY, dma);
	mutex_unlock(&qp->lock);
	if (err)
		goto free;

	memset(attr, 0, sizeof(*attr));
	mo_ib_query_fill(qp, from, attr);
	attr->cap = (struct ib_qp_cap){
		.max_send_wr = BIT(qp->sq.log),
		.max_recv_wr = qp->has_rq ? BIT(qp->rq.log) : 0,
		.max_send_sge = qp->sq.max_sge,
		.max_recv_sge = qp->rq.max_sge,
		.max_inline_data = qp->max_inline,
	};
	*init = (struct ib_qp_init_attr){
		.event_handler = ibqp->event_handler,
		.qp_context = ibqp->qp_context,
		.send_cq = ibqp->send_cq,
		.recv_cq = ibqp->recv_cq,
		.cap = attr->cap,
		.sq_sig_type = qp->sig_all ? IB_SIGNAL_ALL_WR : IB_SIGNAL_REQ_WR,
		.qp_type = ibqp->qp_type,
		.port_num = MO_IB_PORT,
	};
free:
	dma_pool_free(mib->recs, from, dma);
	return err;
}
