// SPDX-License-Identifier: GPL-2.0
/*
 * Counters: those of the queues, which the driver counts, and the block of the
 * port, which the device writes into memory each period. Sums last over ifdown,
 * changes of the queues and function resets.
 */
#include <linux/dma-mapping.h>
#include <linux/netdevice.h>

#include "net.h"
#include "cmd.h"

/* A writer is never so slow that this many looks all meet it. */
#define MO_STATS_LOOKS	16

/* Takes a consistent copy into block->now, if there is one. Lock held. */
static void mo_stats_copy(struct mo_stats_block *block)
{
	const struct mo_port_stats *area = block->area;
	u64 copy[MO_PORT_COUNTER_COUNT];
	unsigned int look;
	__le32 gen;

	for (look = 0; look < MO_STATS_LOOKS; look++) {
		gen = READ_ONCE(area->gen_end);
		dma_rmb();	/* the end before the counters */
#define X(name, text) \
		copy[MO_PC_##name] = le64_to_cpu(READ_ONCE(area->name));
		MO_PORT_COUNTERS(X)
#undef X
		dma_rmb();	/* the counters before the start */
		if (READ_ONCE(area->gen) == gen) {
			memcpy(block->now, copy, sizeof(copy));
			return;
		}
		cpu_relax();
	}
}

/**
 * mo_stats_init() - memory of the port's block
 * @net: netdev, not registered yet
 *
 * Return: 0 or -ENOMEM.
 */
int mo_stats_init(struct mo_net *net)
{
	struct mo_stats_block *block = &net->block;
	unsigned int i;

	spin_lock_init(&block->lock);
	for (i = 0; i < net->max_channels; i++) {
		u64_stats_init(&net->stats[i].tx.syncp);
		u64_stats_init(&net->stats[i].txc.syncp);
		u64_stats_init(&net->stats[i].rx.syncp);
	}
	block->area = dma_alloc_coherent(net->md->dev, sizeof(*block->area), &block->dma,
					 GFP_KERNEL);
	return block->area ? 0 : -ENOMEM;
}

/**
 * mo_stats_exit() - free the memory
 * @net: netdev whose device has let go of it
 */
void mo_stats_exit(struct mo_net *net)
{
	struct mo_stats_block *block = &net->block;

	if (block->area)
		dma_free_coherent(net->md->dev, sizeof(*block->area), block->area, block->dma);
	block->area = NULL;
}

/**
 * mo_stats_start() - have the device write the block
 * @net: netdev
 * @period_us: how often
 *
 * Return: 0 or -errno.
 */
int mo_stats_start(struct mo_net *net, u32 period_us)
{
	struct mo_stats_block *block = &net->block;
	int err;

	err = mo_cmd_area_set(net->md, net->port, MO_AREA_STATS, block->dma,
			      sizeof(*block->area), period_us);
	if (!err)
		block->period_us = period_us;
	return err;
}

/**
 * mo_stats_stop() - take the block back and keep its counts
 * @net: netdev; its device may be dead, and counts from 0 after a reset
 */
void mo_stats_stop(struct mo_net *net)
{
	struct mo_stats_block *block = &net->block;
	unsigned int i;

	/* A last look, if the device still answers. */
	mo_cmd_area_sync(net->md, net->port, MO_AREA_STATS);
	mo_cmd_area_set(net->md, net->port, MO_AREA_STATS, 0, 0, 0);

	spin_lock_bh(&block->lock);
	mo_stats_copy(block);
	for (i = 0; i < MO_PORT_COUNTER_COUNT; i++)
		block->base[i] += block->now[i];
	memset(block->now, 0, sizeof(block->now));
	memset(block->area, 0, sizeof(*block->area));
	spin_unlock_bh(&block->lock);
}

/**
 * mo_stats_port() - counters of the port
 * @net: netdev
 * @counters: MO_PORT_COUNTER_COUNT of them, indexed by enum mo_port_counter
 * @sync: have the device write the block now; sleeps
 */
void mo_stats_port(struct mo_net *net, u64 *counters, bool sync)
{
	struct mo_stats_block *block = &net->block;
	unsigned int i;

	if (sync && !net->detached)
		mo_cmd_area_sync(net->md, net->port, MO_AREA_STATS);
	spin_lock_bh(&block->lock);
	mo_stats_copy(block);
	for (i = 0; i < MO_PORT_COUNTER_COUNT; i++)
		counters[i] = block->base[i] + block->now[i];
	spin_unlock_bh(&block->lock);
}

/**
 * mo_stats_tx() - add a transmit queue's counters to sums
 * @net: netdev
 * @channel: channel, also one that is not in use
 * @sum: sums
 */
void mo_stats_tx(const struct mo_net *net, unsigned int channel, struct mo_tx_sums *sum)
{
	const struct mo_txq_stats *tx = &net->stats[channel].tx;
	const struct mo_txc_stats *txc = &net->stats[channel].txc;
	struct mo_tx_sums now;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&tx->syncp);
#define X(name) now.name = u64_stats_read(&tx->name);
		MO_TXQ_STATS(X)
#undef X
	} while (u64_stats_fetch_retry(&tx->syncp, start));
	do {
		start = u64_stats_fetch_begin(&txc->syncp);
#define X(name) now.name = u64_stats_read(&txc->name);
		MO_TXC_STATS(X)
#undef X
	} while (u64_stats_fetch_retry(&txc->syncp, start));
#define X(name) sum->name += now.name;
	MO_TXQ_STATS(X)
	MO_TXC_STATS(X)
