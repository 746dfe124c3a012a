// SPDX-License-Identifier: GPL-2.0
/*
 * One typed function per admin command. Knows no ring (adminq.c does).
 */
#include "mo.h"
#include "cmd.h"

int mo_cmd_exec(struct mo_dev *md, u8 port, u16 opcode, const void *body, size_t body_len,
		void *result, size_t result_len, struct netlink_ext_ack *extack)
{
	struct mo_cmd_desc desc = {
		.hdr.opcode = cpu_to_le16(opcode),
		.hdr.port = port,
	};

	if (WARN_ON_ONCE(body_len > sizeof(desc.body)))
		return -EINVAL;
	if (body_len)
		memcpy(desc.body, body, body_len);
	return mo_adminq_exec(md, &desc, result, result_len, MO_ADMIN_TIMEOUT_MS,
			      extack);
}

/* A command that makes an object. */
static int mo_cmd_create(struct mo_dev *md, u8 port, enum mo_cmd opcode,
			 const void *body, size_t body_len, u32 *object,
			 struct netlink_ext_ack *extack)
{
	struct mo_res_create res;
	int err;

	err = mo_cmd_exec(md, port, opcode, body, body_len, &res, sizeof(res), extack);
	if (err)
		return err;
	*object = le32_to_cpu(res.object);
	if (*object & ~MO_DB_OBJECT) {
		NL_SET_ERR_MSG(extack, "device returned an impossible object number");
		return -EPROTO;
	}
	return 0;
}

/**
 * mo_cmd_distrust() - the device does not let go of memory that its owner frees now
 * @md: device
 * @why: for the log; a constant
 *
 * Afterwards it reaches none. It is reset soon.
 */
void mo_cmd_distrust(struct mo_dev *md, const char *why)
{
	if (!test_bit(MO_STATE_ADMIN_UP, &md->state))
		return;
	mo_adminq_stop(md);
	mo_dev_fail(md, why);
}

static int mo_cmd_destroy(struct mo_dev *md, enum mo_cmd opcode, u32 object)
{
	struct mo_cmd_object body = { .object = cpu_to_le32(object) };
	int err;

	err = mo_cmd_exec(md, 0, opcode, &body, sizeof(body), NULL, 0, NULL);
	if (err && err != -ENOENT)
		mo_cmd_distrust(md, "device does not let go of a queue");
	return err;
}

int mo_cmd_nop(struct mo_dev *md, const void *in, void *out, size_t len)
{
	return mo_cmd_exec(md, 0, MO_CMD_NOP, in, len, out, len, NULL);
}

int mo_cmd_identify(struct mo_dev *md, dma_addr_t addr, u32 len)
{
	struct mo_cmd_dma body = {
		.addr = cpu_to_le64(addr),
		.len = cpu_to_le32(len),
	};

	return mo_cmd_exec(md, 0, MO_CMD_IDENTIFY, &body, sizeof(body), NULL, 0, NULL);
}

int mo_cmd_area_set(struct mo_dev *md, u8 port, enum mo_area area,
		    dma_addr_t addr, u32 len, u32 period_us)
{
	struct mo_cmd_area body = {
		.addr = cpu_to_le64(addr),
		.len = cpu_to_le32(len),
		.area = cpu_to_le32(area),
		.period_us = cpu_to_le32(period_us),
	};

	return mo_cmd_exec(md, port, MO_CMD_AREA_SET, &body, sizeof(body), NULL, 0, NULL);
}

int mo_cmd_area_sync(struct mo_dev *md, u8 port, enum mo_area area)
{
	struct mo_cmd_area body = { .area = cpu_to_le32(area) };

	return mo_cmd_exec(md, port, MO_CMD_AREA_SYNC, &body, sizeof(body), NULL, 0, NULL);
}

