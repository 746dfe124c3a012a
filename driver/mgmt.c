// SPDX-License-Identifier: GPL-2.0
/*
 * Messages to the management firmware, one at a time through one DMA buffer.
 * What the messages mean is the business of the callers. Firmware answers each
 * within milliseconds; what takes it longer is a job whose end an event tells.
 *
 * Documentation/dev/architecture.rst lists who sends, and under which locks.
 *
 * What module.c waits for under RTNL is bounded by the firmware: MODULE_SET and the
 * pages that it keeps (upper 00h to 02h) are answered at once, lower memory and others
 * after its transfers on the module's bus, some ms each and at most four tries
 * 10 ms apart; firmware that hangs is ended by its watchdog after 1 s.
 *
 * Everything else that is read comes from optics.c and sends nothing.
 */
#include "mo.h"
#include "cmd.h"
#include "status.h"

/*
 * Longer than the watchdog of the management core: firmware that hangs is
 * found by its crash (and the command ends), not by a time-out of ours, which
 * means that the device itself does not answer.
 */
#define MO_MGMT_TIMEOUT_MS	8000

int mo_mgmt_init(struct mo_dev *md)
{
	struct mo_mgmt *mgmt = &md->mgmt;

	mutex_init(&mgmt->lock);
	init_waitqueue_head(&mgmt->wait);
	mgmt->buf = dma_alloc_coherent(md->dev, 2 * MO_MB_MAX, &mgmt->dma, GFP_KERNEL);
	return mgmt->buf ? 0 : -ENOMEM;
}

void mo_mgmt_exit(struct mo_dev *md)
{
	struct mo_mgmt *mgmt = &md->mgmt;

	if (mgmt->buf)
		dma_free_coherent(md->dev, 2 * MO_MB_MAX, mgmt->buf, mgmt->dma);
	mgmt->buf = NULL;
}

/*
 * Takes the response apart; @len is what the device says it wrote. A refusal
 * leaves @rsp alone, unless it came with a body.
 */
static int mo_mgmt_response(struct mo_dev *md, enum mo_mb_cmd cmd, u32 len,
			    void *rsp, size_t rsp_len, struct netlink_ext_ack *extack)
{
	const struct mo_mb_hdr *hdr = md->mgmt.buf + MO_MB_MAX;
	u16 status;
	u32 body;

	if (len < sizeof(*hdr) || le16_to_cpu(hdr->cmd) != cmd) {
		NL_SET_ERR_MSG(extack, "firmware answered with a malformed message");
		dev_err_ratelimited(md->dev, "malformed answer of the firmware to %s\n",
				    mo_mb_cmd_name(cmd));
		return -EPROTO;
	}
	status = le16_to_cpu(hdr->status);
	body = min3((u32)le16_to_cpu(hdr->len), len - (u32)sizeof(*hdr), (u32)rsp_len);
	if (rsp && (body || !status)) {
		memcpy(rsp, hdr + 1, body);
		memset(rsp + body, 0, rsp_len - body);
	}
	if (status) {
		NL_SET_ERR_MSG_FMT(extack, "firmware refused %s: %s", mo_mb_cmd_name(cmd),
				   mo_mb_status_text(status));
		dev_dbg(md->dev, "firmware refused %s: %s\n", mo_mb_cmd_name(cmd),
			mo_mb_status_text(status));
		return mo_mb_status_errno(status);
	}
	return 0;
}

/* Sends although the firmware has not been found usable (yet). */
int mo_mgmt_call_early(struct mo_dev *md, u8 port, enum mo_mb_cmd cmd, const void *req,
		       size_t req_len, void *rsp, size_t rsp_len,
		       struct netlink_ext_ack *extack)
{
	struct mo_mgmt *mgmt = &md->mgmt;
	struct mo_mb_hdr *hdr = mgmt->buf;
	u32 len;
	int err;

	if (WARN_ON_ONCE(sizeof(*hdr) + max(req_len, rsp_len) > MO_MB_MAX))
		return -EINVAL;

	mutex_lock(&mgmt->lock);
	memset(mgmt->buf, 0, 2 * MO_MB_MAX);
	hdr->cmd = cpu_to_le16(cmd);
	hdr->len = cpu_to_le16(req_len);
	hdr->port = port;
	if (req_len)
		memcpy(hdr + 1, req, req_len);
	err = mo_cmd_mgmt(md, port, mgmt->dma, sizeof(*hdr) + req_len,
			  mgmt->dma + MO_MB_MAX, MO_MB_MAX, &len, MO_MGMT_TIMEOUT_MS,
			  extack);
	if (!err)
		err = mo_mgmt_response(md, cmd, len, rsp, rsp_len, extack);
	mutex_unlock(&mgmt->lock);
	return err;
}

int mo_mgmt_call(struct mo_dev *md, u8 port, enum mo_mb_cmd cmd, const void *req,
		 size_t req_len, void *rsp, size_t rsp_len,
		 struct netlink_ext_ack *extack)
{
	if (!READ_ONCE(md->mgmt.usable)) {
		NL_SET_ERR_MSG(extack, "management firmware does not run; see the kernel log");
		return -EHOSTDOWN;
	}
	return mo_mgmt_call_early(md, port, cmd, req, req_len, rsp, rsp_len, extack);
}
