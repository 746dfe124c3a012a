/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * The management core's own view of the chip: memory map, peripherals,
 * interrupts. Firmware and boot ROM program it, the device model implements
 * it, the host never sees it.
 *
 * The core is RV32IMC, machine mode only, one hart, little endian, with the
 * Zicsr and Zifencei extensions. Peripheral registers are 32 bits wide and
 * are accessed as aligned words; anything else traps. The machine external
 * interrupt (mip.MEIP) is the OR of INTC_PENDING & INTC_ENABLE, the machine
 * timer interrupt is TIMER_NOW >= TIMER_CMP.
 */
#ifndef MO_HW_SOC_H
#define MO_HW_SOC_H

#include "types.h"

/* Memory map. */
#define MO_SOC_ROM_BASE		0x00000000
#define MO_SOC_ROM_SIZE		(64 * 1024)
#define MO_SOC_RAM_BASE		0x10000000
#define MO_SOC_RAM_SIZE		(256 * 1024)
#define MO_SOC_FLASH_BASE	0x20000000	/* read only; written by FLASH_* */
#define MO_SOC_FLASH_SIZE	(512 * 1024)
#define MO_SOC_FLASH_SLOT_SIZE	(256 * 1024)
#define MO_SOC_FLASH_SLOTS	2
#define MO_SOC_FLASH_SECTOR	4096
/* Where the host's DMA engine has put an image (MO_CMD_FW_LOAD); read only. */
#define MO_SOC_STAGE_BASE	0x30000000
#define MO_SOC_STAGE_SIZE	(256 * 1024)
/* Mailbox buffers; one request and one response of MO_MB_MAX bytes each. */
#define MO_SOC_MBOX_REQ_BASE	0x38000000	/* read only */
#define MO_SOC_MBOX_RSP_BASE	0x38001000
#define MO_SOC_MBOX_SIZE	4096
/* Data window of the I2C controller. */
#define MO_SOC_I2C_BUF_BASE	0x38002000
#define MO_SOC_I2C_BUF_SIZE	256
/* Link state that MAC_PUBLISH sends to the host (struct mo_link_state). */
#define MO_SOC_LINK_BASE	0x38003000
#define MO_SOC_LINK_SIZE	256
/* What MAC_PUBLISH sends to the host as area OPTICS (struct mo_optics). */
#define MO_SOC_OPTICS_BASE	0x38004000
#define MO_SOC_OPTICS_SIZE	4096

#define MO_SOC_PERIPH_BASE	0x40000000
#define MO_SOC_PERIPH_SIZE	0x1000		/* address space of each block */

/*
 * Peripheral blocks: X(NAME, index, text); base address is
 * MO_SOC_PERIPH_BASE + index * MO_SOC_PERIPH_SIZE.
 */
#define MO_SOC_BLOCKS(X) \
	X(SYS, 0, "system control, boot and state report") \
	X(TIMER, 1, "free-running microsecond timer") \
	X(INTC, 2, "interrupt controller") \
	X(MBOX, 3, "mailbox to the host") \
	X(FLASH, 4, "flash controller") \
	X(WDOG, 5, "watchdog") \
	X(I2C, 6, "I2C controller of the optical module") \
	X(MODULE, 7, "module pins") \
	X(SERDES, 8, "host SerDes lanes") \
	X(LASER, 9, "laser interlock and monitors") \
	X(PCS, 10, "PCS and FEC") \
	X(MAC, 11, "MAC gate and link publication") \
	X(SENSOR, 12, "board sensors")

enum mo_soc_block {
#define X(name, index, text) MO_SOC_##name = (index),
	MO_SOC_BLOCKS(X)
#undef X
};

#define MO_SOC_REG(block, offset) \
	(MO_SOC_PERIPH_BASE + (block) * MO_SOC_PERIPH_SIZE + (offset))

/* Lanes of SERDES, LASER and PCS repeat their lane registers at this stride. */
#define MO_SOC_LANE_BASE	0x400
#define MO_SOC_LANE_STRIDE	0x40

/*
 * Registers: X(block, NAME, offset, access, reset, text), access being RO, RW,
 * WO (write only, strobe) or W1C. Registers with offset >= MO_SOC_LANE_BASE
 * are those of lane 0 and repeat for each lane.
 */
