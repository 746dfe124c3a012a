// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration of the queues as a value: check, make, exchange, free.
 *
 * Queues are made, in memory and in the device, while those in use go on. An
 * exchange stops one channel (NAPI and the stack's queue), points the device's
 * queue map to the new receive queue, which is one step, polls the former one dry
 * and starts the channel again; all that may fail has been done before it. So
 * nothing that was received is lost, and other channels do not wait. Called under
 * the netdev's lock; where the number of channels changes, under rtnl_lock too.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/netdevice.h>

#include "net.h"
#include "cmd.h"

/* Longest wait for packets in flight when a channel is stopped. */
#define MO_DRAIN_US		20000
#define MO_DRAIN_STEP_US	200

/* Queues of a channel: those to take, then those that they replaced; NULL = no change. */
struct mo_queues {
	struct mo_txq *txq;
	struct mo_rxq *rxq;
};

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
	if (cfg->tx.log < MO_TX_LOG_MIN || cfg->tx.log > max) {
		NL_SET_ERR_MSG_FMT(extack, "tx ring of %lu: %lu to %lu are possible",
				   BIT(cfg->tx.log), BIT(MO_TX_LOG_MIN), BIT(max));
		return -EINVAL;
	}
	if (cfg->rx.log < MO_RX_LOG_MIN || cfg->rx.log > max) {
		NL_SET_ERR_MSG_FMT(extack, "rx ring of %lu: %lu to %lu are possible",
				   BIT(cfg->rx.log), BIT(MO_RX_LOG_MIN), BIT(max));
		return -EINVAL;
	}
	return 0;
}

static void mo_queues_free(struct mo_queues *queues)
{
	if (queues->txq)
		mo_txq_free(queues->txq);
	if (queues->rxq)
		mo_rxq_free(queues->rxq);
}

/* Makes what is asked for; what could be made is in @queues also after a failure. */
static int mo_queues_make(struct mo_channel *ch, struct mo_queues *queues,
			  const struct mo_txq_cfg *tx, const struct mo_rxq_cfg *rx,
			  struct netlink_ext_ack *extack)
{
	struct mo_txq *txq;
	struct mo_rxq *rxq;

