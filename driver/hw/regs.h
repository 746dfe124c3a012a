/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Control registers (BAR 0) and the layout of the other BARs.
 *
 * BAR 0 holds blocks. Each starts with a word that names its type and version
 * and a word with the offset of the next block (0 ends the list); a driver
 * finds blocks by walking, not by the offsets below, which are those of a
 * block's start plus the register's place in it. Registers are 32 bits wide
 * and accessed as aligned words; 64-bit quantities are two of them.
 *
 * A read costs a PCIe round trip: nothing but probe, reset and error handling
 * may read. All ones from any register means that the device is gone.
 */
#ifndef MO_HW_REGS_H
#define MO_HW_REGS_H

#include "ids.h"

#define MO_BAR_CTRL		0
#define MO_BAR_DB		2
#define MO_BAR_MSIX		4

#define MO_BAR_CTRL_SIZE	(64 * 1024)
#define MO_BAR_DB_SIZE		(4 * 1024 * 1024)
#define MO_BAR_MSIX_SIZE	(16 * 1024)
#define MO_MSIX_TABLE_OFFSET	0x0000
#define MO_MSIX_PBA_OFFSET	0x2000
#define MO_MAX_VECTORS		128

/* Block types: X(NAME, type, version, offset of the block, text). */
#define MO_REG_BLOCKS(X) \
	X(DEV, 0x0001, 1, 0x0000, "identity, features, reset") \
	X(ADMIN, 0x0002, 1, 0x0100, "admin queue") \
	X(MGMT, 0x0003, 1, 0x0200, "management core")

enum mo_reg_block {
#define X(name, type, version, offset, text) MO_BLK_##name = (type),
	MO_REG_BLOCKS(X)
#undef X
};

#define MO_BLK_TYPE		MO_MASK(15, 0)
#define MO_BLK_VERSION		MO_MASK(31, 16)
#define MO_BLK_MAX		16	/* a longer list is a broken device */

/*
 * Registers: X(BLOCK, NAME, offset in the block, access, reset value, text);
 * access is RO, RW or WO.
 */
#define MO_REGS(X) \
	X(DEV, BLOCK, 0x00, RO, 0, "type and version of the block") \
	X(DEV, NEXT, 0x04, RO, 0, "offset of the next block") \
	X(DEV, MAGIC, 0x08, RO, MO_MAGIC, "\"MESH\"") \
	X(DEV, IF_VERSION, 0x0c, RO, (MO_IF_MAJOR << 16) | MO_IF_MINOR, \
	  "version of the hardware interface, major << 16 | minor") \
	X(DEV, BOARD, 0x10, RO, MO_BOARD_DEVKIT_800G, "board, MO_BOARD_*") \
	X(DEV, CONTROL, 0x14, WO, 0, "MO_DEV_CONTROL_*") \
	X(DEV, STATUS, 0x18, RO, 0, "MO_DEV_STATUS_*") \
	X(DEV, FATAL, 0x1c, RO, 0, "enum mo_fatal, why STATUS says fatal") \
	X(DEV, FEATURES_LO, 0x20, RO, 0, "MO_FEATURES that the device offers, low word") \
	X(DEV, FEATURES_HI, 0x24, RO, 0, "high word") \
	X(DEV, ACCEPT_LO, 0x28, RW, 0, "features that the driver takes, low word") \
	X(DEV, ACCEPT_HI, 0x2c, RW, 0, "high word") \
	X(DEV, PORTS, 0x30, RO, 1, "number of ports") \
	X(DEV, VECTORS, 0x34, RO, MO_MAX_VECTORS, "number of MSI-X vectors") \
	X(DEV, DB_PAGES, 0x38, RO, MO_BAR_DB_SIZE / 4096, "number of doorbell pages") \
	X(ADMIN, BLOCK, 0x00, RO, 0, "type and version of the block") \
	X(ADMIN, NEXT, 0x04, RO, 0, "offset of the next block") \
	X(ADMIN, CONTROL, 0x08, RW, 0, "bit 0: the queue is on; takes the addresses below") \
	X(ADMIN, STATUS, 0x0c, RO, 0, "bit 0: on; bit 1: halted by an error") \
	X(ADMIN, SIZE, 0x10, RW, 0, "log2 of the entries of both rings, 2..10") \
	X(ADMIN, SQ_LO, 0x14, RW, 0, "bus address of the command ring, 4 KiB aligned") \
	X(ADMIN, SQ_HI, 0x18, RW, 0, "high word") \
	X(ADMIN, CQ_LO, 0x1c, RW, 0, "bus address of the completion ring, 4 KiB aligned") \
	X(ADMIN, CQ_HI, 0x20, RW, 0, "high word") \
	X(ADMIN, DB_LO, 0x24, RW, 0, "bus address of the doorbell record, 64 bytes aligned") \
	X(ADMIN, DB_HI, 0x28, RW, 0, "high word") \
	X(ADMIN, VECTOR, 0x2c, RW, 0, "MSI-X vector of completions, ~0 none") \
	X(MGMT, BLOCK, 0x00, RO, 0, "type and version of the block") \
	X(MGMT, NEXT, 0x04, RO, 0, "offset of the next block") \
	X(MGMT, STATE, 0x08, RO, 0, "enum mo_mgmt_state") \
	X(MGMT, ERROR, 0x0c, RO, 0, "enum mo_fw_error") \
	X(MGMT, VERSION, 0x10, RO, 0, "firmware that runs, major << 16 | minor << 8 | patch") \
	X(MGMT, ABI, 0x14, RO, 0, "mailbox ABI that it speaks, major << 16 | minor") \
	X(MGMT, CRASH_PC, 0x18, RO, 0, "program counter of the last crash") \
	X(MGMT, CRASH_CAUSE, 0x1c, RO, 0, "mcause of the last crash")