int mo_cmd_fw_load(struct mo_dev *md, dma_addr_t addr, u32 len, u32 offset,
		   u32 total)
{
	struct mo_cmd_fw_load body = {
		.addr = cpu_to_le64(addr),
		.len = cpu_to_le32(len),
		.offset = cpu_to_le32(offset),
		.total = cpu_to_le32(total),
	};

	return mo_cmd_exec(md, 0, MO_CMD_FW_LOAD, &body, sizeof(body), NULL, 0, NULL);
}

int mo_cmd_fw_start(struct mo_dev *md, u32 source)
{
	struct mo_cmd_fw_start body = { .source = cpu_to_le32(source) };

	return mo_cmd_exec(md, 0, MO_CMD_FW_START, &body, sizeof(body), NULL, 0, NULL);
}

int mo_cmd_mgmt(struct mo_dev *md, u8 port, dma_addr_t req, u32 req_len,
		dma_addr_t rsp, u32 rsp_room, u32 *rsp_len,
		unsigned int timeout_ms, struct netlink_ext_ack *extack)
{
	struct mo_cmd_mgmt body = {
		.req = cpu_to_le64(req),
		.rsp = cpu_to_le64(rsp),
		.req_len = cpu_to_le32(req_len),
		.rsp_len = cpu_to_le32(rsp_room),
	};
	struct mo_cmd_desc desc = {
		.hdr.opcode = cpu_to_le16(MO_CMD_MGMT),
		.hdr.port = port,
	};
	struct mo_res_mgmt res;
	int err;

	memcpy(desc.body, &body, sizeof(body));
	err = mo_adminq_exec(md, &desc, &res, sizeof(res), timeout_ms, extack);
	if (err)
		return err;
	*rsp_len = min(le32_to_cpu(res.rsp_len), rsp_room);
	return 0;
}

int mo_cmd_eq_create(struct mo_dev *md, const struct mo_eq_attr *attr, u32 *eqn)
{
	struct mo_cmd_eq body = {
		.ring = cpu_to_le64(attr->ring),
		.rec = cpu_to_le64(attr->rec),
		.vector = cpu_to_le16(attr->vector),
		.size_log = attr->size_log,
	};

	return mo_cmd_create(md, 0, MO_CMD_EQ_CREATE, &body, sizeof(body), eqn, NULL);
}

int mo_cmd_eq_destroy(struct mo_dev *md, u32 eqn)
{
	return mo_cmd_destroy(md, MO_CMD_EQ_DESTROY, eqn);
}

int mo_cmd_cq_create(struct mo_dev *md, const struct mo_cq_attr *attr, u32 *cqn,
		     struct netlink_ext_ack *extack)
{
	struct mo_cmd_cq body = {
		.ring = cpu_to_le64(attr->ring),
		.rec = cpu_to_le64(attr->rec),
		.eq = cpu_to_le32(attr->eqn),
		.size_log = attr->size_log,
		.entry_log = attr->entry_log,
		.period_us = cpu_to_le16(attr->period_us),
		.count = cpu_to_le16(attr->count),
		.db_page = cpu_to_le32(attr->db_page),
	};

	return mo_cmd_create(md, 0, MO_CMD_CQ_CREATE, &body, sizeof(body), cqn, extack);
}

int mo_cmd_cq_destroy(struct mo_dev *md, u32 cqn)
{
	return mo_cmd_destroy(md, MO_CMD_CQ_DESTROY, cqn);
}

int mo_cmd_cq_modify(struct mo_dev *md, u32 cqn, u16 period_us, u16 count,
		     struct netlink_ext_ack *extack)
{
	struct mo_cmd_cq body = {
		.object = cpu_to_le32(cqn),
		.period_us = cpu_to_le16(period_us),
		.count = cpu_to_le16(count),
	};

	return mo_cmd_exec(md, 0, MO_CMD_CQ_MODIFY, &body, sizeof(body), NULL, 0, extack);
}

