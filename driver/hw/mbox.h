/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Mailbox protocol between the host and the management firmware.
 *
 * A message is struct mo_mb_hdr and a body; the host's admin command MO_CMD_MGMT
 * carries one request and receives one response. A body that is longer than
 * the receiver knows is read up to what it knows; a shorter one is refused by
 * the firmware (MO_MB_ERR_LENGTH) and zero-extended by the host, so that bodies
 * may grow at their end within an ABI major. All fields little endian.
 *
 * No command waits for anything but the module's bus, a few ms: what takes
 * longer is a job, which the answer only says to have begun. MO_EVENT_FLASH
 * tells its end, FLASH_JOB how far it is and how it ended; the mailbox is free
 * meanwhile.
 */
#ifndef MO_HW_MBOX_H
#define MO_HW_MBOX_H

#include "link.h"

#define MO_MB_MAX		2048	/* longest message, header included */

/**
 * struct mo_mb_hdr - header of requests and responses
 * @cmd: MO_MB_*
 * @len: bytes of the body
 * @status: response: MO_MB_OK or MO_MB_ERR_*; request: zero
 * @port: port number
 * @plane: of the port
 */
struct mo_mb_hdr {
	__le16 cmd;
	__le16 len;
	__le16 status;
	__u8 port;
	__u8 plane;
};

MO_ASSERT_SIZE(mo_mb_hdr, 8);

/* Commands: X(NAME, code, request body, response body, text). */
#define MO_MB_COMMANDS(X) \
	X(VERSION_GET, 0x01, mo_mb_none, mo_mb_version, "what runs") \
	X(LINK_GET, 0x10, mo_mb_none, mo_link_state, "state of the link") \
	X(LINK_CAPS_GET, 0x11, mo_mb_none, mo_mb_link_caps, "modes and FEC that port and module support") \
	X(LINK_SET, 0x12, mo_mb_link_set, mo_mb_none, "admin state, modes, FEC") \
	X(LANES_GET, 0x13, mo_mb_none, mo_mb_lanes, "snapshot of all lanes at one instant") \
	X(FEC_GET, 0x14, mo_mb_none, mo_mb_fec, "FEC counters and histogram") \
	X(MODULE_GET, 0x20, mo_mb_none, mo_mb_module, "state of the module") \
	X(MODULE_READ, 0x21, mo_mb_page, mo_mb_page_data, "bytes of a module page") \
	X(MODULE_SET, 0x23, mo_mb_module_set, mo_mb_none, "power policy, reset") \
	X(SENSORS_GET, 0x30, mo_mb_none, mo_mb_sensors, "temperatures, voltages, power") \
	X(RECORDER_GET, 0x31, mo_mb_recorder_get, mo_mb_records, "flight recorder of the link") \
	X(LOG_GET, 0x32, mo_mb_log_get, mo_mb_log, "text log of the firmware") \
	X(FLASH_INFO, 0x40, mo_mb_none, mo_mb_flash_info, "what the flash slots hold; starts a check of those not known") \
	X(FLASH_WRITE, 0x41, mo_mb_flash_write, mo_mb_flash_job, "starts: staged image into a slot, when the ROM would accept it") \
	X(FLASH_SELECT, 0x42, mo_mb_flash_write, mo_mb_flash_job, "starts: slot of the next boot, when the ROM would accept it") \
	X(FLASH_JOB, 0x43, mo_mb_none, mo_mb_flash_job, "the job of the flash under way, or the last one")

enum mo_mb_cmd {
#define X(name, code, req, rsp, text) MO_MB_##name = (code),
	MO_MB_COMMANDS(X)
#undef X
};

