/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * The management memory of an optical module (OIF-CMIS-05.2): what of it the
 * model has, the firmware uses and libofctl decodes. The codes are those of the
 * specification and of SFF-8024.
 */
#ifndef MO_HW_CMIS_H
#define MO_HW_CMIS_H

#include "types.h"

/*
 * Pages: X(NAME, number, text). LOW is the half that is always there, bytes
 * 0..127; the others are selected, bytes 128..255.
 */
#define MO_CMIS_PAGES(X) \
	X(LOW, 0x00, "lower memory: state, monitors, control, applications") \
	X(00, 0x00, "identity") \
	X(01, 0x01, "what is advertised") \
	X(02, 0x02, "limits of the monitors") \
	X(10, 0x10, "control of lanes and data paths") \
	X(11, 0x11, "state of lanes and data paths")

enum mo_cmis_page {
#define X(name, number, text) MO_CMIS_PAGE_##name = (number),
	MO_CMIS_PAGES(X)
#undef X
};

#define MO_CMIS_PAGE_LEN	128	/* bytes of a half of the memory */
#define MO_CMIS_I2C_TARGET	0x50
#define MO_CMIS_APP_LEN		4	/* bytes of an application in APPS */
#define MO_CMIS_APPS_END	0xff	/* in place of a host interface */

/*
 * Fields: X(page, NAME, byte, bytes, high bit, low bit, access, text). Access
 * RC: reading clears. Numbers of two bytes are big endian.
 */
