// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration of the queues as a value: check, make, exchange, free.
 *
 * Queue pairs are made, in memory and in the device, while those in use go on.
 * The exchange stops a channel (NAPI and the stack's queue), points the RSS
 * table to the new receive queue, and starts the channel with the new pair; all
 * that can fail has been done before it. Then the old pair is freed. Called
 * under the netdev's lock; where the number of channels changes, under
 * rtnl_lock too.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/netdevice.h>

#include "net.h"

/* Longest wait for packets in flight when a channel is stopped. */
#define MO_DRAIN_US		20000
#define MO_DRAIN_STEP_US	200

/**
 * mo_qcfg_check() - can the device have such queues?
 * @net: netdev
 * @cfg: configuration
 * @extack: says what is out of range; may be NULL
 *
 * Return: 0 or -EINVAL.
 */
int mo_qcfg_check(struct mo_net *net, const struct mo_qcfg *cfg,
		  struct netlink_ext_ack *extack)
{
	u8 max = min_t(u8, net->md->id.queue_max_log, MO_QUEUE_LOG_LIMIT);

	if (!cfg->channels || cfg->channels > net->max_channels) {
		NL_SET_ERR_MSG_FMT(extack, "%u channels: 1 to %u are possible",
				   cfg->channels, net->max_channels);
		return -EINVAL;
	}
	if (cfg->tx_log < MO_TX_LOG_MIN || cfg->tx_log > max) {
		NL_SET_ERR_MSG_FMT(extack, "tx ring of %lu: %lu to %lu are possible",
				   BIT(cfg->tx_log), BIT(MO_TX_LOG_MIN), BIT(max));
		return -EINVAL;
	}
	if (cfg->rx_log < MO_RX_LOG_MIN || cfg->rx_log > max) {
		NL_SET_ERR_MSG_FMT(extack, "rx ring of %lu: %lu to %lu are possible",
				   BIT(cfg->rx_log), BIT(MO_RX_LOG_MIN), BIT(max));
		return -EINVAL;
	}
	return 0;
}

static void mo_qpair_free(struct mo_qpair *qp)
{
	if (!qp)
		return;
	mo_txq_destroy(&qp->tx);
	mo_rxq_destroy(&qp->rx);
	mo_txq_exit(&qp->tx);
	mo_rxq_exit(&qp->rx);
	kfree(qp);
}

static struct mo_qpair *mo_qpair_make(struct mo_channel *ch, const struct mo_qcfg *cfg,
				      struct netlink_ext_ack *extack)
{
	struct mo_qpair *qp;
	int err;

	qp = kzalloc_node(sizeof(*qp), GFP_KERNEL, dev_to_node(ch->net->md->dev));
	if (!qp)
		return ERR_PTR(-ENOMEM);
	err = mo_txq_init(ch, &qp->tx, cfg->tx_log);
	if (!err)
		err = mo_rxq_init(ch, &qp->rx, cfg->rx_log);
	if (err) {
		NL_SET_ERR_MSG_FMT(extack, "no memory for the queues of channel %u", ch->index);
		goto free;
	}
	err = mo_txq_create(&qp->tx, extack);
	if (!err)
		err = mo_rxq_create(&qp->rx, extack);
	if (err)
		goto free;
	return qp;

free:
	mo_qpair_free(qp);
	return ERR_PTR(err);
}

static void mo_qpairs_free(struct mo_qpair **qps, unsigned int count)
{
	while (count--)
		mo_qpair_free(qps[count]);
	kfree(qps);
}

static struct mo_qpair **mo_qpairs_make(struct mo_net *net, const struct mo_qcfg *cfg,
					struct netlink_ext_ack *extack)
{
	struct mo_qpair **qps;
	unsigned int i;

	qps = kcalloc(cfg->channels, sizeof(*qps), GFP_KERNEL);
	if (!qps)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < cfg->channels; i++) {
		struct mo_qpair *qp = mo_qpair_make(&net->channels[i], cfg, extack);

		if (IS_ERR(qp)) {
			mo_qpairs_free(qps, i);
			return ERR_CAST(qp);
		}
		qps[i] = qp;
	}
	return qps;
}

/*
 * Queues of the stack beyond those in use have no ring: mo_xmit() drops what still
 * comes for one. If they were stopped, the stack's watchdog would take them for stuck.
 */
