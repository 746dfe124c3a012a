/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * The optical link as the firmware reports it: states, reasons, FEC modes and
 * the block that the device writes into host memory.
 */
#ifndef MO_HW_LINK_H
#define MO_HW_LINK_H

#include "types.h"

/* FEC modes: X(NAME, bit, text). Requests are masks of bits, a report is one. */
#define MO_FEC_MODES(X) \
	X(OFF, 0, "off") \
	X(BASER, 1, "BASE-R (Firecode)") \
	X(RS528, 2, "RS(528,514)") \
	X(RS544, 3, "RS(544,514)") \
	X(AUTO, 7, "chosen by the firmware")

enum mo_fec_mode {
#define X(name, bit, text) MO_FEC_##name = MO_BIT(bit),
	MO_FEC_MODES(X)
#undef X
};

/*
 * Link modes: X(NAME, bit, Mbit/s, lanes, MO_SOC_RATE_* suffix, default FEC).
 * The bits make the masks in struct mo_mb_link_caps and struct mo_mb_link_set.
 */
#define MO_LINK_MODES(X) \
	X(25G_R1, 0, 25000, 1, 25G_NRZ, RS528) \
	X(50G_R1, 1, 50000, 1, 50G_PAM4, RS544) \
	X(100G_R1, 2, 100000, 1, 100G_PAM4, RS544) \
	X(200G_R2, 3, 200000, 2, 100G_PAM4, RS544) \
	X(400G_R4, 4, 400000, 4, 100G_PAM4, RS544) \
	X(800G_R8, 5, 800000, 8, 100G_PAM4, RS544)

/* FEC that a mode of each rate allows; RS(544,514) is part of the PAM4 ones. */
#define MO_RATE_FEC_25G_NRZ	(MO_FEC_OFF | MO_FEC_BASER | MO_FEC_RS528)
#define MO_RATE_FEC_50G_PAM4	MO_FEC_RS544
#define MO_RATE_FEC_100G_PAM4	MO_FEC_RS544

enum mo_link_mode {
#define X(name, bit, mbps, lanes, rate, fec) MO_LM_##name = MO_BIT(bit),
	MO_LINK_MODES(X)
#undef X
};

/* States of the link state machine: X(NAME, value, text). */
#define MO_LINK_FSM(X) \
	X(OFF, 0, "administratively down") \
	X(NO_MODULE, 1, "waiting for a module") \
	X(MODULE_INIT, 2, "module initialises") \
	X(MODULE_POWER, 3, "module powers up") \
	X(DATAPATH, 4, "module data path initialises") \
	X(WAIT_LIGHT, 5, "waiting for light") \
	X(WAIT_LOCK, 6, "clock recovery and equaliser adaptation") \
	X(WAIT_ALIGN, 7, "PCS lane alignment") \
	X(WAIT_PEER, 8, "waiting for the partner (remote fault)") \
	X(UP, 9, "up") \
	X(FAULT, 10, "fault; see the reason")

enum mo_link_fsm {
#define X(name, value, text) MO_LINK_##name = (value),
	MO_LINK_FSM(X)
#undef X
};

/*
 * Why the link is not up, or went down last:
 * X(NAME, value, ethtool link_ext_state, ethtool substate, blame, text).
 * The third and fourth are the names of <linux/ethtool.h> without
 * ETHTOOL_LINK_EXT_STATE_ and ETHTOOL_LINK_EXT_SUBSTATE_; NONE = no substate.
 * Append only.
 */