#define MO_CMIS_FIELDS(X) \
	X(LOW, ID, 0, 1, 7, 0, RO, "SFF-8024 identifier of the module's form") \
	X(LOW, REVISION, 1, 1, 7, 0, RO, "CMIS revision, a digit in each half") \
	X(LOW, FLAT, 2, 1, 7, 7, RO, "1: no pages but 00h") \
	X(LOW, BUS_SPEED, 2, 1, 3, 2, RO, "two-wire bus: 0 up to 400 kHz, 1 up to 1 MHz") \
	X(LOW, STATE, 3, 1, 3, 1, RO, "MO_CMIS_STATE_*") \
	X(LOW, NO_INTERRUPT, 3, 1, 0, 0, RO, "0: a flag that is not masked is set") \
	X(LOW, FLAGS_SUMMARY, 4, 4, 7, 0, RO, "per bank: bit 0, a flag of page 11h is set") \
	X(LOW, FLAGS, 8, 6, 7, 0, RC, "latched flags of the module: MO_CMIS_MODULE_FLAGS") \
	X(LOW, TEMP, 14, 2, 7, 0, RO, "temperature of the case, 1/256 degree C, signed") \
	X(LOW, VCC, 16, 2, 7, 0, RO, "supply, 100 uV") \
	X(LOW, LOW_PWR_ALLOW_HW, 26, 1, 6, 6, RW, "the pin LPMode counts") \
	X(LOW, LOW_PWR_SW, 26, 1, 4, 4, RW, "low power is asked for") \
	X(LOW, SOFT_RESET, 26, 1, 3, 3, WO, "1: reset") \
	X(LOW, MASKS, 31, 6, 7, 0, RW, "1: the flag at FLAGS does not interrupt") \
	X(LOW, FW_MAJOR, 39, 1, 7, 0, RO, "the module's firmware") \
	X(LOW, FW_MINOR, 40, 1, 7, 0, RO, "the same") \
	X(LOW, FAULT_CAUSE, 41, 1, 7, 0, RO, "why the state is ModuleFault") \
	X(LOW, FUNCTION, 57, 1, 7, 0, RO, "0: transmission") \
	X(LOW, MEDIA_TYPE, 85, 1, 7, 0, RO, "MO_CMIS_MEDIA_*: what the media codes of APPS mean") \
	X(LOW, APPS, 86, 32, 7, 0, RO, "8 applications: host, media, lanes of both, lanes to start at") \
	X(LOW, PASSWORD, 118, 8, 7, 0, RW, "change and entry") \
	X(LOW, BANK, 126, 1, 7, 0, RW, "of the upper half") \
	X(LOW, PAGE, 127, 1, 7, 0, RW, "of the upper half; one that does not exist becomes 00h") \
	X(00, ID, 128, 1, 7, 0, RO, "as LOW ID") \
	X(00, VENDOR, 129, 16, 7, 0, RO, "name, ASCII") \
	X(00, OUI, 145, 3, 7, 0, RO, "of the vendor") \
	X(00, PART, 148, 16, 7, 0, RO, "part number, ASCII") \
	X(00, PART_REVISION, 164, 2, 7, 0, RO, "ASCII") \
	X(00, SERIAL, 166, 16, 7, 0, RO, "serial number, ASCII") \
	X(00, DATE, 182, 8, 7, 0, RO, "YYMMDD and lot, ASCII") \
	X(00, CLEI, 190, 10, 7, 0, RO, "ASCII") \
	X(00, POWER_CLASS, 200, 1, 7, 5, RO, "less 1") \
	X(00, MAX_POWER, 201, 1, 7, 0, RO, "0.25 W") \
	X(00, CONNECTOR, 203, 1, 7, 0, RO, "SFF-8024 connector of the media") \
	X(00, LANES_LACKING, 210, 1, 7, 0, RO, "bit per media lane that the near end does not have") \
	X(00, TECHNOLOGY, 212, 1, 7, 0, RO, "of the media interface") \
	X(00, CHECKSUM, 222, 1, 7, 0, RO, "sum of 128..221") \
	X(01, HW_MAJOR, 130, 1, 7, 0, RO, "hardware revision of the module") \
	X(01, LENGTH_SCALE, 132, 1, 7, 6, RO, "of LENGTH: 0 0.1 km, 1 1 km") \
	X(01, LENGTH, 132, 1, 5, 0, RO, "reach over single-mode fibre") \
	X(01, WAVELENGTH, 138, 2, 7, 0, RO, "nominal, 0.05 nm") \
	X(01, TOLERANCE, 140, 2, 7, 0, RO, "of the wavelength, 0.005 nm") \
	X(01, DP_DEINIT_TIME, 144, 1, 7, 4, RO, "longest DPDeinit, code of a duration") \
	X(01, DP_INIT_TIME, 144, 1, 3, 0, RO, "longest DPInit") \
	X(01, MAX_TEMP, 146, 1, 7, 0, RO, "degree C, signed") \
	X(01, MIN_TEMP, 147, 1, 7, 0, RO, "degree C, signed") \
	X(01, DELAY, 148, 2, 7, 0, RO, "propagation delay, 10 ns") \
	X(01, MIN_VCC, 150, 1, 7, 0, RO, "20 mV") \
	X(01, DETECTOR, 151, 1, 7, 0, RO, "kind of detector and of Rx power") \
	X(01, TX_CONTROLS, 155, 1, 7, 0, RO, "what of Tx can be controlled") \
	X(01, RX_CONTROLS, 156, 1, 7, 0, RO, "what of Rx can be controlled") \
	X(01, TX_FLAGS, 157, 1, 7, 0, RO, "flags of Tx that there are") \
	X(01, RX_FLAGS, 158, 1, 7, 0, RO, "flags of Rx that there are") \
	X(01, MONITORS, 159, 1, 7, 0, RO, "bit 0 temperature, bit 1 supply") \
	X(01, BIAS_SCALE, 160, 1, 4, 3, RO, "power of 2 that bias and its limits are times of") \
	X(01, HAS_RX_POWER, 160, 1, 2, 2, RO, "monitor of received light") \
	X(01, HAS_TX_POWER, 160, 1, 1, 1, RO, "monitor of sent light") \
	X(01, HAS_BIAS, 160, 1, 0, 0, RO, "monitor of the lasers' bias") \
	X(01, PWR_DOWN_TIME, 167, 1, 7, 4, RO, "longest ModulePwrDn") \
	X(01, PWR_UP_TIME, 167, 1, 3, 0, RO, "longest ModulePwrUp") \
	X(01, TX_OFF_TIME, 168, 1, 7, 4, RO, "longest DPTxTurnOff") \
	X(01, TX_ON_TIME, 168, 1, 3, 0, RO, "longest DPTxTurnOn") \
	X(01, MEDIA_STARTS, 176, 15, 7, 0, RO, "per application: media lanes to start at") \
	X(01, MORE_APPS, 223, 28, 7, 0, RO, "7 more applications") \
	X(01, CHECKSUM, 255, 1, 7, 0, RO, "sum of 130..254") \
	X(02, TEMP_LIMITS, 128, 8, 7, 0, RO, "high alarm, low alarm, high warning, low warning") \
	X(02, VCC_LIMITS, 136, 8, 7, 0, RO, "the same of the supply") \
	X(02, TX_POWER_LIMITS, 176, 8, 7, 0, RO, "of sent light, 0.1 uW") \
	X(02, BIAS_LIMITS, 184, 8, 7, 0, RO, "of the bias, 2 uA and BIAS_SCALE") \
	X(02, RX_POWER_LIMITS, 192, 8, 7, 0, RO, "of received light, 0.1 uW") \
	X(02, CHECKSUM, 255, 1, 7, 0, RO, "sum of 128..254") \
	X(10, DP_DEINIT, 128, 1, 7, 0, RW, "bit per lane: take its data path down") \
	X(10, TX_DISABLE, 130, 1, 7, 0, RW, "bit per lane: no light") \
	X(10, RX_DISABLE, 138, 1, 7, 0, RW, "bit per lane: no output to the host") \
	X(10, APPLY_DP_INIT, 143, 1, 7, 0, WO, "bit per lane: take CONFIG over, through DPInit") \
	X(10, APPLY_IMMEDIATE, 144, 1, 7, 0, WO, "the same, without") \
	X(10, CONFIG, 145, 8, 7, 0, RW, "per lane: application 7..4, data path 3..1, explicit control 0") \
	X(10, LANE_MASKS, 213, 20, 7, 0, RW, "1: the flag at 11h LANE_FLAGS does not interrupt") \
	X(11, DP_STATE, 128, 4, 7, 0, RO, "MO_CMIS_DP_*, half a byte per lane") \
	X(11, RX_OUTPUT, 132, 1, 7, 0, RO, "bit per lane whose output to the host is on") \
	X(11, TX_OUTPUT, 133, 1, 7, 0, RO, "bit per lane that emits") \
	X(11, LANE_FLAGS, 134, 20, 7, 0, RC, "latched flags, a bit per lane: MO_CMIS_LANE_FLAGS") \
	X(11, TX_POWER, 154, 16, 7, 0, RO, "per lane: light sent, 0.1 uW") \
	X(11, BIAS, 170, 16, 7, 0, RO, "per lane: 2 uA and BIAS_SCALE") \
	X(11, RX_POWER, 186, 16, 7, 0, RO, "per lane: light received, 0.1 uW") \
	X(11, CONFIG_STATUS, 202, 4, 7, 0, RO, "MO_CMIS_CONFIG_*, half a byte per lane") \
	X(11, ACTIVE_CONFIG, 206, 8, 7, 0, RO, "per lane: the CONFIG in force") \
	X(11, DP_INIT_PENDING, 235, 1, 7, 0, RO, "bit per lane whose CONFIG waits for DPInit")

