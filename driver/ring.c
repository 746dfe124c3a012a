// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: memory of transmit, receive and completion queues, and their objects
 * in the device. Knows nothing of the traffic in them.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "net.h"
#include "cmd.h"

/* Every ring has its 64-byte record right behind its entries. */
#define MO_REC_SIZE	64

static_assert(sizeof(struct mo_db_rec) == MO_REC_SIZE);
static_assert(sizeof(struct mo_arm_rec) == MO_REC_SIZE);
static_assert(sizeof(struct mo_tx_slot) == 16);
static_assert(MO_TX_MAX_DESCS <= U16_MAX);
static_assert(sizeof(union mo_tx_desc) == sizeof(struct mo_rx_desc));
static_assert(MO_RX_MAX_BUFS <= MO_RX_MAX_SEGS);
static_assert(MO_RX_MAX_BUFS - 1 <= MAX_SKB_FRAGS);
static_assert(MO_RX_BUF_LEN >= MO_RX_COPYBREAK);
static_assert(BIT(MO_RX_LOG_MIN) >= 2 * MO_RX_MAX_BUFS);
static_assert(BIT(MO_TX_LOG_MIN) >= 3 * MO_TX_MAX_DESCS);
static_assert(MO_TX_LOG_MIN >= MO_QUEUE_MIN_LOG);
static_assert(MO_RX_LOG_MIN >= MO_QUEUE_MIN_LOG);

static void *mo_ring_alloc(struct mo_dev *md, size_t bytes, dma_addr_t *dma)
{
	return dma_alloc_coherent(md->dev, bytes + MO_REC_SIZE, dma, GFP_KERNEL);
}

static void mo_ring_free(struct mo_dev *md, size_t bytes, void *ring, dma_addr_t dma)
{
	if (ring)
		dma_free_coherent(md->dev, bytes + MO_REC_SIZE, ring, dma);
}

/* An event of a completion queue; hard interrupt context. */
static void mo_cq_event(struct mo_comp *comp)
{
	struct mo_cq *cq = container_of(comp, struct mo_cq, comp);

	/* Nobody asked: NAPI might not even exist. */
	if (unlikely(!READ_ONCE(cq->armed)))
		return;
	WRITE_ONCE(cq->armed, false);
	if (cq->idle <= MO_CQ_IDLE_MAX)
		cq->idle++;
	cq->ch->events++;
	napi_schedule_irqoff(&cq->ch->napi);
}

/**
 * mo_cq_is_net() - is this a completion queue of the network interface?
 * @md: device
 * @cqn: number of a completion queue; perhaps of one that is gone, or RDMA's
 *
 * Return: true if it is, now.
 */
bool mo_cq_is_net(struct mo_dev *md, u32 cqn)
{
	return mo_comp_has(md, cqn, mo_cq_event);
}

static size_t mo_cq_bytes(const struct mo_cq *cq)
{
	return sizeof(*cq->ring) << cq->log;
}

static int mo_cq_init(struct mo_channel *ch, struct mo_cq *cq, u8 log)
{
	cq->ch = ch;
	cq->log = log;
	cq->mask = BIT(log) - 1;
	cq->ring = mo_ring_alloc(ch->net->md, mo_cq_bytes(cq), &cq->dma);
	if (!cq->ring)
		return -ENOMEM;
	cq->arm.rec = (void *)cq->ring + mo_cq_bytes(cq);
	cq->arm.reg = MO_DB_CQ;
	cq->comp.handler = mo_cq_event;
	return 0;
}

static void mo_cq_exit(struct mo_cq *cq)
{
	if (cq->ch)
		mo_ring_free(cq->ch->net->md, mo_cq_bytes(cq), cq->ring, cq->dma);
	cq->ring = NULL;
}

static int mo_cq_create(struct mo_cq *cq, u16 usecs, u16 frames,
			struct netlink_ext_ack *extack)
{
	struct mo_channel *ch = cq->ch;
	struct mo_cq_attr attr = {
		.ring = cq->dma,
		.rec = cq->dma + mo_cq_bytes(cq),
		.eqn = ch->eq->object,
		.db_page = MO_DB_PAGE_KERNEL,
		.size_log = cq->log,
		.entry_log = ilog2(sizeof(*cq->ring)),
		.period_us = usecs,
		.count = frames,
	};
	int err;

	err = mo_cmd_cq_create(ch->net->md, &attr, &cq->comp.cqn, extack);
	if (err)
		return err;
	cq->created = true;
	cq->arm.object = cq->comp.cqn;
	err = mo_comp_attach(ch->eq, &cq->comp);
	if (err)
		return err;
	cq->attached = true;
	return 0;
}