/* Status of a response: X(NAME, code, errno, text). Append only. */
#define MO_MB_STATUSES(X) \
	X(OK, 0, 0, "done") \
	X(ERR_COMMAND, 1, EOPNOTSUPP, "command is not known to this firmware") \
	X(ERR_LENGTH, 2, EMSGSIZE, "message is too short for its command") \
	X(ERR_PORT, 3, ENODEV, "no such port") \
	X(ERR_PARAM, 4, EINVAL, "parameter is out of range") \
	X(ERR_UNSUPPORTED, 5, EOPNOTSUPP, "port or module does not support this") \
	X(ERR_NO_MODULE, 6, ENODEV, "no module is plugged") \
	X(ERR_MODULE_IO, 7, EIO, "module does not answer on its bus") \
	X(ERR_BUSY, 8, EBUSY, "another operation is under way") \
	X(ERR_PAGE, 9, EINVAL, "module has no such page") \
	X(ERR_IMAGE, 10, EBADMSG, "image was refused") \
	X(ERR_FLASH, 11, EIO, "flash operation failed") \
	X(ERR_PLANE, 12, ENODEV, "port has no such plane")

enum mo_mb_status {
#define X(name, code, err, text) MO_MB_##name = (code),
	MO_MB_STATUSES(X)
#undef X
};

/* An empty body; its one byte is not sent. */
struct mo_mb_none {
	__u8 unused;
};

/**
 * struct mo_mb_version - VERSION_GET
 * @ver_major: semantic version of the firmware
 * @ver_minor: see @ver_major
 * @ver_patch: see @ver_major
 * @key_id: MO_FW_KEY_* that signed it
 * @abi_major: mailbox ABI
 * @abi_minor: see @abi_major
 * @board: MO_BOARD_*
 * @security_version: of the running image
 * @build_id: as in its header
 * @source: MO_SOC_BOOT_AUTO = flash, MO_SOC_BOOT_STAGE = from the host
 * @slot: flash slot when @source is flash
 * @rsvd: zero
 */
struct mo_mb_version {
	__u8 ver_major;
	__u8 ver_minor;
	__u8 ver_patch;
	__u8 key_id;
	__le16 abi_major;
	__le16 abi_minor;
	__le32 board;
	__le32 security_version;
	__u8 build_id[20];
	__u8 source;
	__u8 slot;
	__u8 rsvd[2];
};

MO_ASSERT_SIZE(mo_mb_version, 40);

/**
 * struct mo_mb_link_caps - LINK_CAPS_GET
 * @port_modes: MO_LM_* that the port can do
 * @module_modes: MO_LM_* that the module advertises; 0 without a module
 * @port_fec: mask of MO_FEC_* that the port can do
 * @lanes: lanes of the port
 * @module_type: SFF-8024 identifier (CMIS 00h:0), 0 without a module
 * @media: MO_MEDIA_*
 */
struct mo_mb_link_caps {
	__le32 port_modes;
	__le32 module_modes;
	__u8 port_fec;
	__u8 lanes;
	__u8 module_type;
	__u8 media;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_mb_link_caps, 16);

#define MO_MEDIA_NONE	0
#define MO_MEDIA_DR	1	/* parallel single-mode fibre, 500 m */
#define MO_MEDIA_FR	2	/* duplex single-mode fibre, 2 km */
#define MO_MEDIA_CR	3	/* copper */

/* mo_mb_link_set.mask: which fields count. */
#define MO_LINK_SET_ADMIN	MO_BIT(0)
#define MO_LINK_SET_MODES	MO_BIT(1)
#define MO_LINK_SET_FEC		MO_BIT(2)

/**
 * struct mo_mb_link_set - LINK_SET
 * @mask: MO_LINK_SET_*
 * @admin_up: 1 bring the link up, 0 take it down
 * @fec: mask of MO_FEC_*; the firmware takes the strongest that fits
 * @rsvd: zero
 * @modes: mask of MO_LM_*; the firmware takes the fastest that fits
 */
struct mo_mb_link_set {
	__le32 mask;
	__u8 admin_up;
	__u8 fec;
	__u8 rsvd[2];
	__le32 modes;
	__le32 rsvd1;
};

MO_ASSERT_SIZE(mo_mb_link_set, 16);

/* State of a lane: X(NAME, value, text). */
#define MO_LANE_STATES(X) \
	X(ABSENT, 0, "absent") \
	X(DISABLED, 1, "disabled") \
	X(INIT, 2, "init") \
	X(UP, 3, "up") \
	X(DEGRADED, 4, "degraded") \
	X(FAILED, 5, "failed")

