// SPDX-License-Identifier: GPL-2.0
/*
 * Event queues: one per interrupt vector. They belong to this driver and are
 * lent to whoever owns completion queues (mo_comp_attach()). Vector 0 also
 * carries admin completions and the asynchronous events of the function,
 * which go to event.c. When there is no room for one it stays in the ring, so
 * none is lost: the device sees the ring full and keeps what it owes.
 *
 * The interrupt handler reads no register, and writes one (the doorbell of its
 * queue) only without shadow doorbells. It takes one batch, so that what needs
 * little has no detour: one event is one napi_schedule() in hard interrupt.
 * What is more comes from a BH work on the same CPU. An interrupt thread would
 * run at real-time priority before everybody's user space, and could raise the
 * softirq of NAPI only by waking ksoftirqd; a BH work is followed by it at
 * once, and a flood that does not end goes to ksoftirqd, at no priority.
 */
#include <linux/interrupt.h>

#include "mo.h"
#include "cmd.h"
#include "trace.h"

#define MO_EQ_LOG		8
/* After so many the device learns that they are free; a hard interrupt takes no more. */
#define MO_EQ_BATCH		64U
/* Batches of the BH work before other BH works have their turn. */
#define MO_EQ_ROUNDS		16
/* Interrupts lost one after another, none in between: that is no accident. */
#define MO_EQ_DEAF		3
/*
 * Entries for nobody, one after another and without the ring ever being empty:
 * a device out of control. Those of a queue that was just destroyed are no more
 * than the ring has.
 */
#define MO_EQ_STRAYS		(64U << MO_EQ_LOG)

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
	if (likely(comp && comp->cqn == cqn && comp->eq == eq)) {
		comp->handler(comp);
		eq->strays = 0;
	} else {
		eq->late++;
		eq->strays++;
	}
	rcu_read_unlock();
}

/* False: it has to wait until the event work has taken others. */
static bool mo_eq_async(struct mo_eq *eq, const struct mo_eqe *eqe)
{
	struct mo_dev *md = eq->md;
	struct mo_eqe copy = *eqe;

	if (eq->vector) {
		eq->bad++;
		eq->strays++;
		return true;
	}
	/* Before the event work is queued, which looks at it last. */
	WRITE_ONCE(eq->held, !kfifo_put(&md->events, copy));
	queue_work(md->wq, &md->event_work);
	if (eq->held)
		return false;
	trace_mo_event(md, &copy);
	return true;
}

/* Takes up to @max entries; fewer: there are none, or one has to wait. */
static unsigned int mo_eq_drain(struct mo_eq *eq, unsigned int max)
{
	const struct mo_eqe *eqe;
	unsigned int n = 0;

	WRITE_ONCE(eq->held, false);
	while (n < max && (eqe = mo_eq_next(eq))) {
		if (likely(READ_ONCE(eqe->type) == MO_EVENT_COMP))
			mo_eq_comp(eq, le32_to_cpu(READ_ONCE(eqe->object)));
		else if (!mo_eq_async(eq, eqe))
			break;
		eq->ci++;
		n++;
	}
	eq->events += n;
	return n;
}

/* Tells the device what is free, and asks for no interrupt. */
static void mo_eq_publish(struct mo_eq *eq)
{
	struct mo_dev *md = eq->md;

	mo_arm_store(&eq->arm, eq->ci);
	if (!mo_shadow(md))
		writeq(MO_DB_VALUE(eq->object, eq->ci), md->db + eq->arm.reg);
}

/* Takes a batch; true: there may be more. */
static bool mo_eq_batch(struct mo_eq *eq)
{
	unsigned int total = 0, n;
	unsigned long flags;
	bool more = false;

	spin_lock_irqsave(&eq->lock, flags);
	while (eq->live) {
		n = mo_eq_drain(eq, MO_EQ_BATCH - total);
		total += n;
		if (n)
			eq->asked = false;
		if (unlikely(eq->strays >= MO_EQ_STRAYS)) {
			eq->live = false;
			mo_dev_fail(eq->md, "event queue is flooded with events for nobody");
			break;
		}
		if (unlikely(eq->held || total == MO_EQ_BATCH)) {
			if (n)
				mo_eq_publish(eq);
			more = !eq->held;
			break;
		}
		eq->strays = 0;
		/* Nothing taken: the last arm word has not been answered yet. */
		if (!n && eq->asked)
			break;
		mo_arm(eq->md, &eq->arm, eq->ci);
		eq->asked = true;
	}
	spin_unlock_irqrestore(&eq->lock, flags);
	return more;
}