#define MO_SOC_REGS_SYS(X) \
	X(SYS, ID, 0x00, RO, 0x4d4f5343, "constant, \"CSOM\"") \
	X(SYS, BOARD, 0x04, RO, 0, "board, MO_BOARD_*") \
	X(SYS, RESET_CAUSE, 0x08, RO, 0, "MO_SOC_RESET_* of the last reset") \
	X(SYS, KEYS, 0x0c, RO, 0, "bit per enabled MO_FW_KEY_* (fuses)") \
	X(SYS, SECURITY_VERSION, 0x10, RO, 0, "least accepted security version (fuses)") \
	X(SYS, BOOT_SOURCE, 0x14, RO, 0, "MO_SOC_BOOT_* that the host asked for") \
	X(SYS, STAGE_LEN, 0x18, RO, 0, "bytes that the host has put at MO_SOC_STAGE_BASE") \
	X(SYS, STATE, 0x1c, RW, 0, "enum mo_mgmt_state, shown to the host at each write") \
	X(SYS, ERROR, 0x20, RW, 0, "enum mo_fw_error, shown to the host") \
	X(SYS, HEARTBEAT, 0x24, RW, 0, "counter, shown to the host in its health block") \
	X(SYS, LOG, 0x28, WO, 0, "one character of the log") \
	X(SYS, CRASH_PC, 0x2c, RW, 0, "pc of a crash, kept over core resets") \
	X(SYS, CRASH_CAUSE, 0x30, RW, 0, "mcause of a crash, kept over core resets") \
	X(SYS, FW_VERSION, 0x34, RW, 0, "major<<16 | minor<<8 | patch of what runs") \
	X(SYS, IF_VERSION, 0x38, RO, 0, "hardware interface, major<<16 | minor") \
	X(SYS, PORTS, 0x3c, RO, 1, "number of ports") \
	X(SYS, RESET, 0x40, WO, 0, "1: reset the core") \
	X(SYS, BOOT_SLOT, 0x44, RW, 0, "flash slot that runs or is to run; kept over resets") \
	X(SYS, FW_ABI, 0x48, RW, 0, "mailbox ABI of what runs, major<<16 | minor")

#define MO_SOC_REGS_TIMER(X) \
	X(TIMER, NOW_LO, 0x00, RO, 0, "microseconds of device time, low; latches NOW_HI") \
	X(TIMER, NOW_HI, 0x04, RO, 0, "high half, as latched by reading NOW_LO") \
	X(TIMER, CMP_LO, 0x08, RW, 0xffffffff, "timer interrupt when NOW >= CMP") \
	X(TIMER, CMP_HI, 0x0c, RW, 0xffffffff, "write CMP_HI = ~0 first, then LO, then HI")

#define MO_SOC_REGS_INTC(X) \
	X(INTC, PENDING, 0x00, RO, 0, "bit per MO_SOC_IRQ_*: level of each source") \
	X(INTC, ENABLE, 0x04, RW, 0, "bit per MO_SOC_IRQ_* that raises mip.MEIP")

#define MO_SOC_REGS_MBOX(X) \
	X(MBOX, STATUS, 0x00, RO, 0, "bit 0: a request waits at MO_SOC_MBOX_REQ_BASE") \
	X(MBOX, REQ_LEN, 0x04, RO, 0, "bytes of the request") \
	X(MBOX, RSP_LEN, 0x08, RW, 0, "bytes of the response at MO_SOC_MBOX_RSP_BASE") \
	X(MBOX, DONE, 0x0c, WO, 0, "1: the response is complete, takes the request away") \
	X(MBOX, EVENT, 0x10, WO, 0, "raise MO_EVENT_* type << 24 | code << 16 | data at the host")

#define MO_SOC_REGS_FLASH(X) \
	X(FLASH, ADDR, 0x00, RW, 0, "offset in the flash") \
	X(FLASH, LEN, 0x04, RW, 0, "bytes, at most one sector, not crossing one") \
	X(FLASH, SRC, 0x08, RW, 0, "source of a program operation in RAM or stage") \
	X(FLASH, CMD, 0x0c, WO, 0, "1 erase the sector at ADDR, 2 program LEN bytes") \
	X(FLASH, STATUS, 0x10, RO, 0, "bit 0 busy, bit 1 last operation failed")

#define MO_SOC_REGS_WDOG(X) \
	X(WDOG, PERIOD_US, 0x00, RW, 0, "0 off; expiry crashes the core (MO_FW_ERR_WATCHDOG)") \
	X(WDOG, KICK, 0x04, WO, 0, "restart the period by writing MO_SOC_WDOG_MAGIC")