static int mo_cmd_queue_create(struct mo_dev *md, u8 port, enum mo_cmd opcode,
			       const struct mo_queue_attr *attr, u32 *object,
			       struct netlink_ext_ack *extack)
{
	struct mo_cmd_queue body = {
		.ring = cpu_to_le64(attr->ring),
		.rec = cpu_to_le64(attr->rec),
		.cq = cpu_to_le32(attr->cqn),
		.db_page = cpu_to_le32(attr->db_page),
		.size_log = attr->size_log,
		.buf_len = cpu_to_le32(attr->buf_len),
		.hdr_len = cpu_to_le32(attr->hdr_len),
	};

	return mo_cmd_create(md, port, opcode, &body, sizeof(body), object, extack);
}

int mo_cmd_txq_create(struct mo_dev *md, u8 port, const struct mo_queue_attr *attr,
		      u32 *object, struct netlink_ext_ack *extack)
{
	return mo_cmd_queue_create(md, port, MO_CMD_TXQ_CREATE, attr, object, extack);
}

int mo_cmd_txq_destroy(struct mo_dev *md, u32 object)
{
	return mo_cmd_destroy(md, MO_CMD_TXQ_DESTROY, object);
}

int mo_cmd_rxq_create(struct mo_dev *md, u8 port, const struct mo_queue_attr *attr,
		      u32 *object, struct netlink_ext_ack *extack)
{
	return mo_cmd_queue_create(md, port, MO_CMD_RXQ_CREATE, attr, object, extack);
}

int mo_cmd_rxq_destroy(struct mo_dev *md, u32 object)
{
	return mo_cmd_destroy(md, MO_CMD_RXQ_DESTROY, object);
}

int mo_cmd_rxq_map(struct mo_dev *md, u8 port, u32 index, u32 object,
		   struct netlink_ext_ack *extack)
{
	struct mo_cmd_rxq_map body = {
		.index = cpu_to_le32(index),
		.object = cpu_to_le32(object),
	};

	return mo_cmd_exec(md, port, MO_CMD_RXQ_MAP, &body, sizeof(body), NULL, 0, extack);
}

int mo_cmd_port_rx(struct mo_dev *md, u8 port, bool enable)
{
	struct mo_cmd_port_rx body = { .enable = cpu_to_le32(enable) };

	return mo_cmd_exec(md, port, MO_CMD_PORT_RX, &body, sizeof(body), NULL, 0, NULL);
}

int mo_cmd_rx_mode(struct mo_dev *md, u8 port, dma_addr_t list, u32 count, u32 flags,
		   struct netlink_ext_ack *extack)
{
	struct mo_cmd_rx_mode body = {
		.list = cpu_to_le64(list),
		.count = cpu_to_le32(count),
		.flags = cpu_to_le32(flags),
	};

	return mo_cmd_exec(md, port, MO_CMD_RX_MODE, &body, sizeof(body), NULL, 0, extack);
}

int mo_cmd_vlan_filter(struct mo_dev *md, u8 port, dma_addr_t bitmap,
		       struct netlink_ext_ack *extack)
{
	struct mo_cmd_vlan body = { .bitmap = cpu_to_le64(bitmap) };

	return mo_cmd_exec(md, port, MO_CMD_VLAN_FILTER, &body, sizeof(body), NULL, 0,
			   extack);
}

int mo_cmd_offload(struct mo_dev *md, u8 port, u32 flags, u32 mtu,
		   struct netlink_ext_ack *extack)
{
	struct mo_cmd_offload body = {
		.flags = cpu_to_le32(flags),
		.mtu = cpu_to_le32(mtu),
	};

	return mo_cmd_exec(md, port, MO_CMD_OFFLOAD, &body, sizeof(body), NULL, 0, extack);
}

int mo_cmd_rss_set(struct mo_dev *md, u8 port, dma_addr_t config,
		   struct netlink_ext_ack *extack)
{
	struct mo_cmd_dma body = {
		.addr = cpu_to_le64(config),
		.len = cpu_to_le32(sizeof(struct mo_rss_config)),
	};

	return mo_cmd_exec(md, port, MO_CMD_RSS_SET, &body, sizeof(body), NULL, 0, extack);
}
