/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Event queues: one per interrupt vector.
 */
#ifndef MO_EQ_H
#define MO_EQ_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "mo_aux.h"
#include "mo_db.h"

/**
 * struct mo_eq - event queue of an interrupt vector
 * @md: device
 * @vector: MSI-X vector, from 0
 * @irq: Linux interrupt number
 * @object: object number; changes at each reset
 * @created: exists in the device
 * @lock: all below, with interrupts off; handlers of completion queues run under it
 * @live: somebody looks at the ring
 * @asked: the device has been asked for an interrupt that has not come
 * @held: an asynchronous event in the ring waits for room in md->events
 * @size_log: log2 of the entries
 * @ci: consumer index
 * @watched: consumer index at the last look of the watch
 * @deaf: times that entries had no interrupt, since the last interrupt
 * @strays: entries for nobody, since the last for somebody and the last empty ring
 * @arm: arm word
 * @ring: entries
 * @ring_dma: their bus address
 * @rec_dma: bus address of the arm record, right behind the entries
 * @rest: takes what an interrupt leaves
 * @events: events taken, for debugfs
 * @deferred: interrupts that left some to @rest
 * @missed: times that entries had no interrupt
 * @late: events of objects that do not exist (any more)
 * @bad: events that no device should send
 * @name: of the interrupt
 */
struct mo_eq {
	struct mo_dev *md;
	unsigned int vector;
	int irq;
	u32 object;
	bool created;
	spinlock_t lock;		/* all below */
	bool live;
	bool asked;
	bool held;
	u8 size_log;
	u32 ci;
	u32 watched;
	u32 deaf;
	u32 strays;
	struct mo_arm arm;
	struct mo_eqe *ring;
	dma_addr_t ring_dma;
	dma_addr_t rec_dma;
	struct work_struct rest;
	u64 events;
	u64 deferred;
	u64 missed;
	u64 late;
	u64 bad;
	char name[48];
};

int mo_eqs_alloc(struct mo_dev *md);
void mo_eqs_free(struct mo_dev *md);
int mo_eqs_start(struct mo_dev *md);
void mo_eqs_stop(struct mo_dev *md);
/* Takes what had no interrupt; called now and then while the queues live. */
void mo_eqs_watch(struct mo_dev *md);
/* Afterwards the event queue of vector 0 has another look; true if it has to. */
bool mo_eq_resume(struct mo_dev *md);
/* Event queue of a channel, 0..md->channels - 1. */
struct mo_eq *mo_eq_get(struct mo_dev *md, unsigned int channel);
static inline int mo_eq_vector_irq(const struct mo_eq *eq) { return eq->irq; }
/* Between CQ_CREATE and the first arm; -EBUSY if the number is taken. */
int mo_comp_attach(struct mo_eq *eq, struct mo_comp *comp);
/* Afterwards the handler does not run; sleeps; fine without attach. */
void mo_comp_detach(struct mo_dev *md, struct mo_comp *comp);
/* Is the queue of this number attached, with that handler? Process context. */
bool mo_comp_has(struct mo_dev *md, u32 cqn, void (*handler)(struct mo_comp *comp));

#endif /* MO_EQ_H */