#define MO_SOC_REGS_I2C(X) \
	X(I2C, TARGET, 0x00, RW, 0x50, "7-bit target address") \
	X(I2C, OFFSET, 0x04, RW, 0, "first byte address in the target, 0..255") \
	X(I2C, LEN, 0x08, RW, 0, "bytes, 1..128") \
	X(I2C, CMD, 0x0c, WO, 0, "1 read into, 2 write from MO_SOC_I2C_BUF_BASE") \
	X(I2C, STATUS, 0x10, RO, 0, "bit 0 busy, bit 1 no acknowledge, bit 2 done") \
	X(I2C, ACK, 0x14, WO, 0, "1: clears done and its interrupt")

#define MO_SOC_REGS_MODULE(X) \
	X(MODULE, PINS, 0x00, RO, 0, "bit 0 present, bit 1 interrupt asserted") \
	X(MODULE, CTRL, 0x04, RW, 0x3, "bit 0 reset asserted, bit 1 low-power pin (LPMode)") \
	X(MODULE, CHANGED, 0x08, W1C, 0, "bit 0 presence changed, bit 1 interrupt edge")

#define MO_SOC_REGS_SERDES(X) \
	X(SERDES, LANES, 0x00, RO, 0, "number of lanes") \
	X(SERDES, CHANGED, 0x04, W1C, 0, "bit per lane whose STATUS changed") \
	X(SERDES, CTRL, 0x400, RW, 0, "bit 0 Tx on, bit 1 Rx on, bit 2 start adaptation") \
	X(SERDES, STATUS, 0x404, RO, 0, "bit 0 signal, bit 1 CDR lock, bit 2 adapted, bit 3 adaptation failed") \
	X(SERDES, RATE, 0x408, RW, 0, "MO_SOC_RATE_*") \
	X(SERDES, FIR0, 0x40c, RW, 0, "Tx taps pre2, pre1: two s16 in 1/1000") \
	X(SERDES, FIR1, 0x410, RW, 0, "Tx taps main, post1: two s16 in 1/1000") \
	X(SERDES, SNR, 0x414, RO, 0, "receive SNR at the slicer, 1/1000 dB")

/*
 * Tx taps, 1/1000, that undo the loss of the trace from the chip to the cage on
 * the boards that there are.
 */
#define MO_SOC_FIR_PRE2		10
#define MO_SOC_FIR_PRE1		(-80)
#define MO_SOC_FIR_MAIN		860
#define MO_SOC_FIR_POST1	(-50)

#define MO_SOC_REGS_LASER(X) \
	X(LASER, INTERLOCK, 0x00, RW, 0, "1: light may leave the module (eye safety)") \
	X(LASER, CASE_TEMP, 0x04, RO, 0, "temperature at the optics, 1/1000 degree C, signed") \
	X(LASER, STATUS, 0x400, RO, 0, "bit 0 emits, bit 1 fault") \
	X(LASER, POWER, 0x404, RO, 0, "monitored optical power, nW") \
	X(LASER, TEMP, 0x408, RO, 0, "laser temperature, 1/1000 degree C, signed")

#define MO_SOC_REGS_PCS(X) \
	X(PCS, CTRL, 0x00, RW, 0, "bit 0 on, bit 1 send remote fault (also sent while not aligned), bit 2 clear counters") \
	X(PCS, LANES, 0x04, RW, 0, "bit per SerDes lane that carries data") \
	X(PCS, FEC, 0x08, RW, 0, "MO_FEC_* in use") \
	X(PCS, STATUS, 0x0c, RO, 0, "bit 0 all lanes aligned, bit 1 remote fault, bit 2 local fault, bit 3 uncorrectable burst") \
	X(PCS, CHANGED, 0x10, W1C, 0, "bits of STATUS that changed") \
	X(PCS, SNAP, 0x14, WO, 0, "1: latch all counters below at one instant") \
	X(PCS, SNAP_NS_LO, 0x18, RO, 0, "device time of the latch, ns") \
	X(PCS, SNAP_NS_HI, 0x1c, RO, 0, "high half") \
	X(PCS, CW_LO, 0x20, RO, 0, "codewords received") \
	X(PCS, CW_HI, 0x24, RO, 0, "high half") \
	X(PCS, CW_CORR_LO, 0x28, RO, 0, "codewords corrected") \
	X(PCS, CW_CORR_HI, 0x2c, RO, 0, "high half") \
	X(PCS, CW_UNCORR_LO, 0x30, RO, 0, "codewords that could not be corrected") \
	X(PCS, CW_UNCORR_HI, 0x34, RO, 0, "high half") \
	X(PCS, BIN0_LO, 0x100, RO, 0, "codewords with 0 symbol errors; bins 0..15, 8 bytes each") \
	X(PCS, BIN0_HI, 0x104, RO, 0, "high half") \
	X(PCS, LANE_STATUS, 0x400, RO, 0, "bit 0 block lock, bit 1 alignment marker lock") \
	X(PCS, LANE_BITS_LO, 0x404, RO, 0, "bits received") \
	X(PCS, LANE_BITS_HI, 0x408, RO, 0, "high half") \
	X(PCS, LANE_BITERR_LO, 0x40c, RO, 0, "bit errors before FEC") \
	X(PCS, LANE_BITERR_HI, 0x410, RO, 0, "high half") \
	X(PCS, LANE_SYMERR_LO, 0x414, RO, 0, "RS symbol errors before FEC") \
	X(PCS, LANE_SYMERR_HI, 0x418, RO, 0, "high half")