static void mo_queues_unused(struct mo_net *net, unsigned int first)
{
	unsigned int i;

	for (i = first; i < net->netdev->num_tx_queues; i++) {
		struct netdev_queue *nq = netdev_get_tx_queue(net->netdev, i);

		/* Whoever has the lock next sees that there is no ring. */
		__netif_tx_lock_bh(nq);
		netif_tx_start_queue(nq);
		__netif_tx_unlock_bh(nq);
	}
}

/* Before the stack may use more queues: they have no ring yet. */
static void mo_queues_hold(struct mo_net *net, unsigned int first, unsigned int end)
{
	unsigned int i;

	for (i = first; i < end; i++) {
		struct netdev_queue *nq = netdev_get_tx_queue(net->netdev, i);

		__netif_tx_lock_bh(nq);
		netif_tx_stop_queue(nq);
		__netif_tx_unlock_bh(nq);
	}
}

static void mo_channel_dim(struct work_struct *work)
{
	struct dim *dim = container_of(work, struct dim, work);
	struct mo_channel *ch = container_of(dim, struct mo_channel, dim);
	struct dim_cq_moder moder = net_dim_get_rx_moderation(dim->mode, dim->profile_ix);

	/* ch->qp stays: mo_channel_stop() waits for this work. */
	if (READ_ONCE(ch->net->coal.rx_adaptive))
		mo_cmd_cq_modify(ch->net->md, ch->qp->rx.cq.comp.cqn, moder.usec, moder.pkts,
				 NULL);
	dim->state = DIM_START_MEASURE;
}

/* Work that was queued and will not run would have had it measure again. */
static void mo_channel_dim_cancel(struct mo_channel *ch)
{
	if (cancel_work_sync(&ch->dim.work))
		ch->dim.state = DIM_START_MEASURE;
}

/* Neither NAPI nor the transmit path touches the channel's queues afterwards. */
static void mo_channel_stop(struct mo_channel *ch)
{
	struct mo_txq *txq = &ch->qp->tx;

	napi_disable_locked(&ch->napi);
	__netif_tx_lock_bh(txq->nq);
	netif_tx_stop_queue(txq->nq);
	txq->closing = true;
	__netif_tx_unlock_bh(txq->nq);
	page_pool_disable_direct_recycling(ch->qp->rx.pool);
	mo_channel_dim_cancel(ch);
}

/* Lets packets that were handed to the device go out. */
static void mo_channel_drain(struct mo_channel *ch)
{
	struct mo_txq *txq = &ch->qp->tx;
	unsigned int waited;

	for (waited = 0; waited < MO_DRAIN_US; waited += MO_DRAIN_STEP_US) {
		if (mo_gone(ch->net->md) || txq->stopped)
			return;
		while (!mo_tx_poll(txq, 0))
			;
		if (txq->head == txq->tail)
			return;
		usleep_range(MO_DRAIN_STEP_US, 2 * MO_DRAIN_STEP_US);
	}
}

/* Gives a stopped channel its queues. */
static void mo_channel_install(struct mo_channel *ch, struct mo_qpair *qp)
{
	ch->qp = qp;
	ch->net->txq[ch->index] = &qp->tx;
	ch->dim = (struct dim){ .mode = DIM_CQ_PERIOD_MODE_START_FROM_EQE };
	INIT_WORK(&ch->dim.work, mo_channel_dim);
	netdev_tx_reset_queue(qp->tx.nq);
	clear_bit(ch->index, ch->net->broken);
}

static void mo_channel_start(struct mo_channel *ch)
{
	struct mo_txq *txq = &ch->qp->tx;

	page_pool_enable_direct_recycling(ch->qp->rx.pool, &ch->napi);
	napi_enable_locked(&ch->napi);
	txq->closing = false;
	netif_tx_wake_queue(txq->nq);
	/* The first poll arms the completion queues. */
	local_bh_disable();
	napi_schedule(&ch->napi);
	local_bh_enable();
}

/*
 * CPUs take turns, so that each transmits on a channel that it also polls. Only for
 * another number of channels: between, the CPUs of a queue are the user's.
 */