static void mo_cq_destroy(struct mo_cq *cq)
{
	if (cq->attached)
		mo_comp_detach(cq->ch->net->md, &cq->comp);
	cq->attached = false;
	if (cq->created)
		mo_cmd_cq_destroy(cq->ch->net->md, cq->comp.cqn);
	cq->created = false;
}

static size_t mo_txq_bytes(const struct mo_txq *txq)
{
	return sizeof(*txq->ring) << txq->log;
}

/* Memory; mo_txq_free() cleans up also when it fails. */
static int mo_txq_init(struct mo_channel *ch, struct mo_txq *txq, u8 log)
{
	struct mo_net *net = ch->net;

	txq->ch = ch;
	txq->md = net->md;
	txq->nq = netdev_get_tx_queue(net->netdev, ch->index);
	txq->stats = &net->stats[ch->index].tx;
	txq->log = log;
	txq->mask = BIT(log) - 1;
	txq->ring = mo_ring_alloc(net->md, mo_txq_bytes(txq), &txq->dma);
	txq->slots = kvcalloc(BIT(log), sizeof(*txq->slots), GFP_KERNEL);
	if (!txq->ring || !txq->slots)
		return -ENOMEM;
	txq->db.rec = (void *)txq->ring + mo_txq_bytes(txq);
	txq->db.reg = MO_DB_SQ;
	/* A completion stands for at least one packet of two descriptors. */
	return mo_cq_init(ch, &txq->cq, log);
}

/* The device's objects; mo_txq_free() cleans up also when it fails. */
static int mo_txq_create(struct mo_txq *txq, struct netlink_ext_ack *extack)
{
	const struct mo_coal *coal = &txq->ch->coal;
	struct mo_queue_attr attr = {
		.ring = txq->dma,
		.rec = txq->dma + mo_txq_bytes(txq),
		.db_page = MO_DB_PAGE_KERNEL,
		.size_log = txq->log,
	};
	int err;

	err = mo_cq_create(&txq->cq, coal->tx_usecs, coal->tx_frames, extack);
	if (err)
		return err;
	attr.cqn = txq->cq.comp.cqn;
	err = mo_cmd_txq_create(txq->md, txq->ch->net->port, &attr, &txq->db.object, extack);
	if (err)
		return err;
	txq->created = true;
	return 0;
}

/**
 * mo_txq_free() - end a transmit queue
 * @txq: queue that neither the transmit path nor NAPI uses (any more)
 *
 * What it could not send counts as dropped.
 */
void mo_txq_free(struct mo_txq *txq)
{
	if (txq->created)
		mo_cmd_txq_destroy(txq->md, txq->db.object);
	mo_cq_destroy(&txq->cq);
	/* No DMA of it is in flight. */
	if (txq->ring && txq->slots)
		mo_tx_purge(txq);
	mo_cq_exit(&txq->cq);
	kvfree(txq->slots);
	mo_ring_free(txq->md, mo_txq_bytes(txq), txq->ring, txq->dma);
	kfree(txq);
}

/**
 * mo_txq_make() - make a transmit queue, in memory and in the device
 * @ch: its channel
 * @cfg: its configuration
 * @extack: says what failed
 *
 * Return: the queue, or an ERR_PTR().
 */
struct mo_txq *mo_txq_make(struct mo_channel *ch, const struct mo_txq_cfg *cfg,
			   struct netlink_ext_ack *extack)
{
	struct mo_txq *txq;
	int err;

	txq = kzalloc_node(sizeof(*txq), GFP_KERNEL, dev_to_node(ch->net->md->dev));
	if (!txq)
		return ERR_PTR(-ENOMEM);
	err = mo_txq_init(ch, txq, cfg->log);
	if (err)
		NL_SET_ERR_MSG_FMT(extack, "no memory for tx queue %u", ch->index);
	else
		err = mo_txq_create(txq, extack);
	if (err) {
		mo_txq_free(txq);
		return ERR_PTR(err);
	}
	return txq;
}

static size_t mo_rxq_bytes(const struct mo_rxq *rxq)
{
	return sizeof(*rxq->ring) << rxq->log;
}

static int mo_rxq_pool(struct mo_rxq *rxq)
{
	struct page_pool_params params = {
		.order = 0,
		.pool_size = min_t(u32, rxq->mask + 1, SZ_16K),
		.nid = dev_to_node(rxq->md->dev),
		.dev = rxq->md->dev,
		.dma_dir = DMA_FROM_DEVICE,
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.netdev = rxq->ch->net->netdev,
	};
	struct page_pool *pool;

	if (PAGE_SIZE == MO_RX_BUF_TRUESIZE) {
		params.offset = MO_RX_HEADROOM;
		params.max_len = MO_RX_BUF_LEN;
	} else {
		params.max_len = PAGE_SIZE;
	}
	pool = page_pool_create(&params);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	rxq->pool = pool;
	return 0;
}