/* States of a module: X(NAME, value, text). */
#define MO_CMIS_STATES(X) \
	X(LOW_PWR, 1, "ModuleLowPwr") \
	X(PWR_UP, 2, "ModulePwrUp") \
	X(READY, 3, "ModuleReady") \
	X(PWR_DN, 4, "ModulePwrDn") \
	X(FAULT, 5, "ModuleFault")

enum mo_cmis_module_state {
#define X(name, value, text) MO_CMIS_STATE_##name = (value),
	MO_CMIS_STATES(X)
#undef X
};

/* States of a data path: X(NAME, value, text). */
#define MO_CMIS_DP_STATES(X) \
	X(DEACTIVATED, 1, "DPDeactivated") \
	X(INIT, 2, "DPInit") \
	X(DEINIT, 3, "DPDeinit") \
	X(ACTIVATED, 4, "DPActivated") \
	X(TX_TURN_ON, 5, "DPTxTurnOn") \
	X(TX_TURN_OFF, 6, "DPTxTurnOff") \
	X(INITIALIZED, 7, "DPInitialized")

enum mo_cmis_dp_state {
#define X(name, value, text) MO_CMIS_DP_##name = (value),
	MO_CMIS_DP_STATES(X)
#undef X
};

/* What became of a configuration: X(NAME, value, text). */
#define MO_CMIS_CONFIG_STATUSES(X) \
	X(UNDEFINED, 0, "none was applied") \
	X(SUCCESS, 1, "accepted") \
	X(REJECTED, 2, "rejected") \
	X(REJECTED_APP, 3, "no such application") \
	X(REJECTED_PATH, 4, "the lanes make no data path of the application") \
	X(REJECTED_IN_USE, 6, "lanes are in use") \
	X(IN_PROGRESS, 12, "is being applied")

enum mo_cmis_config_status {
#define X(name, value, text) MO_CMIS_CONFIG_##name = (value),
	MO_CMIS_CONFIG_STATUSES(X)
#undef X
};