	if (tx) {
		txq = mo_txq_make(ch, tx, extack);
		if (IS_ERR(txq))
			return PTR_ERR(txq);
		queues->txq = txq;
	}
	if (rx) {
		rxq = mo_rxq_make(ch, rx, extack);
		if (IS_ERR(rxq))
			return PTR_ERR(rxq);
		queues->rxq = rxq;
	}
	return 0;
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

static void mo_channel_dim(struct work_struct *work)
{
	struct dim *dim = container_of(work, struct dim, work);
	struct mo_channel *ch = container_of(dim, struct mo_channel, dim);
	struct dim_cq_moder moder = net_dim_get_rx_moderation(dim->mode, dim->profile_ix);

	/* ch->rxq stays: mo_channel_stop() waits for this work. */
	if (READ_ONCE(ch->coal.rx_adaptive))
		mo_cmd_cq_modify(ch->net->md, ch->rxq->cq.comp.cqn, moder.usec, moder.pkts,
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
	struct mo_txq *txq = ch->txq;

	napi_disable_locked(&ch->napi);
	__netif_tx_lock_bh(txq->nq);
	netif_tx_stop_queue(txq->nq);
	txq->closing = true;
	__netif_tx_unlock_bh(txq->nq);
	mo_channel_dim_cancel(ch);
}

static void mo_channel_start(struct mo_channel *ch)
{
	struct mo_txq *txq = ch->txq;

	page_pool_enable_direct_recycling(ch->rxq->pool, &ch->napi);
	napi_enable_locked(&ch->napi);
	txq->closing = false;
	netif_tx_wake_queue(txq->nq);
	/* The first poll arms the completion queues. */
	local_bh_disable();
	napi_schedule(&ch->napi);
	local_bh_enable();
}

/* Lets packets that were handed to the device go out; the channel is stopped. */
static void mo_txq_drain(struct mo_txq *txq)
{
	unsigned int waited;
	bool dry;

	for (waited = 0; waited < MO_DRAIN_US; waited += MO_DRAIN_STEP_US) {
		if (mo_gone(txq->md) || txq->stopped)
			return;
		do {
			local_bh_disable();
			dry = mo_tx_poll(txq, 0);
			local_bh_enable();
		} while (!dry);
		if (txq->head == txq->tail)
			return;
		usleep_range(MO_DRAIN_STEP_US, 2 * MO_DRAIN_STEP_US);
	}
}

/*
 * Takes a receive queue off a stopped channel that gets nothing any more, and gives
 * what it got to the stack.
 */
static void mo_rxq_drain(struct mo_rxq *rxq)
{
	int left = rxq->cq.mask + 1, done;

	do {
		local_bh_disable();
		done = mo_rx_poll(rxq, NULL, NAPI_POLL_WEIGHT);
		local_bh_enable();
		cond_resched();
		left -= done;
	} while (done && left > 0);
	local_bh_disable();
	mo_rx_forget(rxq);
	local_bh_enable();
	page_pool_disable_direct_recycling(rxq->pool);
}

/* Has the index of a channel lead to a receive queue, or to none. */
static int mo_channel_map(struct mo_channel *ch, const struct mo_rxq *rxq,
			  struct netlink_ext_ack *extack)
{
	return mo_cmd_rxq_map(ch->net->md, ch->net->port, ch->index,
			      rxq ? rxq->db.object : 0, extack);
}

/* Gives a stopped channel a transmit queue; the one before has been drained. */
static void mo_channel_set_txq(struct mo_channel *ch, struct mo_txq *txq)
{
	ch->txq = txq;
	netdev_tx_reset_queue(txq->nq);
	__netif_tx_lock_bh(txq->nq);
	txq->closing = true;
	ch->net->txq[ch->index] = txq;
	__netif_tx_unlock_bh(txq->nq);
}

/* Gives a stopped channel a receive queue; the one before has been drained. */
static void mo_channel_set_rxq(struct mo_channel *ch, struct mo_rxq *rxq)
{
	ch->rxq = rxq;
	ch->dim = (struct dim){ .mode = DIM_CQ_PERIOD_MODE_START_FROM_EQE };
	INIT_WORK(&ch->dim.work, mo_channel_dim);
}

/*
 * Exchanges queues of a running channel; @queues has those that were replaced when
 * it returns 0. Otherwise nothing has changed.
 */
static int mo_channel_exchange(struct mo_channel *ch, struct mo_queues *queues,
			       struct netlink_ext_ack *extack)
{
	struct mo_queues former = {};
	int err = 0;

	mo_channel_stop(ch);
	if (queues->rxq)
		err = mo_channel_map(ch, queues->rxq, extack);
	if (err)
		goto start;
	/* Nothing fails from here on. */
	if (queues->rxq) {
		former.rxq = ch->rxq;
		mo_rxq_drain(former.rxq);
		mo_channel_set_rxq(ch, queues->rxq);
	}
	if (queues->txq) {
		former.txq = ch->txq;
		mo_txq_drain(former.txq);
		mo_channel_set_txq(ch, queues->txq);
	}
	*queues = former;
start:
	mo_channel_start(ch);
	return err;
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

static void mo_channel_napi_add(struct mo_channel *ch)
{
	struct net_device *netdev = ch->net->netdev;

	netif_napi_add_config_locked(netdev, &ch->napi, mo_napi_poll, ch->index);
	netif_napi_set_irq_locked(&ch->napi, mo_eq_vector_irq(ch->eq));
	netif_queue_set_napi(netdev, ch->index, NETDEV_QUEUE_TYPE_RX, &ch->napi);
	netif_queue_set_napi(netdev, ch->index, NETDEV_QUEUE_TYPE_TX, &ch->napi);
}

static void mo_channel_napi_del(struct mo_channel *ch)
{
	struct net_device *netdev = ch->net->netdev;

	netif_queue_set_napi(netdev, ch->index, NETDEV_QUEUE_TYPE_RX, NULL);
	netif_queue_set_napi(netdev, ch->index, NETDEV_QUEUE_TYPE_TX, NULL);
	netif_napi_del_locked(&ch->napi);
}

/* Makes the queues of a channel and starts it; nothing is sent to it yet. */
static int mo_channel_add(struct mo_channel *ch, struct netlink_ext_ack *extack)
{
	const struct mo_qcfg *cfg = &ch->net->cfg;
	struct mo_queues queues = {};
	int err;

	err = mo_queues_make(ch, &queues, &cfg->tx, &cfg->rx, extack);
	if (!err)
		err = mo_channel_map(ch, queues.rxq, extack);
	if (err) {
		mo_queues_free(&queues);
		return err;
	}
	mo_channel_set_rxq(ch, queues.rxq);
	mo_channel_set_txq(ch, queues.txq);
	clear_bit(ch->index, ch->net->broken);
	mo_channel_napi_add(ch);
	mo_channel_start(ch);
	return 0;
}

/*
 * Ends channels that neither the stack nor the RSS table uses any more, or all of
 * them; cannot fail, also on a dead device. The stack's queues stay stopped.
 */
static void mo_channels_remove(struct mo_net *net, unsigned int first, unsigned int end)
{
	unsigned int i;

	for (i = first; i < end; i++)
		mo_channel_stop(&net->channels[i]);
	for (i = first; i < end; i++) {
		struct mo_channel *ch = &net->channels[i];

		/* If this fails, destroying the queue ends it too. */
		mo_channel_map(ch, NULL, NULL);
		mo_rxq_drain(ch->rxq);
		mo_txq_drain(ch->txq);
		mo_channel_napi_del(ch);
		/* The stack's queue is stopped, and mo_xmit() looks at this only after that. */
		net->txq[i] = NULL;
	}
	/* The stack's watchdog might still look. */
	synchronize_net();
	for (i = first; i < end; i++) {
		struct mo_channel *ch = &net->channels[i];
		struct mo_queues queues = { .txq = ch->txq, .rxq = ch->rxq };

		ch->txq = NULL;
		ch->rxq = NULL;
		mo_queues_free(&queues);
	}
}

static int mo_channels_add(struct mo_net *net, unsigned int first, unsigned int end,
			   struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	for (i = first; i < end; i++) {
		err = mo_channel_add(&net->channels[i], extack);
		if (err) {
			mo_channels_remove(net, first, i);
			return err;
		}
	}
	return 0;
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
	unsigned int count = net->cfg.channels;
	int err;

	err = mo_channels_add(net, 0, count, extack);
	if (err)
		return err;
	err = mo_rss_apply(net, count, extack);
	if (!err)
		err = netif_set_real_num_queues(net->netdev, count, count);
	if (err) {
		mo_channels_remove(net, 0, count);
		return err;
	}
	mo_queues_xps(net, count);
	mo_queues_unused(net, count);
	WRITE_ONCE(net->running, true);
	return 0;
}

/**
 * mo_queues_close() - stop and free all queues
 * @net: netdev; its device may be dead
 */
void mo_queues_close(struct mo_net *net)
{
	if (!net->running)
		return;
	WRITE_ONCE(net->running, false);
	mo_channels_remove(net, 0, net->cfg.channels);
}

/**
 * mo_queues_set_channels() - use more or fewer channels
 * @net: netdev, running or not
 * @count: number of channels that mo_qcfg_check() let pass
 * @extack: says what failed; may be NULL
 *
 * Channels that stay are left alone.
 *
 * Return: 0, or -errno, and then nothing has changed.
 */
int mo_queues_set_channels(struct mo_net *net, unsigned int count,
			   struct netlink_ext_ack *extack)
{
	struct net_device *netdev = net->netdev;
	unsigned int before = net->cfg.channels;
	int err;

	if (net->running && count > before) {
		err = mo_channels_add(net, before, count, extack);
		if (err)
			goto unused;
	}
	/* What is received goes on being recorded under queues that exist. */
	if (!net->running || count > before)
		err = netif_set_real_num_queues(netdev, count, count);
	else
		err = netif_set_real_num_tx_queues(netdev, count);
	if (err)
		goto remove;
	mo_rss_spread(net, count);
	if (net->running)
		err = mo_rss_apply(net, count, extack);
	if (err)
		goto restore;
	if (net->running && count < before) {
		mo_channels_remove(net, count, before);
		netif_set_real_num_rx_queues(netdev, count);
	}
	net->cfg.channels = count;
	if (net->running) {
		mo_queues_xps(net, count);
		mo_queues_unused(net, count);
	}
	return 0;

restore:
	mo_rss_spread(net, before);
	netif_set_real_num_queues(netdev, before, before);
remove:
	if (net->running && count > before)
		mo_channels_remove(net, before, count);
unused:
	if (net->running)
		mo_queues_unused(net, before);
	return err;
}

/* Exchanges the queues of all channels, or of none. */
static int mo_queues_exchange(struct mo_net *net, struct mo_queues *queues,
			      struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	for (i = 0; i < net->cfg.channels; i++) {
		err = mo_channel_exchange(&net->channels[i], &queues[i], extack);
		if (err)
			goto back;
	}
	return 0;

back:
	while (i--)
		if (mo_channel_exchange(&net->channels[i], &queues[i], NULL))
			mo_dev_fail(net->md, "the device refuses queues that it had");
	return err;
}

/**
 * mo_queues_resize() - use rings of another configuration
 * @net: netdev, running or not
 * @tx: configuration of transmit queues that mo_qcfg_check() let pass
 * @rx: configuration of receive queues that mo_qcfg_check() let pass
 * @extack: says what failed; may be NULL
 *
 * Queues whose configuration does not change are left alone.
 *
 * Return: 0, or -errno, and then nothing has changed.
 */
int mo_queues_resize(struct mo_net *net, const struct mo_txq_cfg *tx,
		     const struct mo_rxq_cfg *rx, struct netlink_ext_ack *extack)
{
	bool tx_same = !memcmp(tx, &net->cfg.tx, sizeof(*tx));
	bool rx_same = !memcmp(rx, &net->cfg.rx, sizeof(*rx));
	unsigned int i, count = net->cfg.channels;
	struct mo_queues *queues;
	int err = 0;

	if (!net->running || (tx_same && rx_same))
		goto take;
	queues = kcalloc(count, sizeof(*queues), GFP_KERNEL);
	if (!queues)
		return -ENOMEM;
	for (i = 0; i < count && !err; i++)
		err = mo_queues_make(&net->channels[i], &queues[i], tx_same ? NULL : tx,
				     rx_same ? NULL : rx, extack);
	if (!err)
		err = mo_queues_exchange(net, queues, extack);
	/* The stack's watchdog might still look. */
	synchronize_net();
	for (i = 0; i < count; i++)
		mo_queues_free(&queues[i]);
	kfree(queues);
	if (err)
		return err;
take:
	net->cfg.tx = *tx;
	net->cfg.rx = *rx;
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
	struct mo_queues queues = {};
	int err;

	err = mo_queues_make(ch, &queues, &net->cfg.tx, &net->cfg.rx, NULL);
	if (!err)
		err = mo_channel_exchange(ch, &queues, NULL);
	if (!err) {
		clear_bit(index, net->broken);
		net->stats[index].restarts++;
	}
	/* The stack's watchdog might still look. */
	synchronize_net();
	mo_queues_free(&queues);
	return err;
}

static int mo_channel_moderate(struct mo_channel *ch, const struct mo_coal *coal,
			       struct netlink_ext_ack *extack)
{
	struct mo_dev *md = ch->net->md;
	int err;

	if (!ch->rxq)
		return 0;
	if (!coal->rx_adaptive) {
		/* A change under way must not come after ours. */
		mo_channel_dim_cancel(ch);
		err = mo_cmd_cq_modify(md, ch->rxq->cq.comp.cqn, coal->rx_usecs,
				       coal->rx_frames, extack);
		if (err)
			return err;
	}
	return mo_cmd_cq_modify(md, ch->txq->cq.comp.cqn, coal->tx_usecs, coal->tx_frames,
				extack);
}

/**
 * mo_channel_set_coal() - interrupt moderation of a channel
 * @ch: channel, in use or not
 * @coal: moderation
 * @extack: says what failed; may be NULL
 *
 * Return: 0, or -errno, and then nothing has changed.
 */
int mo_channel_set_coal(struct mo_channel *ch, const struct mo_coal *coal,
			struct netlink_ext_ack *extack)
{
	struct mo_coal old = ch->coal;
	int err;

	ch->coal = *coal;
	err = mo_channel_moderate(ch, coal, extack);
	if (err) {
		ch->coal = old;
		mo_channel_moderate(ch, &old, NULL);
	}
	return err;
}

/**
 * mo_queues_set_coal() - interrupt moderation of all channels
 * @net: netdev, running or not
 * @coal: moderation
 * @extack: says what failed; may be NULL
 *
 * Return: 0, or -errno, and then nothing has changed but what single channels had of
 * their own.
 */
int mo_queues_set_coal(struct mo_net *net, const struct mo_coal *coal,
		       struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	for (i = 0; i < net->max_channels; i++) {
		err = mo_channel_set_coal(&net->channels[i], coal, extack);
		if (err)
			goto back;
	}
	net->coal = *coal;
	return 0;

back:
	while (i--)
		mo_channel_set_coal(&net->channels[i], &net->coal, NULL);
	return err;
}