/* Memory; mo_rxq_free() cleans up also when it fails. */
static int mo_rxq_init(struct mo_channel *ch, struct mo_rxq *rxq, u8 log)
{
	struct mo_net *net = ch->net;
	int err;

	rxq->ch = ch;
	rxq->md = net->md;
	rxq->stats = &net->stats[ch->index].rx;
	rxq->log = log;
	rxq->mask = BIT(log) - 1;
	rxq->ring = mo_ring_alloc(net->md, mo_rxq_bytes(rxq), &rxq->dma);
	rxq->slots = kvcalloc(BIT(log), sizeof(*rxq->slots), GFP_KERNEL);
	if (!rxq->ring || !rxq->slots)
		return -ENOMEM;
	rxq->db.rec = (void *)rxq->ring + mo_rxq_bytes(rxq);
	rxq->db.reg = MO_DB_RQ;
	err = mo_rxq_pool(rxq);
	if (err)
		return err;
	/* A completion stands for at least one buffer. */
	return mo_cq_init(ch, &rxq->cq, log);
}

/* The device's objects, and buffers; mo_rxq_free() cleans up also when it fails. */
static int mo_rxq_create(struct mo_rxq *rxq, struct netlink_ext_ack *extack)
{
	const struct mo_coal *coal = &rxq->ch->coal;
	struct mo_queue_attr attr = {
		.ring = rxq->dma,
		.rec = rxq->dma + mo_rxq_bytes(rxq),
		.db_page = MO_DB_PAGE_KERNEL,
		.size_log = rxq->log,
		.buf_len = MO_RX_BUF_LEN,
	};
	int err;

	err = mo_cq_create(&rxq->cq, coal->rx_usecs, coal->rx_frames, extack);
	if (err)
		return err;
	attr.cqn = rxq->cq.comp.cqn;
	err = mo_cmd_rxq_create(rxq->md, rxq->ch->net->port, &attr, &rxq->db.object, extack);
	if (err)
		return err;
	rxq->created = true;
	if (!mo_rx_refill(rxq, GFP_KERNEL)) {
		NL_SET_ERR_MSG(extack, "no memory for receive buffers");
		return -ENOMEM;
	}
	return 0;
}

/**
 * mo_rxq_free() - end a receive queue
 * @rxq: queue that NAPI does not poll (any more), and that has been polled dry
 */
void mo_rxq_free(struct mo_rxq *rxq)
{
	u32 i;

	if (rxq->created)
		mo_cmd_rxq_destroy(rxq->md, rxq->db.object);
	mo_cq_destroy(&rxq->cq);
	/* No DMA of it is in flight. */
	for (i = 0; rxq->slots && i <= rxq->mask; i++)
		if (rxq->slots[i].netmem)
			page_pool_put_full_netmem(rxq->pool, rxq->slots[i].netmem, false);
	if (rxq->pool)
		page_pool_destroy(rxq->pool);
	mo_cq_exit(&rxq->cq);
	kvfree(rxq->slots);
	mo_ring_free(rxq->md, mo_rxq_bytes(rxq), rxq->ring, rxq->dma);
	kfree(rxq);
}

/**
 * mo_rxq_make() - make a receive queue, in memory and in the device, and fill it
 * @ch: its channel
 * @cfg: its configuration
 * @extack: says what failed
 *
 * Nothing is received before the device's queue map leads to it.
 *
 * Return: the queue, or an ERR_PTR().
 */
struct mo_rxq *mo_rxq_make(struct mo_channel *ch, const struct mo_rxq_cfg *cfg,
			   struct netlink_ext_ack *extack)
{
	struct mo_rxq *rxq;
	int err;

	rxq = kzalloc_node(sizeof(*rxq), GFP_KERNEL, dev_to_node(ch->net->md->dev));
	if (!rxq)
		return ERR_PTR(-ENOMEM);
	err = mo_rxq_init(ch, rxq, cfg->log);
	if (err)
		NL_SET_ERR_MSG_FMT(extack, "no memory for rx queue %u", ch->index);
	else
		err = mo_rxq_create(rxq, extack);
	if (err) {
		mo_rxq_free(rxq);
		return ERR_PTR(err);
	}
	return rxq;
}