enum mo_lane_state {
#define X(name, value, text) MO_LANE_##name = (value),
	MO_LANE_STATES(X)
#undef X
};

/* mo_mb_lane.flags: alarms and warnings, and which values are known. */
#define MO_LANE_F_TX_FAULT		MO_BIT(0)
#define MO_LANE_F_RX_LOS		MO_BIT(1)
#define MO_LANE_F_RX_LOL		MO_BIT(2)
#define MO_LANE_F_TX_LOS		MO_BIT(3)
#define MO_LANE_F_RX_POWER_HIGH_ALARM	MO_BIT(4)
#define MO_LANE_F_RX_POWER_LOW_ALARM	MO_BIT(5)
#define MO_LANE_F_RX_POWER_HIGH_WARN	MO_BIT(6)
#define MO_LANE_F_RX_POWER_LOW_WARN	MO_BIT(7)
#define MO_LANE_F_TX_POWER_HIGH_ALARM	MO_BIT(8)
#define MO_LANE_F_TX_POWER_LOW_ALARM	MO_BIT(9)
#define MO_LANE_F_TX_POWER_HIGH_WARN	MO_BIT(10)
#define MO_LANE_F_TX_POWER_LOW_WARN	MO_BIT(11)
#define MO_LANE_F_BIAS_HIGH_ALARM	MO_BIT(12)
#define MO_LANE_F_BIAS_LOW_ALARM	MO_BIT(13)
#define MO_LANE_F_BIAS_HIGH_WARN	MO_BIT(14)
#define MO_LANE_F_BIAS_LOW_WARN		MO_BIT(15)
#define MO_LANE_F_HAS_OPTICS		MO_BIT(24)	/* powers, bias, laser_temp */
#define MO_LANE_F_HAS_SNR		MO_BIT(25)
#define MO_LANE_F_HAS_BITS		MO_BIT(26)	/* bits, bit_errors, symbol_errors */

/**
 * struct mo_mb_lane - one lane in a snapshot
 * @state: enum mo_lane_state
 * @lane: from 0
 * @dp_state: CMIS data path state of the lane (11h:128), 0 unknown
 * @plane: that the lane belongs to
 * @flags: MO_LANE_F_*
 * @tx_power_nw: optical power out, nW
 * @rx_power_nw: optical power in, nW
 * @bias_ua: laser bias, uA
 * @laser_temp_mc: laser temperature, 1/1000 degree C
 * @snr_mdb: SNR at the host's slicer, 1/1000 dB
 * @rsvd1: zero
 * @bits: bits received since the counters were cleared
 * @bit_errors: wrong bits among them, before FEC
 * @symbol_errors: wrong RS symbols among them, before FEC
 */
struct mo_mb_lane {
	__u8 state;
	__u8 lane;
	__u8 dp_state;
	__u8 plane;
	__le32 flags;
	__le32 tx_power_nw;
	__le32 rx_power_nw;
	__le32 bias_ua;
	__le32 laser_temp_mc;
	__le32 snr_mdb;
	__le32 rsvd1;
	__le64 bits;
	__le64 bit_errors;
	__le64 symbol_errors;
	__le64 rsvd2;
};

MO_ASSERT_SIZE(mo_mb_lane, 64);

/**
 * struct mo_mb_lanes - LANES_GET
 * @time_ns: device time of the counters
 * @count: lanes that follow
 * @rsvd: zero
 * @lane: one per lane of the plane
 */
struct mo_mb_lanes {
	__le64 time_ns;
	__le32 count;
	__le32 rsvd;
	struct mo_mb_lane lane[8];
};

MO_ASSERT_SIZE(mo_mb_lanes, 528);

#define MO_FEC_BINS	16

/**
 * struct mo_mb_fec - FEC_GET; all counters since the firmware started
 * @time_ns: device time of the counters
 * @codewords: received
 * @corrected: codewords with errors that were corrected
 * @uncorrectable: codewords that were not
 * @bins: codewords with exactly i symbol errors; the last bin is MO_FEC_BINS-1
 * @lane_symbol_errors: corrected symbols per lane
 */