static void mo_eq_rest(struct work_struct *work)
{
	struct mo_eq *eq = container_of(work, struct mo_eq, rest);
	unsigned int i;

	for (i = 0; i < MO_EQ_ROUNDS; i++)
		if (!mo_eq_batch(eq))
			return;
	queue_work(system_bh_wq, &eq->rest);
}

static irqreturn_t mo_eq_irq(int irq, void *data)
{
	struct mo_eq *eq = data;

	WRITE_ONCE(eq->deaf, 0);
	if (!eq->vector)
		mo_adminq_poll(eq->md, true);
	if (unlikely(mo_eq_batch(eq))) {
		eq->deferred++;
		queue_work(system_bh_wq, &eq->rest);
	}
	return IRQ_HANDLED;
}

/**
 * mo_eq_resume() - there is room for asynchronous events again
 * @md: device
 *
 * Return: true if one waits in the ring.
 */
bool mo_eq_resume(struct mo_dev *md)
{
	struct mo_eq *eq = &md->eqs[0];

	if (!READ_ONCE(eq->held))
		return false;
	queue_work(system_bh_wq, &eq->rest);
	return true;
}

/**
 * mo_eqs_watch() - take the entries whose interrupt was lost
 * @md: device whose event queues live
 *
 * Called now and then. An entry that was there at the last look already, and
 * that nobody has taken since, had no interrupt.
 */
void mo_eqs_watch(struct mo_dev *md)
{
	unsigned int i;

	for (i = 0; i < md->vectors; i++) {
		struct mo_eq *eq = &md->eqs[i];
		bool waits, missed;

		spin_lock_irq(&eq->lock);
		waits = mo_eq_next(eq);
		missed = eq->live && !eq->held && waits && eq->watched == eq->ci;
		/* Of an empty ring the index says nothing: its next entry may be new. */
		eq->watched = waits ? eq->ci : eq->ci - 1;
		eq->missed += missed;
		eq->deaf += missed;
		spin_unlock_irq(&eq->lock);
		if (missed)
			queue_work(system_bh_wq, &eq->rest);
		/* One that is lost is made up for; without any all goes on, but crawls. */
		if (missed && READ_ONCE(eq->deaf) >= MO_EQ_DEAF)
			mo_dev_fail(md, "interrupts do not arrive");
	}
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
		spin_lock_init(&eq->lock);
		INIT_WORK(&eq->rest, mo_eq_rest);
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

		if (eq->irq) {
			free_irq(eq->irq, eq);
			cancel_work_sync(&eq->rest);
		}
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
	};
	struct mo_dev *md = eq->md;
	int err;

	memset(eq->ring, 0, mo_eq_bytes(eq));
	eq->ci = 0;
	eq->watched = ~0U;
	eq->deaf = 0;
	eq->strays = 0;
	eq->held = false;
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
	eq->created = true;
	/* The handler runs from the arm on. */
	spin_lock_irq(&eq->lock);
	eq->live = true;
	eq->asked = true;
	mo_arm(md, &eq->arm, eq->ci);
	spin_unlock_irq(&eq->lock);
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

		spin_lock_irq(&eq->lock);
		eq->live = false;
		spin_unlock_irq(&eq->lock);
		cancel_work_sync(&eq->rest);
		if (eq->created)
			mo_cmd_eq_destroy(md, eq->object);
		eq->created = false;
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
	/* Handlers run under the lock only; who takes it later does not find this one. */
	spin_lock_irq(&comp->eq->lock);
	spin_unlock_irq(&comp->eq->lock);
	comp->eq = NULL;
}

bool mo_comp_has(struct mo_dev *md, u32 cqn, void (*handler)(struct mo_comp *comp))
{
	struct mo_comp *comp;
	bool has;

	/* It is not freed before it has been taken out under this lock. */
	xa_lock(&md->comps);
	comp = xa_load(&md->comps, cqn & MO_OBJ_INDEX);
	has = comp && comp->cqn == cqn && comp->handler == handler;
	xa_unlock(&md->comps);
	return has;
}