/* Flags of the module: X(NAME, byte, bit, text). */
#define MO_CMIS_MODULE_FLAGS(X) \
	X(STATE_CHANGED, 8, 0, "module-state-changed") \
	X(DP_FW_FAULT, 8, 1, "datapath-firmware-fault") \
	X(FW_FAULT, 8, 2, "module-firmware-fault") \
	X(TEMP_HIGH_ALARM, 9, 0, "temp-high-alarm") \
	X(TEMP_LOW_ALARM, 9, 1, "temp-low-alarm") \
	X(TEMP_HIGH_WARN, 9, 2, "temp-high-warn") \
	X(TEMP_LOW_WARN, 9, 3, "temp-low-warn") \
	X(VCC_HIGH_ALARM, 9, 4, "vcc-high-alarm") \
	X(VCC_LOW_ALARM, 9, 5, "vcc-low-alarm") \
	X(VCC_HIGH_WARN, 9, 6, "vcc-high-warn") \
	X(VCC_LOW_WARN, 9, 7, "vcc-low-warn")

/* Flags of lanes, a byte with a bit per lane each: X(NAME, byte, text). */
#define MO_CMIS_LANE_FLAGS(X) \
	X(DP_CHANGED, 134, "datapath-changed") \
	X(TX_FAULT, 135, "tx-fault") \
	X(TX_LOS, 136, "tx-los") \
	X(TX_LOL, 137, "tx-lol") \
	X(TX_ADAPT, 138, "tx-adaptation-failed") \
	X(TX_POWER_HIGH_ALARM, 139, "tx-power-high-alarm") \
	X(TX_POWER_LOW_ALARM, 140, "tx-power-low-alarm") \
	X(TX_POWER_HIGH_WARN, 141, "tx-power-high-warn") \
	X(TX_POWER_LOW_WARN, 142, "tx-power-low-warn") \
	X(BIAS_HIGH_ALARM, 143, "bias-high-alarm") \
	X(BIAS_LOW_ALARM, 144, "bias-low-alarm") \
	X(BIAS_HIGH_WARN, 145, "bias-high-warn") \
	X(BIAS_LOW_WARN, 146, "bias-low-warn") \
	X(RX_LOS, 147, "rx-los") \
	X(RX_LOL, 148, "rx-lol") \
	X(RX_POWER_HIGH_ALARM, 149, "rx-power-high-alarm") \
	X(RX_POWER_LOW_ALARM, 150, "rx-power-low-alarm") \
	X(RX_POWER_HIGH_WARN, 151, "rx-power-high-warn") \
	X(RX_POWER_LOW_WARN, 152, "rx-power-low-warn") \
	X(RX_OUTPUT, 153, "rx-output-changed")

/*
 * Addresses, lengths, and places in a byte, in one type that can be reckoned
 * with: MO_CMIS_<page>_<NAME> is the field's first byte, _LEN its number of
 * bytes, _MASK and _SHIFT its bits; MO_CMIS_MF_<NAME>_BYTE and MO_CMIS_MF_<NAME>
 * byte and mask of a flag of the module; MO_CMIS_LF_<NAME> the byte of a flag of
 * lanes.
 */
enum mo_cmis_field {
#define X(page, name, byte, bytes, high, low, access, text) \
	MO_CMIS_##page##_##name = (byte), \
	MO_CMIS_##page##_##name##_LEN = (bytes), \
	MO_CMIS_##page##_##name##_MASK = (2 << (high)) - (1 << (low)), \
	MO_CMIS_##page##_##name##_SHIFT = (low),
	MO_CMIS_FIELDS(X)
#undef X
#define X(name, byte, bit, text) \
	MO_CMIS_MF_##name##_BYTE = (byte), MO_CMIS_MF_##name = 1 << (bit),
	MO_CMIS_MODULE_FLAGS(X)
#undef X
#define X(name, byte, text) MO_CMIS_LF_##name = (byte),
	MO_CMIS_LANE_FLAGS(X)
#undef X
};

/* Forms of modules that have this memory: X(NAME, code, text). */
#define MO_CMIS_IDENTIFIERS(X) \
	X(QSFP_DD, 0x18, "QSFP-DD") \
	X(OSFP, 0x19, "OSFP") \
	X(QSFP, 0x1e, "QSFP+ with CMIS") \
	X(SFP_DD, 0x1f, "SFP-DD with CMIS") \
	X(OSFP_XD, 0x21, "OSFP-XD") \
	X(ELSFP, 0x22, "ELSFP")

enum mo_cmis_identifier {
#define X(name, code, text) MO_CMIS_ID_##name = (code),
	MO_CMIS_IDENTIFIERS(X)
#undef X
};

