// SPDX-License-Identifier: GPL-2.0
/*
 * Event queues: one per interrupt vector. They belong to this driver and are
 * lent to whoever owns completion queues (mo_comp_attach()). Vector 0 also
 * carries admin completions and the asynchronous events of the function,
 * which are handed to a work item.
 *
 * The interrupt handler reads no register, and writes one (the arm doorbell)
 * only without shadow doorbells.
 */
#include <linux/interrupt.h>

#include "mo.h"
#include "trace.h"

#define MO_EQ_LOG		8
/* Entries that one interrupt may take; more is a device out of control. */
#define MO_EQ_FLOOD		(64U << MO_EQ_LOG)

static size_t mo_eq_bytes(const struct mo_eq *eq)
{
	return (sizeof(struct mo_eqe) << eq->size_log) + sizeof(struct mo_arm_rec);
}

static const struct mo_eqe *mo_eq_next(const struct mo_eq *eq)
{
	const struct mo_eqe *eqe = &eq->ring[eq->ci & (BIT(eq->size_log) - 1)];
	u8 expect = !(eq->ci & BIT(eq->size_log));

	if ((READ_ONCE(eqe->phase) & 1) != expect)
		return NULL;
	dma_rmb();	/* the phase before the rest */
	return eqe;
}

/* A completion queue has news: find its owner by number and generation. */
static void mo_eq_comp(struct mo_eq *eq, u32 cqn)
{
	struct mo_comp *comp;

	rcu_read_lock();
	comp = xa_load(&eq->md->comps, cqn & MO_OBJ_INDEX);
	if (likely(comp && comp->cqn == cqn && comp->eq == eq))
		comp->handler(comp);
	else
		eq->late++;
	rcu_read_unlock();
}

static void mo_eq_async(struct mo_eq *eq, const struct mo_eqe *eqe)
{
	struct mo_dev *md = eq->md;
	struct mo_eqe copy = *eqe;

	trace_mo_event(md, &copy);
	if (eq->vector) {
		eq->bad++;
		return;
	}
	if (!kfifo_put(&md->events, copy))
		WRITE_ONCE(md->events_lost, true);
	queue_work(md->wq, &md->event_work);
}

static unsigned int mo_eq_drain(struct mo_eq *eq)
{
	const struct mo_eqe *eqe;
	unsigned int n = 0;

	while (n < BIT(eq->size_log) && (eqe = mo_eq_next(eq))) {
		if (likely(eqe->type == MO_EVENT_COMP))
			mo_eq_comp(eq, le32_to_cpu(eqe->object));
		else
			mo_eq_async(eq, eqe);
		eq->ci++;
		n++;
	}
	eq->events += n;
	return n;
}

static irqreturn_t mo_eq_irq(int irq, void *data)
{
	struct mo_eq *eq = data;
	struct mo_dev *md = eq->md;
	unsigned int total = 0, n;

	if (!eq->vector)
		mo_adminq_poll(md, true);
	if (!READ_ONCE(eq->live))
		return IRQ_HANDLED;

	/* Nothing taken: the last arm word has not been answered yet. */
	while ((n = mo_eq_drain(eq))) {
		mo_arm(md, &eq->arm, eq->ci);
		total += n;
		if (unlikely(total >= MO_EQ_FLOOD)) {
			WRITE_ONCE(eq->live, false);
			mo_dev_fail(md, "event queue is flooded");
			break;
		}
	}
	return IRQ_HANDLED;
}

/**
 * mo_eqs_alloc() - rings and interrupts for all granted vectors
 * @md: device with md->vectors
 *
 * Return: 0 or -errno.
 */