#define MO_LINK_REASONS(X) \
	X(NONE, 0, NONE, NONE, UNKNOWN, "no reason") \
	X(ADMIN_DOWN, 1, NONE, NONE, ADMIN, "administratively down") \
	X(NO_MODULE, 2, NO_CABLE, NONE, LOCAL, "no module plugged") \
	X(MODULE_FAULT, 3, MODULE, NONE, LOCAL, "module reports a fault") \
	X(MODULE_NOT_READY, 4, MODULE, MODULE_CMIS_NOT_READY, LOCAL, \
	  "module has not reached the ready state") \
	X(MODULE_UNSUPPORTED, 5, CABLE_ISSUE, CI_UNSUPPORTED_CABLE, LOCAL, \
	  "module offers no application for the requested mode") \
	X(MODULE_IO, 6, EEPROM_ISSUE, NONE, LOCAL, "module does not answer on its bus") \
	X(NO_LIGHT, 7, BAD_SIGNAL_INTEGRITY, BSI_SERDES_ALOS, FIBER, \
	  "no light on one or more lanes") \
	X(NO_LOCK, 8, BAD_SIGNAL_INTEGRITY, NONE, UNKNOWN, \
	  "signal present but clock recovery does not lock") \
	X(ADAPT_FAILED, 9, LINK_TRAINING_FAILURE, NONE, UNKNOWN, \
	  "receiver equaliser did not converge") \
	X(NO_ALIGN, 10, LINK_LOGICAL_MISMATCH, LLM_PCS_DID_NOT_GET_ALIGN_STATUS, UNKNOWN, \
	  "PCS lanes do not align") \
	X(FEC_UNCORR, 11, BAD_SIGNAL_INTEGRITY, BSI_LARGE_NUMBER_OF_PHYSICAL_ERRORS, UNKNOWN, \
	  "too many errors for the FEC") \
	X(REMOTE_FAULT, 12, LINK_TRAINING_FAILURE, LT_REMOTE_FAULT, REMOTE, \
	  "the partner does not receive us") \
	X(OVERHEAT, 13, OVERHEAT, NONE, LOCAL, "module or board is too hot") \
	X(TX_FAULT, 14, MODULE, NONE, LOCAL, "a laser of this end does not emit") \
	X(STARTING, 15, NONE, NONE, UNKNOWN, "link is being brought up") \
	X(FW_DEAD, 16, NONE, NONE, LOCAL, "management firmware does not run") \
	X(FEC_MISMATCH, 17, LINK_LOGICAL_MISMATCH, LLM_RS_FEC_IS_NOT_LOCKED, UNKNOWN, \
	  "the partner uses another FEC or speed")

enum mo_link_reason {
#define X(name, value, ext, sub, blame, text) MO_REASON_##name = (value),
	MO_LINK_REASONS(X)
#undef X
};

/* Who is likely to be at fault: X(NAME, value, text). */
#define MO_BLAMES(X) \
	X(UNKNOWN, 0, "unknown") \
	X(LOCAL, 1, "local end") \
	X(REMOTE, 2, "remote end") \
	X(FIBER, 3, "fiber or connectors") \
	X(ADMIN, 4, "administrator")

enum mo_blame {
#define X(name, value, text) MO_BLAME_##name = (value),
	MO_BLAMES(X)
#undef X
};

/**
 * struct mo_link_state - state of a port's link
 * @gen: raised by one at each change, by the writer, before publication
 * @carrier: 1 while frames pass
 * @admin_up: 1 when the host asked for the link
 * @fsm: enum mo_link_fsm
 * @port: port number
 * @speed_mbps: speed in use or attempted
 * @reason: enum mo_link_reason; NONE while up
 * @last_reason: reason of the last loss of carrier
 * @mode: MO_LM_* in use or attempted
 * @fec: MO_FEC_* in use
 * @lanes: lanes of the mode
 * @module_present: 1 when a module is plugged
 * @fec_request: mask of MO_FEC_* that the host asked for
 * @lanes_ok: bit per lane that has signal and clock
 * @down_count: losses of carrier since the firmware started; function resets keep it
 * @changed_ns: device time of the last change of @carrier
 * @up_ns: how long the last bring-up took, from request or light to carrier
 * @reason_lanes: bit per lane that @reason is about, 0 when it is about the port
 * @plane: of the port
 * @rsvd: zero
 * @gen_end: equals @gen in a consistent copy
 */
struct mo_link_state {
	__le32 gen;
	__u8 carrier;
	__u8 admin_up;
	__u8 fsm;
	__u8 port;
	__le32 speed_mbps;
	__le16 reason;
	__le16 last_reason;
	__le32 mode;
	__u8 fec;
	__u8 lanes;
	__u8 module_present;
	__u8 fec_request;
	__le32 lanes_ok;
	__le32 down_count;
	__le64 changed_ns;
	__le64 up_ns;
	__le32 reason_lanes;
	__u8 plane;
	__u8 rsvd[7];
	__le32 gen_end;
};

MO_ASSERT_SIZE(mo_link_state, 64);

#endif /* MO_HW_LINK_H */