/* Connectors: X(NAME, code, text). */
#define MO_CMIS_CONNECTORS(X) \
	X(LC, 0x07, "LC") \
	X(MPO_1X12, 0x0c, "MPO 1x12") \
	X(MPO_2X16, 0x0d, "MPO 2x16") \
	X(NONE, 0x23, "No separable connector") \
	X(MXC_2X16, 0x24, "MXC 2x16") \
	X(MPO_1X16, 0x28, "MPO 1x16")

enum mo_cmis_connector {
#define X(name, code, text) MO_CMIS_CONNECTOR_##name = (code),
	MO_CMIS_CONNECTORS(X)
#undef X
};

/* Technologies of the media interface: X(NAME, code, text). */
#define MO_CMIS_TECHNOLOGIES(X) \
	X(VCSEL_850, 0x00, "850 nm VCSEL") \
	X(VCSEL_1310, 0x01, "1310 nm VCSEL") \
	X(DFB_1310, 0x04, "1310 nm DFB") \
	X(DFB_1550, 0x05, "1550 nm DFB") \
	X(EML_1310, 0x06, "1310 nm EML") \
	X(EML_1550, 0x07, "1550 nm EML") \
	X(OTHER, 0x08, "others")

enum mo_cmis_technology {
#define X(name, code, text) MO_CMIS_TECHNOLOGY_##name = (code),
	MO_CMIS_TECHNOLOGIES(X)
#undef X
};

/* Kinds of media: X(NAME, code, text). */
#define MO_CMIS_MEDIA_TYPES(X) \
	X(MULTI_MODE, 0x01, "multi-mode fibre") \
	X(SINGLE_MODE, 0x02, "single-mode fibre") \
	X(COPPER, 0x03, "passive copper cable")

enum mo_cmis_media_type {
#define X(name, code, text) MO_CMIS_MEDIA_##name = (code),
	MO_CMIS_MEDIA_TYPES(X)
#undef X
};

/*
 * Host interfaces: X(NAME, code, 1 when linear, text). A linear module (LPO)
 * leaves retiming to the host.
 */
#define MO_CMIS_HOSTS(X) \
	X(LEI_100G, 0x20, 1, "100GAUI LEI") \
	X(LEI_200G, 0x21, 1, "200GAUI-2 LEI") \
	X(LEI_400G, 0x22, 1, "LEI-400G-4") \
	X(LEI_800G, 0x23, 1, "LEI-800G-8") \
	X(100GAUI_1, 0x4b, 0, "100GAUI-1-S C2M") \
	X(200GAUI_2, 0x4d, 0, "200GAUI-2-S C2M") \
	X(400GAUI_4, 0x4f, 0, "400GAUI-4-S C2M") \
	X(800GAUI_8, 0x51, 0, "800GAUI-8 S C2M") \
	X(CEI_112G, 0x74, 1, "CEI-112G-LINEAR-PAM4")

enum mo_cmis_host {
#define X(name, code, linear, text) MO_CMIS_HOST_##name = (code),
	MO_CMIS_HOSTS(X)
#undef X
};

/*
 * Single-mode media interfaces: X(NAME, code, MO_MEDIA_* suffix of those that a
 * port of ours can use, 1 when linear, text).
 */
#define MO_CMIS_SMF_MEDIA(X) \
	X(100G_DR, 0x14, DR, 0, "100GBASE-DR") \
	X(400G_DR4, 0x1c, DR, 0, "400GBASE-DR4") \
	X(400G_FR4, 0x1d, FR, 0, "400G-FR4") \
	X(800G_DR8, 0x56, DR, 0, "800G-DR8") \
	X(800G_DR4, 0x77, NONE, 0, "800G-DR4") \
	X(1600G_DR8, 0x7f, NONE, 0, "1.6T-DR8") \
	X(100G_DR_LPO, 0x8f, DR, 1, "100G-DR-LPO") \
	X(200G_DR2_LPO, 0x90, DR, 1, "200G-DR2-LPO") \
	X(400G_DR4_LPO, 0x91, DR, 1, "400G-DR4-LPO") \
	X(800G_DR8_LPO, 0x92, DR, 1, "800G-DR8-LPO") \
	X(800G_FR4_LPO, 0x93, FR, 1, "800G-FR4-LPO")

enum mo_cmis_smf_media {
#define X(name, code, medium, linear, text) MO_CMIS_SMF_##name = (code),
	MO_CMIS_SMF_MEDIA(X)
#undef X
};

#endif /* MO_HW_CMIS_H */
