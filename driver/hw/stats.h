/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Blocks that the device writes into host memory on its own, so that the host
 * reads counters and health without a register access or a command.
 */
#ifndef MO_HW_STATS_H
#define MO_HW_STATS_H

#include "types.h"

/*
 * Counters of a port: X(name, text). They count since the last function reset
 * and never wrap. Octets include the FCS, as IEEE 802.3 counts.
 * Append only.
 */
#define MO_PORT_COUNTERS(X) \
	X(rx_frames, "frames received without error") \
	X(rx_octets, "octets in them") \
	X(rx_unicast, "of them unicast") \
	X(rx_multicast, "multicast") \
	X(rx_broadcast, "broadcast") \
	X(rx_fcs_errors, "frames with a wrong FCS") \
	X(rx_too_long, "frames longer than the MTU allows") \
	X(rx_too_short, "frames shorter than 64 octets") \
	X(rx_filtered, "frames for other addresses") \
	X(rx_no_buffer, "frames dropped because the receive ring was empty") \
	X(rx_no_queue, "frames dropped because no receive queue was set up") \
	X(rx_pause, "PAUSE frames received") \
	X(rx_64, "frames of 64 octets") \
	X(rx_65_127, "frames of 65 to 127 octets") \
	X(rx_128_255, "frames of 128 to 255 octets") \
	X(rx_256_511, "frames of 256 to 511 octets") \
	X(rx_512_1023, "frames of 512 to 1023 octets") \
	X(rx_1024_1518, "frames of 1024 to 1518 octets") \
	X(rx_1519_max, "frames of more than 1518 octets") \
	X(rx_csum_bad, "frames with a wrong L3 or L4 checksum") \
	X(rx_gro_packets, "coalesced packets") \
	X(rx_gro_segs, "frames in coalesced packets") \
	X(tx_frames, "frames sent") \
	X(tx_octets, "octets in them") \
	X(tx_unicast, "of them unicast") \
	X(tx_multicast, "multicast") \
	X(tx_broadcast, "broadcast") \
	X(tx_discard_link, "frames discarded because the link was down") \
	X(tx_pause, "PAUSE frames sent") \
	X(tx_64, "frames of 64 octets") \
	X(tx_65_127, "frames of 65 to 127 octets") \
	X(tx_128_255, "frames of 128 to 255 octets") \
	X(tx_256_511, "frames of 256 to 511 octets") \
	X(tx_512_1023, "frames of 512 to 1023 octets") \
	X(tx_1024_1518, "frames of 1024 to 1518 octets") \
	X(tx_1519_max, "frames of more than 1518 octets") \
	X(tx_tso_packets, "packets that were segmented") \
	X(tx_tso_segs, "segments made of them") \
	X(rx_control, "MAC control frames received, PAUSE among them") \
	X(tx_control, "MAC control frames sent, PAUSE among them")

/**
 * struct mo_port_stats - counters of a port, written each period
 * @gen: raised before the block is written
 * @plane: of the port
 * @rsvd: zero
 * @time_ns: device time of the counters
 * @gen_end: equals @gen in a consistent copy; written last
 */
struct mo_port_stats {
	__le32 gen;
	__u8 plane;
	__u8 rsvd[3];
	__le64 time_ns;
#define X(name, text) __le64 name;
	MO_PORT_COUNTERS(X)
#undef X
	__le32 rsvd1;
	__le32 gen_end;
};

#define X(name, text) + 1
enum { MO_PORT_COUNTER_COUNT = 0 MO_PORT_COUNTERS(X) };
#undef X

MO_ASSERT_SIZE(mo_port_stats, 24 + 8 * MO_PORT_COUNTER_COUNT);

/**
 * struct mo_health - health of the device, written each period and at changes
 * @gen: raised before the block is written
 * @mgmt_state: enum mo_mgmt_state
 * @mgmt_error: enum mo_fw_error
 * @heartbeat: counter of the management firmware
 * @rsvd: zero
 * @time_ns: device time of the write
 * @dma_faults: DMA accesses that failed
 * @gen_end: equals @gen in a consistent copy; written last
 */
struct mo_health {
	__le32 gen;
	__u8 mgmt_state;
	__u8 mgmt_error;
	__u8 rsvd[2];
	__le32 heartbeat;
	__le32 rsvd1;
	__le64 time_ns;
	__le64 dma_faults;
	__le32 rsvd2[7];
	__le32 gen_end;
};

MO_ASSERT_SIZE(mo_health, 64);

#endif /* MO_HW_STATS_H */
