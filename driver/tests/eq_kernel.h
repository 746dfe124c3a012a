/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What driver/eq.c uses of the kernel and of the driver, for a program in user
 * space with one thread. Stands in for mo.h, trace.h and what eq.c includes
 * besides, whose include guards it takes; interrupts and BH works run when the test says so.
 */
#ifndef MO_EQ_KERNEL_H
#define MO_EQ_KERNEL_H
#define MO_H
#define MO_TRACE_H
#define MO_ADMINQ_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef u64 dma_addr_t;
typedef u64 phys_addr_t;
typedef int spinlock_t;
typedef int irqreturn_t;

#define CONFIG_64BIT			1
#define __iomem
#define IRQ_HANDLED			1
#define GFP_KERNEL			0
#define BIT(n)				(1UL << (n))
#define likely(x)			(x)
#define unlikely(x)			(x)
#define READ_ONCE(x)			(*(volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v)		(*(volatile typeof(x) *)&(x) = (v))
#define WARN_ON_ONCE(x)			(x)
#define ERR_PTR(err)			((void *)(long)(err))
#define dma_rmb()			__sync_synchronize()
#define dma_wmb()			__sync_synchronize()
#define mb()				__sync_synchronize()
#define le16_to_cpu(x)			((u16)(x))
#define le32_to_cpu(x)			((u32)(x))
#define le64_to_cpu(x)			((u64)(x))
#define cpu_to_le32(x)			((__le32)(x))
#define cpu_to_le64(x)			((__le64)(x))
#define container_of(ptr, type, member)	((type *)((char *)(ptr) - offsetof(type, member)))

/* One thread: a lock only shows that it is not taken twice. */
#define spin_lock_init(lock)		(*(lock) = 0)
#define spin_lock_irq(lock)		assert(!(*(lock))++)
#define spin_unlock_irq(lock)		assert(!--(*(lock)))
#define spin_lock_irqsave(lock, flags)	do { (flags) = 0; spin_lock_irq(lock); } while (0)
#define spin_unlock_irqrestore(lock, flags) do { (void)(flags); spin_unlock_irq(lock); } while (0)
#define rcu_read_lock()			do { } while (0)
#define rcu_read_unlock()		do { } while (0)

struct work_struct {
	void (*func)(struct work_struct *work);
	bool pending;
};

#define INIT_WORK(work, function)	(*(work) = (struct work_struct){ .func = (function) })
#define system_bh_wq			NULL
#define queue_work(wq, work)		((void)(wq), (work)->pending = true)
#define cancel_work_sync(work)		((work)->pending = false)

/* By object index, as many as a test has. */
struct xarray {
	void *entry[1024];
};

#define xa_init(xa)			memset(xa, 0, sizeof(*(xa)))
#define xa_destroy(xa)			((void)(xa))
#define xa_load(xa, i)			((i) < 1024 ? (xa)->entry[i] : NULL)
#define xa_lock(xa)			((void)(xa))
#define xa_unlock(xa)			((void)(xa))
#define xa_insert(xa, i, new, gfp)	((xa)->entry[i] ? -EBUSY : ((xa)->entry[i] = (new), 0))
#define xa_cmpxchg(xa, i, old, new, gfp) \
	((void)((xa)->entry[i] == (old) && ((xa)->entry[i] = (new))))

struct device;
struct net_device;
struct pci_dev;
struct auxiliary_device {
	int id;
};

#define dma_alloc_coherent(dev, size, dma, gfp)	(*(dma) = 0, aligned_alloc(64, size))
#define dma_free_coherent(dev, size, ptr, dma)	free(ptr)
#define kcalloc(n, size, gfp)		calloc(n, size)
#define kfree(ptr)			free(ptr)
#define pci_name(pdev)			"0000:00:00.0"
#define pci_irq_vector(pdev, i)		((int)(i) + 1)
#define request_irq(irq, handler, flags, name, eq) ((void)(handler), 0)
#define free_irq(irq, eq)		((void)(irq))
#define dev_err(dev, ...)		printf(__VA_ARGS__)

static inline void writeq(u64 value, void *addr)
{
	*(u64 *)addr = value;
}

#include "../hw/cmd.h"
#include "../hw/event.h"
#include "../eq.h"

#define MO_TEST_FIFO			256

struct mo_test_fifo {
	struct mo_eqe entry[MO_TEST_FIFO];
	unsigned int in;
	unsigned int out;
};

static inline bool kfifo_put(struct mo_test_fifo *fifo, struct mo_eqe event)
{
	if (fifo->in - fifo->out == MO_TEST_FIFO)
		return false;
	fifo->entry[fifo->in++ % MO_TEST_FIFO] = event;
	return true;
}

static inline bool kfifo_get(struct mo_test_fifo *fifo, struct mo_eqe *event)
{
	if (fifo->in == fifo->out)
		return false;
	*event = fifo->entry[fifo->out++ % MO_TEST_FIFO];
	return true;
}

struct mo_dev {
	struct device *dev;
	struct pci_dev *pdev;
	void *db;
	bool shadow;
	unsigned int vectors;
	unsigned int channels;
	struct mo_eq *eqs;
	struct xarray comps;
	struct mo_test_fifo events;
	struct work_struct event_work;
	void *wq;
	const char *failed;
};

#include "../cmd.h"
#include "../fault.h"

unsigned int mo_adminq_poll(struct mo_dev *md, bool by_irq);
#define trace_mo_event(md, eqe)		((void)(eqe))

static inline bool mo_shadow(const struct mo_dev *md)
{
	return md->shadow;
}

static inline void mo_arm(struct mo_dev *md, struct mo_arm *arm, u32 ci)
{
	mo_arm_publish(md->db, md->shadow, arm, ci, MO_ARM_NEXT);
}

#endif /* MO_EQ_KERNEL_H */