struct mo_mb_fec {
	__le64 time_ns;
	__le64 codewords;
	__le64 corrected;
	__le64 uncorrectable;
	__le64 bins[MO_FEC_BINS];
	__le64 lane_symbol_errors[8];
};

MO_ASSERT_SIZE(mo_mb_fec, 224);

/**
 * struct mo_mb_module - MODULE_GET
 * @present: 1 when plugged
 * @identifier: SFF-8024 identifier, CMIS 00h:0
 * @revision: CMIS revision, 00h:1 (0x52 = 5.2)
 * @state: CMIS module state, 00h:3 bits 3..1
 * @power_policy: MO_MODULE_POWER_*
 * @power_mode: 1 low, 2 high (as ethtool numbers them)
 * @flags: 00h:9..11 latched module flags, first byte lowest
 * @temp_mc: case temperature, 1/1000 degree C
 * @vcc_uv: supply, uV
 * @fault: 00h:41 fault cause
 * @rsvd: zero
 * @vendor: 00h:129..144
 * @part: 00h:148..163
 * @serial: 00h:166..181
 * @length_m: link length supported, m
 * @wavelength_pm: nominal wavelength, pm
 * @max_power_mw: 00h:201
 * @media: MO_MEDIA_*
 * @retimed: 0 linear (LPO), 1 Tx retimed only (LRO), 2 full DSP
 */
struct mo_mb_module {
	__u8 present;
	__u8 identifier;
	__u8 revision;
	__u8 state;
	__u8 power_policy;
	__u8 power_mode;
	__u8 fault;
	__u8 rsvd;
	__le32 flags;
	__le32 temp_mc;
	__le32 vcc_uv;
	__u8 vendor[16];
	__u8 part[16];
	__u8 serial[16];
	__le32 length_m;
	__le32 wavelength_pm;
	__le32 max_power_mw;
	__u8 media;
	__u8 retimed;
	__u8 rsvd1[2];
};

MO_ASSERT_SIZE(mo_mb_module, 84);

#define MO_MODULE_POWER_HIGH	1	/* ETHTOOL_MODULE_POWER_MODE_POLICY_HIGH */
#define MO_MODULE_POWER_AUTO	2	/* ETHTOOL_MODULE_POWER_MODE_POLICY_AUTO */

#define MO_MODULE_SET_POWER	MO_BIT(0)
#define MO_MODULE_SET_RESET	MO_BIT(1)

/**
 * struct mo_mb_module_set - MODULE_SET
 * @mask: MO_MODULE_SET_*
 * @power_policy: MO_MODULE_POWER_*
 * @rsvd: zero
 */
struct mo_mb_module_set {
	__le32 mask;
	__u8 power_policy;
	__u8 rsvd[3];
};

MO_ASSERT_SIZE(mo_mb_module_set, 8);

#define MO_MB_PAGE_MAX	128

/**
 * struct mo_mb_page - MODULE_READ
 * @bank: CMIS bank
 * @page: CMIS page
 * @offset: 0..255; below 128 is lower memory and needs page 0
 * @len: 1..MO_MB_PAGE_MAX, not crossing byte 127/128 nor 255
 */
struct mo_mb_page {
	__u8 bank;
	__u8 page;
	__u8 offset;
	__u8 len;
};

MO_ASSERT_SIZE(mo_mb_page, 4);

/**
 * struct mo_mb_page_data - bytes that were read
 * @at: where from
 * @data: @at.len bytes count
 */
struct mo_mb_page_data {
	struct mo_mb_page at;
	__u8 data[MO_MB_PAGE_MAX];
};

MO_ASSERT_SIZE(mo_mb_page_data, 132);

/* Kind of a sensor, with the unit of value and limits. */
#define MO_SENSOR_TEMP		1	/* 1/1000 degree C */
#define MO_SENSOR_VOLT		2	/* mV */
#define MO_SENSOR_POWER		3	/* uW */
#define MO_SENSOR_ENERGY	4	/* uJ */
#define MO_SENSOR_CURRENT	5	/* uA */

/* mo_mb_sensor.flags */
#define MO_SENSOR_F_ABSENT	MO_BIT(0)	/* what it measures is not there now: no value */