int mo_eqs_alloc(struct mo_dev *md)
{
	unsigned int i;
	int err;

	xa_init(&md->comps);
	md->eqs = kcalloc(md->vectors, sizeof(*md->eqs), GFP_KERNEL);
	if (!md->eqs)
		return -ENOMEM;

	for (i = 0; i < md->vectors; i++) {
		struct mo_eq *eq = &md->eqs[i];

		eq->md = md;
		eq->vector = i;
		eq->size_log = MO_EQ_LOG;
		eq->ring = dma_alloc_coherent(md->dev, mo_eq_bytes(eq), &eq->ring_dma,
					      GFP_KERNEL);
		if (!eq->ring) {
			err = -ENOMEM;
			goto free;
		}
		eq->rec_dma = eq->ring_dma + (sizeof(struct mo_eqe) << eq->size_log);
		if (i)
			snprintf(eq->name, sizeof(eq->name), "mesh_optical-comp%u@pci:%s",
				 i - 1, pci_name(md->pdev));
		else
			snprintf(eq->name, sizeof(eq->name), "mesh_optical-admin@pci:%s",
				 pci_name(md->pdev));
		err = pci_irq_vector(md->pdev, i);
		if (err < 0)
			goto free;
		eq->irq = err;
		err = request_irq(eq->irq, mo_eq_irq, 0, eq->name, eq);
		if (err) {
			dev_err(md->dev, "cannot get interrupt %d of vector %u: %pe\n",
				eq->irq, i, ERR_PTR(err));
			eq->irq = 0;
			goto free;
		}
	}
	return 0;

free:
	mo_eqs_free(md);
	return err;
}

void mo_eqs_free(struct mo_dev *md)
{
	unsigned int i;

	if (!md->eqs)
		return;
	for (i = 0; i < md->vectors; i++) {
		struct mo_eq *eq = &md->eqs[i];

		if (eq->irq)
			free_irq(eq->irq, eq);
		if (eq->ring)
			dma_free_coherent(md->dev, mo_eq_bytes(eq), eq->ring, eq->ring_dma);
	}
	kfree(md->eqs);
	md->eqs = NULL;
	xa_destroy(&md->comps);
}

static int mo_eq_start(struct mo_eq *eq)
{
	struct mo_eq_attr attr = {
		.ring = eq->ring_dma,
		.rec = eq->rec_dma,
		.vector = eq->vector,
		.size_log = eq->size_log,
		.period_us = eq->period_us,
		.count = eq->count,
	};
	struct mo_dev *md = eq->md;
	int err;

	memset(eq->ring, 0, mo_eq_bytes(eq));
	eq->ci = 0;
	err = mo_cmd_eq_create(md, &attr, &eq->object);
	if (err) {
		dev_err(md->dev, "cannot create event queue of vector %u: %pe\n",
			eq->vector, ERR_PTR(err));
		return err;
	}
	eq->arm = (struct mo_arm){
		.rec = (void *)(eq->ring + BIT(eq->size_log)),
		.object = eq->object,
		.reg = MO_DB_EQ,
	};
	/* The handler may run from the arm on. */
	smp_store_release(&eq->live, true);
	mo_arm(md, &eq->arm, eq->ci);
	return 0;
}

/**
 * mo_eqs_start() - create the event queues in the device
 * @md: device with a running admin queue
 *
 * Return: 0 or -errno, then none is left.
 */
int mo_eqs_start(struct mo_dev *md)
{
	unsigned int i;
	int err;

	kfifo_reset(&md->events);
	for (i = 0; i < 1 + (md->vectors > 1 ? md->channels : 0); i++) {
		err = mo_eq_start(&md->eqs[i]);
		if (err) {
			mo_eqs_stop(md);
			return err;
		}
	}
	return 0;
}

/**
 * mo_eqs_stop() - end of the event queues; also on a dead device
 * @md: device
 *
 * Afterwards no handler runs. Interrupts stay requested, so that affinity
 * survives a reset.
 */
void mo_eqs_stop(struct mo_dev *md)
{
	unsigned int i;

	for (i = md->vectors; i-- > 0;) {
		struct mo_eq *eq = &md->eqs[i];

		if (eq->arm.rec) {
			mo_cmd_eq_destroy(md, eq->object);
			eq->arm.rec = NULL;
		}
		WRITE_ONCE(eq->live, false);
		if (eq->irq)
			synchronize_irq(eq->irq);
	}
}

struct mo_eq *mo_eq_get(struct mo_dev *md, unsigned int channel)
{
	if (WARN_ON_ONCE(channel >= md->channels))
		return NULL;
	/* With a single vector everything shares it. */
	return &md->eqs[md->vectors > 1 ? channel + 1 : 0];
}