#define MO_SOC_REGS_MAC(X) \
	X(MAC, CTRL, 0x00, RW, 0, "bit 0 receive, bit 1 transmit: frames pass only while set") \
	X(MAC, SPEED, 0x04, RW, 0, "Mbit/s at which the MAC runs") \
	X(MAC, PUBLISH, 0x08, WO, 0, "1: send MO_SOC_LINK_BASE to the host and raise MO_EVENT_LINK; 2: send MO_SOC_OPTICS_BASE, without an event")

#define MO_SOC_REGS_SENSOR(X) \
	X(SENSOR, TEMP_BOARD, 0x00, RO, 0, "1/1000 degree C, signed") \
	X(SENSOR, TEMP_ASIC, 0x04, RO, 0, "1/1000 degree C, signed") \
	X(SENSOR, VOLT_CORE, 0x08, RO, 0, "mV") \
	X(SENSOR, VOLT_IO, 0x0c, RO, 0, "mV") \
	X(SENSOR, POWER, 0x10, RO, 0, "board power, mW") \
	X(SENSOR, ENERGY_LO, 0x14, RO, 0, "energy since power-on, uJ") \
	X(SENSOR, ENERGY_HI, 0x18, RO, 0, "high half")

#define MO_SOC_REGS(X) \
	MO_SOC_REGS_SYS(X) MO_SOC_REGS_TIMER(X) MO_SOC_REGS_INTC(X) \
	MO_SOC_REGS_MBOX(X) MO_SOC_REGS_FLASH(X) MO_SOC_REGS_WDOG(X) \
	MO_SOC_REGS_I2C(X) MO_SOC_REGS_MODULE(X) MO_SOC_REGS_SERDES(X) \
	MO_SOC_REGS_LASER(X) MO_SOC_REGS_PCS(X) MO_SOC_REGS_MAC(X) \
	MO_SOC_REGS_SENSOR(X)

/* Absolute addresses, MO_SOC_<block>_<NAME>. */
enum mo_soc_reg {
#define X(block, name, offset, access, reset, text) \
	MO_SOC_##block##_##name = MO_SOC_REG(MO_SOC_##block, offset),
	MO_SOC_REGS(X)
#undef X
};

/* Interrupt sources (bits of INTC_PENDING): level, until the cause is gone. */
#define MO_SOC_IRQ_MBOX		0	/* MBOX_STATUS bit 0 */
#define MO_SOC_IRQ_I2C		1	/* I2C_STATUS bit 2 */
#define MO_SOC_IRQ_MODULE	2	/* MODULE_CHANGED */
#define MO_SOC_IRQ_SERDES	3	/* SERDES_CHANGED */
#define MO_SOC_IRQ_PCS		4	/* PCS_CHANGED */
#define MO_SOC_IRQ_FLASH	5	/* FLASH_STATUS not busy after a command */

#define MO_SOC_RESET_POWER	0
#define MO_SOC_RESET_HOST	1	/* FW_START of the host */
#define MO_SOC_RESET_WDOG	2
#define MO_SOC_RESET_SELF	3
#define MO_SOC_RESET_CRASH	4

#define MO_SOC_BOOT_AUTO	0	/* flash slot, else wait for the host */
#define MO_SOC_BOOT_WAIT	1	/* wait for the host even with a good slot */
#define MO_SOC_BOOT_STAGE	2	/* the host has put an image at STAGE */

#define MO_SOC_RATE_OFF		0
#define MO_SOC_RATE_25G_NRZ	1	/* 25.78125 GBd */
#define MO_SOC_RATE_50G_PAM4	2	/* 26.5625 GBd */
#define MO_SOC_RATE_100G_PAM4	3	/* 53.125 GBd */

#define MO_SOC_FLASH_ERASE	1
#define MO_SOC_FLASH_PROGRAM	2
#define MO_SOC_I2C_READ		1
#define MO_SOC_I2C_WRITE	2
#define MO_SOC_WDOG_MAGIC	0x6b636977

#endif /* MO_HW_SOC_H */
