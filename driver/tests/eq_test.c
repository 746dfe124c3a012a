// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the event queues against a device that keeps what finds no room, in
 * user space: compile this one file with -I include and run it.
 */
#include "eq_kernel.h"
#include "../eq.c"

#define RING	BIT(MO_EQ_LOG)
#define COMPS	8

static int failures;

static void check(int ok, const char *what)
{
	printf("%s %s\n", ok ? "ok" : "not ok", what);
	failures += !ok;
}

/* The device's end of one queue. */
struct device_end {
	u32 producer;
	u32 answered;		/* sequence of the arm word */
	u32 owed;		/* events of comps that had no room */
	unsigned int interrupts;
};

static struct mo_dev dev;
static struct device_end ends[2];
static struct mo_comp comps[COMPS];
static unsigned int handled[COMPS];
static u64 doorbells[8];
static u64 word_of_handler;	/* arm word as the last handler found it */
static unsigned int refill;	/* events that the device adds while handlers run */

int mo_cmd_eq_create(struct mo_dev *md, const struct mo_eq_attr *attr, u32 *eqn)
{
	*eqn = 0x100 + attr->vector;
	return 0;
}

int mo_cmd_eq_destroy(struct mo_dev *md, u32 eqn)
{
	return 0;
}

unsigned int mo_adminq_poll(struct mo_dev *md, bool by_irq)
{
	return 0;
}

void mo_dev_fail(struct mo_dev *md, const char *why)
{
	md->failed = why;
}

static u64 arm_word(unsigned int vector)
{
	return dev.eqs[vector].arm.rec->arm;
}

/* False: the ring is full, as far as the host has said. */
static bool post(unsigned int vector, u8 type, u32 object)
{
	struct device_end *end = &ends[vector];
	struct mo_eqe *eqe = &dev.eqs[vector].ring[end->producer & (RING - 1)];

	if (end->producer - MO_ARM_CI(arm_word(vector)) >= RING)
		return false;
	*eqe = (struct mo_eqe){ .type = type, .object = object,
				.phase = !(end->producer & RING) };
	end->producer++;
	return true;
}

/* Raises the interrupt if there is something and the arm word asks for it. */
static bool interrupt(unsigned int vector)
{
	struct device_end *end = &ends[vector];
	u64 word = arm_word(vector);

	if (end->producer == MO_ARM_CI(word) || MO_ARM_SEQ(word) == end->answered)
		return false;
	end->answered = MO_ARM_SEQ(word);
	end->interrupts++;
	mo_eq_irq(vector + 1, &dev.eqs[vector]);
	return true;
}

static void run_rest(unsigned int vector)
{
	struct work_struct *rest = &dev.eqs[vector].rest;

	if (rest->pending) {
		rest->pending = false;
		rest->func(rest);
	}
}

/* Until nobody has anything to do; a bound for what never ends. */
static void settle(unsigned int vector)
{
	unsigned int i;

	for (i = 0; i < 100000; i++) {
		while (ends[vector].owed && post(vector, MO_EVENT_COMP, comps[0].cqn))
			ends[vector].owed--;
		if (!interrupt(vector) && !dev.eqs[vector].rest.pending)
			return;
		run_rest(vector);
	}
}

static void handler(struct mo_comp *comp)
{
	handled[comp - comps]++;
	word_of_handler = arm_word(1);
	if (refill && post(1, MO_EVENT_COMP, comp->cqn))
		refill--;
}

static void start(bool shadow)
{
	unsigned int i;

	memset(ends, 0, sizeof(ends));
	memset(handled, 0, sizeof(handled));
	memset(doorbells, 0, sizeof(doorbells));
	refill = 0;
	dev = (struct mo_dev){ .db = doorbells, .shadow = shadow, .vectors = 2, .channels = 1 };
	assert(!mo_eqs_alloc(&dev) && !mo_eqs_start(&dev));
	for (i = 0; i < COMPS; i++) {
		comps[i] = (struct mo_comp){ .cqn = 0x20000 + 10 + i, .handler = handler };
		assert(!mo_comp_attach(mo_eq_get(&dev, 0), &comps[i]));
	}
}

