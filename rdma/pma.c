// SPDX-License-Identifier: GPL-2.0
/*
 * Performance management (IBA 16.1): the port's counters as every verbs device
 * has them in ports/1/counters, from the device's own. The core asks for them
 * by MADs; peers may ask too, and get what the device wrote last: no packet of
 * a stranger makes it do more.
 */
#include <rdma/ib_mad.h>
#include <rdma/ib_pma.h>

#include "mo_ib.h"

/* Where attributes of this class begin (IBA figure 188). */
#define MO_IB_PMA_DATA		40

/* mad_hdr.status, IBA 13.4.7. */
#define MO_IB_MAD_BAD_VERSION	0x04
#define MO_IB_MAD_BAD_METHOD	0x08
#define MO_IB_MAD_BAD_ATTR	0x0c
#define MO_IB_MAD_BAD_VALUE	0x1c

#define MO_IB_PMA_ALL_PORTS	0xff

/* Data counters are in units of four octets. */
#define MO_IB_PMA_WORDS(octets)	((octets) >> 2)

static_assert(MO_IB_PMA_DATA + sizeof(struct ib_pma_portcounters_ext) <= IB_MGMT_MAD_DATA);

static void mo_ib_pma_class_info(void *data)
{
	struct ib_class_port_info *info = data;

	info->base_version = IB_MGMT_BASE_VERSION;
	info->class_version = 1;
	info->capability_mask = IB_PMA_CLASS_CAP_EXT_WIDTH;
	ib_set_cpi_resp_time(info, 18);		/* 4.096 us * 2^18: the default */
}

static u64 mo_ib_pma_errors(const struct mo_ib_counters *from)
{
	return from->rx_icrc_errors + from->rx_malformed;
}

/* These stop at their largest value. What a RoCE port cannot have stays zero. */
static void mo_ib_pma_counters(void *data, const struct mo_ib_counters *from)
{
	struct ib_pma_portcounters *to = data;

	to->port_rcv_errors = cpu_to_be16(min_t(u64, mo_ib_pma_errors(from), U16_MAX));
	to->port_xmit_data = cpu_to_be32(min_t(u64, MO_IB_PMA_WORDS(from->tx_bytes), U32_MAX));
	to->port_rcv_data = cpu_to_be32(min_t(u64, MO_IB_PMA_WORDS(from->rx_bytes), U32_MAX));
	to->port_xmit_packets = cpu_to_be32(min_t(u64, from->tx_packets, U32_MAX));
	to->port_rcv_packets = cpu_to_be32(min_t(u64, from->rx_packets, U32_MAX));
}

static void mo_ib_pma_counters_ext(void *data, const struct mo_ib_counters *from)
{
	struct ib_pma_portcounters_ext *to = data;

	to->port_xmit_data = cpu_to_be64(MO_IB_PMA_WORDS(from->tx_bytes));
	to->port_rcv_data = cpu_to_be64(MO_IB_PMA_WORDS(from->rx_bytes));
	to->port_xmit_packets = cpu_to_be64(from->tx_packets);
	to->port_rcv_packets = cpu_to_be64(from->rx_packets);
	to->port_unicast_xmit_packets = cpu_to_be64(from->tx_packets - from->tx_multicast);
	to->port_unicast_rcv_packets = cpu_to_be64(from->rx_packets - from->rx_multicast);
	to->port_multicast_xmit_packets = cpu_to_be64(from->tx_multicast);
	to->port_multicast_rcv_packets = cpu_to_be64(from->rx_multicast);
}

/* Fills in the attribute, or returns the status of the answer; -errno: none. */
static int mo_ib_pma_get(struct mo_ib_dev *mib, const struct ib_mad *in, struct ib_mad *out,
			 bool local)
{
	void *data = out->data + MO_IB_PMA_DATA;
	struct mo_ib_counters counters;
	u8 port;
	int err;

	if (in->mad_hdr.attr_id == IB_PMA_CLASS_PORT_INFO) {
		mo_ib_pma_class_info(data);
		return 0;
	}
	if (in->mad_hdr.attr_id != IB_PMA_PORT_COUNTERS &&
	    in->mad_hdr.attr_id != IB_PMA_PORT_COUNTERS_EXT)
		return MO_IB_MAD_BAD_ATTR;
	/* Both kinds have it at the same place. */
	port = in->data[MO_IB_PMA_DATA + offsetof(struct ib_pma_portcounters, port_select)];
	if (port != MO_IB_PORT && port != MO_IB_PMA_ALL_PORTS)
		return MO_IB_MAD_BAD_VALUE;
	err = mo_ib_counters_read(mib, &counters, local);
	if (err)
		return err;
	/* PortSelect and CounterSelect are the asker's. */
	memcpy(data, in->data + MO_IB_PMA_DATA,
	       offsetofend(struct ib_pma_portcounters, counter_select));
	if (in->mad_hdr.attr_id == IB_PMA_PORT_COUNTERS)
		mo_ib_pma_counters(data, &counters);
	else
		mo_ib_pma_counters_ext(data, &counters);
	return 0;
}

/* Counters are never set: nobody may clear what others watch. */
int mo_ib_process_mad(struct ib_device *ibdev, int flags, u32 port, const struct ib_wc *wc,
		      const struct ib_grh *grh, const struct ib_mad *in, struct ib_mad *out,
		      size_t *out_size, u16 *out_pkey_index)
{
	int status;

	/* Everything else is for agents behind the core. */
	if (in->mad_hdr.mgmt_class != IB_MGMT_CLASS_PERF_MGMT ||
	    (in->mad_hdr.method != IB_MGMT_METHOD_GET && in->mad_hdr.method != IB_MGMT_METHOD_SET))
		return IB_MAD_RESULT_SUCCESS;

	memset(out, 0, sizeof(*out));
	out->mad_hdr = in->mad_hdr;
	out->mad_hdr.method = IB_MGMT_METHOD_GET_RESP;
	if (in->mad_hdr.base_version != IB_MGMT_BASE_VERSION || in->mad_hdr.class_version != 1)
		status = MO_IB_MAD_BAD_VERSION;
	else if (in->mad_hdr.method == IB_MGMT_METHOD_SET)
		status = MO_IB_MAD_BAD_METHOD;
	else
		status = mo_ib_pma_get(to_mo_ib_dev(ibdev), in, out, !wc);
	if (status < 0)
		return IB_MAD_RESULT_FAILURE;
	out->mad_hdr.status = cpu_to_be16(status);
	/* The core reads no status: a refusal must not look like zeros to it. */
	if (status && !wc)
		return IB_MAD_RESULT_FAILURE;
	return IB_MAD_RESULT_SUCCESS | IB_MAD_RESULT_REPLY;
}