/**
 * struct mo_mb_sensor - one sensor
 * @kind: MO_SENSOR_*
 * @flags: MO_SENSOR_F_*
 * @rsvd: zero
 * @high: warning limit, 0 none
 * @critical: alarm limit, 0 none
 * @value: in the unit of @kind, signed
 * @label: NUL-terminated
 */
struct mo_mb_sensor {
	__u8 kind;
	__u8 flags;
	__u8 rsvd[6];
	__le64 value;
	__le32 high;
	__le32 critical;
	__u8 label[24];
};

MO_ASSERT_SIZE(mo_mb_sensor, 48);

#define MO_SENSORS_MAX	16

/**
 * struct mo_mb_sensors - SENSORS_GET
 * @count: sensors that follow, always in the same order
 * @rsvd: zero
 * @sensor: the sensors
 */
struct mo_mb_sensors {
	__le32 count;
	__le32 rsvd;
	struct mo_mb_sensor sensor[MO_SENSORS_MAX];
};

MO_ASSERT_SIZE(mo_mb_sensors, 776);

/**
 * struct mo_mb_recorder_get - RECORDER_GET
 * @seq: first record wanted; older ones that are lost are skipped
 */
struct mo_mb_recorder_get {
	__le64 seq;
};

MO_ASSERT_SIZE(mo_mb_recorder_get, 8);

/**
 * struct mo_mb_record - one event of the flight recorder
 * @seq: counts from 1
 * @time_ns: device time
 * @from: state machine state before
 * @to: and after
 * @machine: MO_RECORD_*
 * @plane: of the port
 * @rsvd1: zero
 * @reason: enum mo_link_reason
 * @detail: lanes that caused it (bit per lane), or a value that the reason explains
 */
struct mo_mb_record {
	__le64 seq;
	__le64 time_ns;
	__u8 from;
	__u8 to;
	__u8 machine;
	__u8 plane;
	__le16 reason;
	__le16 rsvd1;
	__le32 detail;
	__le32 rsvd2;
};

MO_ASSERT_SIZE(mo_mb_record, 32);

#define MO_RECORD_LINK		0	/* enum mo_link_fsm; detail: bit per lane */
#define MO_RECORD_MODULE	1	/* enum mo_module_fsm; detail: 00h:41 fault cause */
#define MO_RECORD_LANE		2	/* enum mo_lane_state; detail: bit of the lane */

/* States of the module as the firmware sees it: X(NAME, value, text). */
#define MO_MODULE_FSM(X) \
	X(ABSENT, 0, "not plugged") \
	X(RESET, 1, "held in reset") \
	X(WAIT_MGMT, 2, "waiting for its management interface") \
	X(IDENTIFY, 3, "being identified") \
	X(SETUP, 4, "being prepared") \
	X(LOW_POWER, 5, "ready, low power") \
	X(POWER_UP, 6, "powering up") \
	X(READY, 7, "ready, high power") \
	X(POWER_DOWN, 8, "powering down") \
	X(FAULT, 9, "reports a fault") \
	X(IO_ERROR, 10, "does not answer on its bus")

enum mo_module_fsm {
#define X(name, value, text) MO_MODULE_##name = (value),
	MO_MODULE_FSM(X)
#undef X
};

#define MO_RECORDS_MAX	60

/**
 * struct mo_mb_records - as many records as fit, oldest first
 * @count: records that follow
 * @rsvd: zero
 * @next_seq: the first that did not fit or does not exist yet
 * @record: the records
 */
struct mo_mb_records {
	__le32 count;
	__le32 rsvd;
	__le64 next_seq;
	struct mo_mb_record record[MO_RECORDS_MAX];
};

MO_ASSERT_SIZE(mo_mb_records, 1936);

#define MO_LOG_CHUNK	1024

/**
 * struct mo_mb_log_get - LOG_GET
 * @offset: count of characters since the start of which to continue
 */
struct mo_mb_log_get {
	__le32 offset;
};

/**
 * struct mo_mb_log - part of the text log
 * @offset: of the first character; larger than asked when older ones are lost
 * @len: characters that follow
 * @text: not terminated
 */