int mo_comp_attach(struct mo_eq *eq, struct mo_comp *comp)
{
	comp->eq = eq;
	return xa_insert(&eq->md->comps, comp->cqn & MO_OBJ_INDEX, comp, GFP_KERNEL);
}

void mo_comp_detach(struct mo_dev *md, struct mo_comp *comp)
{
	if (!comp->eq)
		return;
	xa_cmpxchg(&md->comps, comp->cqn & MO_OBJ_INDEX, comp, NULL, GFP_KERNEL);
	synchronize_irq(comp->eq->irq);
	comp->eq = NULL;
}

int mo_eq_moderate(struct mo_eq *eq, u16 period_us, u16 count,
		   struct netlink_ext_ack *extack)
{
	int err;

	err = mo_cmd_eq_modify(eq->md, eq->object, period_us, count, extack);
	if (err)
		return err;
	eq->period_us = period_us;
	eq->count = count;
	return 0;
}

static void mo_event_dispatch(struct mo_dev *md, const struct mo_eqe *eqe)
{
	u32 object = le32_to_cpu(eqe->object);
	u16 code = le16_to_cpu(eqe->code);
	u32 data = le32_to_cpu(eqe->data);

	if (eqe->port >= md->id.ports) {
		md->eqs[0].bad++;
		return;
	}
	switch (eqe->type) {
	case MO_EVENT_LINK:
		mo_link_event(md);
		break;
	case MO_EVENT_MGMT:
		mo_fw_event(md, code, data);
		break;
	case MO_EVENT_MODULE:
		mo_link_module_event(md, code);
		break;
	case MO_EVENT_THERMAL:
		if (code)
			dev_warn_ratelimited(md->dev, "port %u: temperature %s\n", eqe->port,
					     code == 1 ? "warning" : "alarm");
		else
			dev_info_ratelimited(md->dev, "port %u: temperature is normal again\n",
					     eqe->port);
		break;
	case MO_EVENT_LANE:
		mo_link_lane_event(md, data);
		break;
	case MO_EVENT_QP_ERROR:
	case MO_EVENT_QP_ESTABLISHED:
	case MO_EVENT_SQ_DRAINED:
		if (!mo_auxdev_event(md, eqe))
			md->eqs[0].late++;
		break;
	case MO_EVENT_CQ_ERROR:
		/*
		 * Its owner is told. It is no news for the log, which a process could fill
		 * so; the network interface knows its own queues and says it of them.
		 */
		if (!mo_auxdev_event(md, eqe) && md->net_ready)
			mo_net_queue_error(md, eqe->type, object, code);
		break;
	case MO_EVENT_QUEUE_ERROR:
		dev_err_ratelimited(md->dev, "queue 0x%06x stopped: %s\n", object,
				    mo_queue_error_text(code));
		if (md->net_ready)
			mo_net_queue_error(md, eqe->type, object, code);
		break;
	case MO_EVENT_DMA_FAULT:
		dev_err_ratelimited(md->dev, "DMA fault of object 0x%06x\n", object);
		break;
	case MO_EVENT_FATAL:
		dev_err(md->dev, "device stopped: %s\n", mo_fatal_text(code));
		mo_dev_fail(md, "device reported a fatal error");
		break;
	default:
		md->eqs[0].bad++;
		dev_dbg(md->dev, "event of unknown type 0x%02x dropped\n", eqe->type);
		break;
	}
}

/* Events were lost, so their subjects are looked at instead. */
static void mo_event_resync(struct mo_dev *md)
{
	dev_warn_ratelimited(md->dev, "asynchronous events were lost, reading states anew\n");
	mo_fw_resync(md);
	mo_link_event(md);
}

void mo_event_work(struct work_struct *work)
{
	struct mo_dev *md = container_of(work, struct mo_dev, event_work);
	struct mo_eqe eqe;

	mutex_lock(&md->event_lock);
	while (kfifo_get(&md->events, &eqe))
		mo_event_dispatch(md, &eqe);
	if (xchg(&md->events_lost, false))
		mo_event_resync(md);
	mutex_unlock(&md->event_lock);
}