#undef X
}

/**
 * mo_stats_rx() - add a receive queue's counters to sums
 * @net: netdev
 * @channel: channel, also one that is not in use
 * @sum: sums
 */
void mo_stats_rx(const struct mo_net *net, unsigned int channel, struct mo_rx_sums *sum)
{
	const struct mo_rxq_stats *rx = &net->stats[channel].rx;
	struct mo_rx_sums now;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&rx->syncp);
#define X(name) now.name = u64_stats_read(&rx->name);
		MO_RXQ_STATS(X)
#undef X
	} while (u64_stats_fetch_retry(&rx->syncp, start));
#define X(name) sum->name += now.name;
	MO_RXQ_STATS(X)
#undef X
}

/**
 * mo_get_stats64() - ndo_get_stats64
 * @netdev: netdev
 * @s: counters
 *
 * Does not sleep; what only the device counts is at most a period old.
 */
void mo_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *s)
{
	struct mo_net *net = netdev_priv(netdev);
	u64 port[MO_PORT_COUNTER_COUNT];
	struct mo_tx_sums tx = {};
	struct mo_rx_sums rx = {};
	unsigned int i;

	for (i = 0; i < net->max_channels; i++) {
		mo_stats_tx(net, i, &tx);
		mo_stats_rx(net, i, &rx);
	}
	mo_stats_port(net, port, false);

	s->rx_packets = rx.packets;
	s->rx_bytes = rx.bytes;
	s->rx_dropped = rx.dropped;
	s->tx_packets = tx.packets;
	s->tx_bytes = tx.bytes;
	s->tx_dropped = tx.dropped;
	s->multicast = port[MO_PC_rx_multicast];
	s->rx_missed_errors = port[MO_PC_rx_no_buffer];
	s->rx_crc_errors = port[MO_PC_rx_fcs_errors];
	s->rx_length_errors = port[MO_PC_rx_too_long] + port[MO_PC_rx_too_short];
	s->rx_errors = s->rx_crc_errors + s->rx_length_errors;
	s->tx_carrier_errors = port[MO_PC_tx_discard_link];
	s->tx_errors = s->tx_carrier_errors + tx.refused;
}

static void mo_qstats_rx(const struct mo_rx_sums *sum, struct netdev_queue_stats_rx *rx)
{
	rx->packets = sum->packets;
	rx->bytes = sum->bytes;
	rx->alloc_fail = sum->alloc_fail;
	rx->csum_unnecessary = sum->csum_unnecessary;
	rx->csum_none = sum->csum_none;
	rx->csum_bad = sum->csum_bad;
	rx->hw_gro_packets = sum->hw_gro_packets;
	rx->hw_gro_bytes = sum->hw_gro_bytes;
	rx->hw_gro_wire_packets = sum->hw_gro_wire_packets;
	rx->hw_gro_wire_bytes = sum->hw_gro_wire_bytes;
}

static void mo_qstats_tx(const struct mo_tx_sums *sum, struct netdev_queue_stats_tx *tx)
{
	tx->packets = sum->packets;
	tx->bytes = sum->bytes;
	tx->csum_none = sum->csum_none;
	tx->needs_csum = sum->needs_csum;
	tx->hw_gso_packets = sum->hw_gso_packets;
	tx->hw_gso_bytes = sum->hw_gso_bytes;
	tx->hw_gso_wire_packets = sum->hw_gso_wire_packets;
	tx->hw_gso_wire_bytes = sum->hw_gso_wire_bytes;
	tx->stop = sum->stop;
	tx->wake = sum->wake;
}

static void mo_get_queue_stats_rx(struct net_device *netdev, int index,
				  struct netdev_queue_stats_rx *rx)
{
	struct mo_rx_sums sum = {};

	mo_stats_rx(netdev_priv(netdev), index, &sum);
	mo_qstats_rx(&sum, rx);
}

static void mo_get_queue_stats_tx(struct net_device *netdev, int index,
				  struct netdev_queue_stats_tx *tx)
{
	struct mo_tx_sums sum = {};

	mo_stats_tx(netdev_priv(netdev), index, &sum);
	mo_qstats_tx(&sum, tx);
}

/* What channels counted that are not in use any more, and the port's drops. */
static void mo_get_base_stats(struct net_device *netdev, struct netdev_queue_stats_rx *rx,
			      struct netdev_queue_stats_tx *tx)
{
	struct mo_net *net = netdev_priv(netdev);
	u64 port[MO_PORT_COUNTER_COUNT];
	struct mo_tx_sums tx_sum = {};
	struct mo_rx_sums rx_sum = {};
	unsigned int i;

	for (i = netdev->real_num_rx_queues; i < net->max_channels; i++)
		mo_stats_rx(net, i, &rx_sum);
	for (i = netdev->real_num_tx_queues; i < net->max_channels; i++)
		mo_stats_tx(net, i, &tx_sum);
	mo_qstats_rx(&rx_sum, rx);
	mo_qstats_tx(&tx_sum, tx);

	mo_stats_port(net, port, true);
	rx->hw_drops = port[MO_PC_rx_no_buffer] + port[MO_PC_rx_no_queue];
	rx->hw_drop_overruns = port[MO_PC_rx_no_buffer];
}

const struct netdev_stat_ops mo_stat_ops = {
	.get_queue_stats_rx = mo_get_queue_stats_rx,
	.get_queue_stats_tx = mo_get_queue_stats_tx,
	.get_base_stats = mo_get_base_stats,
};