/* Offsets inside a block, MO_<BLOCK>_<NAME>. */
enum mo_reg {
#define X(block, name, offset, access, reset, text) \
	MO_##block##_##name = (offset),
	MO_REGS(X)
#undef X
};

/*
 * Two domains of reset.
 *
 * Function: registers, queues, areas, objects, commands, datapaths, and the
 * counters of MAC and transport. DEV_CONTROL.RESET, FLR, bus reset and D3hot to
 * D0 end all of it; numbers of objects go on. The reset may be complete, and
 * STATUS.READY 1 again, before the next read.
 *
 * Management: the core with its firmware, module and link, what the host asked of
 * the link, counters of lanes and FEC, flight recorder, log, losses of carrier,
 * fuses, flash and device time. Only power-on resets it, and FW_START its core. A
 * function reset drops the messages under way and what is staged, and is no news
 * to the firmware: the next driver finds the link as it is and need not ask for
 * it. A core that has crashed stays so until FW_START.
 */
#define MO_DEV_CONTROL_RESET	MO_BIT(0)	/* function reset; STATUS.READY goes to 0 */

/* DEV_STATUS */
#define MO_DEV_STATUS_READY	MO_BIT(0)	/* registers valid, admin queue may be set up */
#define MO_DEV_STATUS_FATAL	MO_BIT(1)	/* stopped; only a reset helps */

/* Why the device stopped: X(NAME, value, text). Append only. */
#define MO_FATALS(X) \
	X(NONE, 0, "no error") \
	X(FEATURES, 1, "driver accepted features that were not offered") \
	X(ADMIN_DMA, 2, "DMA of the admin queue failed") \
	X(ADMIN_INDEX, 3, "admin doorbell is out of range") \
	X(ADMIN_CONFIG, 4, "admin queue registers are invalid") \
	X(EQ_OVERRUN, 5, "not raised any more: events wait for room in their queue") \
	X(INTERNAL, 6, "internal error")

enum mo_fatal {
#define X(name, value, text) MO_FATAL_##name = (value),
	MO_FATALS(X)
#undef X
};

/* Negotiated features: X(NAME, bit, text). */
#define MO_FEATURES(X) \
	X(SHADOW_DB, 0, "doorbell records with event index: MMIO only while the device sleeps") \
	X(MGMT, 1, "management core, mailbox and optical link") \
	X(ETH, 2, "ethernet datapath") \
	X(RDMA, 3, "RoCEv2 transport") \
	X(GRO_HW, 4, "receive coalescing") \
	X(TX_URGENT, 5, "transmit completions that moderation does not hold back") \
	X(OPTICS, 6, "area OPTICS: lanes, FEC, module and sensors without a message")

enum mo_feature {
#define X(name, bit, text) MO_F_##name = MO_BIT(bit),
	MO_FEATURES(X)
#undef X
};

#endif /* MO_HW_REGS_H */