static void mo_queues_xps(struct mo_net *net, unsigned int channels)
{
	unsigned int channel, cpu, i;
	cpumask_var_t mask;

	if (net->xps_channels == channels || !alloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	for (channel = 0; channel < channels; channel++) {
		cpumask_clear(mask);
		i = 0;
		for_each_online_cpu(cpu)
			if (i++ % channels == channel)
				cpumask_set_cpu(cpu, mask);
		netif_set_xps_queue(net->netdev, mask, channel);
	}
	free_cpumask_var(mask);
	net->xps_channels = channels;
}

static void mo_channel_add(struct mo_channel *ch)
{
	struct net_device *netdev = ch->net->netdev;

	netif_napi_add_config_locked(netdev, &ch->napi, mo_napi_poll, ch->index);
	netif_napi_set_irq_locked(&ch->napi, mo_eq_vector_irq(ch->eq));
	netif_queue_set_napi(netdev, ch->index, NETDEV_QUEUE_TYPE_RX, &ch->napi);
	netif_queue_set_napi(netdev, ch->index, NETDEV_QUEUE_TYPE_TX, &ch->napi);
}

static void mo_channel_del(struct mo_channel *ch)
{
	struct net_device *netdev = ch->net->netdev;

	netif_queue_set_napi(netdev, ch->index, NETDEV_QUEUE_TYPE_RX, NULL);
	netif_queue_set_napi(netdev, ch->index, NETDEV_QUEUE_TYPE_TX, NULL);
	netif_napi_del_locked(&ch->napi);
	ch->qp = NULL;
	/* The stack's queue is stopped, and mo_xmit() looks at this only after that. */
	ch->net->txq[ch->index] = NULL;
}

/**
 * mo_queues_open() - make the queues of the configuration and start them
 * @net: netdev that does not run
 * @extack: says what failed; may be NULL
 *
 * Return: 0 or -errno.
 */
int mo_queues_open(struct mo_net *net, struct netlink_ext_ack *extack)
{
	unsigned int i, count = net->cfg.channels;
	struct mo_qpair **qps;
	int err;

	qps = mo_qpairs_make(net, &net->cfg, extack);
	if (IS_ERR(qps))
		return PTR_ERR(qps);
	err = mo_rss_apply(net, qps, count, extack);
	if (!err)
		err = netif_set_real_num_queues(net->netdev, count, count);
	if (err) {
		mo_qpairs_free(qps, count);
		return err;
	}
	mo_queues_xps(net, count);
	for (i = 0; i < count; i++) {
		struct mo_channel *ch = &net->channels[i];

		mo_channel_install(ch, qps[i]);
		mo_channel_add(ch);
		mo_channel_start(ch);
	}
	mo_queues_unused(net, count);
	kfree(qps);
	WRITE_ONCE(net->running, true);
	return 0;
}

/**
 * mo_queues_close() - stop and free all queues
 * @net: netdev; its device may be dead
 */
void mo_queues_close(struct mo_net *net)
{
	unsigned int i;

	if (!net->running)
		return;
	WRITE_ONCE(net->running, false);
	for (i = 0; i < net->cfg.channels; i++)
		mo_channel_stop(&net->channels[i]);
	for (i = 0; i < net->cfg.channels; i++)
		mo_channel_drain(&net->channels[i]);
	for (i = 0; i < net->cfg.channels; i++) {
		struct mo_qpair *qp = net->channels[i].qp;

		mo_channel_del(&net->channels[i]);
		mo_qpair_free(qp);
	}
}

/* Exchanges queues; @old has those that were replaced when it returns 0. */
static int mo_queues_exchange(struct mo_net *net, const struct mo_qcfg *cfg,
			      struct mo_qpair **qps, struct mo_qpair **old,
			      struct netlink_ext_ack *extack)
{
	unsigned int before = net->cfg.channels, after = cfg->channels;
	unsigned int i;
	int err = 0;

	for (i = 0; i < before; i++)
		mo_channel_stop(&net->channels[i]);
	mo_queues_hold(net, before, after);
	if (before != after)
		err = netif_set_real_num_queues(net->netdev, after, after);
	if (!err) {
		mo_rss_spread(net, after);
		err = mo_rss_apply(net, qps, after, extack);
		if (err && before != after) {
			mo_rss_spread(net, before);
			netif_set_real_num_queues(net->netdev, before, before);
		}
	}
	if (err) {
		for (i = 0; i < before; i++)
			mo_channel_start(&net->channels[i]);
		mo_queues_unused(net, before);
		return err;
	}

	/* Nothing fails from here on. */
	for (i = 0; i < before; i++) {
		mo_channel_drain(&net->channels[i]);
		old[i] = net->channels[i].qp;
		if (i >= after)
			mo_channel_del(&net->channels[i]);
	}
	net->cfg = *cfg;
	for (i = 0; i < after; i++) {
		mo_channel_install(&net->channels[i], qps[i]);
		if (i >= before)
			mo_channel_add(&net->channels[i]);
		mo_channel_start(&net->channels[i]);
	}
	mo_queues_unused(net, after);
	mo_queues_xps(net, after);
	return 0;
}

/**
 * mo_queues_change() - make another configuration the one in use
 * @net: netdev, running or not
 * @cfg: configuration that mo_qcfg_check() let pass
 * @extack: says what failed; may be NULL
 *
 * Return: 0, or -errno, and then nothing has changed.
 */
int mo_queues_change(struct mo_net *net, const struct mo_qcfg *cfg,
		     struct netlink_ext_ack *extack)
{
	unsigned int before = net->cfg.channels;
	struct mo_qpair **qps, **old;
	int err;

	err = mo_rss_check_channels(net, cfg->channels, extack);
	if (err)
		return err;
	if (!net->running) {
		err = before == cfg->channels ? 0 :
		      netif_set_real_num_queues(net->netdev, cfg->channels, cfg->channels);
		if (err)
			return err;
		net->cfg = *cfg;
		mo_rss_spread(net, cfg->channels);
		return 0;
	}

	old = kcalloc(before, sizeof(*old), GFP_KERNEL);
	if (!old)
		return -ENOMEM;
	qps = mo_qpairs_make(net, cfg, extack);
	if (IS_ERR(qps)) {
		kfree(old);
		return PTR_ERR(qps);
	}
	err = mo_queues_exchange(net, cfg, qps, old, extack);
	if (err) {
		mo_qpairs_free(qps, cfg->channels);
		kfree(old);
		return err;
	}
	mo_qpairs_free(old, before);
	kfree(qps);
	return 0;
}

/**
 * mo_queues_restart() - make the queues of one channel anew
 * @net: running netdev
 * @index: channel
 *
 * The other channels are left alone.
 *
 * Return: 0 or -errno; then the channel is as it was.
 */
int mo_queues_restart(struct mo_net *net, unsigned int index)
{
	struct mo_channel *ch = &net->channels[index];
	struct mo_qpair **qps, *old;
	unsigned int i;
	int err;

	qps = kcalloc(net->cfg.channels, sizeof(*qps), GFP_KERNEL);
	if (!qps)
		return -ENOMEM;
	for (i = 0; i < net->cfg.channels; i++)
		qps[i] = net->channels[i].qp;
	old = qps[index];
	qps[index] = mo_qpair_make(ch, &net->cfg, NULL);
	if (IS_ERR(qps[index])) {
		err = PTR_ERR(qps[index]);
		goto out;
	}
	mo_channel_stop(ch);
	err = mo_rss_apply(net, qps, net->cfg.channels, NULL);
	if (err) {
		mo_channel_start(ch);
		mo_qpair_free(qps[index]);
		goto out;
	}
	mo_channel_install(ch, qps[index]);
	mo_channel_start(ch);
	mo_qpair_free(old);
	net->stats[index].restarts++;
out:
	kfree(qps);
	return err;
}

/**
 * mo_queues_moderate() - hand the interrupt moderation to the device
 * @net: netdev, running or not
 * @extack: says what failed; may be NULL
 *
 * Return: 0 or -errno.
 */
int mo_queues_moderate(struct mo_net *net, struct netlink_ext_ack *extack)
{
	const struct mo_coal *coal = &net->coal;
	unsigned int i;
	int err;

	if (!net->running)
		return 0;
	for (i = 0; i < net->cfg.channels; i++) {
		struct mo_qpair *qp = net->channels[i].qp;

		if (!coal->rx_adaptive) {
			/* A change under way must not come after ours. */
			mo_channel_dim_cancel(&net->channels[i]);
			err = mo_cmd_cq_modify(net->md, qp->rx.cq.comp.cqn,
					       coal->rx_usecs, coal->rx_frames, extack);
			if (err)
				return err;
		}
		err = mo_cmd_cq_modify(net->md, qp->tx.cq.comp.cqn,
				       coal->tx_usecs, coal->tx_frames, extack);
		if (err)
			return err;
	}
	return 0;
}