static void stop(void)
{
	mo_eqs_stop(&dev);
	mo_eqs_free(&dev);
}

/* One event is one interrupt, taken at once. */
static void test_single(void)
{
	int good = 1;
	unsigned int i;

	start(true);
	for (i = 1; i <= 1000; i++) {
		post(1, MO_EVENT_COMP, comps[i % COMPS].cqn);
		good &= interrupt(1) && !dev.eqs[1].rest.pending;
		good &= MO_ARM_CI(arm_word(1)) == i && MO_ARM_SEQ(arm_word(1)) != ends[1].answered;
	}
	for (i = 0; i < COMPS; i++)
		good &= handled[i] == 1000 / COMPS;
	check(good && !dev.eqs[1].deferred, "one event, one interrupt, nothing left to a work");
	good = !doorbells[MO_DB_EQ / 8];
	check(good, "no doorbell with shadow doorbells");
	stop();
}

/* A full ring: bounded in the interrupt, and the device learns of each batch. */
static void test_batches(void)
{
	unsigned int i;

	start(true);
	for (i = 0; i < RING; i++)
		assert(post(1, MO_EVENT_COMP, comps[0].cqn));
	assert(!post(1, MO_EVENT_COMP, comps[0].cqn));
	interrupt(1);
	check(handled[0] == MO_EQ_BATCH, "an interrupt takes one batch");
	check(MO_ARM_CI(arm_word(1)) == MO_EQ_BATCH, "and says so");
	check(!interrupt(1), "and asks for no other");
	check(dev.eqs[1].rest.pending, "and leaves the rest to a work");
	run_rest(1);
	check(handled[0] == RING && MO_ARM_CI(arm_word(1)) == RING, "which takes it");
	check(MO_ARM_CI(word_of_handler) == RING - MO_EQ_BATCH, "batch by batch");
	check(MO_ARM_SEQ(arm_word(1)) != ends[1].answered, "and asks for an interrupt");
	stop();
}

/* Whatever the number, nothing stays and the next interrupt comes. */
static void test_numbers(void)
{
	unsigned int n, i;
	int good = 1;

	for (n = 1; n <= 3 * RING; n++) {
		start(n & 1);
		ends[1].owed = n;
		settle(1);
		good &= handled[0] == n && !ends[1].owed;
		for (i = 0; i < 2; i++) {
			post(1, MO_EVENT_COMP, comps[1].cqn);
			good &= interrupt(1) && handled[1] == i + 1;
		}
		stop();
	}
	check(good, "1 to 768 events at once");
}

/* More than a ring in one go, and more than any bound: all legitimate. */
static void test_burst(void)
{
	start(true);
	post(1, MO_EVENT_COMP, comps[0].cqn);
	refill = 1000000;
	settle(1);
	check(handled[0] == 1000001 && !dev.failed, "a million events while handlers run");
	stop();
	start(false);
	ends[1].owed = 100000;
	settle(1);
	check(handled[0] == 100000 && !dev.failed, "100000 events that the device owed");
	check(doorbells[MO_DB_EQ / 8] >> 32 == 100000, "the doorbell tells of free entries");
	stop();
}

/* Asynchronous events outrun the event work: they wait, in order. */
static void test_async(void)
{
	unsigned int sent = 0, seen = 0, i;
	struct mo_eqe eqe;
	int good = 1;

	start(true);
	for (i = 0; i < 200; i++) {
		while (sent < 5000 && post(0, MO_EVENT_QP_ERROR, sent))
			sent++;
		while (interrupt(0) || dev.eqs[0].rest.pending)
			run_rest(0);
		/* The event work is slow. */
		if (!dev.event_work.pending || i % 4 != 3)
			continue;
		if (i == 3)
			check(sent == 256 + RING, "fifo and ring fill up, and the device waits");
		dev.event_work.pending = false;
		while (kfifo_get(&dev.events, &eqe))
			good &= eqe.object == seen++;
		mo_eq_resume(&dev);
	}
	check(good && sent == 5000 && seen == 5000, "5000 asynchronous events, all in order");
	check(!dev.failed && !dev.eqs[0].late && !dev.eqs[0].bad, "and no complaint");
	stop();
}