struct mo_mb_log {
	__le32 offset;
	__le32 len;
	__u8 text[MO_LOG_CHUNK];
};

MO_ASSERT_SIZE(mo_mb_log, 1032);

/**
 * struct mo_mb_flash_slot - what a slot holds
 * @error: enum mo_fw_error of the image in it, MO_FW_ERR_NONE = valid
 * @ver_major: semantic version of a valid image
 * @ver_minor: see @ver_major
 * @ver_patch: see @ver_major
 * @rsvd: zero
 * @build_id: as in its header
 */
struct mo_mb_flash_slot {
	__u8 error;
	__u8 ver_major;
	__u8 ver_minor;
	__u8 ver_patch;
	__le32 rsvd;
	__u8 build_id[20];
	__le32 rsvd1;
};

MO_ASSERT_SIZE(mo_mb_flash_slot, 32);

/**
 * struct mo_mb_flash_info - FLASH_INFO
 * @slots: slots of the flash
 * @boot_slot: which one the ROM tries first
 * @known: bit per slot whose content has been checked; the others are being
 *         checked or written, ask again after MO_EVENT_FLASH
 * @rsvd: zero
 * @slot: the slots
 */
struct mo_mb_flash_info {
	__u8 slots;
	__u8 boot_slot;
	__u8 known;
	__u8 rsvd[5];
	struct mo_mb_flash_slot slot[2];
};

MO_ASSERT_SIZE(mo_mb_flash_info, 72);

/**
 * struct mo_mb_flash_write - FLASH_WRITE, FLASH_SELECT
 * @slot: which
 * @rsvd: zero
 */
struct mo_mb_flash_write {
	__u8 slot;
	__u8 rsvd[3];
};

MO_ASSERT_SIZE(mo_mb_flash_write, 4);

/* mo_mb_flash_job.state */
#define MO_FLASH_JOB_NONE	0	/* there was none since the firmware started */
#define MO_FLASH_JOB_RUNS	1
#define MO_FLASH_JOB_DONE	2	/* see status */

/**
 * struct mo_mb_flash_job - FLASH_WRITE, FLASH_SELECT, FLASH_JOB
 * @seq: number of the job, counts up
 * @state: MO_FLASH_JOB_*
 * @slot: flash slot
 * @status: enum mo_mb_status with which it ended
 * @error: enum mo_fw_error: why the image was refused (MO_MB_ERR_IMAGE)
 * @rsvd: zero
 * @done: bytes erased, written and read back so far
 * @total: of so many; 0 before the image is accepted
 */
struct mo_mb_flash_job {
	__le32 seq;
	__u8 state;
	__u8 slot;
	__le16 status;
	__u8 error;
	__u8 rsvd[3];
	__le32 done;
	__le32 total;
};

MO_ASSERT_SIZE(mo_mb_flash_job, 20);

/**
 * struct mo_optics - area OPTICS: what the firmware publishes each
 * MO_OPTICS_PERIOD_MS and when link or module change
 * @gen: raised before the block is written
 * @plane: of the port
 * @rsvd: zero
 * @time_ns: device time at which the firmware made it; 0 never
 * @lanes: as LANES_GET; module monitors are up to 1 s older than the counters
 * @fec: as FEC_GET
 * @caps: as LINK_CAPS_GET
 * @sensors: as SENSORS_GET
 * @module: as MODULE_GET
 * @rsvd1: zero
 * @record_seq: number that the next record of the flight recorder gets
 * @rsvd2: zero
 * @gen_end: equals @gen in a consistent copy; written last
 */
struct mo_optics {
	__le32 gen;
	__u8 plane;
	__u8 rsvd[3];
	__le64 time_ns;
	struct mo_mb_lanes lanes;
	struct mo_mb_fec fec;
	struct mo_mb_link_caps caps;
	struct mo_mb_sensors sensors;
	struct mo_mb_module module;
	__le32 rsvd1;
	__le64 record_seq;
	__le32 rsvd2;
	__le32 gen_end;
};

MO_ASSERT_SIZE(mo_optics, 1664);

#define MO_OPTICS_PERIOD_MS	500

#endif /* MO_HW_MBOX_H */
