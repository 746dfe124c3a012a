/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages to the management firmware.
 */
#ifndef MO_MGMT_H
#define MO_MGMT_H

#include <linux/mutex.h>
#include <linux/wait.h>

#include "hw/fwimg.h"
#include "hw/mbox.h"
#include "hw/status.h"

struct mo_dev;
struct netlink_ext_ack;

struct mo_mgmt {
	struct mutex lock;		/* one message at a time */
	void *buf;			/* request, then response */
	dma_addr_t dma;
	wait_queue_head_t wait;		/* for changes of state */
	enum mo_mgmt_state state;
	enum mo_fw_error error;
	bool usable;			/* runs and speaks our ABI */
	bool expect_restart;		/* the driver restarts it right now */
	struct mo_mb_version version;	/* of what runs, when usable */
	char text[96];			/* a reason that has numbers in it */
	u64 crashes;
	struct mo_mb_flash_info flash;	/* of what runs; devl_lock */
	unsigned int starts;		/* times that firmware was accepted */
	bool flash_valid;		/* until the flash is written; devl_lock */
	unsigned int flash_events;	/* jobs of the flash that have ended */
};

int mo_mgmt_init(struct mo_dev *md);
void mo_mgmt_exit(struct mo_dev *md);
int mo_mgmt_call_early(struct mo_dev *md, u8 port, enum mo_mb_cmd cmd, const void *req,
		       size_t req_len, void *rsp, size_t rsp_len,
		       struct netlink_ext_ack *extack);

/**
 * mo_mgmt_call() - send a message to the management firmware
 * @md: device
 * @port: port number
 * @cmd: enum mo_mb_cmd
 * @req: request body or NULL
 * @req_len: its length
 * @rsp: response body or NULL; zero-extended when firmware sends less
 * @rsp_len: room for it
 * @extack: gets the firmware's reason; may be NULL
 *
 * Return: 0, -EHOSTDOWN without usable firmware, or what the status says.
 */
int mo_mgmt_call(struct mo_dev *md, u8 port, enum mo_mb_cmd cmd, const void *req,
		 size_t req_len, void *rsp, size_t rsp_len,
		 struct netlink_ext_ack *extack);

#endif /* MO_MGMT_H */