/* Late events are legitimate in any number that a ring can hold; a flood is not. */
static void test_strays(void)
{
	unsigned int i;

	start(true);
	for (i = 0; i < 100000 && !dev.failed; i++) {
		post(1, MO_EVENT_COMP, 0x990000 + i % RING);
		if (i % RING == RING - 1)
			settle(1);
	}
	check(!dev.failed && dev.eqs[1].late > 99000, "late events with pauses");
	stop();
	start(true);
	for (i = 0; i < 100 && !dev.failed; i++) {
		while (post(1, MO_EVENT_COMP, 0x990000))
			;
		/* The work runs a batch at a time here, so that the ring is never empty. */
		if (!mo_eq_batch(&dev.eqs[1]))
			break;
	}
	check(!dev.failed, "a few thousand without a pause");
	while (i++ < 1000 && !dev.failed) {
		while (post(1, MO_EVENT_COMP, 0x990000))
			;
		mo_eq_batch(&dev.eqs[1]);
	}
	check(dev.failed && dev.eqs[1].late < 20000, "a flood of events for nobody ends");
	check(!mo_eq_batch(&dev.eqs[1]), "and the queue is left alone");
	stop();
}

/* After the stop, and after a detach, nobody looks. */
static void test_stop(void)
{
	start(true);
	mo_comp_detach(&dev, &comps[0]);
	post(1, MO_EVENT_COMP, comps[0].cqn);
	interrupt(1);
	check(!handled[0] && dev.eqs[1].late == 1, "a detached queue is not called");
	post(1, MO_EVENT_COMP, comps[1].cqn);
	mo_eqs_stop(&dev);
	mo_eq_irq(2, &dev.eqs[1]);
	run_rest(1);
	check(!handled[1], "a stopped event queue is not looked at");
	stop();
}

/* An interrupt that is lost costs two looks of the watch, and no more interrupts. */
static void test_watch(void)
{
	unsigned int i;

	start(true);
	post(1, MO_EVENT_COMP, comps[0].cqn);
	ends[1].answered = MO_ARM_SEQ(arm_word(1));
	mo_eqs_watch(&dev);
	check(!dev.eqs[1].rest.pending && !dev.eqs[1].missed, "a new entry may have an interrupt");
	mo_eqs_watch(&dev);
	check(dev.eqs[1].rest.pending && dev.eqs[1].missed == 1, "one that stays had none");
	run_rest(1);
	check(handled[0] == 1, "and is taken");
	post(1, MO_EVENT_COMP, comps[0].cqn);
	check(interrupt(1) && handled[0] == 2, "and the next one has its interrupt");
	for (i = 0; i < 1000; i++) {
		mo_eqs_watch(&dev);
		post(1, MO_EVENT_COMP, comps[0].cqn);
		mo_eqs_watch(&dev);
		interrupt(1);
	}
	mo_eqs_watch(&dev);
	check(dev.eqs[1].missed == 1, "none of a working device is taken for lost");
	for (i = 0; i < 6; i++) {
		post(1, MO_EVENT_COMP, comps[0].cqn);
		mo_eqs_watch(&dev);
		mo_eqs_watch(&dev);
		run_rest(1);
		if (i == 1)
			mo_eq_irq(2, &dev.eqs[1]);
		check(!dev.failed == (i < 4), "three in a row without an interrupt are a fault");
	}
	/* The reset that follows. */
	mo_eqs_stop(&dev);
	memset(ends, 0, sizeof(ends));
	dev.failed = NULL;
	assert(!mo_eqs_start(&dev));
	post(1, MO_EVENT_COMP, comps[0].cqn);
	mo_eqs_watch(&dev);
	mo_eqs_watch(&dev);
	run_rest(1);
	check(!dev.failed, "what was lost before a reset does not count after it");
	mo_eqs_stop(&dev);
	mo_eqs_watch(&dev);
	mo_eqs_watch(&dev);
	check(!dev.eqs[1].rest.pending, "a stopped event queue is not watched");
	stop();
}

int main(void)
{
	test_watch();
	test_single();
	test_batches();
	test_numbers();
	test_burst();
	test_async();
	test_strays();
	test_stop();
	return !!failures;
}
