/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the core driver lends to the RDMA driver: the auxiliary device
 * "mesh_optical.rdma", and behind it commands, event queues, doorbell pages and
 * events. This is all that rdma/ sees of driver/.
 *
 * The auxiliary device lives from the moment at which the NIC and its netdev
 * are up until just before a function reset, reload, suspend or removal, and
 * comes back afterwards. The RDMA driver's remove() is called with the devlink
 * instance lock held: it may not wait for anything that takes it. At that time
 * commands still work if the device does; if it does not, they fail at once,
 * so what only destroys things ends in bounded time.
 */
#ifndef MO_AUX_H
#define MO_AUX_H

#include <linux/auxiliary_bus.h>
#include <linux/pci.h>

#include "hw/cmd.h"
#include "hw/db.h"
#include "hw/event.h"
#include "hw/regs.h"

#define MO_AUX_RDMA		"rdma"
#define MO_AUX_MATCH		"mesh_optical." MO_AUX_RDMA

/* Namespace of the functions below; a token before it became a string. */
#ifdef MO_HAVE_NAMESPACE_TOKEN
#define MO_AUX_NAMESPACE	MESH_OPTICAL
#else
#define MO_AUX_NAMESPACE	"MESH_OPTICAL"
#endif

struct mo_dev;
struct mo_eq;
struct net_device;

/**
 * struct mo_comp - completion queue that gets events from an event queue
 * @cqn: object number of the completion queue
 * @handler: called for each event with interrupts off, in hard interrupt context
 *	     or, in a burst, in a BH; may not sleep
 * @eq: event queue, the core's
 *
 * The memory is its owner's, until the detach has returned.
 */
struct mo_comp {
	u32 cqn;
	void (*handler)(struct mo_comp *comp);
	struct mo_eq *eq;
};

/**
 * struct mo_aux - the auxiliary device
 * @adev: what the driver core knows
 * @md: NIC behind it
 * @pdev: its PCI function: DMA is mapped for this device
 * @netdev: its interface; lives as long as the auxiliary device
 * @db: doorbell page of the kernel
 * @features: MO_F_* that were negotiated
 * @vectors: completion vectors, at least 1
 * @port: port number of commands
 */
struct mo_aux {
	struct auxiliary_device adev;
	struct mo_dev *md;
	struct pci_dev *pdev;
	struct net_device *netdev;
	void __iomem *db;
	u64 features;
	unsigned int vectors;
	u8 port;
};

static inline struct mo_aux *to_mo_aux(struct auxiliary_device *adev)
{
	return container_of(adev, struct mo_aux, adev);
}

/**
 * mo_aux_cmd() - admin command for the port of the auxiliary device
 * @aux: auxiliary device
 * @opcode: MO_CMD_*
 * @body: structure of the opcode, or NULL
 * @body_len: its length
 * @result: gets the result, or NULL
 * @result_len: its length
 *
 * Sleeps. When it ends with -ETIMEDOUT bus mastering has been taken away from
 * the device, so memory given to it may be freed; a reset follows.
 *
 * Return: 0, what the status says, or -ENODEV, -EIO, -ECANCELED, -ETIMEDOUT
 * without an answer.
 */
int mo_aux_cmd(struct mo_aux *aux, u16 opcode, const void *body, size_t body_len,
	       void *result, size_t result_len);

/*
 * The device refuses to let go of memory that has to be freed: afterwards it
 * reaches none, and mo_aux_gone() is true. Sleeps.
 */
void mo_aux_distrust(struct mo_aux *aux);

/* True: no command will be answered any more, and no DMA is in flight. */
bool mo_aux_gone(const struct mo_aux *aux);

/* Version of the management firmware: major << 32 | minor << 16 | patch; 0: none runs. */
u64 mo_aux_fw_version(const struct mo_aux *aux);

/* Event queue of a vector below mo_aux.vectors: its object number for CQ_CREATE. */
u32 mo_aux_eqn(struct mo_aux *aux, unsigned int vector);
/* Between CQ_CREATE and the first arm. */
int mo_aux_comp_attach(struct mo_aux *aux, unsigned int vector, struct mo_comp *comp);
/* Afterwards the handler does not run. Sleeps. */
void mo_aux_comp_detach(struct mo_aux *aux, struct mo_comp *comp);

/* Of what all users share, one of so many is kept for CAP_SYS_RESOURCE. */
#define MO_AUX_PER_KEPT		16

/**
 * mo_aux_db_page_get() - doorbell page of a user context
 * @aux: auxiliary device
 * @page: its number, for CQ_CREATE and QP_CREATE
 * @addr: its physical address, for mmap; MO_DB_PAGE_SIZE bytes
 *
 * The last ones (MO_AUX_PER_KEPT) are for processes with CAP_SYS_RESOURCE, so that
 * the others together cannot keep an administrator out.
 *
 * Return: 0, -ENOSPC if all are taken, or all that the caller may have.
 */
int mo_aux_db_page_get(struct mo_aux *aux, u32 *page, phys_addr_t *addr);
void mo_aux_db_page_put(struct mo_aux *aux, u32 page);

/**
 * struct mo_aux_ops - what the core tells the RDMA driver
 * @event: asynchronous event of an RDMA object: MO_EVENT_QP_*, SQ_DRAINED,
 *         CQ_ERROR. Process context, one at a time. False: the object is
 *         none of the RDMA driver's, or not any more.
 * @fatal: the device has stopped or gone; the auxiliary device is about to be
 *         removed. Process context; may come at any time, also twice. It must
 *         be quick: users learn of it here, remove() cleans up.
 */
struct mo_aux_ops {
	bool (*event)(void *priv, u8 type, u32 object, u16 code, u32 data);
	void (*fatal)(void *priv);
};

/* One owner at a time. After unregister no call is under way. */
int mo_aux_register(struct mo_aux *aux, const struct mo_aux_ops *ops, void *priv);
void mo_aux_unregister(struct mo_aux *aux);

#endif /* MO_AUX_H */
